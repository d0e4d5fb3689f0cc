#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A user whom the domain disables: with a ticket, with a session, by NTLM, and at the domain
# controller.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(run wait_until);
use SSPI::Test::AD;
use SSPI::Test::Scenario;
use SSPI::Test::Session;

my $reason = SSPI::Test::AD::skip_reason();
plan skip_all => $reason if defined $reason;

my $ad = SSPI::Test::AD->new;
my ($domain, $realm, $password) = (SSPI::Test::AD::DOMAIN, SSPI::Test::AD::REALM, SSPI::Test::AD::PASSWORD);
my $name = "alice\@$realm";
my %both = (packages => 'Negotiate NTLM', mechanisms => 'kerberos ntlm', keytab => $ad->{keytab}, connection_auth => 'off');
my $keys = key_file();

# Returns why the KDC refuses a command of Kerberos' tools. Empty: it does not refuse.
sub refused_by_kdc {
    my ($env, @command) = @_;
    my $r = run(\@command, env => $env, stdin => "$password\n");
    return $r->{rc} == 0 ? '' : $r->{err};
}

scenario 'a user who was disabled', {
    env => $ad->server_env,
    group => SSPI::Test::AD::PRIVILEGED,
    apache_head => "SSPIKeyFile $keys\n", nginx_http => "sspi_key_file $keys;",
    locations => [ { path => '/p/', %both }, { path => '/s/', %both, session => 'on', session_require_tls => 'off' } ],
}, sub {
    my ($server) = @_;
    $ad->tool(qw(user enable alice));
    my ($env, $unused) = map { $ad->login('alice') } 1 .. 2;
    my $brief = $ad->login('alice', lifetime => '20s', service => 'HTTP/localhost');
    my ($c, $late) = map { $server->client(env => $_) } $env, $brief;
    my $stranger = $server->client(env => $ad->env_without_ticket);
    my $ntlm = sub { return $stranger->get('/p/', ntlm => "$domain\\alice:$password") };
    granted($c->get('/p/', negotiate => 1), { user => $name }, 'before: the ticket');
    granted($ntlm->(), { user => "$domain\\alice" }, 'before: NTLM');
    my %cookie = (long => set_by_login($c->get('/s/', negotiate => 1), 'before: a session'),
        brief => set_by_login($late->get('/s/', negotiate => 1), 'before: a session by a ticket that ends soon'));
    my $by_cookie = sub { my ($which) = @_; return $stranger->get('/s/', cookie_header($cookie{$which})) };
    $ad->tool(qw(user disable alice));
    granted($c->get('/p/', negotiate => 1), { user => $name }, 'the ticket that the client has is valid');
    granted($by_cookie->('brief'), { user => $name }, 'so is a session');
    $server->new_log;
    refused($ntlm->(), 401, 'NTLM');
    logged($server, 'WRONG_PASSWORD', qr/ACCOUNT_DISABLED/);
    like(refused_by_kdc($unused, qw(kvno HTTP/localhost)), qr/policy rejects/, 'the KDC refuses a ticket for the service');
    like(refused_by_kdc($unused, qw(kinit -R)), qr/policy rejects/, 'it does not renew a ticket');
    like(refused_by_kdc($unused, qw(kinit alice)), qr/credentials have been revoked/, 'it refuses a login');
    ok(wait_until(sub { $by_cookie->('brief')->status == 401 }, 40), 'a session ends with the ticket of its login');
    ok(wait_until(sub { $late->get('/p/', negotiate => 1)->status == 401 }, 40), 'the client has no valid ticket any more');
    granted($c->get('/p/', negotiate => 1), { user => $name }, 'a ticket that has not ended is still valid');
    granted($by_cookie->('long'), { user => $name }, 'so is its session');
};

done_testing;
