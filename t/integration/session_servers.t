#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Sessions of several servers: Apache and nginx with one key file and one state file, restarts, and
# keys that change while clients use them.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use POSIX ();
use Test::More;
use Time::HiRes qw(time);
use SSPI::Test qw(built is_root on_end scratch_dir wait_until worker_user);
use SSPI::Test::Apache;
use SSPI::Test::KDC;
use SSPI::Test::Nginx;
use SSPI::Test::Scenario qw(granted refused wanted);
use SSPI::Test::Session;

plan skip_all => 'needs both servers' if grep { !wanted($_) } qw(apache nginx);

# Longer than the time after which a worker looks at its files again.
use constant REREAD_S => 1.2;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my %here = (packages => 'Negotiate', keytab => $kdc->{keytab}, session => 'on');
my %by_alice = (user => 'alice@SSPI.TEST');

# Makes a key file that workers can read.
sub shared_keys {
    my $file = key_file();
    if (is_root()) {
        my $group = getgrnam worker_user();
        chown -1, $group, $file or die "$file: $!\n";
    }
    chmod 0640, $file or die "$file: $!\n";
    return $file;
}

# Starts both servers with these files; each may be undef.
sub both {
    my ($keys, $state) = @_;
    my %server_config = (
        env => $kdc->server_env,
        apache_head => join('', defined $keys ? "SSPIKeyFile $keys\n" : '', defined $state ? "SSPIStateFile $state\n" : ''),
        nginx_http => join('', defined $keys ? "sspi_key_file $keys;\n" : '', defined $state ? "sspi_state_file $state;\n" : ''),
        locations => [
            { path => '/p/', %here },
            { path => '/brief/', %here, session_lifetime => '2s' },
            { path => '/out', sspi => 'off', apache => 'SetHandler sspi-logout', nginx => 'sspi_logout;' },
        ],
    );
    return map { $_->new(%server_config)->start } qw(SSPI::Test::Apache SSPI::Test::Nginx);
}

sub login {
    my ($server, $path) = @_;
    return set_by_login($server->client(env => $alice)->get($path // '/p/', negotiate => 1, tls => 1), 'a login at ' . $server->kind);
}

sub page {
    my ($server, $cookie, $path) = @_;
    return $server->client->get($path // '/p/', tls => 1, cookie_header($cookie));
}

sub end { my (@servers) = @_; is_deeply([ map { $_->stop } @servers ], [], 'the logs have no error'); return }

sub key_of { my ($cookie) = @_; return substr $cookie =~ s/.*=//r, 0, 10 }

subtest 'one key file' => sub {
    my $keys = shared_keys();
    my @servers = both($keys);
    my %cookie = map { $_->kind => login($_) } @servers;
    is(key_of($cookie{apache}), key_of($cookie{nginx}), 'both servers seal with the same key');
    for my $server (@servers) {
        granted(page($server, $cookie{$_}), \%by_alice, "the session of $_ at " . $server->kind) for sort keys %cookie;
    }
    for my $server (@servers) {
        is_deeply([ $server->stop ], [], $server->kind . ' stops');
        $server->start;
        granted(page($server, $cookie{$_}), \%by_alice, "the session of $_ after a restart of " . $server->kind) for sort keys %cookie;
    }
    end(@servers);
};

subtest 'no key file' => sub {
    my @servers = both();
    my %cookie = map { $_->kind => login($_) } @servers;
    my ($apache, $nginx) = @servers;
    refused(page($apache, $cookie{nginx}), 401, 'the session of nginx at Apache');
    refused(page($nginx, $cookie{apache}), 401, 'the session of Apache at nginx');
    for my $server (@servers) {
        $server->replace_workers;
        granted(page($server, $cookie{$server->kind}), \%by_alice, 'a reload of ' . $server->kind . ' keeps sessions');
        is_deeply([ $server->stop ], [], $server->kind . ' stops');
        $server->start;
        my $answer = page($server, $cookie{$server->kind});
        refused($answer, 401, 'a restart of ' . $server->kind . ' ends them');
        is_deeply([ cookies($answer) ], [], 'it keeps the cookie, which may be that of another server');
    }
    end(@servers);
};

subtest 'one state file, a logout' => sub {
    my $dir = scratch_dir('state');
    my @servers = both(undef, "$dir/state");
    for my $server (@servers) {
        my ($other) = grep { $_ != $server } @servers;
        my $cookie = login($server, '/brief/');
        granted(page($other, $cookie, '/brief/'), \%by_alice, 'the session of ' . $server->kind . ' at ' . $other->kind);
        my $renewed;
        ok(wait_until(sub { $renewed = session_of(page($server, $cookie, '/brief/')) }, 10), 'it is renewed');
        granted(page($other, $renewed, '/brief/'), \%by_alice, 'the renewed cookie');
        my $answer = $other->client->get('/out', method => 'POST', tls => 1, cookie_header($renewed));
        is($answer->status, 204, 'a logout at ' . $other->kind);
        refused(page($_->[0], $_->[1], '/brief/'), 401, $_->[0]->kind . ": $_->[2]")
            for map { ([ $_, $renewed, 'the renewed cookie' ], [ $_, $cookie, 'the first one' ]) } @servers;
    }
    end(@servers);
};

# Starts a process that uses a session, one connection after the other. Returns a function that stops
# it, and returns its answers: "status user" => how many.
sub load {
    my ($server, $cookie) = @_;
    pipe my $said, my $says or die "pipe: $!\n";
    pipe my $stopped, my $stops or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        close $_ for $said, $stops;
        my $stop = IO::Select->new($stopped);
        my (%came, $connection, $n);
        while (!$stop->can_read(0)) {
            $connection = $server->connection(tls => 1) if $n++ % 500 == 0;
            my $answer = $connection->get('/brief/', headers => ["Cookie: $cookie"]);
            $came{defined $answer ? $answer->status . ' ' . $answer->user : 'closed'}++;
            $cookie = session_of($answer) // $cookie if defined $answer;
        }
        syswrite $says, join "\n", map { "$_=$came{$_}" } sort keys %came;
        $connection->close;
        POSIX::_exit(0);
    }
    close $_ for $says, $stopped;
    on_end(sub { kill KILL => $pid; waitpid $pid, 0 });
    return sub {
        syswrite $stops, '.';
        my $text = do { local $/; readline $said };
        return map { /(.*)=(\d+)/ ? ($1 => $2) : () } split /\n/, $text;
    };
}

# Changes the key file, then waits until each worker that gets requests reads it again.
sub change_keys {
    my ($keys, $how) = @_;
    SSPI::Test::must_run([ built('key'), $how, $keys ]);
    my $until = time + REREAD_S;
    wait_until(sub { time >= $until }, 5);
    return;
}

subtest 'the keys are rotated twice under load' => sub {
    my $keys = shared_keys();
    my @servers = both($keys);
    my $first = login($servers[0]);
    my @loads = map { load($_, login($_, '/brief/')) } @servers;
    my %sealed = map { $_->kind => { key_of($first) => 1 } } @servers;
    for my $round (1 .. 2) {
        change_keys($keys, '--add');
        change_keys($keys, '--rotate');
        for my $server (@servers) {
            my $cookie = login($server);
            granted(page($_, $cookie), \%by_alice, "round $round: the session of " . $server->kind . ' at ' . $_->kind) for @servers;
            $sealed{$server->kind}{key_of($cookie)} = 1;
        }
        granted(page($_, $first), \%by_alice, 'the first session at ' . $_->kind) for @servers;
    }
    is(scalar keys %{$sealed{$_->kind}}, 3, $_->kind . ' sealed with three keys') for @servers;
    for my $i (0 .. $#servers) {
        my %came = $loads[$i]->();
        is_deeply([ sort keys %came ], ['200 alice@SSPI.TEST'], $servers[$i]->kind . ' refused no request')
            or diag(explain(\%came));
        cmp_ok($came{'200 alice@SSPI.TEST'}, '>', 100, 'the load was real');
    }
    # The fourth rotation after a key began to seal drops it.
    for (1 .. 2) { change_keys($keys, $_) for '--add', '--rotate' }
    for my $server (@servers) {
        my $answer = page($server, $first);
        refused($answer, 401, 'the fourth rotation ends the first session at ' . $server->kind);
        is_deeply([ cookies($answer) ], [], 'its cookie is kept');
    }
    end(@servers);
};

done_testing;
