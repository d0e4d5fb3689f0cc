# SPDX-License-Identifier: Apache-2.0
# Runs sspi-passwd like its users, in a directory of its own: with standard input or at a terminal.
package SSPI::Test::Passwd;
use strict;
use warnings;

use Exporter qw(import);
use File::Spec;
use IPC::Open2;
use POSIX ();
use Test::More;
use SSPI::Test qw(built scratch_dir spew);

our @EXPORT = qw($program put get mode start run passwd fails found no_terminal at_terminal leftovers);

our $program = built('passwd');
plan skip_all => "$program is not built" if !-x $program;
my $dir = scratch_dir('passwd');
chdir $dir or die "$dir: $!";
# The directory is removed at the end.
END { chdir '/' }

sub put { my ($path, $text) = @_; return spew($path, $text) }

sub get {
    my ($path) = @_;
    open my $from, '<:raw', $path or die "$path: $!";
    local $/;
    return scalar(<$from>) // '';
}

sub mode { return sprintf '%o', (stat $_[0])[2] & 07777 }

# Starts a command that reads the file `in`.
sub start {
    my @command = @_;
    my $child = fork // die "fork: $!";
    return $child if $child;
    POSIX::setsid();    # no terminal, so that no prompt appears on the tester's own
    open STDIN,  '<', 'in'  or die;
    open STDOUT, '>', 'out' or die;
    open STDERR, '>', 'err' or die;
    exec {$command[0]} @command or POSIX::_exit(127);
}

# Returns exit status, standard output, standard error.
sub run {
    my ($input, @command) = @_;
    put('in', $input);
    my $child = start(@command);
    waitpid $child, 0;
    return ($? & 127 ? "signal $?" : $? >> 8, get('out'), get('err'));
}

sub passwd {
    my ($input, @arguments) = @_;
    return run($input, $program, @arguments);
}

# Tests that sspi-passwd fails with an error of one line, that the file `f` is unchanged, and that
# there is no other file.
sub fails {
    my ($name, $want_status, $want, $input, @arguments) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $before = -e 'f' ? get('f') : undef;
    my ($status, $out, $err) = passwd($input, @arguments);
    is($status, $want_status, "$name: exit status $want_status");
    like($err, $want, "$name: the error has the expected text");
    is(($err =~ tr/\n//), 1, "$name: the error is one line") or diag($err);
    is($out, '', "$name: no other output");
    is(-e 'f' ? get('f') : undef, $before, "$name: the file is unchanged");
    is_deeply(leftovers(), [], "$name: no temporary file");
    return;
}

sub found {
    my ($command) = @_;
    return grep { -x "$_/$command" } File::Spec->path;
}

# Temporary files of sspi-passwd.
sub leftovers { return [ glob '.sspi-passwd*' ] }

# Returns the reason why tests at a terminal are impossible, or undef if they are possible.
sub no_terminal {
    return 'script (bsdutils) is not installed' if !found('script');
    return 'this system hands out no pseudo-terminals' if system('script -qec true /dev/null >/dev/null 2>&1') != 0;
    return undef;
}

# Runs a command at a new terminal. Types each answer after its question has appeared. Returns the
# exit status and all output.
sub at_terminal {
    my ($command, @dialogue) = @_;
    my $pid = open2(my $from, my $to, 'script', '-qec', $command, '/dev/null');
    $to->autoflush(1);
    local $SIG{ALRM} = sub { kill 'KILL', $pid; die "no answer from $command\n" };
    alarm 60;
    my ($seen, $all) = ('', '');
    while (1) {
        if (@dialogue && $seen =~ $dialogue[0]) {
            shift @dialogue;
            $seen = '' if @dialogue > 1;
            print {$to} shift @dialogue;
        }
        sysread($from, my $part, 4096) or last;
        $seen .= $part;
        $all .= $part;
    }
    close $to;
    waitpid $pid, 0;
    alarm 0;
    return ($? >> 8, $all);
}

1;
