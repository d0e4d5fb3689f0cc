#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Wrong passwords of Basic: how many are verified for a user from an address, also when they come at
# the same time.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew wait_until);
use SSPI::Test::Basic qw(basic_get basic_header);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Ntlm qw(ntlm_user_line);
use SSPI::Test::Login;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $dir = scratch_dir('users');
my @users = map { "user$_" } 1 .. 60;
my $digest = spew("$dir/digest", join('', map { user_line($_, 'r', 'pw') } 'alice', 'bob', 'carol', 'dave', 'eve', @users), 0644);
my $nt = spew("$dir/nt", join('', map { ntlm_user_line($_, 'CORP', 'pw') } qw(alice bob)), 0644);
my %basic = (packages => 'Basic', realm => 'r', basic_verify => 'file', digest_user_file => $digest, basic_require_tls => 'off');
my %spec = (locations => [
    { path => '/five/', %basic }, { path => '/two/', %basic, basic_tries => '2/2s' },
    { path => '/nt/', %basic, digest_user_file => undef, ntlm_user_file => $nt },
    { path => '/digest/', %basic, packages => 'Digest Basic' },
]);
for my $location (@{$spec{locations}}) { delete $location->{$_} for grep { !defined $location->{$_} } keys %$location }

sub statuses { my ($server, $path, @credentials) = @_; return join ' ', map { basic_get($server, $path, $_)->status } @credentials }

parts 'wrong passwords', \%spec,
'five are verified, then none, also not the right one' => sub {
    my ($server) = @_;
    is(statuses($server, '/five/', 'alice:pw', (map { "alice:wrong $_" } 1 .. 5)), '200 401 401 401 401 401', 'five');
    $server->new_log;
    my $answer = basic_get($server, '/five/', 'alice:wrong 6');
    refused($answer, 429, 'the sixth');
    like($answer->header('Retry-After'), qr/\A(?:29\d|300)\z/, 'Retry-After says when the five minutes end');
    logged($server, 'TOO_MANY_TRIES', 'alice', qr/\b(?:29\d|300) seconds/);
    refused(basic_get($server, '/five/', 'alice:pw'), 429, 'the right one');
    is(scalar($server->client->get('/five/', tls => 1, authorization => basic_header('alice:pw'))->status), 429, 'over another connection');
    granted(basic_get($server, '/five/', 'bob:pw'), { user => 'bob' }, 'another user');
    is($server->client->get('/five/')->header('Retry-After'), undef, 'a challenge has no Retry-After');
},
'all spellings of a name are one user' => sub {
    my ($server) = @_;
    is(statuses($server, '/nt/', map { "$_:wrong" } 'bob', 'BOB', 'CORP\\bob', 'corp\\Bob', 'bob@x', 'OTHER\\bob'), '401 401 401 401 401 429', 'of an account');
},
'a right password does not start the count again' => sub {
    my ($server) = @_;
    is(statuses($server, '/five/', ('carol:wrong', 'carol:pw') x 6), '401 200 401 200 401 200 401 200 401 429 429 429', 'a right one after each wrong one');
},
'the count ends with its time' => sub {
    my ($server) = @_;
    is(statuses($server, '/two/', map { "dave:$_" } 1 .. 3), '401 401 429', 'two in two seconds');
    my $answer = basic_get($server, '/two/', 'dave:pw');
    like($answer->header('Retry-After'), qr/\A[12]\z/, 'Retry-After');
    ok(wait_until(sub { basic_get($server, '/two/', 'dave:pw')->status == 200 }, 5), 'then the right one is verified');
},
'guesses at the same time' => sub {
    my ($server) = @_;
    my $c = $server->client;
    my @answers = $c->parallel(map { [ '/five/', authorization => basic_header("eve:guess $_") ] } 1 .. 40);
    is_deeply(tally(@answers), { 401 => 5, 429 => 35 }, 'five of forty are verified');
    refused(basic_get($server, '/five/', 'eve:pw'), 429, 'the right one afterwards');
},
'one password for many users' => sub {
    my ($server) = @_;
    my $c = $server->client;
    is_deeply(tally($c->parallel(map { [ '/five/', authorization => basic_header("$_:pw") ] } @users)), { 200 => 60 }, 'right ones at the same time');
    is_deeply(tally($c->parallel(map { [ '/five/', authorization => basic_header("user1:pw") ] } 1 .. 60)), { 200 => 60 }, 'a page of 60 images');
    is_deeply(tally($c->parallel(map { [ '/five/', authorization => basic_header("$_:no") ] } @users)), { 401 => 60 }, 'a wrong one for each user');
},
'other schemes do not count' => sub {
    my ($server) = @_;
    is($server->client->get('/digest/', digest => 'alice:pw')->status, 200, 'Digest of a user whose Basic is limited');
},
'the status page counts them' => sub {
    my ($server) = @_;
    ok(count_messages($server, 'TOO_MANY_TRIES') > 40, 'and each is logged');
};

done_testing;
