#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What a domain of Active Directory says about its users, through both servers: SIDs, names and groups.
use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Encode qw(encode);
use SSPI::Test::AD;
use SSPI::Test::Scenario;

my $reason = SSPI::Test::AD::skip_reason();
plan skip_all => $reason if defined $reason;

my $ad = SSPI::Test::AD->new;
my ($domain, $realm, $password) = (SSPI::Test::AD::DOMAIN, SSPI::Test::AD::REALM, SSPI::Test::AD::PASSWORD);
my $jaeson = "j\xe4s\xf8n";
my $n_many = 900;

# bob's user principal name is his own, that of mallory is the principal of another user. alice has none, so the KDC
# makes one.
$ad->tool(qw(user create many), $password);
$ad->tool(qw(user create mallory), $password);
$ad->set_upn(bob => 'robert@example.com');
$ad->set_upn(mallory => 'bob@OTHER.REALM');
$ad->add_groups('many', $n_many);
my %ticket = map { $_ => $ad->login($_) } qw(alice bob mallory many), $jaeson;
my %group = map { $_ => $ad->sid(group => $_) } qw(web-team web-all web-local), 'Domain Users', 'Domain Admins';
my %sid = map { $_ => $ad->sid(user => $_) } qw(alice bob many);

my %kerberos = (packages => 'Negotiate', keytab => $ad->{keytab});
my %both = (packages => 'Negotiate NTLM', mechanisms => 'kerberos ntlm', keytab => $ad->{keytab});
my %server_config = (
    env => $ad->server_env,
    group => SSPI::Test::AD::PRIVILEGED,
    locations => [
        { path => '/full/', %kerberos },
        { path => '/sam/', %both, user_name => 'sam' },
        { path => '/upn/', %both, user_name => 'upn' },
        { path => '/groups/', %both, user_name => 'sam', apache => 'Header always set X-Groups "%{SSPI_GROUP_SIDS}e"',
            nginx => 'add_header X-Groups $sspi_group_sids;' },
    ],
);

scenario 'names and SIDs of tickets', \%server_config, sub {
    my ($server) = @_;
    my %names = (
        alice => { '/full/' => "alice\@$realm", '/sam/' => "$domain\\alice", '/upn/' => "alice\@\L$realm" },
        bob => { '/full/' => "bob\@$realm", '/sam/' => "$domain\\bob", '/upn/' => 'robert@example.com' },
        $jaeson => { '/full/' => encode('UTF-8', "$jaeson\@$realm"), '/sam/' => encode('UTF-8', "$domain\\$jaeson"),
            '/upn/' => encode('UTF-8', "$jaeson\@\L$realm") },
    );
    for my $user (sort keys %names) {
        my $c = $server->client(env => $ticket{$user});
        for my $path (sort keys %{$names{$user}}) {
            my $a = $c->get($path, negotiate => 1);
            granted($a, { user => $names{$user}{$path} }, encode('UTF-8', "$user at $path"));
            is(scalar $a->header('X-Sspi-Sid'), $sid{$user}, 'the SID') if $sid{$user};
        }
    }
    is($server->log =~ /SSPI-166/ ? 'logged' : 'not logged', 'not logged', 'no ticket lacks groups');
};

scenario 'a user principal name that is the principal of another user', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $ticket{mallory});
    refused($c->get('/upn/', negotiate => 1), 403, 'upn');
    like($server->log, qr/\Q@{[message_id('AMBIGUOUS_NAME')]}\E.*bob\@OTHER\.REALM/, 'the log has the name');
    granted($c->get('/sam/', negotiate => 1), { user => "$domain\\mallory" }, 'sam');
};

# Tests that alice is in her own groups and in those that hold them.
sub in_groups {
    my ($answer, $name) = @_;
    my %has = map { $_ => 1 } split /,/, scalar($answer->header('X-Groups')) // '';
    ok($has{$group{$_}}, "$name: in $_") for qw(web-team web-all web-local), 'Domain Users';
    ok(!$has{$group{'Domain Admins'}}, "$name: not in a group of other users");
    return ok(!$has{$sid{alice}}, "$name: the user's own SID is no group");
}

scenario 'groups', \%server_config, sub {
    my ($server) = @_;
    in_groups($server->client(env => $ticket{alice})->get('/groups/', negotiate => 1), 'a ticket');
    in_groups($server->client(env => $ad->env_without_ticket)->get('/groups/',
        ntlm => "$domain\\alice:$password"), 'NTLM');
    my $c = $server->client(env => $ticket{many});
    my $a = $c->get('/sam/', negotiate => 1);
    granted($a, { user => "$domain\\many" }, "$n_many groups");
    is(scalar $a->header('X-Sspi-Sid'), $sid{many}, 'the SID');
    my %has = map { $_ => 1 } split /,/, scalar($c->get('/groups/', negotiate => 1)->header('X-Groups')) // '';
    cmp_ok(scalar keys %has, '>', $n_many, 'all groups are there');
};

scenario 'names and SIDs of NTLM users', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $ad->env_without_ticket);
    for my $path ('/sam/', '/upn/') {
        my $a = $c->get($path, ntlm => "$domain\\alice:$password");
        granted($a, { user => "$domain\\alice", mechanism => 'NTLM' }, $path);
        is(scalar $a->header('X-Sspi-Sid'), $sid{alice}, 'the SID is that of the ticket');
    }
};

done_testing;
