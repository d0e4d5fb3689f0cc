# SPDX-License-Identifier: Apache-2.0
# A small HTTP server in Perl: the application behind a tested server, or a server that sends wrong
# answers intentionally.
package SSPI::Test::Origin;
use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Scalar::Util qw(weaken);
use SSPI::Test qw(on_end);

# Calls `answer` for each request with { method, target, headers (lower case names), body }, in a
# separate process. `answer` returns (status, [ 'Name: value', ... ], body). Every connection serves
# one request.
sub new {
    my ($class, $port, $answer) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 64,
        ReuseAddr => 1) // die "listen: $!\n";
    my $parent = $$;
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM);
        $SIG{CHLD} = 'IGNORE';
        _serve($listener, $parent, $answer);
        POSIX::_exit(0);
    }
    my $self = bless { pid => $pid, port => $port }, $class;
    weaken(my $weak = $self);
    on_end(sub { $weak->stop if $weak });
    return $self;
}

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    local $?;
    SSPI::Test::stop_process($pid, 'TERM');
    return;
}

sub DESTROY { my ($self) = @_; $self->stop; return }

sub _serve {
    my ($listener, $parent, $answer) = @_;
    my $select = IO::Select->new($listener);
    # If the test is killed, no process would stop this server.
    while (getppid == $parent) {
        $select->can_read(1) or next;
        my $socket = $listener->accept or next;
        my $child = fork // next;
        next if $child;
        close $listener;
        eval { _converse($socket, $answer); 1 }
            or print {$socket} "HTTP/1.1 500 x\r\nConnection: close\r\n\r\n$@";
        close $socket;
        POSIX::_exit(0);
    }
    return;
}

sub _converse {
    my ($socket, $answer) = @_;
    alarm 60;
    local $/ = "\r\n";
    my $line = readline($socket) // return;
    my ($method, $target) = $line =~ /\A(\S+) (\S+) HTTP/ or die "no request: $line\n";
    my %headers;
    while (defined(my $header = readline $socket)) {
        last if $header eq "\r\n";
        $headers{lc $1} = $2 if $header =~ /\A([^:]+):\s*(.*?)\s*\z/s;
    }
    my $body = ($headers{'transfer-encoding'} // '') =~ /chunked/i ? _chunks($socket)
        : _octets($socket, $headers{'content-length'} // 0);
    my ($status, $lines, $text) =
        $answer->({ method => $method, target => $target, headers => \%headers, body => $body });
    print {$socket} join("\r\n", "HTTP/1.1 $status x", @$lines, 'Content-Length: ' . length $text,
        'Connection: close', '', $method eq 'HEAD' ? '' : $text);
    return;
}

sub _octets {
    my ($socket, $n) = @_;
    my $data = '';
    while (length $data < $n) {
        read $socket, $data, $n - length $data, length $data or die "body ends early\n";
    }
    return $data;
}

sub _chunks {
    my ($socket) = @_;
    my $data = '';
    while (1) {
        my $n = hex((readline($socket) // die "no chunk\n") =~ s{\s+\z}{}r);
        $data .= _octets($socket, $n);
        # The empty line after each chunk. No client here sends trailers after the last one.
        readline $socket;
        return $data if $n == 0;
    }
}

1;
