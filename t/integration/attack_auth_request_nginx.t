#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# nginx: auth_request calls a protected location, and error_page turns refusals into pages. A page with
# status 200 instead of a 401 must not admit the client.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(digest_challenges digest_header user_line);
use SSPI::Test::Scenario;

my $users = spew(scratch_dir('users') . '/users', user_line('alice', 'r', 'pw'), 0644);
my %digest = (packages => 'Digest', digest_user_file => $users, realm => 'r');
# The answer to an anonymous client.
my %pages = (
    '' => [ 401, qr/401 Authorization Required/ ],
    'error_page 401 /login.html;' => [ 401, qr/\Alogin\n/ ],
    'error_page 401 = /login.html;' => [ 200, qr/\Alogin\n/ ],
    'error_page 401 =200 /login.html;' => [ 200, qr/\Alogin\n/ ],
    'error_page 400 401 403 = @login; recursive_error_pages on;' => [ 200, qr/\Alogin\n/ ],
);
for my $text (sort keys %pages) {
    scenario "a protected auth_request with '$text'", { on => 'nginx',
        locations => [
            { path => '= /auth', %digest, nginx => 'internal;' },
            { path => '/d/', %digest, nginx => 'error_page 404 /none;' },
            { path => '/app/', sspi => 'off', nginx => 'auth_request /auth;' },
        ],
        nginx => "$text\nlocation \@login { rewrite ^ /login.html break; }\n",
        files => { '/login.html' => "login\n", '/app/x' => "secret\n", '/auth' => "yes\n" },
    }, sub {
        my ($server) = @_;
        my $c = $server->client;
        my ($status, $body) = @{$pages{$text}};
        my $a = $c->get('/app/x');
        is($a->status, $status, 'a request without credentials gets the expected status');
        like($a->body, $body, 'the answer has the page of the refusal');
        my ($challenge) = digest_challenges($c->get('/d/')->challenges);
        my %o = (user => 'alice', uri => '/app/x');
        $a = $c->get('/app/x', authorization => digest_header($challenge, %o, password => 'no', nc => 1));
        like($a->body, $body, 'a request with a wrong password gets the same page');
        $a = $c->get('/app/x', authorization => 'Digest username="');
        unlike($a->body, qr/secret/, 'a broken header does not open the page');
        isnt($a->status, 500, 'a broken header is not an error of the server');
        $a = $c->get('/app/x', authorization => digest_header($challenge, %o, password => 'pw', nc => 2));
        is_deeply([ $a->status, $a->body, $a->user ], [ 200, "secret\n", 'alice' ], 'a right password opens the page');
    };
}

done_testing;
