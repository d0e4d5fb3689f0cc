#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Delegation for users of Basic, who showed a password and no ticket: the domain gives the server a
# ticket in their name (S4U2Self), also when the server remembers the password.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::AD;
use SSPI::Test::Basic qw(basic_header);
use SSPI::Test::Delegation;
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Scenario;

use constant HOST => 'backend.test';

my $reason = SSPI::Test::AD::skip_reason();
plan skip_all => $reason if defined $reason;

my $ad = SSPI::Test::AD->new;
my ($realm, $domain, $password) = (SSPI::Test::AD::REALM, SSPI::Test::AD::DOMAIN, SSPI::Test::AD::PASSWORD);
my $target = 'HTTP/' . HOST;
my $backend = backend($ad, keytab => $ad->add_service('backend', $target), host => HOST);
$ad->allow_delegation($target);
my $programs = programs($ad, $backend);
my $users = spew(scratch_dir('users') . '/digest', user_line('alice', 'r', 'pw'), 0644);
my $dir = ccache_dir();

sub at {
    my ($path, %o) = @_;
    return delegating($programs, $path, packages => 'Basic', realm => 'r', basic_require_tls => 'off', keytab => $ad->{keytab},
        delegation => 's4u2self', delegation_dir => $dir, delegation_target => $target, delegation_realm => $realm, %o);
}

my @locations = (at('/kdc/', basic_verify => 'kdc'), at('/file/', basic_verify => 'file', digest_user_file => $users),
    at('/winbind/', basic_verify => 'winbind'),
    at('/other/', basic_verify => 'kdc', delegation_realm => 'OTHER.TEST'),
    at('/proxy/', basic_verify => 'kdc', delegation => 's4u2proxy'));

scenario 'users of Basic', { env => $ad->server_env, group => SSPI::Test::AD::PRIVILEGED, locations => \@locations,
    apache_head => script_alias($programs, map { $_->{path} } @locations) }, sub {
    my ($server) = @_;
    my $get = sub {
        my ($path, $secret) = @_;
        return act($server->client->get($path, authorization => basic_header("alice:$secret")));
    };
    my %want = ('/kdc/' => "alice\@$realm", '/file/' => 'alice', '/winbind/' => "$domain\\alice");
    my %secret = ('/kdc/' => $password, '/file/' => 'pw', '/winbind/' => $password);
    for my $path (sort keys %want) {
        for my $time ('the first time', 'a remembered password') {
            my $act = $get->($path, $secret{$path});
            is_deeply([ @$act{qw(status user backend)} ], [ 200, $want{$path}, "alice\@$realm" ], "$path, $time: alice at the second server")
                or diag(explain($act));
        }
    }
    message_lines($server);
    my %without = ('/other/' => 'SSPIDelegationRealm', '/proxy/' => 's4u2self');
    for my $path (sort keys %without) {
        my $act = $get->($path, $password);
        is_deeply([ @$act{qw(status user cache)} ], [ 200, "alice\@$realm", '-' ], "$path: no tickets") or diag(explain($act));
        logged($server, 'NO_DELEGATION', "alice\@$realm", $without{$path});
    }
};

done_testing;
