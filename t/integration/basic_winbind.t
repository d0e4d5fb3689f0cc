#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Basic, verified by winbind.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(wait_until);
use SSPI::Test::Basic qw(basic_get basic_header);
use SSPI::Test::Login;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;
use SSPI::Test::Winbind;

my $reason = SSPI::Test::Winbind::skip_reason();
plan skip_all => $reason if $reason;
my $winbind = SSPI::Test::Winbind->new;

my %basic = (packages => 'Basic', realm => 'r', basic_require_tls => 'off', basic_verify => 'winbind');
my %spec = (before => [ $winbind->before ], locations => [
    { path => '/p/', %basic }, { path => '/short/', %basic, user_name => 'short' }, { path => '/never/', %basic, basic_cache => 0, basic_tries => '100/1m' },
    { path => '/default/', %basic, packages => 'NTLM Basic', mechanisms => 'ntlm' },
]);
delete $spec{locations}[3]{basic_verify};

parts 'passwords of winbind', \%spec,
'the user is an account' => sub {
    my ($server) = @_;
    my %want = (user => 'WEB\\nobody', package => 'Basic', mechanism => 'NTLM', bound => '0');
    granted(basic_get($server, '/p/', 'WEB\\nobody:pw'), \%want, 'DOMAIN\\user');
    granted(basic_get($server, '/default/', 'WEB\\nobody:pw'), { user => 'WEB\\nobody' }, 'the default beside NTLM without a file');
    $server->new_log;
    refused(basic_get($server, '/p/', 'WEB\\nobody:wrong'), 401, 'a wrong password');
    logged($server, 'WRONG_PASSWORD', 'nobody');
    refused(basic_get($server, '/p/', 'WEB\\mallory:pw'), 401, 'an unknown user');
    logged($server, 'WRONG_PASSWORD', 'mallory');
},
'a page of 60 images' => sub {
    my ($server) = @_;
    my $c = $server->client;
    is_deeply(tally($c->parallel(map { [ '/p/', authorization => basic_header('WEB\\nobody:pw') ] } 1 .. 60)), { 200 => 60 }, 'at the same time');
},
'winbind that does not answer' => sub {
    my ($server) = @_;
    $winbind->pause;
    granted(basic_get($server, '/p/', 'WEB\\nobody:pw'), { user => 'WEB\\nobody' }, 'a remembered password');
    $server->new_log;
    refused(basic_get($server, '/never/', 'WEB\\nobody:pw'), 503, 'another one');
    my ($line) = message_lines($server);
    like($line, qr/${\message_id('UNREACHABLE')}/, 'the log says that winbind did not answer');
    $winbind->resume;
    ok(wait_until(sub { basic_get($server, '/never/', 'WEB\\nobody:pw')->status == 200 }, 30), 'winbind answers again');
};

done_testing;
