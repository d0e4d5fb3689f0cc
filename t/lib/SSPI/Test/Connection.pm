# SPDX-License-Identifier: Apache-2.0
# One connection of HTTP/1.1, plain or over TLS, on which a test asks for one thing after the other.
package SSPI::Test::Connection;
use strict;
use warnings;

use IO::Select;
use Socket qw(AF_UNIX PF_UNSPEC SOCK_STREAM);
use SSPI::Test::Client;

# Of an SSPI::Test::Client. Options: tls, port (another than the client's).
sub new {
    my ($class, $client, %o) = @_;
    $client = $client->with(http => $o{port}) if $o{port};
    my $self = bless { client => $client }, $class;
    return $self->_open_tls if $o{tls};
    $self->{socket} = $client->connect_raw;
    return $self;
}

# Perl's own TLS may not be installed, and openssl is.
sub _open_tls {
    my ($self) = @_;
    socketpair($self->{socket}, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die "socketpair: $!\n";
    $self->{pid} = fork // die "fork: $!\n";
    if (!$self->{pid}) {
        open STDIN,  '<&', $theirs or die;
        open STDOUT, '>&', $theirs or die;
        open STDERR, '>', '/dev/null' or die;
        close $self->{socket};
        exec qw(openssl s_client -quiet -servername localhost -alpn http/1.1 -connect),
            "127.0.0.1:$self->{client}{https}" or die;
    }
    return $self;
}

# The answer to one request; undef when the server closed instead. Options of
# SSPI::Test::Client::request_text, and body.
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

sub send {
    my ($self, $text) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $sent = 0;
    while ($sent < length $text) {
        $sent += syswrite($self->{socket}, $text, length($text) - $sent, $sent) // last;
    }
    return;
}

sub answer { my ($self) = @_; return SSPI::Test::Client::read_answer($self->{socket}) }

# No answer is there yet.
sub waits { my ($self) = @_; return !IO::Select->new($self->{socket})->can_read(0) }

sub close {
    my ($self) = @_;
    CORE::close($self->{socket}) if $self->{socket};
    delete $self->{socket};
    my $pid = delete $self->{pid} or return;
    local $?;
    kill TERM => $pid;
    waitpid $pid, 0;
    return;
}

sub DESTROY { $_[0]->close; return }

1;
