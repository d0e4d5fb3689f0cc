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
use SSPI::Test qw(scratch_dir spew wait_until);
use SSPI::Test::AD;
use SSPI::Test::Delegation;
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Ntlm qw(ntlm_login ntlm_user_line);
use SSPI::Test::Scenario;
use SSPI::Test::Session;

use constant { HOST => 'backend.test', REQUESTS => 60 };

my $reason = SSPI::Test::AD::skip_reason();
plan skip_all => $reason if defined $reason;

my $ad = SSPI::Test::AD->new(log_tickets => 1);
my ($domain, $realm, $password) = (SSPI::Test::AD::DOMAIN, SSPI::Test::AD::REALM, SSPI::Test::AD::PASSWORD);
my $target = 'HTTP/' . HOST;
my $backend_keytab = $ad->add_service('backend', $target);
$ad->allow_delegation($target);
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

my $users = scratch_dir('users');
my $digest_users = spew("$users/digest", join('', map { user_line($_, 'r', 'pw') } qw(alice bob nobody), "bob\@$realm", 'HTTP/localhost'), 0644);
my $nt_users = spew("$users/one-domain", ntlm_user_line('alice', $domain, 'pw'), 0644);
my $nt_domains = spew("$users/two-domains", join('', map { ntlm_user_line('alice', $_, 'pw') } $domain, 'OTHER'), 0644);

sub server {
    my ($dir) = @_;
    my @locations = (
        delegates('/p/', $dir),
        delegates('/required/', $dir, delegation_required => 'on'),
        delegates('/any/', $dir, %any),
        delegates('/session/', $dir, session => 'on', session_require_tls => 'off'),
        delegates('/connection/', $dir, connection_auth => 'all'),
        delegates('/wrong/', $dir, %any, delegation_target => 'HTTP/unknown.test'),
        delegates('/forbidden/', $dir, %any, delegation_target => 'HTTP/localhost'),
    );
    return with_locations(@locations);
}

sub with_locations {
    my (@locations) = @_;
    return { env => $ad->server_env, group => SSPI::Test::AD::PRIVILEGED, locations => \@locations,
        apache_head => script_alias($programs, map { $_->{path} } @locations) };
}

# Users of files. Apache asks winbind only if no location has a user file of NTLM.
sub file_server {
    my ($dir) = @_;
    return with_locations(
        delegates('/digest/', $dir, %any, packages => 'Digest', digest_user_file => $digest_users, realm => 'r'),
        delegates('/one-domain/', $dir, %any, ntlm_user_file => $nt_users),
        delegates('/two-domains/', $dir, %any, ntlm_user_file => $nt_domains),
    );
}

# The program is this user at the second server.
sub acts {
    my ($answer, $user, $remote_user, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $act = act($answer);
    is_deeply({ map { $_ => $act->{$_} } qw(status user backend mode owner services) },
        { status => 200, user => $remote_user, backend => "$user\@$realm", mode => '0600', owner => "$user\@$realm",
            services => "$target\@$realm" },
        "$name: the program is $user at the second server, and has no other ticket") || diag(explain($act), $answer->brief);
    return $act->{cache};
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
my $ntlm = sub { return (ntlm => "$domain\\$_[0]:$password") };

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

    scenario 'a program logs in as the user of Digest or of a user file', file_server($dir), sub {
        my ($server) = @_;
        my $digest = sub { my ($user) = @_; return $server->client->get('/digest/', digest => "$user:pw") };
        acts($digest->($_), $_, $_, "Digest of $_") for qw(alice bob);
        message_lines($server);
        for my $user ("bob\@$realm", 'HTTP/localhost') {
            acts_not($digest->($user), "the Digest user $user");
            logged($server, 'NO_DELEGATION', $user, 'SSPIDelegationRealm');
        }
        acts_not($digest->('nobody'), 'an unknown user');
        logged($server, 'NO_DELEGATION', 'digest:nobody', qr/does not know the user/);
        my $ntlm_file = sub {
            my ($path, $from) = @_;
            return (ntlm_login($server->connection, $path, user => 'alice', domain => $from, password => 'pw'))[-1];
        };
        acts($ntlm_file->('/one-domain/', $domain), 'alice', "$domain\\alice", 'a user file of one domain');
        message_lines($server);
        acts_not($ntlm_file->('/two-domains/', 'OTHER'), 'a user file of several domains');
        logged($server, 'NO_DELEGATION', qr/OTHER.*alice/, 'SSPIDelegationRealm');
    };

    scenario 'tickets of a connection and of a session', server($dir), sub {
        my ($server) = @_;
        my $c = $server->connection;
        my $header = $server->client(env => $login{bob})->negotiate_header;
        my $file = acts($c->get('/connection/', authorization => $header), 'bob', "bob\@$realm", 'a login');
        is(acts($c->get('/connection/'), 'bob', "bob\@$realm", 'the next request'), $file, 'the same file');
        undef $c;
        my $answer = $server->client(env => $login{alice})->get('/session/', %kerberos);
        $file = acts($answer, 'alice', "alice\@$realm", 'a session');
        is(acts($server->client->get('/session/', cookie_header(session_of($answer))), 'alice', "alice\@$realm", 'its cookie'), $file, 'the same file');
        ok(wait_until(sub { ccaches($dir) == 1 }), 'the file of the session is left');
        unlink "$dir/$_" for ccaches($dir);
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
        acts($c->get('/p/', %kerberos), 'alice', "alice\@$realm", 'before') for 1 .. 4; # each worker has its own memory
        message_lines($server);
        my $token = $server->client(env => $login{bob})->negotiate_header;
        my @required = map { $server->client(env => $login{bob})->negotiate_header } 1 .. 8;
        $ad->pause;
        my $began = time;
        my $answer = $server->client(env => $login{bob})->get('/p/', authorization => $token);
        my $took_s = time - $began;
        my @statuses = map { $server->client->get('/required/', authorization => $_)->status } @required;
        $ad->resume;
        acts_not($answer, 'a silent domain controller');
        is_deeply([ grep { $_ != 503 } @statuses ], [], 'required tickets: 503');
        cmp_ok($took_s, '<', 12, 'the user waits for at most ten seconds');
        like($server->new_log, qr/@{[ message_id('NO_DELEGATION') ]}.*bob\@$realm/, 'the log says so');
    };
}

done_testing;
