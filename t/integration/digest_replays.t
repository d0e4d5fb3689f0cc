#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A header works once, for one request, on one server: for many requests at the same time, in any
# order, and after a reload and a restart.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew wait_until);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Login;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my ($realm, $other_realm) = ('replays', 'another');
my $users = spew(scratch_dir('users') . '/users', join('', map { user_line('alice', $_, 'pw') } $realm, $other_realm), 0644);
my %digest = (packages => 'Digest', realm => $realm, digest_user_file => $users, digest_algorithm => 'MD5');
my %alice = (user => 'alice', password => 'pw');
my %server_config = (locations => [
    { path => '/p/', %digest },
    { path => '/second/', %digest },
    { path => '/other/', %digest, realm => $other_realm },
    { path => '/brief/', %digest, digest_nonce_lifetime => '1s' },
    { path => '/int/', %digest, digest_qop => 'auth-int' },
]);

sub login { my ($server, $path) = @_; return SSPI::Test::Login->new($server->client, $path, %alice) }

# Sends requests with many headers at the same time, each on its own connection.
sub at_once { my ($server, @headers) = @_; return $server->client->parallel(map { [ '/p/', authorization => $_ ] } @headers) }

# Sends requests with many headers one after the other on one connection.
sub in_order { my ($server, @headers) = @_; return $server->client->raw(map { [ '/p/', authorization => $_ ] } @headers) }

parts 'replays', \%server_config,
    '100 headers of one nonce are granted, and the same 100 are refused the second time' => sub {
        my ($server) = @_;
        my $login = login($server, '/p/');
        my @headers = map { $login->header } 1 .. 100;
        is_deeply(tally(at_once($server, @headers)), { 200 => 100 }, 'a header is accepted the first time');
        $server->new_log;
        my @again = at_once($server, @headers);
        is_deeply(tally(@again), { 401 => 100 }, 'the same header is refused the second time');
        is(scalar(grep { /stale=true/ } map { $_->challenges } @again), 100, 'the client does not ask for the password');
        my $id = message_id('REPLAY');
        is(scalar(grep { /\b$id\b/ } message_lines($server)), 100, 'the log says that it is a replay');
        is_deeply(tally(at_once($server, ($headers[0]) x 50, map { ($_) x 10 } map { $login->header } 1 .. 5)), { 200 => 5, 401 => 95 },
            'of equal headers at the same time each is granted once');
    },
    'more counts than the window, in irregular order' => sub {
        my ($server) = @_;
        my $login = login($server, '/p/');
        # Each count comes after up to 199 later counts.
        my @headers = map { my $start = 200 * $_; map { $login->header(nc => $start + 200 - $_) } 0 .. 199 } 0 .. 3;
        is_deeply(tally(in_order($server, @headers)), { 200 => 800 }, '800 requests are granted');
        is_deeply(tally(in_order($server, @headers)), { 401 => 800 }, 'no header is granted a second time');
        is_deeply(tally(at_once($server, map { $login->header(nc => 801 + $_ * 7 % 100) } 0 .. 99)), { 200 => 100 }, '100 further requests at the same time are granted');
    },
    'the edges of the window' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $login = login($server, '/p/');
        my $get = sub { return scalar $c->raw([ '/p/', close => 1, authorization => $login->header(nc => $_[0]) ]) };
        granted($get->(1023), { user => 'alice' }, 'a first count');
        granted($get->(768), { user => 'alice' }, '255 earlier');
        stale($get->(767), '256 earlier');
        granted($get->(1024), { user => 'alice' }, 'the next count');
        granted($get->(800), { user => 'alice' }, '224 earlier');
        stale($get->(799), 'a count 225 earlier is accepted, because the window moves in steps');
        refused($get->(800), 401, 'a used count within the window');
        granted($get->(0xffffffff), { user => 'alice' }, 'the greatest count');
        granted($get->(0xfffffffe), { user => 'alice' }, 'the count before the greatest');
        stale($get->(1000), 'a count in the replaced part of the window is refused then');
        is($get->(0)->status, 401, 'the count does not start again');
    },
    'a good header is refused for any other request' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $another = (ref $server)->new(%server_config)->start;
        my $nc = 0;
        my ($p, $int) = (login($server, '/p/'), login($server, '/int/'));
        my $late = login($server, '/brief/');
        # Each case: name, the intended request, the request that is sent, the status, and whether
        # the answer says stale.
        my @cases = (
            [ 'the same count', [ '/p/', $p->header ], [ '/p/' ], 401, 1, 1 ],
            [ 'another method', [ '/p/', $p->header ], [ '/p/', method => 'OPTIONS' ], 401, 0 ],
            [ 'another page', [ '/p/', $p->header ], [ '/second/' ], 400 ],
            [ 'a query', [ '/p/', $p->header ], [ '/p/?a=b' ], 400 ],
            [ 'no query', [ '/p/?a=b', $p->header(uri => '/p/?a=b') ], [ '/p/' ], 400 ],
            [ 'another spelling of the page', [ '/p/', $p->header ], [ '//p/' ], 400 ],
            [ 'another realm', [ '/p/', $p->header ], [ '/other/' ], 401 ],
            [ 'another realm, for its page', [ '/p/', $p->header(uri => '/other/') ], [ '/other/' ], 401, 0 ],
            [ 'another body', [ '/int/', $int->header(method => 'POST', body => 'pay 1') ],
                [ '/int/', method => 'POST', headers => ['Content-Length: 5'], body => 'pay 9' ], 401, 0 ],
            [ 'a body where the request had none', [ '/int/', $int->header(body => '') ],
                [ '/int/', headers => ['Content-Length: 5'], body => 'pay 9' ], 401, 0 ],
        );
        for my $case (@cases) {
            my ($name, $meant, $used, $status, $stale, $first) = @$case;
            my ($path, $header) = @$meant;
            my ($to, %o) = @$used;
            my $as_meant = sub { return scalar $c->raw([ $path, close => 1, authorization => $header ]) };
            granted($as_meant->(), { user => 'alice' }, "$name: the request itself") if $first;
            my $answer = $c->raw($c->request_text($to, %o, close => 1, authorization => $header) . ($o{body} // ''));
            if ($status == 400) { refused($answer, 400, $name) }
            elsif ($stale) { stale($answer, $name) }
            else { not_stale($answer, $name) }
            next if $first || $path =~ /int/ || $name =~ /for its page/;
            granted($as_meant->(), { user => 'alice' }, "$name: granted for its own request");
        }
        my $there = login($another, '/p/');
        stale(scalar $c->raw([ '/p/', close => 1, authorization => $there->header ]), "another server's nonce");
        my $realm = login($server, '/other/')->with(realm => $realm);
        stale(scalar $c->raw([ '/p/', close => 1, authorization => $realm->header(uri => '/p/') ]), "another realm's nonce");
        my $old = wait_until(sub {
            my $answer = $c->raw([ '/brief/', close => 1, authorization => $late->header ]);
            return $answer->status == 200 ? undef : $answer;
        });
        stale($old, 'an old nonce');
        granted(scalar $c->raw([ '/p/', close => 1, authorization => $late->header(uri => '/p/') ]), { user => 'alice' },
            'granted where the lifetime is longer');
        is_deeply([ $another->stop ], [], 'the other server stops');
    },
    'a reload changes nothing' => sub {
        my ($server) = @_;
        my $login = login($server, '/p/');
        my @used = map { $login->header } 1 .. 50;
        my @unused = map { $login->header } 1 .. 50;
        is_deeply(tally(at_once($server, @used)), { 200 => 50 }, '50 before');
        $server->reload;
        is_deeply(tally(at_once($server, @used, @unused)), { 200 => 50, 401 => 50 }, 'after it those 50 are used, and 50 others are granted');
        is_deeply(tally(at_once($server, @used, @unused)), { 401 => 100 }, 'then all are used');
    },
    'a restart forgets the used counts, and the server refuses all old nonces' => sub {
        my ($server) = @_;
        my ($login, $idle) = map { login($server, '/p/') } 1, 2;
        my @used = map { $login->header } 1 .. 20;
        is_deeply(tally(in_order($server, @used)), { 200 => 20 }, 'before');
        is_deeply([ $server->stop ], [], 'the server stops');
        $server->start;
        my @old = in_order($server, @used, (map { $login->header } 1 .. 20), $idle->header);
        is_deeply(tally(@old), { 401 => 41 }, 'used counts, unused counts, and an unused nonce are refused');
        is_deeply([ grep { !/stale=true/ } map { $_->challenges } @old ], [], 'all answers say stale, so that no client asks for the password');
        not_stale((in_order($server, $login->header(password => 'wrong')))[0], 'a wrong password is not stale');
        granted((in_order($server, login($server, '/p/')->header))[0], { user => 'alice' }, 'new nonces work');
    };

done_testing;
