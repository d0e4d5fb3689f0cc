#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The published weaknesses of another Digest module, each as an attack that must fail here.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(decode_base64url encode_base64url);
use POSIX ();
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(digest_challenges digest_header user_line);
use SSPI::Test::Login;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my ($realm, $other_realm) = ('weak', 'other');
my $users = spew(scratch_dir('users') . '/users', join('', map { my $r = $_; map { user_line($_, $r, "$_ pw") } qw(alice bob mallory) }
    $realm, $other_realm), 0644);
my %digest = (packages => 'Digest', realm => $realm, digest_user_file => $users, digest_algorithm => 'MD5');
# The smallest memory. It has room for some hundred nonces.
my %server_config = (locations => [ { path => '/p/', %digest }, { path => '/other/', %digest, realm => $other_realm } ],
    apache_head => "SSPIStateSize 64k\n", nginx_http => 'sspi_state_size 64k;');
my $n_flood = 2000;

sub login {
    my ($server, $user, $path) = @_;
    return SSPI::Test::Login->new($server->client, $path // '/p/', user => $user, password => "$user pw");
}

sub sent { my ($server, $login, %o) = @_; return scalar $server->client->raw([ '/p/', close => 1, authorization => $login->header(%o) ]) }

# Sends the requests that `next` makes, and calls `answer` with each answer, until `next` makes no
# more. A connection has fewer requests than servers allow.
sub converse {
    my ($client, $next, $answer) = @_;
    my $done;
    while (!$done) {
        my $socket = $client->connect_raw;
        for (1 .. 900) {
            my $header = $next->();
            if (!defined $header) { $done = 1; last }
            syswrite $socket, $client->request_text('/p/', authorization => $header || undef);
            $answer->(SSPI::Test::Client::read_answer($socket));
        }
    }
    return;
}

# Logs a user in this number of times, each time with a new nonce. Returns the headers, and the
# status of each answer.
sub flood {
    my ($server, $user, $n) = @_;
    my (@headers, @statuses, $challenge);
    converse($server->client, sub {
        return undef if @headers == $n && !$challenge;
        return '' if !$challenge;
        push @headers, digest_header($challenge, user => $user, password => "$user pw", uri => '/p/');
        return $headers[-1];
    }, sub {
        my ($answer) = @_;
        if ($challenge) { push @statuses, $answer->status; $challenge = undef }
        else { ($challenge) = digest_challenges($answer->challenges) }
    });
    return (\@headers, \@statuses);
}

sub replay {
    my ($server, @headers) = @_;
    my @answers;
    converse($server->client, sub { shift @headers }, sub { push @answers, $_[0] });
    return @answers;
}

sub count { my %n; $n{$_}++ for @_; return \%n }

parts 'weaknesses', \%server_config,
    'CVE-2016-2161: full memory refuses no user' => sub {
        my ($server) = @_;
        my $early = login($server, 'alice');
        granted(sent($server, $early), { user => 'alice' }, 'a user who logged in before');
        my $unused = login($server, 'bob');
        my (undef, $refused) = flood($server, 'nobody', 1000);
        is_deeply(count(@$refused), { 401 => 1000 }, '1000 users with wrong passwords are refused');
        granted(sent($server, $early), { user => 'alice' }, 'refused users take no place in the memory of nonces');
        my (undef, $statuses) = flood($server, 'mallory', $n_flood);
        is_deeply(count(@$statuses), { 200 => $n_flood }, "$n_flood logins with a nonce each, all granted");
        stale(sent($server, $early), 'a nonce that was removed from memory is stale');
        stale(sent($server, $unused), 'a client that got its challenge before and answers now');
        granted(sent($server, login($server, $_)), { user => $_ }, "$_ with a new nonce") for qw(alice bob);
    },
    'CVE-2026-73636: a nonce that was removed from memory is not new again' => sub {
        my ($server) = @_;
        my ($headers, $statuses) = flood($server, 'alice', $n_flood);
        $server->new_log;
        my @again = replay($server, @$headers);
        is_deeply(count(@$statuses, map { $_->status } @again), { 200 => $n_flood, 401 => $n_flood }, 'each header works only once');
        my $id = message_id('REPLAY');
        my $n_known = grep { /\b$id\b/ } message_lines($server);
        cmp_ok($n_known, '<', $n_flood / 2, "most of the nonces had been removed, except $n_known");
        cmp_ok($n_known, '>', 0, 'some were still known');
        is_deeply(count(map { $_->status } replay($server, reverse @$headers)), { 401 => $n_flood }, 'no header works again in another order');
    },
    'CVE-2026-73637: entries may be removed while requests use them' => sub {
        my ($server) = @_;
        my @children = map {
            my $user = $_;
            my $pid = fork // die "fork: $!\n";
            if (!$pid) {
                my (undef, $statuses) = flood($server, $user, 400);
                POSIX::_exit((grep { $_ == 200 || $_ == 401 } @$statuses) == 400 ? 0 : 1);
            }
            $pid;
        } qw(bob mallory);
        my (%granted, %other);
        for (1 .. 20) {
            my $login = login($server, 'alice');
            my @headers = map { $login->header } 1 .. 10;
            my @answers = $server->client->parallel(map { [ '/p/', authorization => $_ ] } @headers, @headers);
            for my $i (0 .. $#answers) {
                if ($answers[$i]->status == 200) { $granted{$headers[ $i % 10 ]}{$answers[$i]->user}++ }
                elsif ($answers[$i]->status != 401) { $other{$answers[$i]->status}++ }
            }
        }
        waitpid($_, 0), is($?, 0, 'the others were served') for @children;
        is_deeply(\%other, {}, 'each was granted or refused');
        cmp_ok(scalar keys %granted, '>', 0, 'our headers were granted');
        is_deeply(count(map { join ' ', %$_ } values %granted), { 'alice 1' => scalar keys %granted }, 'each was granted once, to its user');
    },
    'CVE-2017-9788: a directive without a value never has the value of another request' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $secret = login($server, 'alice')->header(cnonce => 'secretofalice');
        granted($c->get('/p/', authorization => $secret), { user => 'alice' }, 'a request before');
        for my $value ('a=', 'a= ', 'a=,b=', 'a', '=', '=b', ' = ', 'username', 'username=', 'username=,nonce=', 'response= ,',
            'nonce="', 'a="\\', 'cnonce=,') {
            $server->new_log;
            my $a = $c->get('/p/', authorization => "Digest $value");
            is($a->status, 400, "Digest $value");
            my $seen = join "\n", $a->body, $server->new_log, map { "@$_" } @{$a->{headers}};
            unlike($seen, qr/alice/, "Digest $value: the answer shows no other user");
        }
    },
    'CVE-2018-1312: a nonce of another server, realm or key is not valid' => sub {
        my ($server) = @_;
        my $other = (ref $server)->new(%server_config)->start;
        my $there = login($other, 'alice');
        stale(sent($server, $there), 'of another server with the same users');
        granted(sent($other, $there, nc => 2), { user => 'alice' }, 'its own server grants it');
        is_deeply([ $other->stop ], [], 'the other server stops');
        my $elsewhere = login($server, 'alice', '/other/')->with(realm => $realm);
        stale(sent($server, $elsewhere, uri => '/p/'), "of another realm, where the user's password is the same");
        my $login = login($server, 'alice');
        my ($octets) = map { decode_base64url($_) } $login->nonce =~ /\A\+Upgraded\+v1(.*)/;
        # A nonce has six octets of time, ten of randomness, and sixteen of a MAC.
        for my $case ([ 'an hour later', 2 ], [ 'a moment later', 5 ], [ 'other randomness', 6 ], [ 'other randomness', 15 ],
            [ 'another MAC', 16 ], [ 'another MAC', 31 ]) {
            my ($name, $at) = @$case;
            my $forged = $octets;
            substr($forged, $at, 1) ^= "\x01";
            stale(sent($server, $login->with(nonce => '+Upgraded+v1' . encode_base64url($forged))), "$name (octet $at)");
        }
        stale(sent($server, $login->with(nonce => '+Upgraded+v1' . encode_base64url(substr($octets, 0, 16) . "\0" x 16))), 'no MAC');
        stale(sent($server, $login->with(nonce => encode_base64url($octets))), 'without its prefix');
        granted(sent($server, $login), { user => 'alice' }, 'the right nonce');
    },
    'CVE-2019-0217: requests at the same time mix no users' => sub {
        my ($server) = @_;
        my @users = qw(alice bob);
        my $challenge = login($server, 'alice')->challenge;
        my $make = sub {
            my ($user, $from, $nc) = @_;
            return digest_header($from, user => $user, password => "$user pw", uri => '/p/', nc => $nc);
        };
        my @answers = $server->client->parallel(map { [ '/p/', authorization => $make->($users[ $_ % 2 ], $challenge, $_) ] } 1 .. 100);
        my %granted;
        $granted{$_->user}++ for grep { $_->status == 200 } @answers;
        is(scalar keys %granted, 1, 'the nonce has one owner');
        my ($owner) = keys %granted;
        is_deeply([ map { $_->status == 200 ? $_->user : 'refused' } @answers ],
            [ map { $users[ $_ % 2 ] eq $owner ? $owner : 'refused' } 1 .. 100 ], 'only the owner is granted, with all of his requests');
        my @own = map { login($server, $_)->challenge } @users;
        @answers = $server->client->parallel(map { [ '/p/', authorization => $make->($users[ $_ % 2 ], $own[ $_ % 2 ], $_) ] } 1 .. 100);
        is_deeply([ map { $_->user } @answers ], [ map { $users[ $_ % 2 ] } 1 .. 100 ], 'with separate nonces each answer names its own user');
    },
    'CVE-2020-35452: no octet after a nonce is read or written' => sub {
        my ($server) = @_;
        my $login = login($server, 'alice');
        my $nonce = $login->nonce;
        my $is = length $nonce;
        my $nc = 0;
        for my $n (0, 1, 2, 11, 12, 13, $is - 2, $is - 1, $is + 1, $is + 2, 255, 256) {
            stale(sent($server, $login->with(nonce => substr($nonce . 'A' x 256, 0, $n))), "a nonce of $n octets");
        }
        is(sent($server, $login->with(nonce => $nonce . 'A' x ($_ - $is)))->status, 400, "a nonce of $_ octets") for 257, 4096, 60000;
        for my $end ("\xc3\xa4", 'A=', 'A\\', 'A"', '==', 'A ', 'A,') {
            stale(sent($server, $login->with(nonce => substr($nonce, 0, -2) . $end)), 'a nonce that ends with ' . unpack 'H*', $end);
        }
        my %limit = (cnonce => [ 200, 400 ], username => [ 401, 401 ], realm => [ 401, 400 ], opaque => [ 401, 400 ]);
        for my $name (sort keys %limit) {
            is(sent($server, $login, nc => ++$nc, computed => { $name => 'A' x $_->[0] })->status, $_->[1], "$name of $_->[0] octets")
                for [ 255, $limit{$name}[0] ];
            is(sent($server, $login, nc => ++$nc, computed => { $name => 'A' x $_->[0] })->status, $_->[1], "$name of $_->[0] octets")
                for [ 256, $limit{$name}[0] ], [ 257, $limit{$name}[1] ];
        }
        granted(sent($server, $login, nc => ++$nc), { user => 'alice' }, 'the right nonce');
    },
    'CVE-2026-33006: the answer does not show how much of a response was right' => sub {
        my ($server) = @_;
        my $login = login($server, 'alice');
        my ($right) = $login->header =~ /response="([0-9a-f]{32})"/;
        my %seen;
        # The unit test digest_work shows that the server does the same work for each of them.
        for my $at (0, 1, 15, 30, 31) {
            my $wrong = $right;
            substr($wrong, $at, 1) =~ tr/0-9a-f/1-9a-f0/;
            $server->new_log;
            my $a = sent($server, $login, nc => 1, set => { response => $wrong });
            my ($line) = message_lines($server);
            $line =~ s/.*?(?=SSPI-)//;
            $line =~ s/, client: .*//;
            $seen{join "\n", $a->status, $a->body, $line =~ s/\W*\z//r, map { s/nonce="[^"]+"//r } $a->challenges}++;
        }
        is_deeply([ values %seen ], [5], 'one answer and one log line, wherever the response is wrong') or diag(join "\n--\n", keys %seen);
        granted(sent($server, $login, nc => 1), { user => 'alice' }, 'the right nonce');
    },
    'CVE-2026-48005: forged headers do not affect their victim' => sub {
        my ($server) = @_;
        my $victim = login($server, 'alice');
        granted(sent($server, $victim), { user => 'alice' }, "the victim's count $_") for 1 .. 5;
        my @forged = map { [ "count $_ with a wrong password", nc => $_, password => 'guess' ] } 1, 6, 7, 300, 0xffffffff;
        push @forged, [ 'as an unknown user', user => 'nobody', nc => 6 ], [ 'with no response', nc => 6, set => { response => '0' x 32 } ],
            [ 'as bob with a wrong password', user => 'bob', nc => 6 ],
            [ 'with another opaque', nc => 6, password => 'guess', set => { opaque => 'x' x 16 } ];
        for my $case (@forged) {
            my ($name, @o) = @$case;
            not_stale(sent($server, $victim, @o), $name);
        }
        my @mallory = (user => 'mallory', password => 'mallory pw');
        stale(sent($server, $victim, @mallory, nc => $_), "as mallory himself, count $_") for 6, 0xffffffff;
        is(sent($server, $victim, nc => $_)->status, 401, "the victim's count $_ stays used") for 1 .. 5;
        granted(sent($server, $victim, nc => $_), { user => 'alice' }, "the victim's count $_ is good") for 6, 7;
        my $unused = login($server, 'bob');
        not_stale(sent($server, $unused, user => 'nobody', nc => 1), 'an unused nonce, as an unknown user');
        granted(sent($server, $unused, nc => 1), { user => 'bob' }, 'the nonce still works for its client');
    };

done_testing;
