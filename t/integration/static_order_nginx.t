#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A static build of nginx (--add-module) puts both modules where ngx_module_order puts them in a dynamic
# build.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(run slurp);

my $source = '/usr/share/nginx/src';
plan skip_all => "no $source" if !-e "$source/auto/module";

my $module = SSPI::Test::root_dir() . '/ngx_http_sspi_module';
my @order = slurp("$module/ngx_http_sspi_exports.c") =~ /ngx_module_order\[\] = \{(.*?)\}/s
    ? $1 =~ /"(\w+)"/g : ();
is(scalar @order, 4, 'the order of a dynamic module');

my $script = <<'SH';
cd "$1" && ngx_addon_dir=$2 ngx_module_link=ADDON
HTTP_MODULES='ngx_http_auth_basic_module ngx_http_access_module ngx_http_proxy_module'
HTTP_FILTER_MODULES='ngx_http_userid_filter_module ngx_http_headers_filter_module'
. "$2/config" && echo $HTTP_MODULES $HTTP_FILTER_MODULES $HTTP_AUX_FILTER_MODULES
SH
my $r = run([ 'sh', '-c', $script, 'sh', $source, $module ]);
is($r->{rc}, 0, 'the configuration of a static one') or diag($r->{err});
my @static = split ' ', $r->{out};
is_deeply([ grep { my $name = $_; grep { $_ eq $name } @order } @static ], \@order, 'the order is the same');
my %at = map { $static[$_] => $_ } 0 .. $#static;
is($at{ngx_http_access_module} - $at{ngx_http_sspi_module}, 1, 'directly after allow and deny');
is($at{ngx_http_sspi_module} - $at{ngx_http_auth_basic_module}, 1, 'directly before auth_basic');

done_testing;
