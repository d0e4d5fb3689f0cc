#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Hosts of one port with certificates of their own, chosen by SNI: each binds to its own alone.
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
use SSPI::Test::Tls;

my $world = SSPI::Test::Binding->new;
my @places = map { { path => "/$_/", channel_binding => $_ } } qw(allow require);
my %site = $world->site(@places);
my ($certificate, $key) = SSPI::Test::Server::certificate('other-host');
my $locations = join '', map { nginx_location($_) } @{$site{locations}};
my $who = join '', map { "add_header $_->[0] $_->[2] always;\n" } @SSPI::Test::Server::who;
$site{apache} = <<"CONF";
<VirtualHost 127.0.0.1:\@HTTPS\@>
    ServerName other.test
    Protocols h2 http/1.1
    SSLEngine on
    SSLCertificateFile $certificate
    SSLCertificateKeyFile $key
</VirtualHost>
CONF
$site{nginx_http} .= <<"CONF";
server {
    listen 127.0.0.1:\@HTTPS\@ ssl;
    server_name other.test;
    root \@DOCROOT\@;
    ssl_certificate $certificate;
    ssl_certificate_key $key;
    $who$locations
}
CONF

my %binding = (localhost => binding_of('rsa'), 'other.test' => binding_of('other-host'));
my %other = (localhost => 'other.test', 'other.test' => 'localhost');

sub connection {
    my ($server, $host, $version, $handshake) = @_;
    my @tls = (host => $host, version => $version);
    push @tls, session => "$server->{https}-$host-$version" if $handshake eq 'reused';
    my $connection = SSPI::Test::Tls->new($server->client, @tls);
    if ($connection->{handshake} ne $handshake) {
        $connection->get('/');
        $connection = SSPI::Test::Tls->new($server->client, @tls);
    }
    is($connection->{handshake}, $handshake, "$host, TLS $version: the handshake") if $connection->{handshake} ne $handshake;
    return $connection;
}

my $n_sessions = 0;

# A connection to `host` that asks for a session of the other one.
sub with_other_session {
    my ($server, $host, $version, $handshake) = @_;
    my @tls = (version => $version, session => "$server->{https}-other-" . ++$n_sessions);
    SSPI::Test::Tls->new($server->client, @tls, host => $other{$host})->get('/');
    my $connection = SSPI::Test::Tls->new($server->client, @tls, host => $host);
    is($connection->{handshake}, $handshake, "$host, TLS $version, a session of the other") if $connection->{handshake} ne $handshake;
    return $connection;
}

parts 'hosts by SNI', \%site,
    (map {
        my $host = $_;
        ("$host is bound to its own certificate" => sub {
            my ($server) = @_;
            for my $how ([ '1.2', 'new' ], [ '1.2', 'reused' ], [ '1.3', 'new' ], [ '1.3', 'reused' ]) {
                for my $scheme (@schemes) {
                    $world->comes_out($server, 'bound', "@$how, $scheme: its own", $scheme, connection($server, $host, @$how),
                        '/require/', 'right', $binding{$host});
                    $world->comes_out($server, 'BAD_BINDING', "@$how, $scheme: that of the other", $scheme,
                        connection($server, $host, @$how), '/require/', 'right', $binding{$other{$host}});
                }
            }
            $world->comes_out($server, 'BAD_BINDING', "allow, $_: that of the other", $_, connection($server, $host, '1.3', 'new'),
                '/allow/', 'right', $binding{$other{$host}}) for @schemes;
        })
    } sort keys %binding),
    'a session of the other host' => sub {
        my ($server) = @_;
        for my $host (sort keys %binding) {
            for my $version (qw(1.2 1.3)) {
                # httpd begins a new session. nginx resumes: before TLS 1.3 the session says which host it is.
                my $how = $server->kind eq 'apache' ? 'new' : 'reused';
                my $own = $how eq 'reused' && $version eq '1.2' ? $other{$host} : $host;
                for my $scheme (@schemes) {
                    $world->comes_out($server, $_->[1], "$host, TLS $version, $scheme: bound to $_->[0]", $scheme,
                        with_other_session($server, $host, $version, $how), '/allow/', 'right', $binding{$_->[0]})
                        for [ $own => 'bound' ], [ $other{$own} => 'BAD_BINDING' ];
                }
            }
        }
    };

done_testing;
