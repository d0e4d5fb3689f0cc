#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# libsspi keeps the binary interface of the last release: the functions of libsspi.so, and the structures and values of
# its headers. t/abi has the description of that release. SSPI_WRITE_ABI=1 writes the description of this build there.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Copy qw(copy);
use Test::More;
use SSPI::Test qw(root_dir build_dir scratch_dir slurp spew run);

sub must_run { return SSPI::Test::must_run(@_) }

my $dir = root_dir() . '/t/abi';
my $library = build_dir() . '/core/libsspi.so';
plan skip_all => 'abidiff is not installed (package abigail-tools)' if run([qw(abidiff --version)])->{rc};
plan skip_all => 'libsspi.so is not built' if !-e $library;
plan skip_all => 'the descriptions are of x86_64 without sanitizers'
    if ($ENV{SSPI_PRELOAD} // '') ne '' || `gcc -dumpmachine` !~ /\Ax86_64-/;

my @describe = qw(abidw --no-show-locs --no-corpus-path --no-comp-dir-path);

# Copies the installed headers, and changes sspi_acceptor.h.
sub headers {
    my ($name, $change) = @_;
    my $to = scratch_dir($name);
    my ($list) = slurp(root_dir() . '/core/meson.build') =~ /^install_headers\((.*?)subdir/ms;
    copy(root_dir() . "/core/$_", $to) or die "$_: $!\n" for $list =~ /'([^']+)'/g;
    spew("$to/sspi_acceptor.h", $change->(slurp("$to/sspi_acceptor.h"))) if $change;
    return $to;
}

# Makes an object that contains all types of these headers. Most of them are not parameters of any function: callers
# pass them as void *.
sub types {
    my ($headers) = @_;
    spew("$headers/types.c", "#include \"sspi.h\"\nvoid types(void);\nvoid types(void) { }\n");
    must_run([ qw(gcc -shared -fPIC -g -fno-eliminate-unused-debug-types), "-I$headers", "$headers/types.c", '-o',
        "$headers/types.so" ]);
    return "$headers/types.so";
}

sub describe_types {
    my ($headers, $file) = @_;
    must_run([ @describe, '--load-all-types', types($headers), '--out-file', $file ]);
    return;
}

# abidiff sets bit 0 for errors, and bit 3 for changes that break programs.
sub is_compatible {
    my ($r) = @_;
    return !($r->{rc} & 9);
}
sub compare_types { my ($file, $headers) = @_; return run([ qw(abidiff --non-reachable-types), $file, types($headers) ]) }

my $headers = headers('headers');
my @public = ('--headers-dir', $headers, qw(--drop-private-types --exported-interfaces-only));
if ($ENV{SSPI_WRITE_ABI}) {
    mkdir $dir;
    must_run([ @describe, @public, $library, '--out-file', "$dir/functions.abi" ]);
    describe_types($headers, "$dir/types.abi");
}

my $now = scratch_dir('abi') . '/types.abi';
describe_types($headers, $now);
ok(is_compatible(compare_types($now, $headers)), 'the same headers are compatible');
ok(!is_compatible(compare_types($now, headers('changed', sub { $_[0] =~ s/(?=\buint32_t Mechanisms;)/uint32_t Added; /r }))),
    'a member that is inserted is found');

SKIP: {
    skip 'no release yet: t/abi does not exist', 2 if !-d $dir;
    my $functions = run([ 'abidiff', '--headers-dir2', $headers, qw(--drop-private-types --exported-interfaces-only),
        "$dir/functions.abi", $library ]);
    ok(is_compatible($functions), 'the functions are those of the last release') or diag($functions->{out});
    my $types = compare_types("$dir/types.abi", $headers);
    ok(is_compatible($types), 'the structures and values are those of the last release') or diag($types->{out});
}
done_testing();
