#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Both servers in a domain of Active Directory: tickets, NTLM through winbind, and a domain
# controller that stops answering.
use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Encode qw(encode);
use IO::Select;
use Time::HiRes qw(time);
use SSPI::Test qw(wait_until);
use SSPI::Test::AD;
use SSPI::Test::NtlmAuth;
use SSPI::Test::Scenario;

my $reason = SSPI::Test::AD::skip_reason();
plan skip_all => $reason if defined $reason;

my $ad = SSPI::Test::AD->new;
my ($domain, $realm, $password) = (SSPI::Test::AD::DOMAIN, SSPI::Test::AD::REALM, SSPI::Test::AD::PASSWORD);
my $jaeson = "j\xe4s\xf8n";
my %ticket = map { $_ => $ad->login($_) } 'alice', $jaeson;
my %both = (packages => 'Negotiate NTLM', mechanisms => 'kerberos ntlm', keytab => $ad->{keytab});
my %server_config = (
    env => $ad->server_env,
    group => SSPI::Test::AD::PRIVILEGED,
    locations => [
        { path => '/full/', %both },
        { path => '/short/', %both, user_name => 'short' },
        { path => '/alice/', %both, require => ["user $domain\\\\alice"] },
        { path => '/kerberos/', packages => 'Negotiate', keytab => $ad->{keytab} },
        { path => '/session/', %both, session => 'on', session_require_tls => 'off', connection_auth => 'off' },
    ],
);
my $alice = "$domain\\alice";

# Logs in by NTLM on a new connection. Returns the last answer. Options: path, scheme, spnego, user,
# password.
sub ntlm {
    my ($client, %opt) = @_;
    my ($socket, $auth) = ($client->connect_raw, SSPI::Test::NtlmAuth->new(
            domain => $domain, user => $opt{user} // 'alice', password => $opt{password} // $password,
            spnego => $opt{spnego}));
    my $scheme = $opt{scheme} // 'NTLM';
    my $say = sub {
        my ($token) = @_;
        syswrite $socket, $client->request_text($opt{path} // '/full/', authorization => "$scheme $token");
    };
    $say->($auth->token);
    my $challenge = SSPI::Test::Client::read_answer($socket);
    my ($token) = map { /\A$scheme (\S+)/ } $challenge->challenges;
    return $challenge if !defined $token;
    $say->($auth->token($token));
    return $socket if $opt{leave};
    return SSPI::Test::Client::read_answer($socket);
}

scenario 'tickets of the domain', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $ticket{alice});
    granted($c->get('/full/', negotiate => 1),
        { user => "alice\@$realm", package => 'Negotiate', mechanism => 'Kerberos' }, 'the full name');
    granted($c->get('/short/', negotiate => 1), { user => 'alice' }, 'short');
    is($c->get('/alice/', negotiate => 1)->status, 403, "the name of the realm differs from that of the domain");
    granted($server->client(env => $ticket{$jaeson})->get('/full/', negotiate => 1),
        { user => encode('UTF-8', "$jaeson\@$realm") }, 'a name that is not ASCII');
};

scenario 'NTLM through winbind', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $ad->env_without_ticket);
    my $curl = sub { return $c->get($_[0], ntlm => $_[1]) };
    my %alice = (user => $alice, package => 'NTLM', mechanism => 'NTLM');
    granted($curl->('/full/', "$alice:$password"), \%alice, 'curl');
    granted($curl->('/full/', "alice:$password"), \%alice, 'curl, without a domain');
    granted($curl->('/short/', "$alice:$password"), { user => 'alice' }, 'our own domain is cut off');
    granted($curl->('/alice/', "$alice:$password"), { user => $alice }, 'a required user');
    is($curl->('/alice/', "$domain\\bob:$password")->status, 403, 'a user who is not required');
    granted(ntlm($c), \%alice, 'ntlm_auth, with a MIC');
    granted(ntlm($c, scheme => 'Negotiate'), { %alice, package => 'Negotiate' }, 'bare NTLM in Negotiate');
    granted(ntlm($c, scheme => 'Negotiate', spnego => 1), { %alice, package => 'Negotiate' }, 'NTLM in SPNEGO');
    granted(ntlm($c, user => $jaeson), { user => encode('UTF-8', "$domain\\$jaeson") },
        'a name that is not ASCII');
    $server->new_log;
    my %refused = (
        'a wrong password' => [ 'WRONG_PASSWORD', password => 'wrong' ],
        'an unknown user' => [ 'NO_SUCH_USER', user => 'mallory' ],
        'a disabled user' => [ 'ACCOUNT_DISABLED', user => 'carol' ],
        'a password that must be changed' => [ 'PASSWORD_MUST_CHANGE', user => 'dave' ],
    );
    for my $what (sort keys %refused) {
        my ($status, @login) = @{$refused{$what}};
        refused(ntlm($c, @login), 401, $what);
        logged($server, 'WRONG_PASSWORD', $status);
    }
    refused(ntlm($c, scheme => 'Negotiate', path => '/kerberos/'), 401, 'a location with only Kerberos');
};

# The audience of a session by winbind is the SID of the domain, which a new worker does not know yet.
scenario 'sessions of the domain', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $ad->env_without_ticket);
    my $pair = sub { return (scalar($_[0]->header('Set-Cookie')) // '') =~ /\A([^;]*)/ ? $1 : '' };
    my $ntlm = $pair->($c->get('/session/', ntlm => "$alice:$password"));
    my $kerberos = $pair->($server->client(env => $ticket{alice})->get('/session/', negotiate => 1));
    my $with = sub { return $c->get('/session/', args => [ '--header', "Cookie: $_[0]" ]) };
    granted($with->($ntlm), { user => $alice, mechanism => 'NTLM' }, 'the cookie of NTLM');
    granted($with->($kerberos), { user => "alice\@$realm", mechanism => 'Kerberos' }, 'the cookie of a ticket');
    like(scalar($with->($kerberos)->header('X-Sspi-Sid')) // '', qr{\AS-1-5-21-}, 'the session has the SID of the user');
    $server->replace_workers;
    granted($with->($ntlm), { user => $alice }, 'the cookie of NTLM at a new worker');
};

scenario 'workers outside the group of the privileged pipe', { %server_config, group => undef }, sub {
    my ($server) = @_;
    my $no_pipe = message_id('NO_PIPE');
    like($server->log, qr/$no_pipe/, 'the server logs it at start');
    $server->new_log;
    refused(ntlm($server->client), 500, 'no login');
    my ($configuration, $group) = (message_id('CONFIGURATION'), SSPI::Test::AD::PRIVILEGED);
    like($server->new_log, qr/$configuration\b.*$group/, 'the log names the needed group');
    granted($server->client(env => $ticket{alice})->get('/full/', negotiate => 1),
        { user => "alice\@$realm" }, 'a ticket still works');
};

# Returns the seconds that a login took, and its status.
sub timed { my ($code) = @_; my $began = time; my $answer = $code->(); return (time - $began, $answer) }

# Waits until each process refuses logins without asking winbind. A login that waits instead is
# added to `waiting`.
sub refused_at_once {
    my ($c, $waiting) = @_;
    for (1 .. 4) {
        my $socket = ntlm($c, leave => 1);
        if (!IO::Select->new($socket)->can_read(2)) {
            push @$waiting, $socket;
            return 0;
        }
        return 0 if SSPI::Test::Client::read_answer($socket)->status != 503;
    }
    return 1;
}

sub others_go_on {
    my ($server) = @_;
    my ($seconds, $answer) = timed(sub {
        return $server->client(env => $ticket{alice})->get('/full/', negotiate => 1);
    });
    granted($answer, { user => "alice\@$realm" }, 'a ticket opens the page meanwhile');
    cmp_ok($seconds, '<', 10, 'the ticket does not wait');
    return;
}

sub recovers {
    my ($server, $c) = @_;
    my $began = time;
    my $answer;
    $ad->resume;
    ok(wait_until(sub { $answer = ntlm($c); return $answer->status == 200 }, 30), 'logins work again')
        or diag($answer->brief);
    cmp_ok(time - $began, '<', 20, 'a login succeeds soon after the domain controller answers');
    return;
}

# Each process asks winbind for its names at its first login.
sub all_know_winbind {
    my ($server, $c) = @_;
    my $names = message_id('WINBIND');
    ok(wait_until(sub { ntlm($c); return (() = $server->log =~ /$names/g) >= 2 }, 30), 'each process asks winbind');
    return;
}

scenario 'a domain controller that does not answer, nginx', { %server_config, on => 'nginx' }, sub {
    my ($server) = @_;
    my $c = $server->client;
    granted(ntlm($c), { user => $alice }, 'a login succeeds before the failure');
    all_know_winbind($server, $c);
    $server->new_log;
    $ad->while_paused(sub {
        my $waiting = ntlm($c, leave => 1);
        others_go_on($server);
        my ($seconds, $answer) = timed(sub { return SSPI::Test::Client::read_answer($waiting) });
        refused($answer, 503, 'the login gets 503');
        cmp_ok($seconds, '<', 15, 'the login gets its answer after the timeout');
        logged($server, 'UNREACHABLE');
        # Each worker detects the failure by itself.
        my @given_up;
        ok(wait_until(sub { return refused_at_once($c, \@given_up) }, 60), 'later logins get 503 at once');
        others_go_on($server);
        recovers($server, $c);
    });
};

scenario 'a domain controller that does not answer, httpd', { %server_config, on => 'apache' }, sub {
    my ($server) = @_;
    my $c = $server->client;
    granted(ntlm($c), { user => $alice }, 'a login succeeds before the failure');
    all_know_winbind($server, $c);
    $server->new_log;
    $ad->while_paused(sub {
        # The thread of the request waits as long as winbind waits.
        my @waiting = (ntlm($c, leave => 1));
        others_go_on($server);
        ok(wait_until(sub { return refused_at_once($c, \@waiting) }, 60), 'later logins get 503 at once');
        others_go_on($server);
        recovers($server, $c);
        my @late = map { SSPI::Test::Client::read_answer($_)->status } @waiting;
        is(scalar(grep { $_ == 200 || $_ == 503 } @late), scalar @late, 'the waiting logins get an answer')
            or diag("@late");
    });
};

done_testing;
