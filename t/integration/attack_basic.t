#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Attacks on Basic: more guesses than the limit allows, passwords and users of another location, and
# passwords where none is read. Each attack has a twin that is granted.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Basic qw(basic_header);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Ntlm qw(ntlm_user_line);
use SSPI::Test::Login;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
$kdc->kadmin(map { "addprinc -pw pw +requires_preauth $_" } qw(heidi ivan));
my $dir = scratch_dir('users');
my @names = qw(alice bob carol dave erin frank grace heidi ivan);
my $nt = spew("$dir/nt", join('', map { ntlm_user_line($_, 'CORP', 'pw') } @names), 0644);
my $digest = spew("$dir/digest", join('', map { user_line($_, 'r', 'pw') } @names), 0644);
my $other = spew("$dir/other", join('', map { user_line($_, 'r', 'other') } @names), 0644);

my %basic = (packages => 'Basic', realm => 'r', basic_require_tls => 'off');
my %digest = (%basic, basic_verify => 'file', digest_user_file => $digest);
my %nt = (%basic, basic_verify => 'file', ntlm_user_file => $nt);
my %kdc = (%basic, keytab => $kdc->{keytab});
my %spec = (env => $kdc->server_env, locations => [
    { path => '/nt/', %nt }, { path => '/digest/', %digest }, { path => '/other/', %digest, digest_user_file => $other },
    { path => '/short/', %nt, basic_tries => '3/1s' }, { path => '/long/', %nt, basic_tries => '6/5m' },
    { path => '/session/', %digest, session => 'on' },
    { path => '/realm/', %digest, realm => 's', session => 'on' },
    { path => '/kdc/', %kdc }, { path => '/foreign/', %kdc, basic_realm => 'OTHER.TEST' },
    { path => '/both/', %kdc, packages => 'Negotiate Basic', channel_binding => 'require' },
    { path => '/satisfy/', %digest, basic_require_tls => 'on' },
]);

sub get {
    my ($server, $path, $credentials, @more) = @_;
    return scalar $server->client->raw([ $path, authorization => basic_header($credentials), @more ]);
}

sub cookie_of { my ($answer) = @_; return (scalar($answer->header('Set-Cookie')) // '') =~ /\A([^;]*)/ ? $1 : '' }

sub statuses { my ($server, $path, @credentials) = @_; return join ' ', map { get($server, $path, $_)->status } @credentials }

parts 'attacks on Basic', \%spec,
'spellings that a directory takes for one user have one count' => sub {
    my ($server) = @_;
    granted(get($server, '/nt/', 'alice:pw'), { user => 'CORP\\alice' }, 'the user');
    my @spellings = ('alice ', ' alice', "\xc3\xa4lice", "al\xc2\xadice", "\xef\xbd\x81lice", "alice\xef\xbc\xa0CORP");
    is(statuses($server, '/nt/', map { "$_:guess" } @spellings), '401 401 401 401 401 429', 'guesses');
    granted(get($server, '/nt/', 'bob:pw'), { user => 'CORP\\bob' }, 'another user');
},
'the short time of another location ends no count' => sub {
    my ($server) = @_;
    granted(get($server, '/long/', 'carol:pw'), { user => 'CORP\\carol' }, 'before');
    is(statuses($server, '/short/', 'carol:guess'), '401', 'the count begins where it ends soon');
    is(statuses($server, '/long/', map { "carol:guess $_" } 1 .. 6), '401 401 401 401 401 429', 'it goes on where it does not');
    my $wait = get($server, '/long/', 'carol:pw')->header('Retry-After');
    like($wait, qr/\A(?:29\d|300)\z/, 'and ends with the longer time');
    is(get($server, '/short/', 'carol:pw')->header('Retry-After') // '', $wait, 'everywhere') or diag('the second may have changed');
    granted(get($server, '/long/', 'dave:pw'), { user => 'CORP\\dave' }, 'another user');
},
'headers of proxies and other connections are no other address' => sub {
    my ($server) = @_;
    my $i = 0;
    my @tries = map { [ '/digest/', authorization => basic_header('erin:guess ' . $i++), headers => [ "$_: 192.0.2.$i" ] ] }
        qw(X-Forwarded-For X-Real-IP Forwarded X-Client-IP True-Client-IP CF-Connecting-IP);
    is(join(' ', map { scalar($server->client->raw($_))->status } @tries), '401 401 401 401 401 429', 'addresses that the client names');
    granted(get($server, '/digest/', 'frank:pw'), { user => 'frank' }, 'another user');
},
'a password of another location' => sub {
    my ($server) = @_;
    granted(get($server, '/other/', 'grace:other'), { user => 'grace' }, 'there');
    refused(get($server, '/digest/', 'grace:other'), 401, 'here');
    my $c = $server->client;
    my @cookie = (tls => 1, args => [ '--cookie', cookie_of($c->get('/session/', tls => 1, authorization => basic_header('grace:pw'))) ]);
    granted($c->get('/session/', @cookie), { user => 'grace', package => 'Basic' }, 'a session of Basic');
    refused($c->get($_, @cookie), 401, "$_: its cookie") for qw(/realm/ /other/ /nt/ /kdc/);
},
'the last try is no lock-out for the user' => sub {
    my ($server) = @_;
    my $c = $server->client;
    is(statuses($server, '/kdc/', map { "heidi:guess $_" } 1 .. 4), '401 401 401 401', 'four wrong passwords');
    is_deeply(tally($c->parallel(map { [ '/kdc/', authorization => basic_header('heidi:pw') ] } 1 .. 30)), { 200 => 30 }, 'a page with 30 images by the right one');
    is_deeply(tally($c->parallel(map { [ '/kdc/', authorization => basic_header("heidi:more $_") ] } 1 .. 30)), { 401 => 1, 429 => 29 }, 'guesses at the same time');
    refused(get($server, '/kdc/', 'heidi:pw'), 429, 'the remembered one says nothing then');
},
'a remembered password counts only where it could be verified' => sub {
    my ($server) = @_;
    granted(get($server, '/kdc/', 'ivan:pw'), { user => 'ivan@SSPI.TEST' }, 'the KDC');
    refused(get($server, '/foreign/', 'ivan@SSPI.TEST:pw'), 401, 'a realm that is not allowed');
    refused(get($server, '/both/', 'ivan:pw'), 401, 'where a channel is demanded');
    granted(get($server, '/kdc/', 'ivan:pw'), { user => 'ivan@SSPI.TEST' }, 'the KDC again');
};

done_testing;
