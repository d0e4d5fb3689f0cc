#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# With `allow`, the server refuses a client that names a wrong channel. A relay controls its own
# connection to the server, and can choose one on which the server cannot compare channels. On such
# a connection the server refuses a client that names a channel. It accepts only clients that name
# no channel.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Binding;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $fixture = SSPI::Test::Binding->new;
my %allow = (channel_binding => 'allow');
my @locations = (
    { path => '/allow/', %allow },
    { path => '/exporter/', %allow, channel_binding_type => 'tls-exporter' },
    { path => '/unique/', %allow, channel_binding_type => 'tls-unique' },
    { path => '/both/', %allow, channel_binding_type => 'tls-exporter tls-unique' },
);
my $relay = binding_of('relay');


# Logs in by each scheme on connections that `connect` opens. A case is [ what the client says,
# binding, outcome ].
sub each_scheme {
    my ($server, $path, $name, $connect, @cases) = @_;
    for my $scheme (@schemes) {
        for my $case (@cases) {
            my ($says, $binding, $want) = @$case;
            my $connection = $connect->($server);
            $binding = $connection->{$binding} // die "no $binding on this connection\n" if $binding =~ /\A(?:exporter|unique)\z/;
            $fixture->comes_out($server, $want, "$path, $name, $scheme: $says", $scheme, $connection, $path, $says, $binding);
        }
    }
    return;
}

# The server cannot compare anything on this connection.
my @nothing = ([ 'right', $relay, 'BAD_BINDING' ], [ 'right', binding_of('rsa'), 'BAD_BINDING' ], [ 'silent', $relay, 'unbound' ]);

parts 'a channel that cannot be compared', { $fixture->server_config(@locations) },
    'tls-exporter, TLS 1.2 without extended master secret' => sub {
        my ($server) = @_;
        each_scheme($server, '/exporter/', 'without EMS', sub { $_[0]->tls_connection(version => '1.2', ems => 0) }, @nothing);
        # The same location on a connection with a candidate.
        each_scheme($server, '/exporter/', 'with EMS', sub { $_[0]->tls_connection(version => '1.2') },
            [ 'right', 'exporter', 'bound' ], [ 'wrong', 'exporter', 'BAD_BINDING' ], [ 'silent', $relay, 'unbound' ]);
    },
    'tls-unique, TLS 1.3' => sub {
        my ($server) = @_;
        each_scheme($server, '/unique/', 'TLS 1.3', sub { $_[0]->tls_connection(version => '1.3') }, @nothing);
        each_scheme($server, '/unique/', 'TLS 1.2 without EMS', sub { $_[0]->tls_connection(version => '1.2', ems => 0) }, @nothing);
        each_scheme($server, '/unique/', 'TLS 1.2', sub { $_[0]->tls_connection(version => '1.2') },
            [ 'right', 'unique', 'bound' ], [ 'wrong', 'unique', 'BAD_BINDING' ], [ 'silent', $relay, 'unbound' ]);
    },
    'two types' => sub {
        my ($server) = @_;
        each_scheme($server, '/both/', 'TLS 1.2 without EMS', sub { $_[0]->tls_connection(version => '1.2', ems => 0) }, @nothing);
        each_scheme($server, '/both/', 'TLS 1.3', sub { $_[0]->tls_connection(version => '1.3') }, [ 'right', 'exporter', 'bound' ]);
        each_scheme($server, '/both/', 'TLS 1.2', sub { $_[0]->tls_connection(version => '1.2') }, [ 'right', 'unique', 'bound' ]);
    },
    'plain HTTP' => sub {
        my ($server) = @_;
        # A client that says that it has no TLS is right here.
        each_scheme($server, '/allow/', 'plain HTTP', sub { $_[0]->connection }, @nothing, [ 'wrong', $relay, 'BAD_BINDING' ], [ 'zeros', $relay, 'unbound' ]);
        each_scheme($server, '/exporter/', 'plain HTTP', sub { $_[0]->connection }, @nothing, [ 'zeros', $relay, 'unbound' ]);
        each_scheme($server, '/allow/', 'TLS', sub { $_[0]->tls_connection }, [ 'right', binding_of('rsa'), 'bound' ], [ 'zeros', $relay, 'MISSING_BINDING' ]);
    };

parts 'a certificate without a binding', { $fixture->server_config(@locations), certificates => ['ed25519'] },
    'names no channel' => sub {
        my ($server) = @_;
        each_scheme($server, '/allow/', 'Ed25519', sub { $_[0]->tls_connection(version => '1.3') }, @nothing);
        each_scheme($server, '/exporter/', 'Ed25519', sub { $_[0]->tls_connection(version => '1.3') }, [ 'right', 'exporter', 'bound' ]);
    };

done_testing;
