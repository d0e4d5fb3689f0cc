#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# tools/setup on a distribution that does not have every package.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir scratch_dir spew run);

plan skip_all => 'apt has no index of packages' if !glob '/var/lib/apt/lists/*_Packages*';

# Programs that answer instead of dpkg-query and apt: the package `$not_installed` is not installed and does not exist.
my $dir = scratch_dir('setup');
sub answers {
    my ($program, $lines) = @_;
    spew("$dir/$program", "#!/bin/sh\n$lines\n");
    chmod 0755, "$dir/$program";
    return;
}
answers('dpkg-query', 'case "$*" in *" $not_installed") exit 1 ;; esac; echo installed');
answers('apt-cache', 'echo "  Candidate: (none)"');
answers('apt-get', 'exit 100');
answers('id', 'echo 1000');
sub setup { my ($package, @args) = @_;
    return run([ root_dir() . '/tools/setup', @args ], env => { PATH => "$dir:$ENV{PATH}", not_installed => $package }) }

my $r = setup('firefox-esr', '--clients');
is($r->{rc}, 0, 'a client that the distribution does not have is no failure');
is($r->{out}, "setup: skipped firefox-esr, which this distribution does not have\nsetup: all packages are installed\n",
    'the client is named');
$r = setup('meson');
is($r->{rc}, 1, 'a package that the build needs is a failure');
like($r->{err}, qr/: meson$/, 'the package is named');
$r = setup('', '--list', '--demo');
unlike($r->{out}, qr/^(?:libcmocka-dev|valgrind|clang)$/m, 'the demo needs no packages of tests');
like($r->{out}, qr/^nginx$/m, 'the demo needs the servers');

done_testing;
