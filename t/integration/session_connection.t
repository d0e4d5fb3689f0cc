#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Requests with sessions on one connection, which keeps the last good cookie opened: every check of a
# session is made nevertheless.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;
use SSPI::Test::Session;

my $users = spew(scratch_dir('users') . '/users', join('', map { user_line($_, 'r', 'pw') } qw(alice bob)), 0644);
my %here = (packages => 'Digest', realm => 'r', digest_user_file => $users, session => 'on');
my %includes = (apache => "AddType text/html .shtml\nAddOutputFilter INCLUDES .shtml", nginx => "ssi on;\nssi_types *;");

my %server_config = (
    locations => [
        { path => '/p/', %here },
        { path => '/bob/', %here, require => ['user digest:bob'] },
        { path => '/other/', %here, session_audience => 'other' },
        { path => '/parts/', %here, %includes },
        { path => '/out', sspi => 'off', apache => 'SetHandler sspi-logout', nginx => 'sspi_logout;' },
    ],
    files => {
        '/parts/page.shtml' => join(' ', map { qq(<!--#include virtual="$_" -->) } qw(/p/a.html /bob/b.html /other/c.html /p/a.html)),
        '/p/a.html' => 'ALL', '/bob/b.html' => 'BOB', '/other/c.html' => 'OTHER',
    },
);

sub login {
    my ($server, $user) = @_;
    return set_by_login($server->client->get('/p/', tls => 1, digest => "$user:pw"), $user);
}

sub page { my ($connection, $path, $cookie) = @_; return $connection->get($path, headers => ["Cookie: $cookie"]) }

# Logs alice in, and returns her cookie and a connection on which it was used twice.
sub used {
    my ($server) = @_;
    my ($cookie, $connection) = (login($server, 'alice'), $server->connection(tls => 1));
    granted(page($connection, '/p/', $cookie), { user => 'alice' }, "request $_") for 1, 2;
    return ($cookie, $connection);
}

parts 'a connection', \%server_config,
    'an altered cookie after a good one' => sub {
        my ($server) = @_;
        my ($cookie, $connection) = used($server);
        my @altered = map { my $text = $cookie; substr($text, $_, 1) =~ tr/A-Za-z0-9_-/B-ZAb-za1-90\-_/; $text }
            length('__Host-sspi=') .. length($cookie) - 1;
        my @answers = map { page($connection, '/p/', $_) } @altered, substr($cookie, 0, -1), "${cookie}A";
        is_deeply([ grep { $_->status != 401 || $_->user ne '' } @answers ], [], 'no altered cookie counts');
        granted(page($connection, '/p/', $cookie), { user => 'alice' }, 'the cookie itself');
        refused($connection->get('/p/'), 401, 'a request without it');
        $server->new_log;
    },
    'two users take turns' => sub {
        my ($server) = @_;
        my ($alice, $connection) = used($server);
        my $bob = login($server, 'bob');
        for (1 .. 3) {
            granted(page($connection, '/p/', $bob), { user => 'bob' }, 'bob');
            granted(page($connection, '/p/', $alice), { user => 'alice' }, 'alice');
            is(page($connection, '/bob/', $alice)->status, 403, 'alice at a location of bob');
            granted(page($connection, '/bob/', $bob), { user => 'bob' }, 'bob there');
        }
        $server->new_log;
    },
    'another host' => sub {
        my ($server) = @_;
        my ($cookie, $connection) = used($server);
        $connection->send("GET /p/ HTTP/1.1\r\nHost: other.test\r\nCookie: $cookie\r\n\r\n");
        my $answer = $connection->answer;
        # httpd refuses another host than that of the handshake, if it can tell them apart.
        like($answer->status, qr/\A4(?:01|21)\z/, 'no session there');
        is($answer->user, '', 'and no user');
        $server->new_log;
    },
    'a logout on another connection' => sub {
        my ($server) = @_;
        my ($cookie, $connection) = used($server);
        is($server->client->get('/out', method => 'POST', tls => 1, cookie_header($cookie))->status, 204, 'a logout');
        $server->new_log;
        my $answer = page($connection, '/p/', $cookie);
        refused($answer, 401, 'the session has ended');
        cleared($answer, '__Host-sspi', 'the answer');
        logged($server, 'SESSION_ENDED', qr/logged out/);
    },
    'the locations of one page' => sub {
        my ($server) = @_;
        my ($alice, $connection) = used($server);
        my $bob = login($server, 'bob');
        for (1 .. 2) {
            is_deeply([ page($connection, '/parts/page.shtml', $alice)->body =~ /\b(ALL|BOB|OTHER)\b/g ], [qw(ALL ALL)], 'parts for alice');
            is_deeply([ page($connection, '/parts/page.shtml', $bob)->body =~ /\b(ALL|BOB|OTHER)\b/g ], [qw(ALL BOB ALL)], 'parts for bob');
        }
        $server->new_log;
    },
    'pipelined requests of two users' => sub {
        my ($server) = @_;
        my ($alice, $connection) = used($server);
        my @cookies = (login($server, 'bob'), $alice) x 4;
        $connection->send(join('', map { "GET /p/ HTTP/1.1\r\nHost: localhost\r\nCookie: $_\r\n\r\n" } @cookies)
                . "GET /p/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        my $answers = do { local $/; readline $connection->{socket} };
        is_deeply([ $answers =~ /^X-Sspi-User: (\S+)\r$/mg ], [ ('bob', 'alice') x 4 ], 'each has its own');
    },
    'HTTP/2, where requests share a connection' => sub {
        my ($server) = @_;
        my $cookie = login($server, 'alice');
        granted($server->client->get('/p/', tls => 1, cookie_header($cookie, '--http2')), { user => 'alice' }, "request $_") for 1, 2;
    };

done_testing;
