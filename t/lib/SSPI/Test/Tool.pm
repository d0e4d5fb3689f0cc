# SPDX-License-Identifier: Apache-2.0
# Runs one of our command-line tools like its users, in a directory of its own:
# use SSPI::Test::Tool 'passwd';
package SSPI::Test::Tool;
use strict;
use warnings;

use File::Basename qw(basename);
use POSIX ();
use Test::More;
use SSPI::Test qw(built scratch_dir spew);

our $program;
my $name;

# The directory is removed at the end.
END { chdir '/' }

# Chooses the tool of this test, which has `built` made, and exports all functions.
sub import {
    my ($class, $what) = @_;
    $program = built($what);
    plan skip_all => "$program is not built" if !-x $program;
    $name = basename($program);
    my $dir = scratch_dir($what);
    chdir $dir or die "$dir: $!";
    my $to = caller;
    no strict 'refs';
    *{"${to}::$_"} = \&$_ for qw(put get mode start run tool fails leftovers);
    *{"${to}::program"} = \$program;
    return;
}

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

sub tool {
    my ($input, @arguments) = @_;
    return run($input, $program, @arguments);
}

# Tests that the tool fails with an error of one line, that the file `f` is unchanged, and that
# there is no other file.
sub fails {
    my ($what, $want_status, $want, $input, @arguments) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $before = -e 'f' ? get('f') : undef;
    my ($status, $out, $err) = tool($input, @arguments);
    is($status, $want_status, "$what: exit status $want_status");
    like($err, $want, "$what: the error has the expected text");
    is(($err =~ tr/\n//), 1, "$what: the error is one line") or diag($err);
    is($out, '', "$what: no other output");
    is(-e 'f' ? get('f') : undef, $before, "$what: the file is unchanged");
    is_deeply(leftovers(), [], "$what: no temporary file");
    return;
}

# Temporary files of the tool.
sub leftovers { return [ glob ".$name*" ] }

1;
