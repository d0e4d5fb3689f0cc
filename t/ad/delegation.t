#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Constrained delegation in a domain, through both servers: a program logs in to a second server as
# the user, whose ticket the domain gives to the first server.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(time);
use SSPI::Test qw(wait_until);
use SSPI::Test::AD;
use SSPI::Test::Delegation;
use SSPI::Test::Scenario;

use constant { HOST => 'backend.test', REQUESTS => 60 };

my $reason = SSPI::Test::AD::skip_reason();
plan skip_all => $reason if defined $reason;

my $ad = SSPI::Test::AD->new(log_tickets => 1);
my ($domain, $realm, $password) = (SSPI::Test::AD::DOMAIN, SSPI::Test::AD::REALM, SSPI::Test::AD::PASSWORD);
my $target = 'HTTP/' . HOST;
my $backend_keytab = $ad->add_service('backend', $target);
$ad->set_upn(httpd => "HTTP/localhost\@$realm");
$ad->tool(qw(delegation add-service httpd), $target);
$ad->tool(qw(delegation for-any-protocol httpd on));
$ad->tool(qw(user sensitive carol on));
$ad->tool(qw(user enable carol));

my %login = map { $_ => $ad->login($_, forwardable => 1) } qw(alice bob carol);
my $unforwardable = $ad->login('alice');
my $backend = backend($ad, keytab => $backend_keytab, host => HOST);
my $programs = programs($ad, $backend);

sub delegates {
    my ($path, $dir, %o) = @_;
    return delegating($programs, $path, keytab => $ad->{keytab}, delegation => 's4u2proxy',
        delegation_dir => $dir, delegation_target => $target, %o);
}

my %any = (packages => 'Negotiate NTLM', mechanisms => 'kerberos ntlm', delegation => 's4u2self s4u2proxy',
    delegation_realm => $realm);

sub server {
    my ($dir) = @_;
    my @locations = (
        delegates('/p/', $dir),
        delegates('/required/', $dir, delegation_required => 'on'),
        delegates('/any/', $dir, %any),
        delegates('/session/', $dir, session => 'on', session_require_tls => 'off'),
        delegates('/wrong/', $dir, %any, delegation_target => 'HTTP/unknown.test'),
        delegates('/forbidden/', $dir, %any, delegation_target => 'HTTP/localhost'),
    );
    return { env => $ad->server_env, group => SSPI::Test::AD::PRIVILEGED, locations => \@locations,
        apache_head => script_alias($programs, map { $_->{path} } @locations) };
}

# The program is this user at the second server.
sub acts {
    my ($answer, $user, $remote_user, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $act = act($answer);
    return is_deeply({ map { $_ => $act->{$_} } qw(status user backend mode) },
        { status => 200, user => $remote_user, backend => "$user\@$realm", mode => '0600' },
        "$name: the program is $user at the second server") || diag(explain($act), $answer->brief);
}

# The user is admitted here, but the program has no tickets.
sub acts_not {
    my ($answer, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $act = act($answer);
    return is_deeply({ map { $_ => $act->{$_} } qw(status backend cache) },
        { status => 200, backend => '-', cache => '-' }, "$name: no tickets") || diag(explain($act), $answer->brief);
}

# How often the domain controller delegated this user.
sub n_trips {
    my ($user) = @_;
    return scalar $ad->log_lines(qr/constrained delegation for \Q$user\E\@\S+ from \S+ \S+ to \Q$target\E/);
}

my %kerberos = (negotiate => 1);
my $ntlm = sub { return (args => [ '--ntlm', '--user', "$domain\\$_[0]:$password" ]) };

{
    my $dir = ccache_dir();
    scenario 'a program logs in as the user of a ticket', server($dir), sub {
        my ($server) = @_;
        for my $user (qw(alice bob alice bob)) {
            my $c = $server->client(env => $login{$user});
            acts($c->get('/p/', %kerberos), $user, "$user\@$realm", "a request of $user");
            acts($c->get('/required/', %kerberos), $user, "$user\@$realm", 'where tickets are required');
        }
        ok(wait_until(sub { !ccaches($dir) }), 'no file is left');
    };

    scenario 'a program logs in as the user of NTLM', server($dir), sub {
        my ($server) = @_;
        my $c = $server->client(env => $ad->env_without_ticket);
        acts($c->get('/any/', $ntlm->($_)), $_, "$domain\\$_", "NTLM of $_") for qw(alice bob alice);
        acts($server->client(env => $login{bob})->get('/any/', %kerberos), 'bob', "bob\@$realm", 'a ticket at the same location');
        acts_not($server->client(env => $unforwardable)->get('/any/', %kerberos),
            'a ticket that is not forwardable, because s4u2self is not for users of Kerberos');
    };

    scenario 'one request to the KDC serves many requests', server($dir), sub {
        my ($server) = @_;
        my $before = n_trips('bob');
        my $c = $server->client(env => $login{bob});
        my $answer = $c->get([ map { "/p/$_" } 1 .. REQUESTS ], %kerberos);
        is(scalar(grep { $_->status == 200 } @{$answer->{all}}), REQUESTS, 'all requests are served');
        acts($answer, 'bob', "bob\@$realm", 'the last one');
        is(n_trips('bob') - $before, 1, 'the domain controller was asked once');
    };

    scenario 'why there are no tickets', server($dir), sub {
        my ($server) = @_;
        my $c = $server->client(env => $login{alice});
        message_lines($server);
        acts_not($server->client(env => $unforwardable)->get('/p/', %kerberos), 'a ticket that is not forwardable');
        logged($server, 'NO_DELEGATION', "alice\@$realm", qr/not forwardable/);
        acts_not($c->get('/wrong/', %kerberos), 'an unknown target');
        logged($server, 'NO_DELEGATION', "alice\@$realm", 'HTTP/unknown.test', qr/does not know the target/);
        acts_not($c->get('/forbidden/', %kerberos), 'a target that is not allowed');
        logged($server, 'NO_DELEGATION', "alice\@$realm", 'HTTP/localhost', qr/does not let/);
        acts_not($server->client(env => $login{carol})->get('/p/', %kerberos), 'a sensitive user');
        logged($server, 'NO_DELEGATION', "carol\@$realm", qr/not forwardable/);
        acts_not($server->client(env => $ad->env_without_ticket)->get('/any/', $ntlm->('carol')), 'a sensitive user of NTLM');
        logged($server, 'NO_DELEGATION', qr/carol/, qr/not forwardable/);
        refused($server->client(env => $login{carol})->get('/required/', %kerberos), 403, 'where tickets are required');
        logged($server, 'DELEGATION_REQUIRED', "carol\@$realm", qr/not forwardable/);
    };

    scenario 'a domain controller that is away refuses no user', server($dir), sub {
        my ($server) = @_;
        my $c = $server->client(env => $login{alice});
        acts($c->get('/session/', %kerberos), 'alice', "alice\@$realm", 'before');
        message_lines($server);
        my $token = $server->client(env => $login{bob})->negotiate_header;
        $ad->pause;
        my $began = time;
        my $answer = $server->client(env => $login{bob})->get('/p/', authorization => $token);
        my $took_s = time - $began;
        $ad->resume;
        acts_not($answer, 'a silent domain controller');
        cmp_ok($took_s, '<', 12, 'the user waits for at most ten seconds');
        logged($server, 'NO_DELEGATION', "bob\@$realm");
    };
}

done_testing;
