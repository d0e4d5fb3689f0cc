#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Integrity in both directions with clients that are not part of this project: clients that hash the
# body that they send (qop auth-int), and clients that verify the server's identity (rspauth).
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(free_port);
use SSPI::Test::Client;
use SSPI::Test::ClientFixture qw(application client_server_config error_lines login octets_report);
use SSPI::Test::Clients qw(ask clients_here);
use SSPI::Test::Digest qw(digest_header);
use SSPI::Test::Origin;
use SSPI::Test::Parts;

# The second body is larger than what servers keep in memory, and takes more than one read of a
# connection.
my @bodies = ('name=value&other=1', join('', map { sprintf '%08x', $_ } 1 .. 20000));

my %posts = (
    # HttpClient prefers auth-int if the server offers both.
    httpclient => { user => 'alice', algorithms => {
        (map { $_ => $_ } qw(MD5 SHA-256 SHA-512-256 MD5-sess)), offer => 'MD5' } },
    w3m => { user => 'bob', algorithms => { MD5 => 'MD5', 'MD5-sess' => 'MD5-sess' } },
);

sub post_bodies {
    my ($name, $server) = @_;
    my $application = application($server);
    my ($user, $algorithms) = @{$posts{$name}}{qw(user algorithms)};
    for my $body (@bodies) {
        my $what = length($body) . " octets of $user to ";
        my @paths = sort keys %$algorithms;
        my @said = ask($name, $server->client,
            map { { login($user), path => "/integrity/$_/", body => $body } } @paths);
        for my $i (0 .. $#paths) {
            my ($answer) = @{$said[$i]};
            is_deeply([ @$answer{qw(status user mechanism text)} ],
                [ 200, $user, $algorithms->{$paths[$i]}, octets_report($body) ], $what . $paths[$i])
                or diag(explain($answer));
            like($answer->{sent}, qr/qop=auth-int/, 'the header has the hash of the body') if $name eq 'httpclient';
        }
    }
    is_deeply([ error_lines($server) ], [], 'the log has no error');
    return;
}

my @posting = clients_here(sort keys %posts);
parts 'bodies with qop auth-int', { client_server_config() },
    map { my $name = $_; ("$name posts" => sub { post_bodies($name, @_) }) } @posting if @posting;

# ---- rspauth ----

my %alice = login('alice');
my %challenge = (realm => $alice{realm}, nonce => 'a-nonce-of-this-test', algorithm => 'MD5');

# Makes the Authentication-Info for a request with this Authorization header. A server that knows
# the password sends rspauth, which is the response for a request without a method (RFC 7616 3.5).
sub server_rspauth {
    my ($header, $uri) = @_;
    my ($nc) = $header =~ /\bnc=([0-9a-f]{8})/;
    my ($cnonce) = $header =~ /\bcnonce="([^"]*)"/;
    my $header_without_method = digest_header(\%challenge, %alice, method => '', uri => $uri, nc => hex $nc, cnonce => $cnonce);
    my ($rspauth) = $header_without_method =~ /\bresponse="([^"]+)"/;
    return qq(rspauth="$rspauth", cnonce="$cnonce", nc=$nc, qop=auth);
}

# A server that accepts every password. Depending on the path it sends no rspauth or a wrong one.
sub impostor {
    my ($request) = @_;
    my $header = $request->{headers}{authorization};
    return (401, [ qq(WWW-Authenticate: Digest realm="$challenge{realm}", nonce="$challenge{nonce}", )
        . 'qop="auth", algorithm=MD5' ], "no\n") if !defined $header;
    my $info = server_rspauth($header, $request->{target});
    # Changes the first digit of rspauth.
    $info =~ s/rspauth="(.)/'rspauth="' . ($1 eq '0' ? '1' : '0')/e if $request->{target} eq '/wrong';
    return (200, $request->{target} eq '/none' ? [] : ["Authentication-Info: $info"], "come in\n");
}

# The status for an answer without rspauth, for each client that verifies rspauth. Only Java demands
# it.
my %without = (java => 0, neon => 200);
my @checking = clients_here(sort keys %without);

for my $name (@checking) {
    subtest "$name checks rspauth" => sub {
        my $server = SSPI::Test::Origin->new(free_port(), \&impostor);
        my $client = SSPI::Test::Client->new(http => $server->{port});
        my @said = map { $_->[0]{status} }
            ask($name, $client, map { { %alice, path => $_ } } qw(/right /wrong /none));
        is($said[0], 200, 'a right rspauth is accepted');
        is($said[1], 0, 'a wrong rspauth is refused');
        is($said[2], $without{$name}, 'an answer without rspauth ' . ($said[2] ? 'is accepted' : 'is refused as well'));
    };
}

sub prove_server {
    my ($name, $server) = @_;
    my ($said) = ask($name, $server->client, { login('alice'), path => '/offer/', times => 2 });
    is_deeply([ map { $_->{status} } @$said ], [ 200, 200 ], 'the client accepts each answer');
    like($_->{info}, qr/\brspauth="[0-9a-f]+"/, 'the answer has rspauth') for @$said;
    return;
}

parts 'rspauth of the servers', { client_server_config() },
    map { my $name = $_; ("$name accepts rspauth" => sub { prove_server($name, @_) }) } @checking if @checking;

done_testing;
