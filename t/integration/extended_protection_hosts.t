#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Hosts on one port with their own certificates, chosen by SNI. A client is bound to the certificate
# of its host. The host of the request counts, not that of SNI.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Binding;
use SSPI::Test::Options qw(nginx_location);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;
use SSPI::Test::Server;

my $fixture = SSPI::Test::Binding->new;
my @locations = map { { path => "/$_/", channel_binding => $_ } } qw(allow require);
my %server_config = $fixture->server_config(@locations);
my ($certificate, $key) = SSPI::Test::Server::certificate('other-host');
my $nginx_locations = join '', map { nginx_location($_) } @{$server_config{locations}};
my $identity_headers = join '', map { "add_header $_->[0] $_->[2] always;\n" } @SSPI::Test::Server::identity_headers;
$server_config{apache} = <<"CONF";
<VirtualHost 127.0.0.1:\@HTTPS\@>
    ServerName other.test
    Protocols h2 http/1.1
    SSLEngine on
    SSLCertificateFile $certificate
    SSLCertificateKeyFile $key
</VirtualHost>
<VirtualHost 127.0.0.1:\@HTTPS\@>
    ServerName bare.test
</VirtualHost>
CONF
$server_config{nginx_http} .= <<"CONF";
server {
    listen 127.0.0.1:\@HTTPS\@ ssl;
    server_name other.test;
    root \@DOCROOT\@;
    ssl_certificate $certificate;
    ssl_certificate_key $key;
    $identity_headers$nginx_locations
}
server {
    listen 127.0.0.1:\@HTTPS\@ ssl;
    server_name bare.test;
    root \@DOCROOT\@;
    $identity_headers$nginx_locations
}
CONF

my %binding = (localhost => binding_of('rsa'), 'other.test' => binding_of('other-host'));
my %other = (localhost => 'other.test', 'other.test' => 'localhost');

sub connection {
    my ($server, $host, $version, $handshake) = @_;
    my @tls = (host => $host, version => $version);
    push @tls, session => "$server->{https}-$host-$version" if $handshake eq 'reused';
    my $connection = $server->tls_connection(@tls);
    if ($connection->{handshake} ne $handshake) {
        $connection->get('/');
        $connection = $server->tls_connection(@tls);
    }
    is($connection->{handshake}, $handshake, "$host, TLS $version: the handshake") if $connection->{handshake} ne $handshake;
    return $connection;
}

my $n_sessions = 0;

# A connection to `host` that tries to resume a session of the other host.
sub with_other_session {
    my ($server, $host, $version, $handshake) = @_;
    my @tls = (version => $version, session => "$server->{https}-other-" . ++$n_sessions);
    $server->tls_connection(@tls, host => $other{$host})->get('/');
    my $connection = $server->tls_connection(@tls, host => $host);
    is($connection->{handshake}, $handshake, "$host, TLS $version, a session of the other") if $connection->{handshake} ne $handshake;
    return $connection;
}

parts 'hosts by SNI', \%server_config,
    (map {
        my $host = $_;
        ("$host is bound to its own certificate" => sub {
            my ($server) = @_;
            for my $how ([ '1.2', 'new' ], [ '1.2', 'reused' ], [ '1.3', 'new' ], [ '1.3', 'reused' ]) {
                for my $scheme (@schemes) {
                    $fixture->comes_out($server, 'bound', "@$how, $scheme: its own certificate", $scheme, connection($server, $host, @$how),
                        '/require/', 'right', $binding{$host});
                    $fixture->comes_out($server, 'BAD_BINDING', "@$how, $scheme: the certificate of the other host", $scheme,
                        connection($server, $host, @$how), '/require/', 'right', $binding{$other{$host}});
                }
            }
            $fixture->comes_out($server, 'BAD_BINDING', "allow, $_: the certificate of the other host", $_, connection($server, $host, '1.3', 'new'),
                '/allow/', 'right', $binding{$other{$host}}) for @schemes;
        })
    } sort keys %binding),
    # The owner of one host has its key, and can relay data of that host's clients to the other
    # host.
    'a request that names another host than its connection' => sub {
        my ($server) = @_;
        for my $host (sort keys %binding) {
            for my $scheme (@schemes) {
                my $relayed = connection($server, $host, '1.3', 'new');
                $relayed->{client} = $relayed->{client}->with(host => $other{$host});
                $server->new_log;
                my $a = $fixture->login($scheme, $relayed, '/allow/', 'right', $binding{$host});
                # httpd demands the same TLS options for both hosts.
                my $want = $server->kind eq 'apache' ? 421 : 401;
                is($a->status, $want, "$scheme: bound to $host, for $other{$host}") or diag($a->brief, $server->new_log);
                like($server->new_log, qr/BAD_BINDINGS/, 'the log has the status') if $want == 401;
                my $silent = connection($server, $host, '1.3', 'new');
                $silent->{client} = $silent->{client}->with(host => $other{$host});
                next if $server->kind eq 'apache';
                is($fixture->login($scheme, $silent, '/allow/', 'silent', undef)->status, 200, "$scheme: a client that names no channel");
            }
        }
    },
    'a request whose connection names no host' => sub {
        my ($server) = @_;
        # Without SNI the first host of the port answers, with its certificate.
        my ($first, $want) = $server->kind eq 'apache' ? ('other.test', '421 user= ') : ('localhost', 'BAD_BINDING');
        for my $scheme (@schemes) {
            for my $case ([ $first => 'bound' ], [ $other{$first} => $want ]) {
                my $connection = $server->tls_connection(host => $case->[0], sni => 0);
                $fixture->comes_out($server, $case->[1], "$scheme: without SNI, for $case->[0]", $scheme, $connection, '/allow/', 'right',
                    $binding{$first});
            }
        }
    },
    # Both servers send the certificate of the port's first host, other.test, for this host.
    'a host without a certificate of its own' => sub {
        my ($server) = @_;
        for my $case ([ 'bare.test', 'other.test' => 200 ], [ 'bare.test', 'localhost' => 401 ],
            [ 'localhost', 'localhost' => $server->kind eq 'apache' ? 421 : 401 ]) {
            my ($sni, $bound, $want) = @$case;
            for my $scheme (@schemes) {
                my $connection = connection($server, $sni, '1.3', 'new');
                $connection->{client} = $connection->{client}->with(host => 'bare.test');
                is($fixture->login($scheme, $connection, '/require/', 'right', $binding{$bound})->status, $want,
                    "$scheme: by a connection to $sni, bound to $bound");
            }
        }
    },
    'a session of the other host' => sub {
        my ($server) = @_;
        for my $host (sort keys %binding) {
            for my $version (qw(1.2 1.3)) {
                # httpd starts a new session. nginx resumes the session, and before TLS 1.3 it uses
                # the host of the session.
                my $how = $server->kind eq 'apache' ? 'new' : 'reused';
                for my $scheme (@schemes) {
                    $fixture->comes_out($server, $_->[1], "$host, TLS $version, $scheme: bound to $_->[0]", $scheme,
                        with_other_session($server, $host, $version, $how), '/allow/', 'right', $binding{$_->[0]})
                        for [ $host => 'bound' ], [ $other{$host} => 'BAD_BINDING' ];
                }
            }
        }
    };

done_testing;
