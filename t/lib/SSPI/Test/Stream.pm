# SPDX-License-Identifier: Apache-2.0
# One stream of octets to a server, plain or over TLS. Subclasses implement a protocol on it.
package SSPI::Test::Stream;
use strict;
use warnings;

use Socket qw(AF_UNIX PF_UNSPEC SOCK_STREAM);

# Opens TLS to the HTTPS port of $self->{client} and negotiates this protocol (ALPN). It uses
# openssl, because Perl's own TLS may not be installed.
sub open_tls {
    my ($self, $protocol) = @_;
    socketpair($self->{socket}, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die "socketpair: $!\n";
    $self->{pid} = fork // die "fork: $!\n";
    if (!$self->{pid}) {
        open STDIN,  '<&', $theirs or die;
        open STDOUT, '>&', $theirs or die;
        open STDERR, '>', '/dev/null' or die;
        CORE::close($self->{socket});
        exec qw(openssl s_client -quiet -servername localhost -alpn), $protocol, '-connect',
            "127.0.0.1:$self->{client}{https}" or die;
    }
    CORE::close($theirs);
    return $self;
}

# Sends octets. A server that has closed the connection gets only a part.
sub send {
    my ($self, $text) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $sent = 0;
    while ($sent < length $text) {
        $sent += syswrite($self->{socket}, $text, length($text) - $sent, $sent) // last;
    }
    return;
}

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
