#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SSPINegotiateOnce: after a failed login of Negotiate or NTLM, the connection is not asked for such a
# login again, if something else is offered.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Basic qw(basic_header);
use SSPI::Test::Digest qw(digest_values user_line);
use SSPI::Test::Ntlm qw(ntlm_login ntlm_token ntlm_user_line ntlm_value);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $users = spew(scratch_dir('users') . '/users', user_line('alice', 'r', 'pw') . ntlm_user_line('alice', 'CORP', 'pw'), 0644);
my %all = (packages => 'Negotiate NTLM Digest', mechanisms => 'kerberos ntlm', keytab => $kdc->{keytab},
    ntlm_user_file => $users, digest_user_file => $users, realm => 'r');
my %kerberos = (%all, packages => 'Negotiate Digest', mechanisms => 'kerberos');
my %server_config = (
    env => $kdc->server_env,
    locations => [
        { path => '/once/', %all, negotiate_once => 'on' },
        { path => '/kerberos/', %kerberos, negotiate_once => 'on' },
        { path => '/only/', %all, packages => 'Negotiate NTLM', negotiate_once => 'on' },
        { path => '/basic/', %all, packages => 'Negotiate Basic', basic_verify => 'file', negotiate_once => 'on' },
        { path => '/off/', %all },
        { path => '/behind/', %all, negotiate_once => 'on', proxies => '127.0.0.1' },
    ],
);
my $ntlm = SSPI::Test::Ntlm->new->{negotiate};
my @type1 = (authorization => ntlm_value('Negotiate', $ntlm));

parts 'negotiate_once', \%server_config,
    'a client outside the domain sends NTLM, and reaches Digest' => sub {
        my ($server) = @_;
        my $c = $server->connection;
        challenged($c->get('/kerberos/'), 'Negotiate Digest', 'the first answer offers all');
        challenged($c->get('/kerberos/', @type1), 'Digest', 'the answer to NTLM does not offer Negotiate');
        challenged($c->get('/kerberos/'), 'Digest', 'nor does a later one');
        challenged($c->get('/once/'), 'Digest', 'nor that of another location');
        challenged($c->get('/off/'), 'Negotiate NTLM Digest', 'but a location without the option does');
        granted($c->get('/kerberos/', authorization => digest_values($server->client, '/kerberos/')->('/kerberos/')), { user => 'alice' }, 'Digest');
        challenged($server->connection->get('/kerberos/'), 'Negotiate Digest', 'another connection is asked for Negotiate');
    },
    'each kind of failure counts, also over TLS' => sub {
        my ($server) = @_;
        my $used = $server->client(env => $alice)->negotiate_header;
        granted(scalar($server->client->raw([ '/once/', authorization => $used ])), { user => 'alice@SSPI.TEST' }, 'a ticket');
        my %case = ('a used ticket' => $used, 'an unknown token' => 'Negotiate AAAA',
            'a ticket for another service' => $server->client(env => $alice)->negotiate_header(service => 'host'));
        for my $name (sort keys %case) {
            for my $c ($server->connection, $server->tls_connection(version => '1.2')) {
                challenged($c->get('/once/', authorization => $case{$name}), 'Digest', $name);
                challenged($c->get('/once/'), 'Digest', "$name: a later request");
            }
        }
        for my $form (qw(NTLM bare first)) {
            my $c = $server->connection;
            my @answers = ntlm_login($c, '/once/', form => $form, password => 'wrong');
            challenged($answers[-1], 'Digest', "$form: a wrong password");
            challenged($c->get('/once/'), 'Digest', "$form: a later request");
        }
    },
    'a leg that is not the last is no failure, and a right login ends the memory' => sub {
        my ($server) = @_;
        my $c = $server->connection;
        my $a = $c->get('/once/', authorization => ntlm_value('NTLM', $ntlm));
        ok(defined ntlm_token($a, 'NTLM'), 'the answer has the next token');
        challenged($c->get('/once/'), 'Negotiate NTLM Digest', 'a request within the exchange');
        challenged($c->get('/once/', authorization => 'Negotiate AAAA'), 'Digest', 'a failure');
        granted((ntlm_login($c, '/once/'))[-1], { user => 'CORP\\alice' }, 'a right login on the same connection');
        challenged($c->get('/kerberos/'), 'Negotiate Digest', 'the next challenge');
        # The client of a closed connection must be able to begin again.
        my $last = SSPI::Test::Ntlm->new->authenticate(ntlm_token($server->connection->get('/once/', authorization => ntlm_value('NTLM', $ntlm)), 'NTLM'));
        challenged($server->connection->get('/once/', authorization => ntlm_value('NTLM', $last)), 'Negotiate NTLM Digest', 'the last leg on another connection');
    },
    'wrong Digest credentials are no failure of Negotiate' => sub {
        my ($server) = @_;
        my $c = $server->connection;
        challenged($c->get('/once/', authorization => digest_values($server->client, '/once/')->('/once/', password => 'no')), 'Negotiate NTLM Digest', 'a wrong password of Digest');
        is($c->get('/once/', authorization => 'Negotiate !')->status, 400, 'a malformed header is 400');
    },
    'where nothing else is offered, Negotiate is offered again' => sub {
        my ($server) = @_;
        my $c = $server->connection;
        challenged($c->get('/only/', @type1, authorization => 'Negotiate AAAA'), 'Negotiate NTLM', 'the answer');
        challenged($c->get('/only/'), 'Negotiate NTLM', 'a later one');
    },
    'Basic is something else only where it is offered' => sub {
        my ($server) = @_;
        my $c = $server->connection;
        challenged($c->get('/basic/', authorization => 'Negotiate AAAA'), 'Negotiate', 'plain HTTP');
        $c = $server->tls_connection(version => '1.2');
        challenged($c->get('/basic/'), 'Negotiate Basic', 'HTTPS');
        challenged($c->get('/basic/', authorization => 'Negotiate AAAA'), 'Basic', 'HTTPS, after a failure');
        granted($c->get('/basic/', authorization => basic_header('alice:pw')), { user => 'alice' }, 'Basic');
    },
    # The next request of the connection may be that of another client.
    'through a proxy it is only for the answer itself' => sub {
        my ($server) = @_;
        my @via = (headers => ['Via: 1.1 proxy']);
        my $c = $server->connection;
        challenged($c->get('/once/', @via, authorization => 'Negotiate AAAA'), 'Digest', 'the answer');
        challenged($c->get('/once/', @via), 'Negotiate Digest', 'a later one through the proxy');
        challenged($c->get('/once/'), 'Negotiate NTLM Digest', 'a later one without the header');
        $c = $server->connection;
        challenged($c->get('/behind/', authorization => 'Negotiate AAAA'), 'Digest', 'the answer through a named proxy');
        challenged($c->get('/behind/'), 'Negotiate Digest', 'a later one through a named proxy');
    },
    'over HTTP/2 it is only for the answer itself' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $a = $c->get([ '/kerberos/', '/kerberos/' ], tls => 1, args => ['--http2'], authorization => 'Negotiate AAAA');
        challenged($_, 'Digest', 'an answer to a failed login') for @{$a->{all}};
        challenged($c->get('/kerberos/', tls => 1, args => ['--http2']), 'Negotiate Digest', 'a request without credentials');
    };

done_testing;
