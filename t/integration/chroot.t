#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# tools/chroot without a mirror: it names the reason, and leaves nothing. A system is not made here, because this
# test needs no network.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir scratch_dir run);

# A copy has its own cache of base systems.
my $dir = scratch_dir('chroot');
mkdir "$dir/tools" or die "$dir/tools: $!\n";
run([ 'cp', (map { root_dir() . "/tools/$_" } qw(chroot setup)), "$dir/tools" ]);
sub chroot_tool { return run([ "$dir/tools/chroot", @_ ], env => { http_proxy => 'http://127.0.0.1:1' }) }

my $help = chroot_tool('--help');
is($help->{rc}, 0, 'the help is no error');
like($help->{out}, qr/\Ausage: tools\/chroot /, 'the help shows the usage');

my %wrong = (
    'no argument' => [],
    'no command' => ['trixie'],
    'an unknown distribution' => [qw(buzz true)],
    'an unknown option' => [qw(--arch i386 trixie true)],
    'an option without its value' => ['--architecture'],
    'a directory that does not exist' => [ '--bind', "$dir/none", qw(trixie true) ],
);
for my $case (sort keys %wrong) {
    my $r = chroot_tool(@{$wrong{$case}});
    is($r->{rc}, 2, "wrong usage: $case");
    like($r->{err}, qr/\Ausage: tools\/chroot /, "it shows the usage: $case");
}

my $r = chroot_tool(qw(trixie true));
is($r->{rc}, 77, 'a mirror that does not answer, or a user who is not root, has an exit code of its own');
like($r->{err}, qr/^chroot: [^\n]+\n\z/m, 'the last line names the reason');
is($r->{out}, '', 'the output is only that of the command');
is_deeply([ glob "$dir/build/chroots/*" ], [], 'it leaves no directory and no base system');

done_testing;
