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
my %apache_config = (%server_config, on => 'apache', apache_head => "SSPIThreads 2\nKeepAliveTimeout 30\nGracefulShutdownTimeout 30\n");

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
        granted($server->client->get('/p/', ntlm => "$user{user}:$login{password}"), \%user, 'curl');
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

# ---- in threads, with a deadline ----

# Returns the answer to a request with this value, or undef if the answer takes long.
sub quick_answer {
    my ($connection, $value) = @_;
    ask($connection, $value);
    return wait_until(sub { !$connection->waits }, 2) ? $connection->answer : undef;
}

# True if a login of a new connection gets 503 at once for its last leg, in the process that has
# waited for winbind. Another process still has to ask winbind for its names in the first leg.
sub is_refused_at_once {
    my ($server) = @_;
    my ($connection, $ntlm) = ($server->connection, SSPI::Test::Ntlm->new(%login));
    my $first = quick_answer($connection, ntlm_value('NTLM', $ntlm->{negotiate}));
    return if !$first || $first->status != 401;
    my $last = quick_answer($connection, ntlm_value('NTLM', $ntlm->authenticate(ntlm_token($first, 'NTLM'))));
    return $last && $last->status == 503;
}

for my $kind (\%nginx_config, \%apache_config) {
    scenario 'winbind does not answer', $kind, sub {
        my ($server) = @_;
        my ($connection) = ask_all($server, 1);
        while_silent(sub {
            others_go_on($server);
            ok($connection->waits, 'a login waits');
            my $began = time;
            my $a = $connection->answer;
            is_deeply([ $a->status, $a->user ], [ 503, '' ], 'the login gets 503 after the deadline');
            cmp_ok(time - $began, '<', 12, 'the deadline is 10 s');
            is(count_messages($server, 'UNREACHABLE'), 1, 'the log has one line about the deadline');
            if ($server->kind eq 'nginx') { # httpd closes the connection after each 503
                is($connection->get('/open/')->status, 200, 'its connection continues, although its thread still waits');
                is($connection->get('/p/')->status, 401, 'the connection has no user');
            }
            ok(wait_until(sub { is_refused_at_once($server) }, 20), 'the next login of that process is refused at once');
            recovers($server);
        });
    };
}

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

# A process of httpd unloads its modules at its end. The thread that it leaves behind does no harm.
# mpm_prefork sends its signals to a process group, which must not be that of the test.
for my $kind (\%nginx_config, map { { %apache_config, mpm => $_, http2 => 0, before => [ 'setsid', $winbind->before ] } } qw(event worker prefork)) {
    my $mpm = $kind->{mpm} // '';
    scenario "clients and servers that end while a thread waits $mpm", $kind, sub {
        my ($server) = @_;
        my @gone = ask_all($server, 2);
        while_silent(sub {
            $_->close for @gone;
            others_go_on($server);
        });
        ok(wait_until(sub { login($server->connection)->status == 200 }), 'clients that disconnect do no harm');
        my ($waiting) = ask_all($server, 1);
        my @workers = $server->workers;
        while_silent(sub {
            kill $server->kind eq 'nginx' ? 'QUIT' : 'WINCH' => $server->{pid};
            is($waiting->answer->status, 503, 'the waiting client gets an answer');
            ok(wait_until(sub { !grep { kill 0, $_ } @workers }), 'the processes do not wait for their threads');
        });
    };
}

scenario 'more logins than SSPIThreads', \%apache_config, sub {
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
        is_deeply([ grep { $_->answer->status != 503 } @waiting ], [], 'the waiting logins get 503 after the deadline');
        ok(wait_until(sub { is_refused_at_once($server) }, 20), 'then no further login waits');
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
