#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# nginx's own build, with the module inside and as a file, and with and without everything that the
# module can do without. It needs nginx's sources: tools/check --nginx.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir run scratch_dir);
use SSPI::Test::Basic qw(basic_get);
use SSPI::Test::Delegation;
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Ntlm qw(ntlm_login ntlm_user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $sources = $ENV{SSPI_NGINX_SOURCES};
plan skip_all => "no sources of nginx: run tools/check --nginx SOURCES" if !defined $sources;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my %all = (packages => 'Negotiate NTLM Digest Basic', mechanisms => 'kerberos ntlm', realm => 'r', keytab => $kdc->{keytab},
    digest_user_file => '@DIR@/users', ntlm_user_file => '@DIR@/nt-users', basic_verify => 'file',
    basic_require_tls => 'off');
my %spec = (on => 'nginx', env => $kdc->server_env, data => { users => user_line('alice', 'r', 'pw'), 'nt-users' => ntlm_user_line('carol', 'CORP', 'pw') },
    locations => [
        { path => '/all/', %all },
        { path => '/tls/', %all, require_tls => 'on' },
        { path => '/bound/', %all, packages => 'Negotiate', channel_binding => 'require' },
    ]);

my %delegation = (%all, delegation => 's4u2proxy', delegation_target => 'HTTP/backend.sspi.test', delegation_dir => ccache_dir());

# An nginx that has as little as possible.
my @bare = qw(--without-http_rewrite_module --without-pcre --without-http_gzip_module);

sub build {
    my ($how, @options) = @_;
    my $out = scratch_dir("nginx-$how");
    my $r = run([ root_dir() . '/tools/nginx-build', $sources, $out, $how eq 'static' ? 'static' : (), @options ], timeout => 1200);
    is($r->{rc}, 0, 'it compiles without a warning') or diag(substr "$r->{out}$r->{err}", -3000);
    return $r->{rc} == 0 ? $out : undef;
}

sub logs_in {
    my ($server, $path, @how) = @_;
    my $c = $server->client(env => $alice);
    granted($c->get($path, negotiate => 1, @how), { user => 'alice@SSPI.TEST', package => 'Negotiate', mechanism => 'Kerberos' }, "$path: Kerberos");
    granted($c->get($path, digest => 'alice:pw', @how), { user => 'alice', package => 'Digest' }, "$path: Digest");
    return;
}

# Logins by each scheme, and a user file that changes.
sub every_scheme {
    my ($server) = @_;
    logs_in($server, '/all/');
    granted((ntlm_login($server->connection, '/all/', user => 'carol', domain => 'CORP', password => 'pw'))[-1],
        { user => 'CORP\\carol', mechanism => 'NTLM' }, 'NTLM');
    granted(basic_get($server, '/all/', 'alice:pw'), { user => 'alice', package => 'Basic' }, 'Basic');
    refused($server->client->get('/all/'), 401, 'no credentials');
    refused($server->client->get('/all/', digest => 'alice:wrong'), 401, 'a wrong password');
    $server->add_data(users => user_line('alice', 'r', 'pw') . user_line('bob', 'r', 'pw'));
    granted($server->client->get('/all/', digest => 'bob:pw'), { user => 'bob' }, 'a user who was added meanwhile');
    return;
}

for my $how (qw(dynamic static)) {
    SKIP: {
        local $ENV{SSPI_NGINX} = build($how) // skip "$how: not built", 1;
        parts "$how, complete", \%spec,
            'each scheme' => \&every_scheme,
            'TLS' => sub {
                my ($server) = @_;
                logs_in($server, '/tls/', tls => 1);
                refused($server->client->get('/tls/'), 403, 'without TLS');
            };
        config_passes("$how: delegation", { %spec, locations => [ { path => '/p/', %delegation } ] });
    }
}

for my $how (qw(dynamic static)) {
    SKIP: {
        local $ENV{SSPI_NGINX} = build($how, @bare) // skip "$how: not built", 1;
        my %bare = (%spec, tls => 0);
        parts "$how, without threads, TLS, HTTP/2 and PCRE", \%bare,
            'each scheme' => \&every_scheme,
            'what needs TLS is refused' => sub {
                my ($server) = @_;
                refused($server->client(env => $alice)->get($_, negotiate => 1), 403, $_) for qw(/tls/ /bound/);
            };
        my @needs_threads = ([ 'Basic by the KDC', %all, basic_verify => 'kdc' ], [ 'delegation', %delegation ]);
        for (@needs_threads) {
            my ($name, %options) = @$_;
            config_refused("$how: $name", { %bare, locations => [ { path => '/p/', %options } ] }, qr/need threads.*--with-threads/);
        }
        config_refused("$how: a pattern of users", { %bare, locations => [ { path => '/p/', %all, require => ['user ~digest:a.*'] } ] }, qr/PCRE/);
    }
}

done_testing;
