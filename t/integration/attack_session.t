#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Attacks with the cookies of sessions: cookies of other hosts, cookies that another site planted, and
# logouts that leave a session behind.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Origin;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;
use SSPI::Test::Session;

my $kdc = SSPI::Test::KDC->new;
my ($alice, $bob) = map { $kdc->login($_) } qw(alice bob);
my %here = (packages => 'Negotiate', keytab => $kdc->{keytab}, session => 'on');
my %by_alice = (user => 'alice@SSPI.TEST');

my %server_config = (
    env => $kdc->server_env,
    extra_ports => 1,
    apache_head => "SSPISession on\n",
    nginx_http => "sspi_session on;\n",
    locations => [
        { path => '/other/', sspi => 'off', apache => 'ProxyPass http://127.0.0.1:@PORT1@/', nginx => 'proxy_pass http://127.0.0.1:@PORT1@/;' },
        { path => '/p/', %here },
        { path => '/named/', %here, session_cookie => 'named' },
        { path => '/out', sspi => 'off', apache => 'SetHandler sspi-logout', nginx => 'sspi_logout;' },
        { path => '/out-named', sspi => 'off', apache => 'SetHandler sspi-logout', nginx => 'sspi_logout;', session_cookie => 'named' },
        { path => '/out-inside', %here, apache => 'SetHandler sspi-logout', nginx => 'sspi_logout;' },
    ],
);

sub login {
    my ($server, $path, $env) = @_;
    return set_by_login($server->client(env => $env // $alice)->get($path, negotiate => 1, tls => 1), 'a login');
}

sub page { my ($server, $path, $cookie, %o) = @_; return $server->client->get($path, tls => 1, cookie_header($cookie), %o) }

# Sends a request whose target and Host are as given.
sub raw {
    my ($server, $target, $host, $cookie) = @_;
    my $connection = $server->connection(tls => 1);
    $connection->send("GET $target HTTP/1.1\r\nHost: $host\r\nCookie: $cookie\r\n\r\n");
    return $connection->answer;
}

parts 'attacks on sessions', \%server_config,
    'a target in absolute form does not hide the host' => sub {
        my ($server) = @_;
        my $cookie = login($server, '/p/');
        granted(raw($server, "https://localhost/p/", 'other.test', $cookie), \%by_alice, 'the target names the host of the cookie');
        refused(raw($server, 'https://other.test/p/', 'localhost', $cookie), 401, 'only Host does');
        $server->new_log;
    },
    'nor does :authority' => sub {
        my ($server) = @_;
        my $cookie = login($server, '/p/');
        my $answer = $server->client->get('/p/', tls => 1, cookie_header($cookie, '--http2', '--header', 'Host: other.test'));
        refused($answer, 401, 'HTTP/2');
        $server->new_log;
    },
    'the value of another cookie is not searched' => sub {
        my ($server) = @_;
        my $cookie = login($server, '/p/', $bob);
        my $mine = login($server, '/p/');
        for my $planted ("a=1,$cookie", "a=1, $cookie", "a=,$cookie,b=2", "a=\"1,$cookie\"") {
            refused(page($server, '/p/', $planted), 401, 'no session: ' . substr $planted, 0, 20);
            granted(page($server, '/p/', "$planted; $mine"), \%by_alice, 'the own session counts');
        }
    },
    'an application without authentication does not see the session' => sub {
        my ($server) = @_;
        my $application = SSPI::Test::Origin->new($server->port('PORT1'), sub {
            my ($request) = @_;
            return (200, ['Content-Type: text/plain'], $request->{headers}{cookie} // 'none');
        });
        my $cookie = login($server, '/p/');
        is(page($server, '/other/', "a=1; $cookie")->body, 'a=1', 'beside another cookie');
        is(page($server, '/other/', $cookie)->body, 'none', 'its only cookie');
        granted(page($server, '/p/', $cookie), \%by_alice, 'the session counts elsewhere');
    },
    'a logout ends each session of the request' => sub {
        my ($server) = @_;
        my @cookies = map { login($server, $_) } ('/named/') x 3;
        my $answer = $server->client->get('/out-named', method => 'POST', tls => 1, cookie_header(join '; ', 'named=x', @cookies));
        is($answer->status, 204, 'a logout');
        refused(page($server, '/named/', $_), 401, 'its session has ended') for @cookies;
        $server->new_log;
    },
    'a logout where the request has the session of another user first' => sub {
        my ($server) = @_;
        my @cookies = map { login($server, '/p/', $_) } $alice, $bob;
        my $answer = $server->client->get('/out-inside', method => 'POST', tls => 1, cookie_header(join '; ', @cookies));
        is($answer->status, 204, 'a logout');
        refused(page($server, '/p/', $_), 401, 'its session has ended') for @cookies;
        $server->new_log;
    },
    'a logout from a page that hides its address' => sub {
        my ($server) = @_;
        my $cookie = login($server, '/p/');
        my $answer = $server->client->get('/out', method => 'POST', tls => 1,
            cookie_header($cookie, '--header', 'Origin: null', '--header', 'Sec-Fetch-Site: same-origin'));
        is($answer->status, 204, 'the browser says that the page is of this origin');
    };

done_testing;
