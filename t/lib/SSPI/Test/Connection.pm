# SPDX-License-Identifier: Apache-2.0
# One HTTP/1.1 connection, plain or over TLS, on which a test sends one request after the other.
package SSPI::Test::Connection;
use strict;
use warnings;

use IO::Select;
use parent 'SSPI::Test::Stream';
use SSPI::Test::Client;

# Opens a connection of an SSPI::Test::Client. Options: tls, port (if it is not the client's).
sub new {
    my ($class, $client, %o) = @_;
    $client = $client->with(http => $o{port}) if $o{port};
    my $self = bless { client => $client }, $class;
    return $self->open_tls('http/1.1') if $o{tls};
    $self->{socket} = $client->connect_raw;
    return $self;
}

# Returns the answer to one request, or undef if the server closed the connection instead. Options:
# those of SSPI::Test::Client::request_text, and body.
sub get {
    my ($self, $path, %o) = @_;
    my $body = delete $o{body};
    if (defined $body) {
        $o{method} //= 'POST';
        $o{headers} = [ @{$o{headers} // []}, 'Content-Length: ' . length $body ];
    }
    $self->send($self->{client}->request_text($path, %o) . ($body // ''));
    return $self->answer;
}

sub answer { my ($self) = @_; return SSPI::Test::Client::read_answer($self->{socket}) }

# Returns whether no answer has come yet.
sub waits { my ($self) = @_; return !IO::Select->new($self->{socket})->can_read(0) }

1;
