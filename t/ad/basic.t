#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Basic with a domain controller, as KDC and by winbind: the name, the groups and the session of a
# user who logs in by password.
use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(encode);
use Test::More;
use SSPI::Test::AD;
use SSPI::Test::Basic qw(basic_header);
use SSPI::Test::Scenario;
use SSPI::Test::Session;

my $reason = SSPI::Test::AD::skip_reason();
plan skip_all => $reason if defined $reason;

my $ad = SSPI::Test::AD->new;
my ($domain, $realm, $password) = (SSPI::Test::AD::DOMAIN, SSPI::Test::AD::REALM, SSPI::Test::AD::PASSWORD);
my %basic = (packages => 'Basic', realm => 'r', keytab => $ad->{keytab}, basic_require_tls => 'off');
my $team = $ad->sid(group => 'web-team');

sub get {
    my ($server, $path, $credentials) = @_;
    return $server->client->get($path, authorization => basic_header(encode('UTF-8', $credentials)));
}

# What both verifiers do about groups, accounts and sessions. `user` is how they name alice.
sub has_policy {
    my ($server, $user, @groups) = @_;
    granted(get($server, "/$_/", "alice:$password"), { user => $user }, "a member of $_") for @groups;
    $server->new_log;
    is(get($server, '/web-team/', "bob:$password")->status, 403, 'another user is refused');
    logged($server, 'NOT_AUTHORIZED', 'bob');
    $ad->while_paused(sub {
        granted(get($server, "/$_/", "alice:$password"), { user => $user }, "a remembered member of $_") for @groups, @groups;
        is(get($server, '/web-team/', "bob:$password")->status, 403, 'another remembered user is refused');
        logged($server, 'NOT_AUTHORIZED', 'bob');
    });
    refused(get($server, '/p/', "carol:$password"), 401, 'a disabled account');
    logged($server, 'ACCOUNT_LOCKED', 'carol');
    refused(get($server, '/p/', "dave:$password"), 401, 'a password that must be changed');
    logged($server, 'PASSWORD_EXPIRED', 'dave');
    for my $wrong ('alice:wrong', "mallory:$password") {
        refused(get($server, '/p/', $wrong), 401, $wrong);
        logged($server, 'WRONG_PASSWORD', $wrong =~ s/:.*//r);
    }
    my $cookie = set_by_login(get($server, '/session/', "alice:$password"), 'a login');
    granted($server->client->get('/session/', cookie_header($cookie)), { user => $user }, 'the session has the groups');
    return;
}

scenario 'passwords of a domain', { env => $ad->server_env, locations => [
    { path => '/p/', %basic }, { path => '/sam/', %basic, user_name => 'sam' },
    { path => '/web-team/', %basic, require => ["group $team"] },
    { path => '/session/', %basic, session => 'on', session_require_tls => 'off', require => ["group $team"] },
] }, sub {
    my ($server) = @_;
    granted(get($server, '/p/', "alice:$password"), { user => "alice\@$realm", package => 'Basic', mechanism => 'Kerberos' }, 'a user');
    granted(get($server, '/p/', "ALICE:$password"), { user => "alice\@$realm" }, 'the same user in capital letters');
    granted(get($server, '/p/', "j\xe4s\xf8n:$password"), { user => encode('UTF-8', "j\xe4s\xf8n\@$realm") }, 'a name in UTF-8');
    granted(get($server, '/sam/', "alice:$password"), { user => "$domain\\alice" }, 'the name of the PAC');
    has_policy($server, "alice\@$realm", 'web-team');
};

# The workers are not in the group of winbind's privileged pipe, which only responses of NTLM need.
my %winbind = (packages => 'Basic', realm => 'r', basic_verify => 'winbind', basic_require_tls => 'off');
$ad->set_upn('bob', "robert.b\@\L$realm");

scenario 'passwords of a domain by winbind', { env => $ad->server_env, locations => [
    { path => '/p/', %winbind }, { path => '/short/', %winbind, user_name => 'short' },
    (map { { path => "/$_/", %winbind, require => [ 'group ' . $ad->sid(group => $_) ] } } qw(web-team web-all web-local)),
    { path => '/session/', %winbind, session => 'on', session_require_tls => 'off', require => ["group $team"] },
] }, sub {
    my ($server) = @_;
    my %alice = (user => "$domain\\alice", package => 'Basic', mechanism => 'NTLM');
    granted(get($server, '/p/', "$_:$password"), \%alice, $_) for "$domain\\alice", 'ALICE', "alice\@\L$realm", "\L$realm\E\\alice";
    granted(get($server, '/p/', "robert.b\@\L$realm\E:$password"), { user => "$domain\\bob" }, 'a UPN that is not the name of the account');
    granted(get($server, '/p/', "j\xe4s\xf8n:$password"), { user => encode('UTF-8', "$domain\\j\xe4s\xf8n") }, 'a name in UTF-8');
    granted(get($server, '/p/', "erin:$password"), { user => "$domain\\erin" }, 'a user of whom the domain accepts no NTLM');
    granted(get($server, '/short/', "alice:$password"), { user => 'alice' }, 'the short form');
    has_policy($server, "$domain\\alice", qw(web-team web-all web-local));
};

done_testing;
