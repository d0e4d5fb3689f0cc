#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A KDC that accepts requests and never answers, or answers late: what its users see, how long that takes, and that
# nobody else waits. One process serves all requests, so each of them could be delayed.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(time);
use SSPI::Test qw(scratch_dir spew wait_until);
use SSPI::Test::Basic qw(basic_header);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Ntlm qw(ntlm_login);
use SSPI::Test::Scenario;
use SSPI::Test::Winbind;

use constant { SLOTS => 8, REQUESTS => 400, USERS => 200 };

my $kdc = SSPI::Test::KDC->new;
$kdc->kadmin(map { "addprinc -pw pw user$_" } 1 .. USERS);
my $ticket = $kdc->login('alice');
my $users = spew(scratch_dir('users') . '/digest', user_line('frank', 'r', 'pw', 'SHA-256'), 0644);
my $no_winbind = SSPI::Test::Winbind::skip_reason();
my $winbind = defined $no_winbind ? undef : SSPI::Test::Winbind->new;

my %basic = (packages => 'Basic', realm => 'r', basic_require_tls => 'off', keytab => $kdc->{keytab});
my %server_config = (
    env => $kdc->server_env, processes => 1,
    before => [ $winbind ? $winbind->before : () ],
    apache_head => "SSPIThreads @{[SLOTS]}\nKeepAliveTimeout 60\n",
    locations => [
        { path => '/kdc/', %basic, basic_verify => 'kdc' },
        { path => '/file/', %basic, basic_verify => 'file', digest_user_file => $users },
        { path => '/ticket/', packages => 'Negotiate', mechanisms => 'kerberos', keytab => $kdc->{keytab} },
        { path => '/ntlm/', packages => 'NTLM', mechanisms => 'ntlm', realm => 'r' },
        { path => '/open/', sspi => 'off' },
    ],
);

# A user whose password was right is remembered, so each one is asked about once.
my $n_users = 0;
sub new_user { return 'user' . (1 + $n_users++ % USERS) }

sub status { my ($server, $user) = @_; return $server->client->raw([ '/kdc/', authorization => basic_header("$user:pw") ])->status }

# Sends a request. Returns its connection and its user.
sub ask {
    my ($server, $user) = (shift, new_user());
    my $connection = $server->connection;
    $connection->send($connection->{client}->request_text('/kdc/', authorization => basic_header("$user:pw")));
    return ($connection, $user);
}

# The time that 99 of 100 requests of one connection take at most, in ms.
sub p99 {
    my ($server) = @_;
    my ($c, @ms) = ($server->connection);
    for (1 .. REQUESTS) {
        my $began = time;
        $c->get('/open/')->status == 200 or die "the request fails\n";
        push @ms, 1000 * (time - $began);
    }
    return (sort { $a <=> $b } @ms)[ 0.99 * REQUESTS ];
}

sub others_log_in {
    my ($server, $when) = @_;
    my $began = time;
    granted(scalar $server->client->raw([ '/file/', authorization => basic_header('frank:pw') ]), { user => 'frank', package => 'Basic' }, "$when: a password of a file");
    granted($server->client(env => $ticket)->get('/ticket/', args => [qw(--negotiate --user :)]), { user => 'alice@SSPI.TEST' }, "$when: a ticket");
    SKIP: {
        skip $no_winbind, 1 if !$winbind;
        my %login = map { lc $_ => SSPI::Test::Winbind->can($_)->() } qw(USER DOMAIN PASSWORD);
        is((ntlm_login($server->connection, '/ntlm/', %login))[-1]->status, 200, "$when: a login by winbind");
    }
    cmp_ok(time - $began, '<', 5, "$when: they do not wait");
    return;
}

scenario 'a KDC that does not answer', \%server_config, sub {
    my ($server) = @_;
    is(status($server, new_user()), 200, 'it answers first');
    others_log_in($server, 'before'); # the client gets its ticket, too
    my $quiet = p99($server);
    $kdc->pause;
    my $began = time;
    my @all = map { (ask($server))[0] } 1 .. SLOTS + 4;
    ok(wait_until(sub { 4 == grep { !$_->waits } @all }, 5), 'as many requests wait as may, and the others have an answer at once');
    my @waiting = grep { $_->waits } @all;
    is_deeply([ map { $_->answer->status } grep { !$_->waits } @all ], [ (503) x 4 ], 'which is 503');
    is(count_messages($server, 'BUSY'), 4, 'the log says that the limit is reached');
    my $busy = p99($server);
    is(scalar(grep { $_->waits } @waiting), SLOTS, REQUESTS . ' requests of another client have an answer before the KDC has timed out');
    note sprintf '%s: p99 of a request: %.2f ms, with a silent KDC %.2f ms', $server->kind, $quiet, $busy;
    cmp_ok($busy, '<', 20 * $quiet + 100, 'the p99 is that of a quiet server');
    others_log_in($server, 'while requests wait for the KDC');
    is_deeply([ map { $_->answer->status } @waiting ], [ (503) x SLOTS ], 'the waiting requests get 503');
    cmp_ok(time - $began, '<', 13, 'within 10 s');
    is(count_messages($server, 'KDC_UNREACHABLE'), SLOTS, 'the log says why');
    my $later = time;
    is_deeply([ map { status($server, $_) } 'user2', map { new_user() } 1 .. 3 ], [ (503) x 4 ], 'then further requests get 503, also one of the first users');
    cmp_ok(time - $later, '<', 3, 'at once');
    # MIT's library waits for about 27 s, so all threads still run.
    others_log_in($server, 'while threads are left behind');
    # After a while one request, and no other one, asks whether the KDC answers again.
    my ($probe, $user);
    ok(wait_until(sub { ($probe, $user) = ask($server); return !wait_until(sub { !$probe->waits }, 1) }, 30), 'after a while one request waits again');
    is_deeply([ map { status($server, $_) } $user, new_user() ], [ (503) x 2 ], 'only one');
    ok($probe->waits, 'which still waits');
    $kdc->resume;
    $user = new_user();
    ok(wait_until(sub { status($server, $user) == 200 }, 40), 'the KDC is asked again');
    others_log_in($server, 'afterwards');
};

scenario 'a KDC that answers late', \%server_config, sub {
    my ($server) = @_;
    is(status($server, new_user()), 200, 'it answers first');
    others_log_in($server, 'before'); # the client gets its ticket, too
    $kdc->pause;
    my ($late, $user) = ask($server);
    my $again = $server->connection;
    $again->send($again->{client}->request_text('/kdc/', authorization => basic_header("$user:pw")));
    others_log_in($server, 'while a request waits for the KDC');
    ok($_->waits, 'the request waits') for $late, $again;
    $kdc->resume;
    granted($_->answer, { user => "$user\@SSPI.TEST", package => 'Basic' }, 'the user logs in') for $late, $again;
    is(status($server, new_user()), 200, 'the KDC is asked about the next user');
};

# The client's own end, and that of the process, do not wait for the KDC either.
scenario 'a server that stops while the KDC does not answer', \%server_config, sub {
    my ($server) = @_;
    is(status($server, new_user()), 200, 'it answers first');
    $kdc->pause;
    my ($gone, $waiting) = map { (ask($server))[0] } 1 .. 2;
    $gone->close;
    my @workers = $server->workers;
    is($waiting->answer->status, 503, 'a request gets 503');
    kill $server->kind eq 'nginx' ? 'QUIT' : 'WINCH' => $server->{pid};
    ok(wait_until(sub { !grep { kill 0, $_ } @workers }, 8), 'the process ends although its threads still wait');
    $kdc->resume;
};

done_testing;
