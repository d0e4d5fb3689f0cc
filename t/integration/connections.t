#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What else belongs to an authenticated request: its body, the form of its target, parallel streams,
# and the data that programs get about the user.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(digest_challenges digest_header user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $users = spew(scratch_dir('users') . '/users', join('', map { user_line('alice', $_, 'pw') } qw(r other)), 0644);
my %digest = (packages => 'Digest', realm => 'r', digest_user_file => $users);
my %server_config = (
    env => $kdc->server_env,
    locations => [
        { path => '/d/', %digest },
        { path => '/n/', packages => 'Negotiate', keytab => $kdc->{keytab}, realm => 'r' },
    ],
);

sub post {
    my ($path, $value, @rest) = @_;
    my ($header, $body) = @rest;
    return "POST $path HTTP/1.1\r\nHost: localhost\r\n$header\r\nAuthorization: $value\r\n\r\n$body";
}

parts 'requests', \%server_config,
    'the body of a refused request does not disturb the next one' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my @body = ('Content-Length: 5', 'GET /');
        my @chunked = ('Transfer-Encoding: chunked', "5\r\nGET /\r\n0\r\n\r\n");
        for my $case ([ 'Negotiate !', 400 ], [ 'Basic YTpi', 401 ], [ $c->negotiate_header(service => 'host'), 401 ]) {
            my ($value, $status) = @$case;
            my @answers = $c->raw(post('/n/', $value, @body), ['/n/'], post('/n/', $value, @chunked), ['/n/']);
            my $name = (split / /, $value)[0] . " $status";
            # Httpd closes the connection after each 400.
            my @all = $status == 400 && $server->kind eq 'apache' ? (400) : ($status, 401, $status, 401);
            is_deeply([ map { $_ ? $_->status : () } @answers ], \@all, "$name: each request has its own answer");
        }
        my @answers = $c->raw(post('/n/', 'Basic YTpi', @body), [ '/n/', authorization => $c->negotiate_header ]);
        is_deeply([ map { $_->status } @answers ], [ 401, 200 ], 'right credentials are granted then');
    },
    'the target may be in absolute form, and the response is for the form that was sent' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $target = "http://localhost:$server->{http}/d/";
        my ($challenge) = digest_challenges($c->get('/d/')->challenges);
        my $nc = 0;
        my $get = sub {
            my ($line, $uri) = @_;
            my $header = digest_header($challenge, user => 'alice', password => 'pw', uri => $uri, nc => ++$nc);
            return scalar $c->raw("GET $line HTTP/1.1\r\nHost: localhost:$server->{http}\r\nAuthorization: $header\r\n\r\n");
        };
        granted($get->($target, $target), { user => 'alice' }, 'absolute form and absolute uri');
        granted($get->('/d/', '/d/'), { user => 'alice' }, 'a path');
        refused($get->("$target?x", $target), 400, 'a query that the response does not have');
        refused($get->("http://localhost:$server->{http}/d/?y", '/n/'), 400, 'another page');
    },
    'the server authenticates each stream of an HTTP/2 connection by itself' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my @paths = map { "/d/?$_" } 1 .. 40;
        # curl requests the first page before the others, so that all others share its nonce and one
        # connection.
        my $a = $c->get([@paths], tls => 1, digest => 'alice:pw', args => [qw(--http2 --parallel --parallel-max 20)]);
        my %n;
        $n{$_->status}++ for @{$a->{all}};
        is($n{200}, 40, 'all are granted in the end');
        is_deeply([ grep { $_ != 200 && $_ != 401 } keys %n ], [], 'no request failed for another reason');
        is_deeply([ grep { !/\A2 / } @{$a->{runs}} ], [], 'over HTTP/2');
    };

scenario 'programs get the verified user, and no name from the client\'s own headers', { on => 'apache', locations => [
    { path => '/programs/', %digest, apache => "Options +ExecCGI\nSetHandler cgi-script" },
], files => { '/programs/env' => "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nenv | sort\n" } }, sub {
    my ($server) = @_;
    chmod 0755, "$server->{dir}/docroot/programs/env";
    my $a = $server->client->get('/programs/env', digest => 'alice:pw', args => [ map { ('--header', "$_: root") } qw(SSPI-User SSPI_USER Remote-User) ]);
    my %env = map { /\A(\w+)=(.*)\z/ ? ($1 => $2) : () } split /\n/, $a->body;
    is_deeply({ map { $_ => $env{$_} } qw(REMOTE_USER AUTH_TYPE SSPI_USER SSPI_PACKAGE SSPI_MECHANISM SSPI_REALM SSPI_CHANNEL_BOUND) },
        { REMOTE_USER => 'alice', AUTH_TYPE => 'Digest', SSPI_USER => 'alice', SSPI_PACKAGE => 'Digest', SSPI_MECHANISM => 'MD5',
            SSPI_REALM => 'r', SSPI_CHANNEL_BOUND => '0' }, 'the variables');
    is($env{HTTP_AUTHORIZATION}, undef, 'programs do not get the Authorization header');
};

scenario 'a virtual host has its own realm for inherited locations', { on => 'apache', extra_ports => 1,
    locations => [ { path => '/d/', %digest } ],
    apache => "Listen 127.0.0.1:\@PORT1\@\n<VirtualHost 127.0.0.1:\@PORT1\@>\n<Location /d/>\nAuthName other\n</Location>\n</VirtualHost>\n",
}, sub {
    my ($server) = @_;
    my $c = $server->client->with(http => $server->port('PORT1'));
    is_deeply([ map { $_->{realm} } digest_challenges($c->get('/d/')->challenges) ], ['other'], 'the challenge has its own realm');
    granted($c->get('/d/', digest => 'alice:pw'), { user => 'alice' }, 'credentials for that realm are granted');
};

done_testing;
