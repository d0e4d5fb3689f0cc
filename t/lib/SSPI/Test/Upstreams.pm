# SPDX-License-Identifier: Apache-2.0
# Applications behind a tested server that answer with what they got, a line each.
package SSPI::Test::Upstreams;
use strict;
use warnings;

use Exporter qw(import);
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use SSPI::Test qw(free_port on_end);
use SSPI::Test::Origin;

our @EXPORT_OK = qw(http_application scgi_application serve);

# Starts an application on this port that answers with all headers that it got, in lower case.
sub http_application {
    my ($port) = @_;
    return SSPI::Test::Origin->new($port, sub {
        my ($request) = @_;
        my $headers = $request->{headers};
        return (200, ['Content-Type: text/plain'], join '', map { "$_: $headers->{$_}\n" } sort keys %$headers);
    });
}

# Starts a process that calls `converse` with each connection to this port, one after another, and
# closes it. Returns its id.
sub serve {
    my ($port, $converse) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 64, ReuseAddr => 1)
        // die "listen: $!\n";
    my $parent = $$;
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        # If the test is killed, no process would stop this one.
        while (getppid == $parent) {
            IO::Select->new($listener)->can_read(1) or next;
            my $socket = $listener->accept or next;
            $converse->($socket);
            close $socket;
        }
        POSIX::_exit(0);
    }
    on_end(sub { SSPI::Test::stop_process($pid, 'KILL') });
    return $pid;
}

# Starts an SCGI application that answers with the variables of the request. Returns its port.
sub scgi_application {
    my $port = free_port();
    serve($port, sub {
        my ($socket) = @_;
        local $/ = ':';
        my ($n, $text) = (scalar readline($socket), '');
        read $socket, $text, $n =~ s/://r;
        my %env = split /\0/, $text;
        print {$socket} "Status: 200\r\nContent-Type: text/plain\r\n\r\n", map { "$_: $env{$_}\n" } sort keys %env;
    });
    return $port;
}

1;
