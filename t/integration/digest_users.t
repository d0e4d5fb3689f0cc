#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The users of Digest in a text file and in a compiled database. The files are changed, broken,
# unreadable and removed while the server runs. Some files have many users.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(built is_root scratch_dir spew wait_until);
use SSPI::Test::Digest qw(user_line userhash);
use SSPI::Test::Login;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $realm = 'users';
my $dir = scratch_dir('users');
my %file = (text => "$dir/users", cdb => "$dir/users.cdb");

sub compile {
    my ($database, $text) = @_;
    spew("$database.txt", $text);
    SSPI::Test::must_run([ built('passwd'), '--compile', $database, "$database.txt" ]);
    return;
}

# Replaces the file of users in one step.
sub put {
    my ($kind, $text, $mode) = @_;
    my $new = "$file{$kind}.new";
    unlink $new;
    if ($kind eq 'text') { spew($new, $text) } else { compile($new, $text) }
    chmod $mode // 0644, $new;
    rename $new, $file{$kind} or die "$file{$kind}: $!\n";
    return;
}

sub lines { my (%password) = @_; return join '', map { user_line($_, $realm, $password{$_}) } sort keys %password }

my %digest = (packages => 'Digest', realm => $realm, digest_algorithm => 'MD5');
my %location = (text => $file{text}, cdb => "cdb:$file{cdb}");
my %server_config = (locations => [ map { { path => "/$_/", %digest, digest_user_file => $location{$_} } } sort keys %location ]);

# Tries to log in on a new connection with a new nonce.
sub get {
    my ($server, $kind, $user, $password) = @_;
    my $login = SSPI::Test::Login->new($server->client, "/$kind/", user => $user, password => $password);
    return scalar $server->client->raw([ "/$kind/", close => 1, authorization => $login->header ]);
}

# Calls `check` with each kind of file.
sub each_kind { my ($check) = @_; $check->($_) for sort keys %file; return }

# Waits until the server gives this answer for the password in each kind of file. Workers check
# files independently, and a request may reach any worker. So the other checks of a test must hold
# for workers that have checked the file and for workers that have not.
sub becomes {
    my ($server, $user, $password, $status, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    # Workers check once a second.
    for my $kind (sort keys %file) {
        ok(wait_until(sub { !grep { get($server, $kind, $user, $password)->status != $status } 1 .. 6 }, 10), "$kind: $name");
    }
    return;
}

# Waits until the server has logged this message about each kind of file. Meanwhile bob, whose
# password never changes, must always be granted. The password `never` of alice must never be
# granted.
sub logs_for_each_file {
    my ($server, $message, $words, $never) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($id, $seen, %wrong) = (message_id($message), '');
    for my $kind (sort keys %file) {
        ok(wait_until(sub {
            $wrong{$kind}++ if get($server, $kind, 'bob', 'builder')->status != 200;
            $wrong{$kind}++ if get($server, $kind, 'alice', $never)->status != 401;
            $seen .= $server->new_log;
            return $seen =~ /\b$id\b.*\Q$file{$kind}\E(?!\.).*$words->{$kind}/;
        }), "$kind: the log says $message") or diag($seen);
    }
    is_deeply(\%wrong, {}, 'the old users are used until the file is valid again');
    return;
}

sub put_all { my (@o) = @_; put($_, @o) for keys %file; return }

my @changing = (
    'the server reads a changed file' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my %login = map { $_ => SSPI::Test::Login->new($c, "/$_/", user => 'bob', password => 'builder') } keys %file;
        my $bob_passes = sub {
            my ($name) = @_;
            each_kind(sub { granted($c->get("/$_[0]/", authorization => $login{$_[0]}->header), { user => 'bob' }, "$_[0]: $name") });
        };
        $bob_passes->('an unchanged user');
        each_kind(sub { granted(get($server, $_[0], 'alice', 'first'), { user => 'alice' }, "$_[0]: a password") });
        put_all(lines(alice => 'second', bob => 'builder', carol => 'new'));
        becomes($server, 'alice', 'second', 200, 'the new password');
        becomes($server, 'alice', 'first', 401, 'the old password');
        becomes($server, 'carol', 'new', 200, 'a new user');
        $bob_passes->('an unchanged user needs no new nonce');
        my ($log, $id) = ($server->new_log, message_id('RELOADED'));
        each_kind(sub { like($log, qr/\b$id\b.*\Q$file{$_[0]}\E /, "$_[0]: the log has a line about the file") });
        put_all(lines(alice => 'second', bob => 'builder'));
        becomes($server, 'carol', 'new', 401, 'a removed user');
    },
    'a broken file changes nothing' => sub {
        my ($server) = @_;
        put('text', lines(alice => 'broken', bob => 'broken') . "carol:$realm:0123\n");
        spew("$file{cdb}.new", "no database\n", 0644);
        rename "$file{cdb}.new", $file{cdb} or die "$file{cdb}: $!\n";
        logs_for_each_file($server, 'NOT_RELOADED', { text => 'users:3: ', cdb => '' }, 'broken');
        put_all(lines(alice => 'third', bob => 'builder'));
        becomes($server, 'alice', 'third', 200, 'mended');
    },
    'a removed file changes nothing' => sub {
        my ($server) = @_;
        rename $file{$_}, "$file{$_}.away" or die "$file{$_}: $!\n" for keys %file;
        logs_for_each_file($server, 'NOT_RELOADED', { text => '', cdb => '' }, 'the old users are still used');
        put_all(lines(alice => 'fourth', bob => 'builder'));
        becomes($server, 'alice', 'fourth', 200, 'the server reads the file when it is valid again');
    },
    'a file that workers cannot read waits for the next reload' => sub {
        my ($server) = @_;
        plan skip_all => 'only root can make a file unreadable for workers' if !is_root();
        put_all(lines(alice => 'hidden', bob => 'builder'), 0600);
        logs_for_each_file($server, 'NOT_RELOADED', { text => '', cdb => '' }, 'hidden');
        $server->replace_workers;
        each_kind(sub {
            my ($kind) = @_;
            granted(get($server, $kind, 'alice', 'hidden'), { user => 'alice' }, "$kind: after the reload all workers have the new password") for 1 .. 6;
            not_stale(get($server, $kind, 'alice', 'fourth'), "$kind: no worker has the old password");
        });
        put_all(lines(alice => 'shown', bob => 'builder'));
        becomes($server, 'alice', 'shown', 200, 'readable again');
    },
    'changes during many logins' => sub {
        my ($server) = @_;
        my $c = $server->client;
        each_kind(sub {
            my ($kind) = @_;
            my @logins = map { SSPI::Test::Login->new($c, "/$kind/", user => 'bob', password => 'builder') } 1 .. 20;
            my @answers;
            for my $round (1 .. 10) {
                put($kind, lines(alice => "round $round", bob => 'builder'));
                push @answers, $c->parallel(map { [ "/$kind/", authorization => $_->header ] } @logins);
            }
            is_deeply(tally(@answers), { 200 => 200 }, "$kind: no login is refused");
        });
        becomes($server, 'alice', 'round 10', 200, 'the last change is used');
    },
);

for my $kind (qw(apache nginx)) {
    put_all(lines(alice => 'first', bob => 'builder'));
    parts 'users that change', { %server_config, on => $kind }, @changing;
}

# ---- many ----

my $n_users = 20_000;
my @algorithms = qw(SHA-256 MD5);
my $many = join '', map { my $n = $_; map { user_line("user$n", $realm, "pw $n", $_) } @algorithms } 1 .. $n_users;
put_all($many);
my %hashed = (digest_algorithm => "@algorithms", digest_userhash => 'on');

parts "$n_users users", { locations => [ map { { %$_, %hashed } } @{$server_config{locations}} ] },
    map {
        my $kind = $_;
        ("$kind: each user is found, by name and by hash" => sub {
            my ($server) = @_;
            my $c = $server->client;
            for my $algorithm (@algorithms) {
                for my $n (1, 2, 777, $n_users / 2, $n_users - 1, $n_users) {
                    my $user = "user$n";
                    my $login = SSPI::Test::Login->new($c, "/$kind/", user => $user, password => "pw $n", algorithm => $algorithm);
                    my %hash = (username => userhash($user, $realm, $algorithm), userhash => 'true');
                    my @a = $c->raw(map { [ "/$kind/", authorization => $_ ] } $login->header, $login->header(set => \%hash),
                        $login->header(password => 'pw 0'), $login->header(set => \%hash, password => 'pw 0'));
                    is_deeply([ map { $_->status . ' ' . $_->user } @a ], [ "200 $user", "200 $user", '401 ', '401 ' ],
                        "$algorithm: $user");
                }
                my $unknown = SSPI::Test::Login->new($c, "/$kind/", user => 'user0', password => 'pw 0', algorithm => $algorithm);
                not_stale($c->get("/$kind/", authorization => $unknown->header), "$algorithm: an unknown user");
                my %hash = (username => userhash('user0', $realm, $algorithm), userhash => 'true');
                not_stale($c->get("/$kind/", authorization => $unknown->header(set => \%hash)), "$algorithm: an unknown user, hashed");
            }
        },
        "$kind: 60 of them at the same time" => sub {
            my ($server) = @_;
            my $c = $server->client;
            my @n = map { 1 + $_ * 331 } 0 .. 59;
            my @logins = map { SSPI::Test::Login->new($c, "/$kind/", user => "user$_", password => "pw $_") } @n;
            my @answers = $c->parallel(map { [ "/$kind/", authorization => $_->header ] } @logins);
            is_deeply([ map { $_->user } @answers ], [ map { "user$_" } @n ], 'each answer names its own user');
        });
    } qw(text cdb);

done_testing;
