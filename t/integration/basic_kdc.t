#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Basic, verified by the KDC: who the user is, how often the KDC is asked, and what a user sees when
# the KDC refuses.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(slurp wait_until);
use SSPI::Test::Basic qw(basic_get basic_header);
use SSPI::Test::Login;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;
use SSPI::Test::Session;

my $kdc = SSPI::Test::KDC->new;
my $ticket = $kdc->login('alice');
$kdc->kadmin(map { "addprinc -pw pw +requires_preauth $_" } 'carol', 'dave', map { "user$_" } 1 .. 9);
$kdc->kadmin('addprinc -pw pw -pwexpire yesterday erin', 'addprinc -pw pw -allow_tix frank');

my %basic = (packages => 'Basic', realm => 'r', keytab => $kdc->{keytab}, basic_require_tls => 'off');
my %spec = (env => $kdc->server_env, locations => [
    { path => '/kdc/', %basic, sspi_require => undef }, { path => '/default/', %basic, packages => 'Negotiate Basic' },
    { path => '/short/', %basic, user_name => 'short' },
    { path => '/realms/', %basic, basic_realm => 'OTHER.TEST SSPI.TEST' }, { path => '/other/', %basic, basic_realm => 'OTHER.TEST' },
    { path => '/never/', %basic, basic_cache => '0' }, { path => '/second/', %basic, basic_cache => '1s' },
    { path => '/session/', %basic, basic_require_tls => 'on', session => 'on' },
]);
for my $location (@{$spec{locations}}) { delete $location->{$_} for grep { !defined $location->{$_} } keys %$location }

# How often the KDC was asked for initial credentials of a user.
sub asked { my ($user) = @_; return scalar(() = slurp("$kdc->{dir}/kdc.log") =~ /AS_REQ .* ISSUE: .* \Q$user\E\@/g) }

parts 'passwords of the KDC', \%spec,
'the user is a principal' => sub {
    my ($server) = @_;
    my %want = (user => 'alice@SSPI.TEST', package => 'Basic', mechanism => 'Kerberos', bound => '0');
    granted(basic_get($server, '/kdc/', 'alice:wonder land'), \%want, 'a right password');
    granted(basic_get($server, '/default/', 'alice:wonder land'), \%want, 'the KDC is the default where there is a keytab');
    granted(basic_get($server, '/kdc/', 'alice@SSPI.TEST:wonder land'), \%want, 'a name with its realm');
    granted(basic_get($server, '/short/', 'alice:wonder land'), { user => 'alice' }, 'the short form');
    is(basic_get($server, '/kdc/', 'alice:wonder land')->header('X-Sspi-Target'), 'HTTP/localhost@SSPI.TEST', 'the service that proved the KDC');
},
'realms' => sub {
    my ($server) = @_;
    granted(basic_get($server, '/realms/', 'alice@SSPI.TEST:wonder land'), { user => 'alice@SSPI.TEST' }, 'an allowed realm');
    $server->new_log;
    refused(basic_get($server, '/other/', 'alice@SSPI.TEST:wonder land'), 401, 'a realm that is not allowed');
    is(scalar(message_lines($server)), 1, 'one line');
},
'a page of 60 images asks once' => sub {
    my ($server) = @_;
    my $c = $server->client;
    my $before = asked('carol');
    is_deeply(tally($c->parallel(map { [ '/kdc/', authorization => basic_header('carol:pw') ] } 1 .. 60)), { 200 => 60 }, 'at the same time');
    is(asked('carol') - $before, 1, 'the KDC gave one ticket');
    granted(basic_get($server, '/kdc/', 'carol:pw'), { user => 'carol@SSPI.TEST' }, 'later');
    is(asked('carol') - $before, 1, 'still one');
    refused(basic_get($server, '/kdc/', 'carol:wrong'), 401, 'another password');
    granted(basic_get($server, '/never/', 'carol:pw'), { user => 'carol@SSPI.TEST' }, 'SSPIBasicCache 0');
    granted(basic_get($server, '/never/', 'carol:pw'), { user => 'carol@SSPI.TEST' }, 'again');
    is(asked('carol') - $before, 3, 'asks each time');
    ok(wait_until(sub { basic_get($server, '/second/', 'carol:pw'); asked('carol') - $before > 3 }, 5), 'SSPIBasicCache 1s asks again after a second');
},
'a password that is wrong' => sub {
    my ($server) = @_;
    $server->new_log;
    refused(basic_get($server, '/kdc/', 'dave:wrong'), 401, 'a wrong password');
    logged($server, 'WRONG_PASSWORD', 'dave');
    refused(basic_get($server, '/kdc/', 'nobody:pw'), 401, 'an unknown user');
    logged($server, 'WRONG_PASSWORD', 'nobody');
    refused(basic_get($server, '/kdc/', 'erin:pw'), 401, 'an expired password');
    logged($server, 'PASSWORD_EXPIRED', 'erin');
    refused(basic_get($server, '/kdc/', 'frank:pw'), 401, 'a locked account');
    logged($server, 'ACCOUNT_LOCKED', 'frank');
    refused(basic_get($server, '/kdc/', $_), 401, $_) for 'alice/admin:pw', 'krbtgt/SSPI.TEST:pw', 'SSPI\\alice:wonder land', 'alice:', ':pw';
},
'wrong passwords are counted when they begin' => sub {
    my ($server) = @_;
    my $c = $server->client;
    my @answers = $c->parallel(map { [ '/kdc/', authorization => basic_header("user1:guess $_") ] } 1 .. 30);
    my $tally = tally(@answers);
    is($tally->{401}, 5, 'five of thirty are verified') or diag(explain($tally));
    refused(basic_get($server, '/kdc/', 'user1:pw'), 429, 'the right one afterwards');
    is_deeply(tally($c->parallel(map { [ '/kdc/', authorization => basic_header("user2:pw") ] } 1 .. 30)), { 200 => 30 }, 'right ones give their try back');
},
'a session takes over' => sub {
    my ($server) = @_;
    my $c = $server->client;
    my $answer = $c->get('/session/', tls => 1, authorization => basic_header('alice:wonder land'));
    my $cookie = set_by_login($answer, 'the login');
    granted($c->get('/session/', tls => 1, cookie_header($cookie)), { user => 'alice@SSPI.TEST', package => 'Basic', mechanism => 'Kerberos' }, 'its cookie');
},
'a KDC that is away' => sub {
    my ($server) = @_;
    $kdc->stop;
    granted(basic_get($server, '/kdc/', 'carol:pw'), { user => 'carol@SSPI.TEST' }, 'a remembered password');
    $server->new_log;
    refused(basic_get($server, '/kdc/', 'dave:pw'), 503, 'another one');
    logged($server, 'KDC_UNREACHABLE');
    $kdc->_start;
    ok(wait_until(sub { basic_get($server, '/kdc/', 'dave:pw')->status == 200 }, 30), 'the KDC is back');
};

done_testing;
