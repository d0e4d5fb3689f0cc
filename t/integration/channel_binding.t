#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Channel bindings: the answers to a client that binds itself, with each kind of certificate,
# protocol and handshake.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(run scratch_dir);
use SSPI::Test::Gss qw(end_point_binding);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my %negotiate = (packages => 'Negotiate', keytab => $kdc->{keytab}, realm => 'r');
my %alice = (user => 'alice@SSPI.TEST');
my %server_config = (
    env => $kdc->server_env,
    certificates => [qw(rsa ec)],
    nginx_http => 'ssl_protocols TLSv1.2 TLSv1.3;', # it has no TLS 1.3 by default
    locations => [ map { { path => "/$_/", %negotiate, channel_binding => $_ } } qw(none allow require) ],
);
my %binding = map { $_ => end_point_binding((SSPI::Test::Server::certificate($_))[0]) } qw(rsa ec);
my $foreign = $binding{rsa};
substr($foreign, -1) ^= "\x01";

sub ticket { return SSPI::Test::Gss->header(env => $alice, @_) }

# Makes curl take the server's certificate of this kind, as clients without the other algorithm do.
sub choose {
    my ($client, $kind) = @_;
    my $suite = 'ECDHE-' . ($kind eq 'ec' ? 'ECDSA' : 'RSA') . '-AES128-GCM-SHA256';
    return ($client->with(ca => (SSPI::Test::Server::certificate($kind))[0]),
        qw(--tls-max 1.2 --ciphers), $suite);
}

# Tests each policy over one version of HTTP.
sub check_policies {
    my ($server, $http) = @_;
    my ($c, @rsa) = choose($server->client, 'rsa');
    my @tls = (tls => 1, args => [ $http, @rsa ]);
    granted($c->get('/none/', @tls, authorization => ticket()), { %alice, bound => '0' },
        'policy none: a client without a binding');
    granted($c->get('/none/', @tls, authorization => ticket(binding => $binding{rsa})),
        { %alice, bound => '0' }, 'policy none: the right binding, which the server ignores');
    granted($c->get('/none/', @tls, authorization => ticket(binding => $foreign)),
        { %alice, bound => '0' }, 'policy none: a wrong binding, which the server ignores');
    granted($c->get('/allow/', @tls, authorization => ticket()), { %alice, bound => '0' },
        'allow: a client without a binding');
    granted($c->get('/require/', @tls, authorization => ticket(binding => $binding{rsa})),
        { %alice, bound => '1' }, 'require: the right one');
    my $a = $c->get('/allow/', @tls, authorization => ticket(binding => $binding{rsa}));
    granted($a, { %alice, bound => '1' }, 'allow: the right one');
    is($a->{version}, $http eq '--http2' ? '2' : '1.1', "the protocol is $http");
    $server->new_log;
    for my $path ('/allow/', '/require/') {
        refused($c->get($path, @tls, authorization => ticket(binding => $foreign)), 401,
            "$path: a wrong one");
        logged($server, 'BAD_BINDING', qr/\bfront end\b/);
    }
    refused($c->get('/require/', @tls, authorization => ticket()), 401, 'require: no binding');
    logged($server, 'MISSING_BINDING');
    my $bare = ticket(binding => $binding{rsa}, bare => 1);
    granted($c->get('/require/', @tls, authorization => $bare), { %alice, bound => '1' },
        'require: the right one in a bare Kerberos token');
    refused($c->get('/require/', @tls, authorization => $bare), 401, 'a token works only once');
    logged($server, 'REPLAY');
    return;
}

# Sends one request by openssl's own client, which can resume a session. Returns the status of the
# answer, the user, and "New" or "Reused".
sub handshake {
    my ($server, $version, $kind, $header, @session) = @_;
    my @choice = $version eq 'tls1_2'
        ? ('-cipher', 'ECDHE-' . ($kind eq 'ec' ? 'ECDSA' : 'RSA') . '-AES128-GCM-SHA256')
        : ('-sigalgs', $kind eq 'ec' ? 'ECDSA+SHA256' : 'RSA-PSS+SHA256');
    my $r = run([ qw(openssl s_client -ign_eof -servername localhost -connect), "127.0.0.1:$server->{https}",
            "-$version", @choice, @session ],
        stdin => $server->client->request_text('/require/', authorization => $header, close => 1));
    # The text that s_client prints about a ticket may come in the middle of the answer.
    my ($status) = $r->{out} =~ m{HTTP/1\.1 (\d+)};
    my ($bound) = $r->{out} =~ /^X-Sspi-Bound: (\d)/mi;
    my ($how) = $r->{out} =~ /^(New|Reused), /m;
    return { status => $status, bound => $bound // '', handshake => $how };
}

parts 'channel binding', \%server_config,
    'each policy over HTTP/1.1' => sub { check_policies($_[0], '--http1.1') },
    'each policy over HTTP/2' => sub { check_policies($_[0], '--http2') },
    'a plain connection has no channel' => sub {
        my ($server) = @_;
        my $c = $server->client;
        granted($c->get('/allow/', authorization => ticket()), { %alice, bound => '0' }, 'allow: no binding');
        my $a = $c->get('/allow/', authorization => ticket(binding => $binding{rsa}));
        isnt($a->bound, '1', 'allow: the server does not accept a binding there');
        refused($c->get('/require/', authorization => ticket(binding => $binding{rsa})), 403,
            'require: forbidden, even with one');
    },
    'the server accepts a binding to each of its certificates' => sub {
        my ($server) = @_;
        for my $kind (qw(rsa ec)) {
            my ($c, @args) = choose($server->client, $kind);
            granted($c->get('/require/', tls => 1, args => \@args,
                authorization => ticket(binding => $binding{$kind})), { %alice, bound => '1' },
                "the $kind certificate");
        }
    },
    'a resumed TLS session is bound like a new one' => sub {
        my ($server) = @_;
        my $session = scratch_dir('sessions');
        for my $version (qw(tls1_2 tls1_3)) {
            for my $kind (qw(rsa ec)) {
                my $file = "$session/$version-$kind";
                is_deeply(handshake($server, $version, $kind, ticket(binding => $binding{$kind}), '-sess_out', $file),
                    { status => 200, bound => '1', handshake => 'New' }, "$version $kind: a full handshake");
                is_deeply(handshake($server, $version, $kind, ticket(binding => $binding{$kind}), '-sess_in', $file),
                    { status => 200, bound => '1', handshake => 'Reused' }, "$version $kind: a resumed one");
                is(handshake($server, $version, $kind, ticket(binding => $foreign), '-sess_in', $file)->{status}, 401,
                    "$version $kind: a resumed one with a wrong binding");
            }
        }
    },
    'bindings still work after a reload' => sub {
        my ($server) = @_;
        $server->reload;
        for my $kind (qw(rsa ec)) {
            my ($c, @args) = choose($server->client, $kind);
            granted($c->get('/require/', tls => 1, args => \@args,
                authorization => ticket(binding => $binding{$kind})), { %alice, bound => '1' }, $kind);
            refused($c->get('/require/', tls => 1, args => \@args,
                authorization => ticket(binding => $foreign)), 401, "$kind: a wrong binding is refused");
        }
    };

done_testing;
