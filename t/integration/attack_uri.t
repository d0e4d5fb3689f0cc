#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Attacks by the uri directive of Digest: the response is for another host, another scheme or
# another resource.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Login;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $users = spew(scratch_dir('users') . '/users', user_line('alice', 'r', 'pw'), 0644);
my %server_config = (
    locations => [ { path => '/p/', packages => 'Digest', realm => 'r', digest_user_file => $users } ],
    files => { map { ("/p/$_" => "page\n") } 'a+b', 'ab', '~x' },
);
my %alice = (user => 'alice');

sub login { my ($c, %o) = @_; return SSPI::Test::Login->new($c, '/p/', user => 'alice', password => 'pw', %o) }

# A request for this target and Host with Digest credentials for this uri.
sub ask {
    my ($c, $login, $uri, $target, $host) = @_;
    my $header = $login->header(uri => $uri);
    return scalar $c->raw("GET $target HTTP/1.1\r\nHost: $host\r\nConnection: close\r\nAuthorization: $header\r\n\r\n");
}

sub wrong_uri {
    my ($server, $answer, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    refused($answer, 400, $name);
    logged($server, 'WRONG_URI');
    $server->new_log;
    return;
}

parts 'the uri directive', \%server_config,
    'an absolute one names this host' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $login = login($c);
        my $get = sub { my ($uri, $host) = @_; return ask($c, $login, $uri, '/p/', $host) };
        my $here = "localhost:$server->{http}";
        granted($get->("http://$here/p/", $here), \%alice, 'as the client asked');
        granted($get->("HTTP://LOCALHOST:$server->{http}/p/", $here), \%alice, 'in capital letters');
        granted($get->('http://localhost/p/', 'localhost:80'), \%alice, 'the default port in one of the two');
        granted($get->('http://localhost:80/p/', 'localhost'), \%alice, 'the default port in the other one');
        granted($get->('http://www.example.org/p/', 'www.example.org'), \%alice, 'another name of this server');
        $server->new_log;
        wrong_uri($server, $get->("http://other.test:$server->{http}/p/", $here), 'another host');
        wrong_uri($server, $get->('http://localhost/p/', $here), 'another port');
        wrong_uri($server, $get->("http://localhost:1$server->{http}/p/", $here), 'a longer port');
        wrong_uri($server, $get->("https://$here/p/", $here), 'another scheme');
        wrong_uri($server, $get->("http://other.test?$here/p/", $here), 'a host that a query hides');
        wrong_uri($server, $get->("http://$here\@other.test/p/", $here), 'a host that user information hides');
        wrong_uri($server, $get->("http://$here/", $here), 'another path');
    },
    'a target in absolute form names this host as well' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $login = login($c);
        my $get = sub { return ask($c, $login, @_) };
        my $here = "localhost:$server->{http}";
        granted($get->("http://$here/p/", "http://$here/p/", $here), \%alice, 'the same');
        granted($get->('/p/', "http://$here/p/", $here), \%alice, 'its path');
        $server->new_log;
        # RFC 9112 3.2.2: if the target has a host, the server ignores Host.
        wrong_uri($server, $get->('http://other.test/p/', "http://$here/p/", 'other.test'), 'another host, also in Host');
    },
    # The relay sends the victim to /?/p/, and sends the victim's response to /p/.
    'a Host that is not an authority hides no resource' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $login = login($c);
        my $get = sub { my ($uri, $host) = @_; return ask($c, $login, $uri, '/p/', $host) };
        granted($get->('/p/', 'localhost'), \%alice, 'as the client asked');
        refused($get->("/$_->[1]/p/", "localhost$_->[0]"), 400, "Host with $_->[0]")
            for [ '?', '?' ], [ '?x', '?x' ], [ '/x', 'x' ], [ '/', '/' ];
    },
    'over TLS it says https' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $login = login($c, tls => 1);
        my $here = "localhost:$server->{https}";
        for my $version (qw(--http1.1 --http2)) {
            my $get = sub { return $c->get('/p/', tls => 1, args => [$version], authorization => $login->header(uri => $_[0])) };
            granted($get->("https://$here/p/"), \%alice, "$version: https");
            granted($get->('/p/'), \%alice, "$version: a path");
            $server->new_log;
            wrong_uri($server, $get->("http://$here/p/"), "$version: http");
            wrong_uri($server, $get->("https://other.test:$server->{https}/p/"), "$version: another host");
        }
    },
    'only equivalent encodings are accepted' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $login = login($c);
        my $get = sub {
            my ($uri, $target) = @_;
            return $c->raw([ $target, close => 1, authorization => $login->header(uri => $uri) ]);
        };
        for my $pair ([ '/p/%61b', '/p/ab' ], [ '/p/ab', '/p/%61b' ], [ '/p/~x', '/p/%7ex' ], [ '/p/a+b', '/p/a+b' ],
            [ '/p/a%2bb', '/p/a%2Bb' ], [ '/p/ab?x=%7E', '/p/ab?x=~' ], [ '/p/ab?x=a+b', '/p/ab?x=a+b' ]) {
            granted($get->(@$pair), \%alice, "$pair->[0] for $pair->[1]");
        }
        $server->new_log;
        for my $pair ([ '/p/a+b', '/p/a%2Bb' ], [ '/p/a%2Bb', '/p/a+b' ], [ '/p/ab?x=a+b', '/p/ab?x=a%2Bb' ],
            [ '/p/ab?x=a+b', '/p/ab?x=a%20b' ], [ '/p/ab?x%3D1', '/p/ab?x=1' ], [ '/p/ab?x=1%26y=2', '/p/ab?x=1&y=2' ],
            [ '/p/ab%3Fx', '/p/ab?x' ], [ '/p/%2561b', '/p/%61b' ], [ '/p/x/../ab', '/p/ab' ]) {
            wrong_uri($server, $get->(@$pair), "$pair->[0] for $pair->[1]");
        }
    };

done_testing;
