# SPDX-License-Identifier: Apache-2.0
# Common functions of all tests: paths, a scratch directory, running a command, waiting for an
# event, and stopping at the end everything that was started. It needs only core Perl modules.
package SSPI::Test;
use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use Fcntl qw(:flock O_RDWR O_CREAT);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(time);

our @EXPORT_OK = qw(root_dir build_dir built scratch_dir spew slurp run spawn wait_until free_port
    is_root on_end keep_all worker_user);

my $owner = $$;
my $root = abs_path(dirname(__FILE__) . '/../../..');
my ($scratch, $n_scratch, $keep) = (undef, 0, 0);
my @to_stop;

# The tests ignore mechanisms that packages have added to MIT's GSSAPI, as gss-ntlmssp adds NTLM. So
# they behave in the same way with and without such packages. A test that uses a mechanism sets this
# variable.
$ENV{GSS_MECH_CONFIG} = '/dev/null';

sub root_dir { return $root }

sub build_dir {
    my $dir = $ENV{SSPI_BUILD} // "$root/build";
    return abs_path($dir) // $dir;
}

my %built = (
    apache => 'mod_sspi_apache/mod_sspi.so',
    nginx => 'ngx_http_sspi_module/ngx_http_sspi_module.so',
    passwd => 'tools/sspi-passwd',
    key => 'tools/sspi-key',
);

# Returns the path of a file that the build made. SSPI_NGINX is a folder that tools/nginx-build made, with another
# nginx and its module; without a module there, that nginx contains it.
sub built {
    my ($what) = @_;
    return "$ENV{SSPI_NGINX}/ngx_http_sspi_module.so" if $what eq 'nginx' && defined $ENV{SSPI_NGINX};
    return build_dir() . '/' . $built{$what};
}

sub is_root { return $> == 0 }

# The user of the workers of a server that root started.
sub worker_user { return 'www-data' }

# Makes a directory that the servers' workers can read. It is removed at the end unless a test
# failed.
sub scratch_dir {
    my ($name) = @_;
    if (!$scratch) {
        $scratch = tempdir('sspi-test-XXXXXX', TMPDIR => 1, CLEANUP => 0);
        chmod 0755, $scratch;
    }
    my $dir = sprintf '%s/%02d-%s', $scratch, ++$n_scratch, $name;
    make_path($dir);
    chmod 0755, $dir;
    return $dir;
}

# Puts all scratch directories below `dir`, which is kept, and lets servers outlive the script.
sub keep_all { my ($dir) = @_; ($scratch, $keep) = ($dir, 1); return }
sub keep_nothing { $keep = 0; return }

# Returns words that go before the command of a daemon. The daemon then ends with this script, also
# if the script is killed. If it is to be kept, it leaves this terminal.
sub lifeline { return $keep ? 'setsid' : qw(setpriv --pdeathsig TERM) }

sub spew {
    my ($path, $text, $mode) = @_;
    open my $fh, '>:raw', $path or die "$path: $!\n";
    print {$fh} $text;
    close $fh or die "$path: $!\n";
    chmod $mode, $path if defined $mode;
    return $path;
}

sub slurp {
    my ($path) = @_;
    open my $fh, '<:raw', $path or return '';
    local $/;
    return scalar(<$fh>) // '';
}

sub _exec {
    my ($argv, $opt) = @_;
    $SIG{$_} = 'DEFAULT' for qw(INT TERM PIPE);
    my %env = %{$opt->{env} // {}};
    for my $name (keys %env) {
        if (defined $env{$name}) { $ENV{$name} = $env{$name} } else { delete $ENV{$name} }
    }
    open STDIN, '<', $opt->{stdin_file} // '/dev/null';
    open STDOUT, $opt->{append} ? '>>' : '>', $opt->{out};
    if ($opt->{err} eq $opt->{out}) { open STDERR, '>&', \*STDOUT }
    else { open STDERR, '>', $opt->{err} }
    alarm $opt->{timeout} if $opt->{timeout};
    no warnings 'exec';
    exec { $argv->[0] } @$argv or print STDERR "cannot run $argv->[0]: $!\n";
    POSIX::_exit(127);
}

# Starts a command and returns its process id. Options: env, stdin_file, out, err, append, timeout.
sub spawn {
    my ($argv, %opt) = @_;
    $opt{out} //= '/dev/null';
    $opt{err} //= $opt{out};
    my $pid = fork // die "fork: $!\n";
    _exec($argv, \%opt) if $pid == 0;
    return $pid;
}

# Runs a command to its end. Returns { rc, out, err }. The command is killed after `timeout` seconds
# (60). `stdin` is its input.
sub run {
    my ($argv, %opt) = @_;
    my $dir = tempdir('sspi-run-XXXXXX', TMPDIR => 1, CLEANUP => 0);
    spew("$dir/in", $opt{stdin}) if defined $opt{stdin};
    my $pid = spawn($argv, env => $opt{env}, timeout => $opt{timeout} // 60,
        stdin_file => defined $opt{stdin} ? "$dir/in" : '/dev/null',
        out => "$dir/out", err => "$dir/err");
    waitpid $pid, 0;
    my $rc = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    my $result = { rc => $rc, out => slurp("$dir/out"), err => slurp("$dir/err") };
    remove_tree($dir);
    return $result;
}

# Runs a command that must succeed.
sub must_run {
    my ($argv, %opt) = @_;
    my $r = run($argv, %opt);
    die "@$argv: exit code $r->{rc}\n$r->{out}$r->{err}" if $r->{rc} != 0;
    return $r->{out};
}

# Calls `ready` until it is true and returns that value; undef after `seconds` (20).
sub wait_until {
    my ($ready, $seconds) = @_;
    my $end = time + ($seconds // 20);
    while (1) {
        my $value = $ready->();
        return $value if $value;
        return undef if time > $end;
        select undef, undef, undef, 0.01;
    }
}

# Returns a port of 127.0.0.1 that no other test uses. Ports are below the range for clients. A
# locked file in the build directory counts them, so that parallel tests never use the same port.
sub free_port {
    make_path(build_dir());
    sysopen my $fh, build_dir() . '/test-ports', O_RDWR | O_CREAT or die 'test-ports: ' . $!;
    flock $fh, LOCK_EX;
    my $last = <$fh> // '';
    my $port = $last =~ /\A(\d+)/ ? $1 : 20000 + $$ % 5000;
    for (1 .. 12000) {
        $port = $port >= 31999 ? 20000 : $port + 1;
        my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port,
            Proto => 'tcp', Listen => 1, ReuseAddr => 1) or next;
        close $socket;
        seek $fh, 0, 0;
        truncate $fh, 0;
        print {$fh} "$port\n";
        close $fh;
        return $port;
    }
    die "no free port on 127.0.0.1\n";
}

sub can_connect {
    my ($port) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 2);
    return defined $socket;
}

# Stops a process that this script started: sends the signal, and SIGKILL if that does not help.
# Returns its wait status.
sub stop_process {
    my ($pid, $signal) = @_;
    kill $signal => $pid;
    my $gone = wait_until(sub { my $r = waitpid $pid, WNOHANG; return $r == $pid || $r == -1 }, 30);
    my $status = $?;
    if (!$gone) {
        kill KILL => $pid;
        waitpid $pid, 0;
        $status = $?;
    }
    return $status;
}

# Calls `stop` when the script ends, the last registered function first.
sub on_end { my ($stop) = @_; push @to_stop, $stop; return }

$SIG{INT} = $SIG{TERM} = sub { exit 130 };

END {
    if ($$ == $owner) {
        my $status = $?;
        if (!$keep) { eval { $_->(); 1 } or warn $@ for reverse @to_stop }
        my $failed = $status != 0 || ($INC{'Test/More.pm'} && !Test::More->builder->is_passing);
        if ($scratch && !$keep) {
            if ($failed) { print STDERR "# logs and configurations are kept in $scratch\n" }
            else { remove_tree($scratch) }
        }
        $? = $status;
    }
}

1;
