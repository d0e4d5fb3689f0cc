# SPDX-License-Identifier: Apache-2.0
# TLS connections of a test's own making: of a version, to one of the server's certificates, full or
# resumed, and through somebody in between. Needs the program tls_tunnel of the build.
package SSPI::Test::Tls;
use strict;
use warnings;

use parent 'SSPI::Test::Connection';
use SSPI::Test qw(build_dir free_port on_end spawn wait_until);
use SSPI::Test::Server;

sub _tunnel {
    my ($how, @arguments) = @_;
    my $port = free_port();
    my $pid = spawn([ SSPI::Test::lifeline(), build_dir() . '/t/integration/tls_tunnel', $how, $port, @arguments ],
        out => '/dev/stderr');
    on_end(sub { SSPI::Test::stop_process($pid, 'TERM') });
    wait_until(sub { SSPI::Test::can_connect($port) }) or die "tls_tunnel $how does not listen\n";
    return $port;
}

# The port of a TLS front end with a certificate of this name (of its own, when a server has none of
# that name), which passes on to `port`, by TLS or not.
sub front_end {
    my ($certificate, $port, $next) = @_;
    return _tunnel('front', $port, $next, SSPI::Test::Server::certificate($certificate));
}

my $client_port;

# A connection. Options: port (the server's own of https), host (localhost), version (1.3), kind (any, rsa,
# ec: the certificate to ask for), session (a name: resumes the last session kept under it), ems (1), sni
# (1). Dies when the handshake fails. It tells: handshake (new, reused), and exporter and unique, the
# application data of these bindings, undef where the connection has none.
sub new {
    my ($class, $client, %o) = @_;
    $client_port //= _tunnel('client');
    my $self = bless { client => $client->with(host => $o{host}) }, $class;
    $self->{socket} = $client->with(http => $client_port)->connect_raw;
    my $sni = $o{sni} // 1 ? $o{host} // 'localhost' : '-';
    my $wish = join ' ', $o{port} // $client->{https}, $sni, $o{version} // '1.3', $o{kind} // 'any', $o{session} // '-',
        'http/1.1', ($o{ems} // 1) ? 'ems' : 'no-ems';
    $self->send("$wish\n");
    my $told = '';
    while ($told !~ /\n\z/) { sysread $self->{socket}, $told, 1, length $told or last }
    my ($how, @values) = $told =~ /\A(new|reused) (\S+) (\S+)\n/ or die "no TLS connection: $wish\n";
    my %told = (handshake => $how, exporter => $values[0], unique => $values[1]);
    $self->{handshake} = $how;
    for my $type (qw(exporter unique)) {
        $self->{$type} = "tls-$type:" . pack 'H*', $told{$type} if $told{$type} ne '-';
    }
    return $self;
}

1;
