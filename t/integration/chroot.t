#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# tools/chroot, and tools/check with another distribution, without a mirror: they name the reason, and leave nothing.
# A system is not made here, because tests need no network.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir scratch_dir run);

# A copy has its own cache of base systems.
my $dir = scratch_dir('chroot');
mkdir "$dir/tools" or die "$dir/tools: $!\n";
run([ 'cp', (map { root_dir() . "/tools/$_" } qw(chroot check setup)), "$dir/tools" ]);
sub tool { my ($tool, @args) = @_; return run([ "$dir/tools/$tool", @args ], env => { http_proxy => 'http://127.0.0.1:1' }) }
sub chroot_tool { return tool('chroot', @_) }

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

$r = tool(qw(check --distribution trixie --only style));
is($r->{rc}, 0, 'tools/check skips a distribution that is not possible');
is($r->{out}, "skipped: a system of trixie is not possible, see above\n0 passed, 0 failed\n", 'and says so');
like($r->{err}, qr/^chroot: [^\n]+\n\z/m, 'with the reason');

is_deeply([ glob "$dir/build/chroots/*" ], [], 'it leaves no directory and no base system');

done_testing;
