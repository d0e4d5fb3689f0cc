# SPDX-License-Identifier: Apache-2.0
# TLS connections that a test configures: the version, the server's certificate, a full or resumed
# handshake, and a front end or relay between client and server. It needs the program tls_tunnel of
# the build.
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

# Starts a TLS front end with the certificate of this name, and returns its port. If no server has a
# certificate of that name, the front end has its own. It forwards to `port`, over TLS or not.
sub front_end {
    my ($certificate, $port, $next) = @_;
    return _tunnel('front', $port, $next, SSPI::Test::Server::certificate($certificate));
}

my $client_port;

# Opens a connection. Options: port (default: the HTTPS port of the server), host (localhost),
# version (1.3), kind (any, rsa, ec: the kind of certificate). Further options: session (a name:
# resumes the last session of that name), ems (1), sni (1). Dies if the handshake fails. Fields:
# handshake (new, reused), and the application data of the bindings exporter and unique. A field is
# undef if the connection has no such binding.
sub new {
    my ($class, $client, %o) = @_;
    $client_port //= _tunnel('client');
    my $self = bless { client => $client->with(host => $o{host}) }, $class;
    $self->{socket} = $client->with(http => $client_port)->connect_raw;
    my $sni = $o{sni} // 1 ? $o{host} // 'localhost' : '-';
    my $wish = join ' ', $o{port} // $client->{https}, $sni, $o{version} // '1.3', $o{kind} // 'any', $o{session} // '-',
        'http/1.1', ($o{ems} // 1) ? 'ems' : 'no-ems';
    $self->send("$wish\n");
    my $line = '';
    while ($line !~ /\n\z/) { sysread $self->{socket}, $line, 1, length $line or last }
    my ($how, @values) = $line =~ /\A(new|reused) (\S+) (\S+)\n/ or die "no TLS connection: $wish\n";
    my %found = (handshake => $how, exporter => $values[0], unique => $values[1]);
    $self->{handshake} = $how;
    for my $type (qw(exporter unique)) {
        $self->{$type} = "tls-$type:" . pack 'H*', $found{$type} if $found{$type} ne '-';
    }
    return $self;
}

1;
