#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Sessions and the key file: servers that share it, a rotation while clients send requests, and what
# survives a restart.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Time::HiRes qw(time);
use Test::More;
use SSPI::Test qw(built is_root scratch_dir spew wait_until worker_user);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Scenario;
use SSPI::Test::Session;

my $users = spew(scratch_dir('users') . '/users', user_line('alice', 'r', 'pw'), 0644);
my @locations = ({ path => '/p/', packages => 'Digest', realm => 'r', digest_user_file => $users, session => 'on' },
    { path => '/out', sspi => 'off', apache => 'SetHandler sspi-logout', nginx => 'sspi_logout;' });
my %alice = (user => 'alice');

# Makes a key file that workers can read again.
sub shared_key_file {
    my $file = key_file();
    chown -1, scalar getgrnam(worker_user()), $file or die "$file: $!\n" if is_root();
    chmod 0640, $file;
    return $file;
}

sub server_config {
    my ($file, $state) = @_;
    return (locations => \@locations, apache_head => "SSPIKeyFile $file\n" . ($state ? "SSPIStateFile $state\n" : ''),
        nginx_http => "sspi_key_file $file;" . ($state ? "sspi_state_file $state;" : ''));
}

sub sspi_key { return SSPI::Test::must_run([ built('key'), @_ ]) }
sub login { my ($server) = @_; return set_by_login($server->client->get('/p/', tls => 1, digest => 'alice:pw'), $server->kind) }
sub page { my ($server, $cookie) = @_; return $server->client->get('/p/', tls => 1, cookie_header($cookie)) }
sub stop_all { is_deeply([ map { $_->stop } @_ ], [], 'the error logs have only expected lines'); return }

SKIP: {
    skip 'both servers are needed', 1 if !wanted('apache') || !wanted('nginx');

    subtest 'servers that share a key file share sessions' => sub {
        my $file = shared_key_file();
        my @both = map { $_->new(server_config($file))->start } qw(SSPI::Test::Apache SSPI::Test::Nginx);
        for my $order ([ @both ], [ reverse @both ]) {
            my ($first, $second) = @$order;
            my $cookie = login($first);
            granted(page($_, $cookie), \%alice, 'a session of ' . $first->kind . ' on ' . $_->kind) for $first, $second;
        }
        stop_all(@both);
    };

    subtest 'servers with other keys leave the cookie alone' => sub {
        my ($first, $second) = map { $_->new(server_config(shared_key_file()))->start } qw(SSPI::Test::Apache SSPI::Test::Nginx);
        for my $order ([ $first, $second ], [ $second, $first ]) {
            my $answer = page($order->[1], login($order->[0]));
            refused($answer, 401, 'a session of ' . $order->[0]->kind . ' on ' . $order->[1]->kind);
            is_deeply([ cookies($answer) ], [], 'the cookie is kept');
        }
        stop_all($first, $second);
    };
}

# Requests pages with all cookies for longer than a worker waits between two checks of the key file.
# Returns the statuses that are not 200.
sub keep_busy {
    my ($server, @cookies) = @_;
    my ($until, @bad) = (time + 1.3);
    do {
        push @bad, grep { $_ != 200 } map { page($server, $_)->status } @cookies;
    } while (time < $until);
    return @bad;
}

my $file = shared_key_file();
scenario 'a rotation while clients send requests', { server_config($file) }, sub {
    my ($server) = @_;
    my @sessions = login($server);
    my @bad;
    for my $rotation (1 .. 2) {
        sspi_key('--add', $file);
        push @bad, keep_busy($server, @sessions);
        sspi_key('--rotate', $file);
        push @bad, keep_busy($server, @sessions);
        push @sessions, login($server);
        push @bad, keep_busy($server, @sessions);
    }
    is_deeply(\@bad, [], 'every request is granted by its session');
    my %names = map { substr($_, length('__Host-sspi='), 10) => 1 } @sessions;
    is(scalar(keys %names), 3, 'each rotation gave new sessions another key');
    for (3 .. 4) {
        sspi_key('--add', $file);
        sspi_key('--rotate', $file);
    }
    my $answer;
    ok(wait_until(sub { $answer = page($server, $sessions[0]); $answer->status == 401 }), 'the fourth rotation ends the first session');
    is_deeply([ cookies($answer) ], [], 'its cookie is kept');
    granted(page($server, $sessions[$_]), \%alice, "session $_ goes on") for 1, 2;
};

my $replaced = shared_key_file();
scenario 'a key that is gone while a connection stays open', { server_config($replaced) }, sub {
    my ($server) = @_;
    my ($cookie, $connection) = (login($server), $server->connection(tls => 1));
    my $get = sub { return $connection->get('/p/', headers => ["Cookie: $cookie"]) };
    granted($get->(), \%alice, "request $_") for 1, 2;
    sspi_key('--add', $replaced);
    sspi_key('--rotate', $replaced);
    ok(wait_until(sub { my $new = login($server); substr($new, 12, 10) ne substr($cookie, 12, 10) }), 'a new key seals');
    granted($get->(), \%alice, 'the old key still opens');
    for (1 .. 3) {
        sspi_key('--add', $replaced);
        sspi_key('--rotate', $replaced);
    }
    my $answer;
    ok(wait_until(sub { $answer = $get->(); $answer->status == 401 }), 'the session ends with its key');
    is_deeply([ cookies($answer) ], [], 'its cookie is kept');
};

my $state = scratch_dir('state');
scenario 'a restart with a key file and a state file', { server_config($file, "$state/state") }, sub {
    my ($server) = @_;
    my ($kept, $ended) = map { login($server) } 1, 2;
    my $answer = $server->client->get('/out', method => 'POST', tls => 1, cookie_header($ended));
    is($answer->status, 204, 'a logout');
    refused(page($server, $ended), 401, 'the session that ended');
    is_deeply([ $server->stop ], [], 'the server stops');
    $server->start;
    granted(page($server, $kept), \%alice, 'the session goes on after the restart');
    refused(page($server, $ended), 401, 'and the session that ended does not come back');
};

done_testing;
