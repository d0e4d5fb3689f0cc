#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# nginx with variables in ssl_certificate loads the certificate in each full handshake. The client
# of a resumed session is bound to the certificate of the session's first handshake.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(slurp);
use SSPI::Test::Binding;
use SSPI::Test::Options qw(nginx_location);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;
use SSPI::Test::Server;

my $fixture = SSPI::Test::Binding->new;
my @locations = map { { path => "/$_/", channel_binding => $_ } } qw(allow require);
my %server_config = $fixture->server_config(@locations);
my $nginx_locations = join '', map { nginx_location($_) } @{$server_config{locations}};
my $identity_headers = join '', map { "add_header $_->[0] $_->[2] always;\n" } @SSPI::Test::Server::identity_headers;

# The workers must be able to read these files.
my @names = qw(first other ec);
$server_config{data} = { map { my $name = $_; my @files = SSPI::Test::Server::certificate($name);
    ("$name.pem" => slurp($files[0]), "$name.key" => slurp($files[1])) } @names };

my @loads = ('ssl_certificate @DIR@/$host_certificate.pem;', 'ssl_certificate_key @DIR@/$host_certificate.key;');
sub server { my ($listen, @lines) = @_; return join "\n", 'server {', "listen 127.0.0.1:$listen;", 'root @DOCROOT@;', @lines, "$identity_headers$nginx_locations}", '' }

# The default server of a port has the callbacks and tickets for all connections of the port.
$server_config{nginx_http} .= join "\n", 'map $ssl_server_name $host_certificate { default first; other.test other; }',
    server('@PORT1@ ssl', @loads),
    server('@PORT2@ ssl', @loads, 'ssl_session_tickets off;', 'ssl_session_cache shared:loads:1m;'),
    server('@PORT3@ ssl', @loads, 'ssl_certificate @DIR@/ec.pem;', 'ssl_certificate_key @DIR@/ec.key;'),
    server('@PORT4@ ssl', 'ssl_certificate @DIR@/first.pem;', 'ssl_certificate_key @DIR@/first.key;'),
    server('@PORT4@ ssl', 'server_name other.test;', @loads);
$server_config{extra_ports} = 4;

my $n_sessions = 0;

# Returns connections that share a session: a new one, then resumed ones.
sub connections {
    my ($server, $n, @tls) = @_;
    my @session = (session => 'resumed-' . ++$n_sessions);
    return map {
        my $wanted = $_ ? 'reused' : 'new';
        my $connect = sub {
            my $connection = $server->tls_connection(@tls, @session);
            is($connection->{handshake}, $wanted, "@tls: the handshake") if $connection->{handshake} ne $wanted;
            return $connection;
        };
        [ $_ ? "resumption $_" : 'a full handshake', $connect ];
    } 0 .. $n;
}

# Logs in by each scheme on each of these connections. A case is [ policy, what the client says, of
# which certificate, outcome ].
sub each_scheme {
    my ($server, $cases, @tls) = @_;
    for my $scheme (@schemes) {
        for my $case (@$cases) {
            my ($policy, $says, $binding, $want) = @$case;
            for my $row (connections($server, 2, @tls)) {
                my ($name, $connect) = @$row;
                my $connection = $connect->();
                $fixture->comes_out($server, $want, "@tls, $name, $policy, $scheme: $says, $binding", $scheme, $connection, "/$policy/",
                    $says, binding_of($binding));
                # The server sends a TLS 1.3 ticket with the first answer.
                $connection->get('/');
            }
        }
    }
    return;
}

# One client is bound to the certificate that it saw; the others are bound to other certificates.
sub compared {
    my ($own, @others) = @_;
    return map { my $policy = $_; ([ $policy, 'right', $own, 'bound' ], map { [ $policy, 'right', $_, 'BAD_BINDING' ] } @others) }
        qw(allow require);
}
my @unbound = ([qw(allow silent first unbound)], [qw(require silent first MISSING_BINDING)], [qw(allow zeros first MISSING_BINDING)]);

my %port = (tickets => 'PORT1', 'a shared session cache' => 'PORT2');

parts 'resumed sessions', { %server_config, on => 'nginx' },
    (map {
        my ($how, $version) = @$_;
        ("with $how, TLS $version" => sub {
            my ($server) = @_;
            my @tls = (port => $server->port($port{$how}), version => $version);
            each_scheme($server, [ compared('first', 'relay'), @unbound ], @tls);
        })
    } map { my $how = $_; map { [ $how, $_ ] } qw(1.2 1.3) } sort keys %port),
    'two certificates of one host' => sub {
        my ($server) = @_;
        for my $version (qw(1.2 1.3)) {
            each_scheme($server, [ compared('ec', 'relay') ], port => $server->port('PORT3'), version => $version, kind => 'ec');
            each_scheme($server, [ compared('first', 'relay') ], port => $server->port('PORT3'), version => $version, kind => 'rsa');
        }
    },
    'the host by SNI' => sub {
        my ($server) = @_;
        for my $version (qw(1.2 1.3)) {
            # The default server loads its certificate for each handshake, or has it in the
            # configuration.
            for my $port (map { $server->port($_) } qw(PORT1 PORT4)) {
                each_scheme($server, [ compared('other', 'first') ], port => $port, version => $version, host => 'other.test');
                each_scheme($server, [ compared('first', 'other') ], port => $port, version => $version);
            }
        }
    },
    # The client chose this, so it is not an error of the server.
    'a session of TLS 1.3 under another name' => sub {
        my ($server) = @_;
        for my $names ([ {host => 'other.test'}, {} ], [ {}, {sni => 0} ], [ {sni => 0}, {} ]) {
            my ($began, $goes_on) = @$names;
            my @tls = (port => $server->port('PORT1'), version => '1.3', session => 'names-' . ++$n_sessions);
            # The server sends a TLS 1.3 ticket with the first answer.
            $server->tls_connection(@tls, %$began)->get('/');
            for my $scheme (@schemes) {
                my $connection = $server->tls_connection(@tls, %$goes_on);
                is($connection->{handshake}, 'reused', "$scheme: the handshake");
                $fixture->comes_out($server, 'NO_CANDIDATE 403', 'another name', $scheme, $connection, '/require/', 'right',
                    binding_of('first'));
            }
        }
    },
    'after a reload' => sub {
        my ($server) = @_;
        my @rows = connections($server, 2, port => $server->port('PORT2'), version => '1.2');
        $fixture->comes_out($server, 'bound', 'before', 'NTLM', (shift @rows)->[1]->(), '/require/', 'right', binding_of('first'));
        $server->reload;
        $fixture->comes_out($server, $_->[1], "$_->[0] afterwards", 'NTLM', (shift @rows)->[1]->(), '/allow/', 'right', binding_of($_->[0]))
            for [ first => 'bound' ], [ relay => 'BAD_BINDING' ];
    };

done_testing;
