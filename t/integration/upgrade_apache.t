#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# httpd with HTTP/2 on connections without TLS (Protocols h2c): mod_http2 runs a request with Upgrade: h2c
# a second time, and its credentials would then be a replay.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir run scratch_dir spew);
use SSPI::Test::Connection;
use SSPI::Test::Curl qw(curl_with_ntlm);
use SSPI::Test::Digest qw(digest_values user_line);
use SSPI::Test::Ntlm qw(ntlm_login ntlm_user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $dir = scratch_dir('users');
my $digest_users = spew("$dir/digest", user_line('alice', 'r', 'pw'), 0644);
my $ntlm_users = spew("$dir/ntlm", ntlm_user_line('alice', 'CORP', 'pw'), 0644);
my %all = (packages => 'Negotiate NTLM Digest', mechanisms => 'kerberos ntlm', keytab => $kdc->{keytab},
    ntlm_user_file => $ntlm_users, digest_user_file => $digest_users, realm => 'r');
my @upgrade = ('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA');

# Returns the HTTP version of curl's last answer.
sub version { my ($answer) = @_; return $answer->{version} }

parts 'Upgrade: h2c', { on => 'apache', env => $kdc->server_env, apache_head => 'Protocols h2c http/1.1',
    locations => [
        { path => '/p/', %all },
        { path => '/open/', sspi => 'off' },
        { path => '/optional/', %all, sspi => 'optional' },
        { path => '/index/', sspi => 'off' },
        { path => '/index/index.html', %all },
        { path => '/error/', %all, apache => 'ErrorDocument 401 /open/index.html' },
    ] },
    'by curl' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my @http2 = (args => ['--http2']);
        for my $path (qw(/p/ /optional/ /index/ /error/)) {
            my %forced = $path eq '/optional/' ? (authorization => digest_values($c, '/p/')->($path)) : (digest => 'alice:pw');
            granted($c->get($path, %forced, @http2), { user => 'alice' }, "$path: Digest");
            granted($c->get($path, negotiate => 1, @http2), { user => 'alice@SSPI.TEST' }, "$path: Negotiate");
        }
    },
    curl_with_ntlm('by curl and NTLM' => sub {
        my ($server) = @_;
        my $c = $server->client;
        for my $path (qw(/p/ /error/)) {
            granted($c->get([ $path, $path ], args => [ qw(--http2 --ntlm --user CORP\\alice:pw) ]), { user => 'CORP\\alice' },
                "$path: NTLM, and the login that the connection keeps");
        }
    }),
    'by Java' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        SKIP: {
            skip 'java is not installed; tools/setup --clients installs it', 1
                if !grep { -x "$_/java" } split /:/, $ENV{PATH};
            my @java = (qw(java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData), root_dir() . '/t/clients/HttpUpgrade.java');
            my $ask = sub { my ($path, @more) = @_; return run([ @java, $c->url($path), @more ], timeout => 120)->{out} };
            is($ask->('/p/', $c->negotiate_header), "200 HTTP_1_1 alice\@SSPI.TEST\n", 'a ticket');
            is($ask->('/p/', digest_values($c, '/p/')->('/p/')), "200 HTTP_1_1 alice\n", 'Digest');
        }
    },
    'still works without a login' => sub {
        my ($server) = @_;
        my $c = $server->client;
        for my $path (qw(/open/ /optional/)) {
            is_deeply([ map { ($_->status, version($_)) } $c->get($path, args => ['--http2']) ], [ 200, 2 ], $path);
        }
        my $a = $c->get('/optional/', authorization => 'Bearer abc', args => ['--http2']);
        is_deeply([ $a->status, $a->user, version($a) ], [ 200, '', 2 ], 'credentials of another scheme');
        $a = $server->client(env => $alice)->get('/p/', args => [ '--http2-prior-knowledge', qw(--negotiate --user :) ]);
        granted($a, { user => 'alice@SSPI.TEST' }, 'HTTP/2 from the start');
        is(version($a), 2, 'the connection stays HTTP/2');
    },
    'does not allow a replay' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my $digest = digest_values($c, '/p/');
        for my $used ($digest->('/p/'), $c->negotiate_header) {
            my ($scheme) = split ' ', $used;
            my $connection = SSPI::Test::Connection->new($c);
            is($connection->get('/p/', headers => [ @upgrade, "Authorization: $used" ])->status, 200, "$scheme once");
            refused($connection->get('/p/', headers => [ @upgrade, "Authorization: $used" ]), 401, "$scheme: the same header is refused on the connection");
            refused($c->get('/p/', authorization => $used, args => ['--http2']), 401, "$scheme: the same header is refused on another connection");
            refused($c->get('/p/', authorization => $used, args => ['--http2-prior-knowledge']), 401, "$scheme: the same header is refused over HTTP/2");
        }
    },
    'leaves other protocols in the list' => sub {
        my ($server) = @_;
        my $connection = SSPI::Test::Connection->new($server->client(env => $alice));
        granted((ntlm_login($connection, '/p/'))[-1], { user => 'CORP\\alice' }, 'a login');
        for my $list ('h2c', 'H2C, websocket', 'websocket,h2c', ', h2c ,', 'h2c;x=1') {
            my $a = $connection->get('/p/', headers => [ 'Connection: Upgrade, HTTP2-Settings', "Upgrade: $list", $upgrade[2] ]);
            granted($a, { user => 'CORP\\alice' }, "'$list'");
        }
    };

done_testing;
