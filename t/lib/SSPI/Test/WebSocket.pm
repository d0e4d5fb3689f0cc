# SPDX-License-Identifier: Apache-2.0
# WebSockets: a client, and a server that sends every octet back.
package SSPI::Test::WebSocket;
use strict;
use warnings;

use Exporter qw(import);
use IO::Select;
use SSPI::Test::Upstreams qw(serve);

our @EXPORT_OK = qw(echo_server upgrade);

# Starts a server that accepts each WebSocket, one after another. The header X-Hides of its answer
# says whether the request has no Authorization. Returns its process.
sub echo_server {
    my ($port) = @_;
    return serve($port, sub {
        my ($socket) = @_;
        my ($head, $octets) = ('', '');
        while ($head !~ /\r\n\r\n/) { sysread $socket, $head, 4096, length $head or last }
        my $hides = $head =~ /^Authorization:/mi ? 'no' : 'yes';
        syswrite $socket, $head =~ /^Upgrade: websocket/mi
            ? "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Hides: $hides\r\n\r\n"
            : "HTTP/1.1 400 x\r\nContent-Length: 0\r\n\r\n";
        while (sysread $socket, $octets, 4096) { syswrite $socket, $octets }
    });
}

# The options of a request that opens a WebSocket.
sub upgrade {
    return (headers => [ 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' ]);
}

# Opens a WebSocket as an SSPI::Test::Client. The head of the answer is in `head`.
sub new {
    my ($class, $client, $path, %o) = @_;
    my $self = bless { socket => $client->connect_raw }, $class;
    syswrite $self->{socket}, $client->request_text($path, upgrade(), %o);
    $self->{head} = $self->_read(qr/\r\n\r\n/);
    return $self;
}

sub _read {
    my ($self, $pattern) = @_;
    my $data = '';
    while ($data !~ $pattern) {
        IO::Select->new($self->{socket})->can_read(10) or last;
        sysread $self->{socket}, $data, 4096, length $data or last;
    }
    return $data;
}

# Sends a frame, and returns what comes back.
sub echo {
    my ($self, $frame) = @_;
    syswrite $self->{socket}, $frame;
    return $self->_read(qr/\Q$frame\E/);
}

1;
