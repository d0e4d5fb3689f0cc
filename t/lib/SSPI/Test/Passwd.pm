# SPDX-License-Identifier: Apache-2.0
# Runs sspi-passwd like its users, in a directory of its own: with standard input or at a terminal.
package SSPI::Test::Passwd;
use strict;
use warnings;

use Exporter qw(import);
use File::Spec;
use IPC::Open2;
use SSPI::Test::Tool 'passwd';

our @EXPORT = qw($program put get mode start run passwd fails found no_terminal at_terminal leftovers);

sub passwd { return tool(@_) }

sub found {
    my ($command) = @_;
    return grep { -x "$_/$command" } File::Spec->path;
}

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
