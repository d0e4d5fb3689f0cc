#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Bindings that name one TLS connection: tls-exporter (RFC 9266) and tls-unique (RFC 5929 section 3).
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Binding;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $fixture = SSPI::Test::Binding->new;
my %type = (exporter => 'tls-exporter', unique => 'tls-unique', either => 'tls-exporter tls-unique',
    all => 'tls-server-end-point tls-exporter tls-unique');
my %server_config = $fixture->server_config(map {
    my $name = $_;
    map { { path => "/$name-$_/", channel_binding => $_, channel_binding_type => $type{$name} } } qw(allow require)
} sort keys %type);

# Returns a connection of a kind such as "1.3 resumed" or "1.2 new without EMS".
sub connection {
    my ($server, $kind) = @_;
    my ($version) = $kind =~ /\A(1\.\d)/;
    my $resumed = $kind =~ /resumed/;
    my @tls = (version => $version, ems => $kind !~ /without/, $resumed ? (session => "$server->{https}-$version") : ());
    my $connection = $server->tls_connection(@tls);
    if ($resumed && $connection->{handshake} eq 'new') {
        $connection->get('/');
        $connection = $server->tls_connection(@tls);
    }
    is($connection->{handshake}, $resumed ? 'reused' : 'new', "$kind: the handshake");
    return $connection;
}

# Logs in by each scheme with a client that is bound by this type's value of its connection.
sub each_scheme {
    my ($server, $path, $kind, $type, %want) = @_;
    for my $scheme (@schemes) {
        for my $says (grep { defined $want{$_} } @says) {
            my $connection = connection($server, $kind);
            ok(defined $connection->{$type}, "$kind has $type") or next;
            $fixture->comes_out($server, $want{$says}, "$path, $kind, $scheme: $says", $scheme, $connection, $path, $says, $connection->{$type});
        }
    }
    return;
}

# The same for a connection that does not have this type. The client sends the value of another type
# or of another connection.
sub with_other {
    my ($server, $path, $kind, $binding, $want) = @_;
    $fixture->comes_out($server, $want, "$path, $kind, $_: another binding", $_, connection($server, $kind), $path, 'right', $binding)
        for @schemes;
    return;
}

my %compared = (right => 'bound', wrong => 'BAD_BINDING');

parts 'types of bindings', \%server_config,
    'tls-exporter' => sub {
        my ($server) = @_;
        for my $kind ('1.3 new', '1.3 resumed', '1.2 new', '1.2 resumed') {
            each_scheme($server, '/exporter-require/', $kind, 'exporter', %compared);
        }
        each_scheme($server, '/exporter-require/', '1.3 new', 'exporter', zeros => 'MISSING_BINDING', silent => 'MISSING_BINDING');
        each_scheme($server, '/exporter-allow/', '1.3 new', 'exporter', %compared, zeros => 'MISSING_BINDING', silent => 'unbound');
        each_scheme($server, '/exporter-require/', '1.2 new', 'unique', right => 'BAD_BINDING');
    },
    'tls-unique' => sub {
        my ($server) = @_;
        each_scheme($server, '/unique-require/', $_, 'unique', %compared) for '1.2 new', '1.2 resumed';
        each_scheme($server, '/unique-allow/', '1.2 new', 'unique', zeros => 'MISSING_BINDING', silent => 'unbound');
        each_scheme($server, '/unique-require/', '1.2 new', 'exporter', right => 'BAD_BINDING');
    },
    'is right only for its own connection' => sub {
        my ($server) = @_;
        my $other = connection($server, '1.3 new');
        with_other($server, '/exporter-require/', '1.3 new', $other->{exporter}, 'BAD_BINDING');
        $other = connection($server, '1.2 new');
        with_other($server, '/unique-require/', '1.2 new', $other->{unique}, 'BAD_BINDING');
        # Also the binding of the connection whose session it resumes is wrong.
        $other = connection($server, '1.2 resumed');
        with_other($server, '/unique-require/', '1.2 resumed', $other->{unique}, 'BAD_BINDING');
        with_other($server, '/exporter-require/', '1.2 resumed', $other->{exporter}, 'BAD_BINDING');
    },
    'a certificate is not one of these types' => sub {
        my ($server) = @_;
        with_other($server, '/exporter-require/', '1.3 new', binding_of('rsa'), 'BAD_BINDING');
        with_other($server, '/unique-require/', '1.2 new', binding_of('rsa'), 'BAD_BINDING');
        with_other($server, '/all-require/', '1.3 new', binding_of('rsa'), 'bound');
    },
    'several types' => sub {
        my ($server) = @_;
        for my $name (qw(either all)) {
            each_scheme($server, "/$name-require/", '1.3 new', 'exporter', %compared);
            each_scheme($server, "/$name-require/", '1.2 resumed', 'unique', %compared);
        }
    },
    'connections without a binding' => sub {
        my ($server) = @_;
        # RFC 7627: without the extended master secret two connections may have the same value.
        each_scheme($server, '/unique-require/', '1.2 new without EMS', 'unique', right => 'NO_CANDIDATE 403');
        # Under `allow` the server refuses a channel that it cannot compare, because a relay chooses
        # the TLS version.
        each_scheme($server, '/unique-allow/', '1.2 new without EMS', 'unique', right => 'BAD_BINDING', silent => 'unbound');
        is(connection($server, '1.2 new without EMS')->{exporter}, undef, 'no exporter there');
        with_other($server, '/exporter-require/', '1.2 new without EMS', binding_of('rsa'), 'NO_CANDIDATE 403');
        with_other($server, '/unique-require/', '1.3 new', binding_of('rsa'), 'NO_CANDIDATE 403');
        with_other($server, '/unique-allow/', '1.3 new', binding_of('rsa'), 'BAD_BINDING');
        with_other($server, '/exporter-allow/', '1.2 new without EMS', binding_of('rsa'), 'BAD_BINDING');
        with_other($server, '/all-require/', '1.2 new without EMS', binding_of('rsa'), 'bound');
    };

done_testing;
