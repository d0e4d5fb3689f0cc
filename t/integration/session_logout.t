#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A logout ends a session everywhere, and the login of its connection. Other sites cannot cause it,
# and it leads to no other host.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew wait_until);
use SSPI::Test::Ntlm qw(ntlm_login ntlm_user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;
use SSPI::Test::Session;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $users = spew(scratch_dir('users') . '/users', ntlm_user_line('alice', 'CORP', 'pw'), 0644);
my %here = (packages => 'Negotiate NTLM', mechanisms => 'kerberos ntlm', keytab => $kdc->{keytab},
    ntlm_user_file => $users, session => 'on');
my %out = (apache => 'SetHandler sspi-logout', nginx => 'sspi_logout;');
my %by_alice = (user => 'alice@SSPI.TEST');

my %server_config = (
    env => $kdc->server_env,
    locations => [
        { path => '/p/', %here },
        { path => '/plain/', %here, session_require_tls => 'off' },
        { path => '/named/', %here, session_cookie => '__Host-named SameSite=Strict' },
        { path => '/out', sspi => 'off', %out },
        { path => '/out-plain', sspi => 'off', %out, session_require_tls => 'off' },
        { path => '/out-named', sspi => 'off', %out, session_cookie => '__Host-named SameSite=Strict' },
        { path => '/out-inside', %here, %out },
    ],
);

sub login {
    my ($server, $path, %o) = @_;
    return set_by_login($server->client(env => $alice)->get($path // '/p/', negotiate => 1, tls => 1, %o), 'a login');
}

sub log_out {
    my ($server, $cookie, %o) = @_;
    my $path = delete $o{path} // '/out';
    my @headers = map { ('--header', $_) } @{delete $o{headers} // []};
    return $server->client->get($path, method => 'POST', tls => 1, args => [ '--header', "Cookie: $cookie", @headers ], %o);
}

sub page { my ($server, $cookie, %o) = @_; return $server->client->get('/p/', tls => 1, cookie_header($cookie), %o) }

parts 'logout', \%server_config,
    'the cookie is removed and the session revoked' => sub {
        my ($server) = @_;
        my $cookie = login($server);
        granted(page($server, $cookie), \%by_alice, 'the session');
        $server->new_log;
        my $answer = log_out($server, $cookie);
        is($answer->status, 204, 'the answer is 204');
        logged($server, 'LOGGED_OUT', 'alice@SSPI.TEST');
        is_deeply([ map { $_->{line} } cookies($answer) ], ['__Host-sspi=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0'],
            'one line removes the cookie, with the attributes that made it');
        is_deeply([ $answer->header('Cache-Control') ], ['no-store'], 'no cache stores the answer');
        is($answer->body, '', 'there is no body');
        for (1 .. 8) { # several workers
            my $refused = page($server, $cookie);
            refused($refused, 401, 'the session has ended');
            cleared($refused, '__Host-sspi', 'the cookie is removed again');
        }
    },
    'a request without a good session is answered alike' => sub {
        my ($server) = @_;
        for my $cookie ('a=b', '__Host-sspi=tampered', login($server) . 'x') {
            my $answer = log_out($server, $cookie);
            is($answer->status, 204, substr($cookie, 0, 20) . ': 204');
            cleared($answer, '__Host-sspi', substr $cookie, 0, 20);
        }
    },
    'the cookie of its own location is found by its name' => sub {
        my ($server) = @_;
        my $cookie = login($server, '/named/');
        like($cookie, qr/\A__Host-named=/, 'the name of the configuration');
        log_out($server, $cookie);
        is($server->client->get('/named/', tls => 1, cookie_header($cookie))->status, 200, 'a logout of another name ends nothing');
        my $answer = log_out($server, $cookie, path => '/out-named');
        is_deeply([ map { $_->{line} } cookies($answer) ],
            ['__Host-named=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0'], 'its cookie is removed');
        is($server->client->get('/named/', tls => 1, cookie_header($cookie))->status, 401, 'and its session has ended');
    },
    'over plain HTTP' => sub {
        my ($server) = @_;
        my $cookie = login($server, '/plain/', tls => 0);
        my $answer = log_out($server, $cookie, tls => 0);
        is_deeply([ cookies($answer) ], [], 'where sessions need TLS, no cookie of plain HTTP is removed');
        $answer = log_out($server, $cookie, tls => 0, path => '/out-plain');
        cleared($answer, 'sspi', 'elsewhere');
        is($server->client->get('/plain/', cookie_header($cookie))->status, 401, 'the session has ended');
    },
    'where the location needs a user' => sub {
        my ($server) = @_;
        my $cookie = login($server);
        refused(log_out($server, 'a=b', path => '/out-inside'), 401, 'without credentials');
        my $answer = log_out($server, $cookie, path => '/out-inside');
        is($answer->status, 204, 'with the session');
        cleared($answer, '__Host-sspi', 'with the session');
        refused(page($server, $cookie), 401, 'the session has ended');
        $answer = $server->client(env => $alice)->get('/out-inside', negotiate => 1, tls => 1, method => 'POST');
        is($answer->status, 204, 'with credentials');
        cleared($answer, '__Host-sspi', 'with credentials');
    },
    'only POST' => sub {
        my ($server) = @_;
        my $cookie = login($server);
        for my $method (qw(GET PUT DELETE OPTIONS)) {
            my $answer = log_out($server, $cookie, method => $method);
            is($answer->status, 405, "$method: 405");
            like($answer->header('Allow'), qr/\APOST\b/, "$method: Allow");
            is_deeply([ cookies($answer) ], [], "$method: no cookie");
        }
        granted(page($server, $cookie), \%by_alice, 'the session has not ended');
    },
    'another site' => sub {
        my ($server) = @_;
        my $cookie = login($server);
        for my $header ('Sec-Fetch-Site: cross-site', 'Origin: https://evil.example', 'Origin: null',
            'Origin: https://localhost.evil.example', "Origin: https://evil.localhost:$server->{https}") {
            $server->new_log;
            my $answer = log_out($server, $cookie, headers => [$header]);
            is($answer->status, 403, "$header: 403");
            logged($server, 'CROSS_SITE', $header =~ /: (.*)/);
            is_deeply([ cookies($answer) ], [], "$header: no cookie");
        }
        granted(page($server, $cookie), \%by_alice, 'the session has not ended');
        my $answer = log_out($server, $cookie, headers => [ 'Sec-Fetch-Site: same-origin', "Origin: https://localhost:$server->{https}" ]);
        is($answer->status, 204, 'this site');
        refused(page($server, $cookie), 401, 'its session has ended');
    },
    'the next page' => sub {
        my ($server) = @_;
        my $cookie = login($server);
        my $answer = log_out($server, $cookie, path => '/out?to=/bye%3Fa=b%26c&to=/x');
        is($answer->status, 303, 'the answer is 303');
        is_deeply([ $answer->header('Location') ], ['/bye?a=b&c'], 'Location');
        cleared($answer, '__Host-sspi', '303');
        for my $to ('//evil.example', '/%5Cevil.example', '/%09/evil.example', 'https://evil.example', 'bye', '/a%0d%0aX-Y:z', '') {
            $answer = log_out($server, $cookie, path => "/out?to=$to");
            is_deeply([ $answer->status, $answer->header('Location') ], [204], "'$to' is no page of this host");
        }
    },
    'a body is dropped' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        my $answer = $connection->get('/out', body => 'x' x 100_000);
        is($answer->status, 204, 'the answer is 204');
        is($connection->get('/out', body => 'a=b')->status, 204, 'the connection stays usable');
    },
    'the login of a connection' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        granted((ntlm_login($connection, '/p/'))[-1], { user => 'CORP\\alice' }, 'a login');
        granted($connection->get('/p/'), { user => 'CORP\\alice' }, 'the connection keeps it');
        $server->new_log;
        is($connection->get('/out', body => '', headers => ['Origin: https://evil.example'])->status, 403, 'another site cannot end it');
        granted($connection->get('/p/'), { user => 'CORP\\alice' }, 'it has not ended');
        $server->new_log;
        is($connection->get('/out', body => '')->status, 204, 'a logout');
        logged($server, 'LOGGED_OUT', 'CORP', 'alice logged out');
        refused($connection->get('/p/'), 401, 'the connection keeps it no longer');
    };

done_testing;
