#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The server ends a login that a connection keeps, if its line of the user file is removed or changed, or
# if its lifetime has passed. Each case has a twin: a login that does not end.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(wait_until);
use SSPI::Test::Gss qw(negotiate_value spnego_init spnego_response);
use SSPI::Test::Ntlm qw(ntlm_login ntlm_message ntlm_token ntlm_user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $ticket = $kdc->login('alice');
my %line = map { $_ => ntlm_user_line($_, 'CORP', 'pw') } qw(alice bob carl);
my %ntlm = (packages => 'Negotiate NTLM', mechanisms => 'kerberos ntlm', keytab => $kdc->{keytab},
    ntlm_user_file => '@DIR@/changing', realm => 'r');
my %server_config = (
    env => $kdc->server_env,
    data => { changing => join('', @line{qw(alice bob carl)}), late => $line{alice} },
    locations => [
        { path => '/p/', %ntlm },
        { path => '/all/', %ntlm, connection_auth => 'all' },
        { path => '/optional/', %ntlm, sspi => 'optional' },
        { path => '/only/', %ntlm, packages => 'Negotiate', mechanisms => 'ntlm', ntlm_user_file => '@DIR@/late' },
        { path => '/brief/', %ntlm, connection_lifetime => '4s' },
        { path => '/brief-all/', %ntlm, connection_auth => 'all', connection_lifetime => '4s' },
        { path => '/pages/', %ntlm, apache => "Options +Includes\nAddType text/html .html\nSetOutputFilter INCLUDES",
            nginx => 'ssi on;' },
    ],
    files => { '/pages/both.html' => join '', map { qq(<!--#include virtual="/$_/" -->) } qw(p brief) },
);

# Returns a connection with an NTLM login.
sub logged_in {
    my ($server, $user, %how) = @_;
    my $connection = $server->connection;
    granted((ntlm_login($connection, '/p/', user => $user, %how))[-1], { user => "CORP\\$user" }, "$user logs in");
    return $connection;
}

# Runs an NTLM login up to the credentials. Returns the connection, and the header of the last leg.
# That leg is the mechListMIC, which is needed because the list names another mechanism first.
sub login_before_last_leg {
    my ($server) = @_;
    my @list = qw(kerberos ntlm);
    my ($connection, $ntlm) = ($server->connection, SSPI::Test::Ntlm->new);
    my $say = sub { ntlm_token($connection->get('/only/', authorization => negotiate_value($_[0])), 'Negotiate') };
    $say->(spnego_init(\@list));
    my $challenge = ntlm_message($say->(spnego_response($ntlm->{negotiate})));
    $say->(spnego_response($ntlm->authenticate($challenge)));
    return ($connection, negotiate_value(spnego_response(undef, $ntlm->mic(SSPI::Test::Gss::mechanism_list(@list)))));
}

# Sends requests until the connection's login has ended. Each worker detects the change at its own
# time.
sub ends {
    my ($connection, $path, $name) = @_;
    my $answer;
    ok(wait_until(sub { ($answer = $connection->get($path))->status != 200 }, 30), "$name: ends");
    refused($answer, 401, "$name: the server asks for credentials");
    return;
}

# Returns the log lines about ended logins since the last call.
sub ended_lines {
    my ($server) = @_;
    my $ended = message_id('LOGIN_ENDED');
    return grep { /\b$ended\b/ } split /\n/, $server->new_log;
}

sub logged_once {
    my ($server, $user, $words) = @_;
    my @lines = ended_lines($server);
    ok(@lines == 1 && $lines[0] =~ /CORP.*$user on .*$words/, "one log line gives the reason: $words")
        or diag(map { "$_\n" } @lines, 'end of the log lines');
    return;
}

parts 'a login by a user file', \%server_config,
    'ends when its user is removed' => sub {
        my ($server) = @_;
        my ($alice, $bob, $optional) = map { logged_in($server, $_) } qw(alice bob bob);
        granted($bob->get('/p/'), { user => 'CORP\\bob' }, 'the login of bob stays as long as the file does not change');
        ended_lines($server);
        $server->add_data('changing', join '', @line{qw(alice carl)});
        ends($bob, '/p/', 'without his line, bob\'s login');
        logged_once($server, 'bob', 'user file');
        granted($alice->get('/p/'), { user => 'CORP\\alice' }, 'the login of alice stays');
        my $answer;
        ok(wait_until(sub { ($answer = $optional->get('/optional/'))->user eq '' }, 30), 'at a location with optional credentials');
        is($answer->status, 200, 'bob\'s next request is anonymous');
        refused((ntlm_login($bob, '/p/', user => 'bob'))[-1], 401, 'bob cannot log in again');
        $server->add_data('changing', join '', @line{qw(alice bob carl)});
        my $again = $server->connection;
        ok(wait_until(sub { (ntlm_login($again, '/p/', user => 'bob'))[-1]->status == 200 }, 30), 'bob can log in when his line is back');
        refused($bob->get('/p/'), 401, 'the ended login does not come back');
        granted($alice->get('/p/'), { user => 'CORP\\alice' }, 'the login of alice has stayed all the time');
    },
    'ends when its password was changed' => sub {
        my ($server) = @_;
        my ($alice, $carl) = map { logged_in($server, $_) } qw(alice carl);
        ended_lines($server);
        # The lines have another order and a comment, but carl's line is the same.
        $server->add_data('changing',
            join '', "# changed\n", @line{qw(carl bob)}, ntlm_user_line('alice', 'CORP', 'another'));
        ends($alice, '/p/', 'with another hash, alice\'s login');
        logged_once($server, 'alice', 'password');
        granted($carl->get('/p/'), { user => 'CORP\\carl' }, 'the login of carl stays');
        refused((ntlm_login($alice, '/p/', user => 'alice'))[-1], 401, 'the old password is wrong');
        granted((ntlm_login($alice, '/p/', user => 'alice', password => 'another'))[-1], { user => 'CORP\\alice' },
            'the new password is right');
        granted($alice->get('/p/'), { user => 'CORP\\alice' }, 'this login stays');
    },
    'does not stay if its password was changed after the credentials were verified' => sub {
        my ($server) = @_;
        my ($same, $same_mic) = login_before_last_leg($server);
        granted($same->get('/only/', authorization => $same_mic), { user => 'CORP\\alice' }, 'the last leg');
        granted($same->get('/only/'), { user => 'CORP\\alice' }, 'its login stays');
        my ($late, $late_mic) = login_before_last_leg($server);
        $server->add_data('late', ntlm_user_line('alice', 'CORP', 'another'));
        $late->get('/only/', authorization => $late_mic);
        refused($late->get('/only/'), 401, 'the login does not stay if the hash has changed meanwhile');
    };

parts 'a login of any kind', \%server_config,
    'ends with its lifetime' => sub {
        my ($server) = @_;
        my ($older, $connection) = map { logged_in($server, 'alice') } 1, 2;
        my $kerberos = $server->connection;
        granted($kerberos->get('/all/', authorization => SSPI::Test::Gss->header(env => $ticket)),
            { user => 'alice@SSPI.TEST' }, 'a login of alice by a ticket');
        my $page = $server->connection;
        ntlm_login($page, '/p/');
        like($page->get('/pages/both.html')->body, qr{page of /p/.*page of /brief/}s, 'a location with a short lifetime accepts a new login');
        ended_lines($server);
        ends($connection, '/brief/', 'an older login at that location');
        logged_once($server, 'alice', 'lifetime');
        refused($connection->get('/p/'), 401, 'that login has ended everywhere');
        my $answer = $older->get('/pages/both.html');
        granted($answer, { user => 'CORP\\alice' }, 'a login that was not used there stays');
        like($answer->body, qr{page of /p/}, 'the page has the part of the location that accepts the login');
        unlike($answer->body, qr{page of /brief/}, 'the page does not have the part of the other location');
        ends($kerberos, '/brief-all/', 'a login by a ticket');
        granted($older->get('/p/'), { user => 'CORP\\alice' }, 'the lifetime of other locations is hours');
        granted((ntlm_login($connection, '/brief/'))[-1], { user => 'CORP\\alice' }, 'after another login');
    };

done_testing;
