#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# No two files include each other, directly or through a third, and each .c of core has a header of its name.
#
#   perl t/style/circles.t                      runs the test
#   perl t/style/circles.t --list               prints the circles of includes
#   perl t/style/circles.t --includes           prints the includes between folders
#   perl t/style/circles.t --calls OBJECT.o...  prints the circles of calls between object files
use strict;
use warnings;

use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(build_dir slurp);
use SSPI::Includes qw(include_graph circles between_folders call_graph show_circle);

my $root = abs_path($ENV{SSPI_STYLE_ROOT} // "$FindBin::Bin/../..");
my @folders = ((map { s/\A\Q$root\E\/|\/\z//gr } glob "$root/core/*/"), qw(mod_sspi_apache ngx_http_sspi_module),
    grep { -d "$root/$_" } qw(tools tools/common tools/key tools/passwd));
my $graph = include_graph($root, @folders);
my @circles = circles($graph);

my $mode = shift // '';
if ($mode eq '--list') {
    print scalar(@circles), " circles\n";
    print join(' ', @$_), "\n", map { "    $_\n" } show_circle($graph, $_) for @circles;
    exit 0;
}
if ($mode eq '--includes') {
    my $between = between_folders($graph);
    my $sum = 0;
    $sum += $_ for values %$between;
    print "$sum includes between folders\n", map { sprintf "%5d  %s\n", $between->{$_}, $_ } sort keys %$between;
    exit 0;
}
if ($mode eq '--calls') {
    my $calls = call_graph(@ARGV);
    my @found = circles($calls);
    print scalar(@found), " circles\n";
    print join(' ', @$_), "\n", map { "    $_\n" } show_circle($calls, $_) for @found;
    exit 0;
}

# Files whose functions are reached only through a package's vtable. ARCHITECTURE.md lists them.
my @vtables = qw(core/digest/digest_package core/kerberos/kerberos_package core/negotiate/negotiate_package
    core/ntlm/ntlm_package);

is_deeply([ circles({ a => { b => 1 }, b => { c => 1 }, c => { a => 1, d => 1 }, d => {}, e => { d => 1 } }) ],
    [ [qw(a b c)] ], 'a circle through a third file is found');
cmp_ok(scalar keys %$graph, '>', 50, 'there are files to look at');

is(scalar @circles, 0, 'no two files include each other')
    or diag(join "\n", map { (join(' ', @$_), map { "    $_" } show_circle($graph, $_)) } @circles);

# The files of an adapter share one header, so that only their objects show who calls whom.
for my $adapter (qw(mod_sspi_apache ngx_http_sspi_module)) {
    SKIP: {
        my @objects = grep { !/fixture|test/ } glob build_dir() . "/$adapter/*.p/*.o" or skip "$adapter is not built", 1;
        my $calls = call_graph(@objects);
        my @found = circles($calls);
        is(scalar @found, 0, "no two files of $adapter call each other")
            or diag(join "\n", map { (join(' ', @$_), map { "    $_" } show_circle($calls, $_)) } @found);
    }
}

my @sources = map { s/\A\Q$root\E\/|\.c\z//gr } glob "$root/core/*/*.c";
my %is_vtable = map { $_ => 1 } @vtables;
is_deeply([ grep { !$is_vtable{$_} && !-e "$root/$_.h" } @sources ], [],
    'each .c of core has a header of its name');
my $architecture = slurp("$root/ARCHITECTURE.md");
is_deeply([ grep { !-e "$root/$_.c" || -e "$root/$_.h" || $architecture !~ /\b\Q@{[ m{([^\/]+)\z} ]}\E\.c\b/ } @vtables ], [],
    'each file of a vtable that has no header is in ARCHITECTURE.md');

done_testing;
