# SPDX-License-Identifier: Apache-2.0
# Runs commands in a private copy of this machine: with its own network, its own processes, and a layer
# over its directories that takes all changes. So the commands may be those of a page for
# administrators. Everything ends and disappears with the last command.
package SSPI::Test::Machine;
use strict;
use warnings;

use SSPI::Test qw(root_dir build_dir is_root scratch_dir spew slurp run);

# The layer is in /run, which begins empty.
my $layer = <<'SH';
set -e
mount -t tmpfs tmpfs /run
mkdir -m 1777 /run/lock
mkdir /run/steps
mount --bind "$2" /run/steps
for dir in /etc /usr /var /root /tmp; do
    mkdir -p "/run/layer$dir/upper" "/run/layer$dir/work"
    chmod --reference="$dir" "/run/layer$dir/upper"
    mount -t overlay overlay -o "lowerdir=$dir,upperdir=/run/layer$dir/upper,workdir=/run/layer$dir/work" "$dir"
done
ip link set lo up
SH

# Each command is a file of its own, because it has its own standard input and output.
my $steps = <<'SH';
set +e
cd "$1"
for step in /run/steps/*.sh; do
    sh -e "$step" <"$step.in" >"$step.out" 2>&1
    echo $? >"$step.rc"
done
SH

my @unshare = qw(unshare --mount --net --pid --fork --kill-child --mount-proc sh -c);

# Returns why this machine cannot be copied, or undef.
sub skip_reason {
    return 'a copy of this machine needs root' if !is_root();
    return 'the servers of the copy do not load the sanitizers' if $ENV{SSPI_PRELOAD};
    my $r = run([ @unshare, $layer, 'sh', root_dir(), scratch_dir('steps') ]);
    return $r->{rc} == 0 ? undef : 'this kernel allows no layers over directories: ' . ($r->{err} =~ /^(.*)/)[0];
}

# Runs commands in order, also if one of them fails. A command is { command, stdin }. Returns the
# commands with the results `rc` and `out`, which contains both outputs.
sub run_all {
    my (@commands) = @_;
    my $dir = scratch_dir('steps');
    for my $n (0 .. $#commands) {
        my $path = $commands[$n]{path} = sprintf '%s/%03d.sh', $dir, $n;
        spew($path, "$commands[$n]{command}\n");
        spew("$path.in", $commands[$n]{stdin} // '');
    }
    my $r = run([ @unshare, $layer . $steps, 'sh', root_dir(), $dir ], timeout => 400,
        env => { map { $_ => undef } grep { /\AKRB5|\AGSS_|\A(?:http|https|all|no)_proxy\z/i } keys %ENV });
    die "no copy of this machine: $r->{err}" if $r->{rc} != 0;
    return map { { %$_, rc => slurp("$_->{path}.rc") =~ s/\s+//r, out => slurp("$_->{path}.out") } } @commands;
}

1;
