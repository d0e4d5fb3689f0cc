#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Logins that winbind verifies: which requests wait for winbind, for how long, and that other
# requests do not wait.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(time);
use SSPI::Test qw(wait_until);
use SSPI::Test::Ntlm qw(ntlm_login ntlm_token ntlm_value);
use SSPI::Test::Scenario;
use SSPI::Test::Winbind;

my $reason = SSPI::Test::Winbind::skip_reason();
plan skip_all => $reason if defined $reason;

my $winbind = SSPI::Test::Winbind->new;
my @login = map { SSPI::Test::Winbind->can($_)->() } qw(USER DOMAIN PASSWORD);
my %login = (user => $login[0], domain => $login[1], password => $login[2]);
my %user = (user => "$login{domain}\\$login{user}");
my %server_config = (
    before => [ $winbind->before ],
    locations => [
        { path => '/p/', packages => 'NTLM', mechanisms => 'ntlm', realm => 'r' },
        { path => '/open/', sspi => 'off' },
    ],
    nginx => "add_header X-Worker \$pid always;\nerror_log \@DIR\@/logs/error.log info;\n",
);
my %nginx_config = (%server_config, on => 'nginx');
my %apache_config = (%server_config, on => 'apache', apache_head => "SSPIThreads 2\nKeepAliveTimeout 30\n");

sub login { my ($connection, %o) = @_; return (ntlm_login($connection, '/p/', %login, %o))[-1] }

# Returns a connection after the first leg, and the header of the last leg.
sub half {
    my ($server) = @_;
    my ($connection, $ntlm) = ($server->connection, SSPI::Test::Ntlm->new(%login));
    my $a = $connection->get('/p/', authorization => ntlm_value('NTLM', $ntlm->{negotiate}));
    return ($connection, ntlm_value('NTLM', $ntlm->authenticate(ntlm_token($a, 'NTLM'))));
}

sub ask { my ($connection, $value) = @_; $connection->send($connection->{client}->request_text('/p/', authorization => $value)); return }

# Each connection sends its last leg. winbind does not answer then.
sub ask_all {
    my ($server, $n) = @_;
    my @halves = map { [ half($server) ] } 1 .. $n;
    $winbind->pause;
    ask(@$_) for @halves;
    return map { $_->[0] } @halves;
}

# winbind continues for the next scenario, also if the checks die.
sub while_silent {
    my ($checks) = @_;
    my $done = eval { $checks->(); 1 };
    my $why = $@;
    $winbind->resume;
    die $why if !$done;
    return;
}

sub others_go_on {
    my ($server) = @_;
    my $began = time;
    my %n;
    $n{$server->connection->get('/open/')->status}++ for 1 .. 8;
    is_deeply(\%n, { 200 => 8 }, 'other clients are served');
    cmp_ok(time - $began, '<', 4, 'other requests do not wait');
    return;
}

# winbind answers again.
sub recovers {
    my ($server) = @_;
    $winbind->resume;
    # Each worker asks again by itself.
    ok(wait_until(sub { my @a = map { login($server->connection) } 1 .. 4; return !grep { $_->status != 200 } @a }, 40),
        'logins work again');
    return;
}

my $asked = message_id('WINBIND');
for my $kind (\%nginx_config, \%apache_config) {
    scenario 'winbind answers', $kind, sub {
        my ($server) = @_;
        my $connection = $server->connection;
        my $a = login($connection);
        like($server->log, qr/\b$asked\b.*\Q$login{domain}\E/, 'the first login logs the names of this machine');
        granted($a, { %user, package => 'NTLM', mechanism => 'NTLM' }, 'a login');
        refused(login($server->connection, password => 'no'), 401, 'a wrong password');
        logged($server, 'WRONG_PASSWORD');
        refused(login($server->connection, user => 'mallory'), 401, 'an unknown user');
        logged($server, 'WRONG_PASSWORD');
        granted($server->client->get('/p/', args => [ '--ntlm', '--user', "$user{user}:$login{password}" ]), \%user, 'curl');
        $winbind->pause;
        while_silent(sub { granted($connection->get('/p/'), \%user, 'a client that is logged in does not need winbind any more') });
    };
}

# ---- at the start of servers ----

for my $kind (\%nginx_config, \%apache_config) {
    $winbind->pause;
    scenario 'winbind does not answer while the server starts', $kind, sub {
        my ($server) = @_;
        my $began = time;
        is($server->test_config->{rc}, 0, 'the configuration test passes');
        cmp_ok(time - $began, '<', 5, 'without waiting');
        others_go_on($server);
        recovers($server);
    };
    $winbind->resume;
}

# ---- nginx: in threads, with a timeout ----

scenario 'winbind does not answer', \%nginx_config, sub {
    my ($server) = @_;
    my ($connection) = ask_all($server, 1);
    while_silent(sub {
        others_go_on($server);
        ok($connection->waits, 'a login waits');
        my $a = $connection->answer;
        is_deeply([ $a->status, $a->user ], [ 503, '' ], 'the login gets 503 after the timeout');
        is(count_messages($server, 'UNREACHABLE'), 1, 'the log has one line about the timeout');
        is($connection->get('/open/')->status, 200, 'its connection continues, although its thread still waits');
        is($connection->get('/p/')->status, 401, 'the connection has no user');
        my $worker = $a->header('X-Worker');
        my $again = wait_until(sub {
            my $other = $server->connection;
            return $other->get('/open/')->header('X-Worker') eq $worker ? $other : undef;
        });
        my $began = time;
        is(login($again)->status, 503, 'the next login of that worker is refused');
        cmp_ok(time - $began, '<', 3, 'the refused login does not wait');
        recovers($server);
    });
};

scenario 'more logins than threads', \%nginx_config, sub {
    my ($server) = @_;
    my @all = ask_all($server, 40);
    while_silent(sub {
        # Eight logins may wait in each of two workers.
        ok(wait_until(sub { 24 <= grep { !$_->waits } @all }, 4), 'the other logins get their answer at once');
        cmp_ok(scalar(grep { $_->waits } @all), '>=', 1, 'some logins wait meanwhile');
        others_go_on($server);
        my %n;
        $n{$_->answer->status}++ for @all;
        is_deeply(\%n, { 503 => 40 }, 'all answers are 503');
        cmp_ok(count_messages($server, 'BUSY'), '>=', 24, 'the log says that the limit is reached');
        unlike($server->log, qr/queue overflow/, 'no login is in a queue');
        recovers($server);
    });
};

scenario 'clients and servers that end while a thread waits', \%nginx_config, sub {
    my ($server) = @_;
    my @gone = ask_all($server, 4);
    while_silent(sub {
        $_->close for @gone;
        others_go_on($server);
    });
    granted(login($server->connection), \%user, 'clients that disconnect do no harm');
    my ($waiting) = ask_all($server, 1);
    my @workers = $server->workers;
    while_silent(sub {
        kill QUIT => $server->{pid};
        ok(wait_until(sub { $server->log =~ /gracefully shutting down/ }), 'the server begins to stop');
        is($waiting->answer->status, 503, 'the waiting client gets an answer');
        ok(wait_until(sub { !grep { kill 0, $_ } @workers }), 'the workers do not wait for their threads');
    });
};

# ---- httpd: in the request's own thread, with a limit ----

scenario 'winbind does not answer', \%apache_config, sub {
    my ($server) = @_;
    # Two logins may wait in each process.
    my @all = ask_all($server, 16);
    my $n_processes = () = $server->workers;
    while_silent(sub {
        ok(wait_until(sub { 16 - 2 * $n_processes <= grep { !$_->waits } @all }, 4), 'the other logins get their answer at once');
        my @waiting = grep { $_->waits } @all;
        cmp_ok(scalar @waiting, '>=', 1, 'some logins wait meanwhile');
        my %n = map { $_->answer->status => 1 } grep { !$_->waits } @all;
        is_deeply([ keys %n ], [503], 'the answers are 503');
        cmp_ok(count_messages($server, 'BUSY'), '>=', 1, 'the log says that the limit is reached');
        others_go_on($server);
        ok(wait_until(sub {
            my ($connection, $value) = half($server);
            my $began = time;
            ask($connection, $value);
            return wait_until(sub { !$connection->waits }, 2) && $connection->answer->status == 503
                && count_messages($server, 'UNREACHABLE') > 0;
        }, 20), 'after the timeout no further login waits');
        $winbind->resume;
        my @late = map { $_->answer->status } @waiting;
        is_deeply([ grep { $_ != 200 && $_ != 503 } @late ], [], 'the waiting clients get an answer in the end');
        recovers($server);
    });
};

# ---- parts of one page that wait at the same time ----

sub include { return join ' ', map { qq(<!--#include virtual="$_" -->) } @_ }

my %parts_config = (
    %server_config,
    nginx => '',
    locations => [
        @{$server_config{locations}},
        { path => '/page/', sspi => 'off', nginx => "ssi on;\nssi_types *;",
            apache => "AddType text/html .shtml\nAddOutputFilter INCLUDES .shtml" },
    ],
    files => { '/page/p.shtml' => 'BEGIN ' . include(map { "/p/$_" } 1 .. 3) . " END\n", map { ("/p/$_" => "PART$_") } 1 .. 3 },
);

sub parts_of { my ($answer) = @_; return join ' ', $answer->body =~ /\b(BEGIN|PART\d|END)\b/g }

for my $kind ({ %parts_config, on => 'nginx' }, { %parts_config, on => 'apache' }) {
    scenario 'parts of one page wait for the same login', $kind, sub {
        my ($server) = @_;
        my $complete = 'BEGIN PART1 PART2 PART3 END';
        my ($connection, $value) = half($server);
        $connection->send($connection->{client}->request_text('/page/p.shtml', authorization => $value));
        is(parts_of($connection->answer), $complete, 'winbind answers at once');
        ($connection, $value) = half($server);
        $winbind->pause;
        while_silent(sub {
            $connection->send($connection->{client}->request_text('/page/p.shtml', authorization => $value));
            others_go_on($server);
            ok($connection->waits, 'a page waits');
            $winbind->resume;
            is(parts_of($connection->answer), $complete, 'the page has all its parts');
        });
        ($connection, $value) = half($server);
        $winbind->pause;
        while_silent(sub {
            $connection->send($connection->{client}->request_text('/page/p.shtml', authorization => $value));
            others_go_on($server);
            $connection->close;
            others_go_on($server);
        });
        granted(login($server->connection), \%user, 'a client may close its connection');
        return if $server->kind eq 'apache'; # it waits as long as winbind waits
        ($connection, $value) = half($server);
        $winbind->pause;
        while_silent(sub {
            $connection->send($connection->{client}->request_text('/page/p.shtml', authorization => $value));
            my $a = $connection->answer;
            is(parts_of($a), 'BEGIN END', 'a page after the timeout has no part');
            is(count_messages($server, 'UNREACHABLE'), 1, 'the log has one line about the timeout');
        });
        recovers($server);
    };
}

# ---- winbind stops ----

for my $kind (\%nginx_config, \%apache_config) {
    scenario 'winbind stops and starts', $kind, sub {
        my ($server) = @_;
        granted(login($server->connection), \%user, 'a login');
        $winbind->stop;
        my $a = login($server->connection);
        is_deeply([ $a->status, $a->user ], [ 503, '' ], 'without it: 503');
        cmp_ok(count_messages($server, 'UNREACHABLE'), '>=', 1, 'the log says that winbind does not answer');
        others_go_on($server);
        $winbind->start;
        recovers($server);
    };

    $winbind->stop;
    my $missing = message_id('NO_WINBIND');
    scenario 'winbind is started later', $kind, sub {
        my ($server) = @_;
        is($server->connection->get('/p/')->status, 401, 'a request without credentials is challenged');
        is(login($server->connection)->status, 503, 'a login gets 503 until winbind runs');
        like($server->log, qr/\b$missing\b/, 'the log says that winbind does not run');
        others_go_on($server);
        $winbind->start;
        recovers($server);
    };
}

done_testing;
