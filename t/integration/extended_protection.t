#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Extended Protection as one table: policy, scheme, and what the client says about its channel, on
# each kind of TLS connection.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Binding;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $fixture = SSPI::Test::Binding->new;
my @locations = map { { path => "/$_/", channel_binding => $_ } } @policies;

# A connection by curl, which can use HTTP/2.
{
    package Http2;
    sub get {
        my ($self, $path, %o) = @_;
        my $answer = $self->{client}->get($path, tls => 1, args => [qw(--http2 --tlsv1.3)], %o);
        Test::More::is($answer->{version}, '2', 'over HTTP/2') if $answer->{version} ne '2';
        return $answer;
    }
}

# Tests one case on a new connection, so that no case depends on the login of another one.
sub check_binding {
    my ($server, $connection, $name, $scheme, $policy, $says, $application) = @_;
    return $fixture->comes_out($server, wanted_outcome($policy, $says), "$policy, $scheme, $says: $name",
        $scheme, $connection->(), "/$policy/", $says, $application);
}

# Everything that a client can say, under each policy, by each scheme: 60 cases.
my @all = map { my $policy = $_; map { my $scheme = $_; map { [ $scheme, $policy, $_ ] } @says } @schemes } @policies;

# The cases that depend on the kind of connection, which changes only the right channel. That does
# not matter for clients that say nothing about a channel, nor for a policy that compares nothing.
# The policies allow and require compare in the same way.
my @comparing = map { ([ $_, 'require', 'right' ], [ $_, 'require', 'wrong' ]) } @schemes;

sub over {
    my ($server, $certificate, $version, $session, @cases) = @_;
    my $client = $server->client;
    my $how = $session ? 'reused' : 'new';
    my @tls = (version => $version, kind => $certificate, $session ? (session => "$server->{https}-$version-$certificate") : ());
    my $name = "TLS $version, $certificate, $how";
    # Makes a session that the next connection resumes.
    SSPI::Test::Tls->new($client, @tls)->get('/none/') if $session;
    for my $case (@cases) {
        my $connect = sub {
            my $connection = SSPI::Test::Tls->new($client, @tls);
            is($connection->{handshake}, $how, "$name: the handshake") if $connection->{handshake} ne $how;
            return $connection;
        };
        check_binding($server, $connect, $name, @$case, binding_of($certificate));
    }
    return;
}

sub shapes {
    my ($certificate) = @_;
    return map {
        my $version = $_;
        ("TLS $version, a full handshake, certificate $certificate" => sub { over($_[0], $certificate, $version, 0, @comparing) },
            "TLS $version, a resumed one, certificate $certificate" => sub { over($_[0], $certificate, $version, 1, @comparing) });
    } qw(1.2 1.3);
}

# The header is the same as in HTTP/1.1. The channel is that of the connection that carries the
# streams. NTLM is not offered.
sub over_http2 {
    my ($server) = @_;
    my $connect = sub { return bless { client => $server->client }, 'Http2' };
    for my $scheme (grep { !/NTLM/ } @schemes) {
        check_binding($server, $connect, 'HTTP/2', $scheme, @$_, binding_of('rsa'))
            for [qw(require right)], [qw(require wrong)], [qw(allow zeros)], [qw(allow silent)];
    }
    return;
}

parts 'with one certificate', { $fixture->server_config(@locations) },
    'the complete table' => sub { over($_[0], 'rsa', '1.3', 0, @all) },
    'the complete table, TLS 1.2, resumed' => sub { over($_[0], 'rsa', '1.2', 1, @all) },
    'HTTP/2' => \&over_http2,
    shapes('rsa');

parts 'with two certificates', { $fixture->server_config(@locations), certificates => [qw(rsa ec)] },
    'the complete table, with the second certificate' => sub { over($_[0], 'ec', '1.3', 1, @all) },
    shapes('rsa'), shapes('ec'),
    'the other certificate of this host is right as well' => sub {
        my ($server) = @_;
        for my $scheme (@schemes) {
            my $connect = sub { $server->tls_connection(kind => 'rsa') };
            check_binding($server, $connect, 'the other certificate', $scheme, 'require', 'right', binding_of('ec'));
        }
    };

done_testing;
