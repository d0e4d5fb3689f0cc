#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# NTLM with a user file: every form of its messages, what is refused and why, and where it may run.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew wait_until);
use SSPI::Test::Gss qw(negotiate_token negotiate_value oid spnego_init spnego_response);
use SSPI::Test::Ntlm qw(ntlm_message ntlm_login ntlm_token ntlm_user_line ntlm_value);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $dir = scratch_dir('users');
my $users = spew("$dir/users", join('', map { ntlm_user_line(@$_) }
    [ 'alice', 'CORP', 'pw' ], [ 'bob', 'CORP', 'pw' ], [ 'carl', 'OTHER', 'pw' ]), 0644);
my $others = spew("$dir/others", ntlm_user_line('alice', 'CORP', 'pw'), 0644);
my %all = (packages => 'Negotiate NTLM', mechanisms => 'kerberos ntlm', keytab => $kdc->{keytab},
    ntlm_user_file => $users, realm => 'r');
my %server_config = (
    env => $kdc->server_env,
    locations => [
        { path => '/all/', %all, nginx => 'error_page 405 =200 $uri;' },
        { path => '/ntlm/', packages => 'NTLM', mechanisms => 'ntlm', ntlm_user_file => $users, realm => 'r' },
        { path => '/others/', packages => 'NTLM', mechanisms => 'ntlm', ntlm_user_file => $others, realm => 'r' },
        { path => '/negotiate/', packages => 'Negotiate', mechanisms => 'ntlm', ntlm_user_file => $users, realm => 'r' },
        { path => '/kerberos/', packages => 'Negotiate', keytab => $kdc->{keytab}, ntlm_user_file => $users, realm => 'r' },
        { path => '/document/', %all, apache => 'ErrorDocument 403 /kerberos/' },
        { path => '/optional/', %all, sspi => 'optional' },
        { path => '/named/', %all, require => ['user CORP\\\\alice alice@SSPI.TEST'] },
        { path => '/short/', %all, user_name => 'short' },
        { path => '/local/', %all, user_name => 'local' },
    ],
);
my %corp_alice = (user => 'CORP\\alice', mechanism => 'NTLM');
my @scheme = (NTLM => 'NTLM', bare => 'Negotiate', alone => 'Negotiate', first => 'Negotiate');
my %scheme = @scheme;
my @forms = map { $scheme[ 2 * $_ ] } 0 .. $#scheme / 2;

# A whole login on a connection of its own: the last answer.
sub login { my ($server, $path, %how) = @_; return (ntlm_login($server->connection, $path, %how))[-1] }

# One message of NTLM in the scheme of that name, on a connection.
sub leg {
    my ($connection, $path, $token, %o) = @_;
    return $connection->get($path, authorization => ntlm_value(delete $o{scheme} // 'NTLM', $token), %o);
}

# The first leg: (client, CHALLENGE).
sub begin {
    my ($connection, $path, %o) = @_;
    my $ntlm = SSPI::Test::Ntlm->new;
    my $a = leg($connection, $path, $ntlm->{negotiate}, %o);
    my $challenge = ntlm_token($a, $o{scheme} // 'NTLM');
    is($a->status, 401, 'the first leg asks for the next');
    is(scalar(my @lines = $a->challenges), 1, 'with one challenge alone');
    return ($ntlm, $challenge);
}

sub quiet { my ($server, $name) = @_; return is_deeply([ message_lines($server) ], [], $name // 'nothing of it is logged') }

parts 'NTLM', \%server_config,
    'every form of its messages' => sub {
        my ($server) = @_;
        for my $form (@forms) {
            granted(login($server, '/all/', form => $form), { %corp_alice, package => $scheme{$form} }, $form);
        }
        granted(login($server, '/ntlm/'), { %corp_alice, package => 'NTLM' }, 'as the only scheme');
        granted(login($server, '/negotiate/', form => $_), { %corp_alice, package => 'Negotiate' }, "in Negotiate alone: $_")
            for qw(bare alone first second);
        granted(login($server, '/all/', mic => 'none'), \%corp_alice, 'a client of old, without a MIC');
        granted(login($server, '/all/', user => 'ALICE', domain => 'corp'), \%corp_alice, 'names in other cases');
        granted(login($server, '/all/', request => { method => 'GET', body => 'GET /' }), \%corp_alice, 'a body with each leg');
        quiet($server);
    },
    'curl' => sub {
        my ($server) = @_;
        my $c = $server->client;
        for my $path (qw(/all/ /ntlm/)) {
            my $a = $c->get($path, args => [qw(--ntlm --user CORP\\alice:pw)]);
            granted($a, { %corp_alice, package => 'NTLM' }, $path);
            is_deeply($a->{runs}, ['1.1 1'], "$path: on one connection");
            granted($c->get($path, tls => 1, args => [qw(--ntlm --user CORP\\alice:pw)]), \%corp_alice, "$path: over TLS");
        }
        granted($c->get('/ntlm/', args => [qw(--anyauth --user CORP\\bob:pw)]), { user => 'CORP\\bob' }, 'asked first');
        refused($c->get('/ntlm/', args => [qw(--ntlm --user CORP\\alice:no)]), 401, 'a wrong password');
    },
    'what is refused, and why' => sub {
        my ($server) = @_;
        my @cases = (
            [ 'a wrong password', 'WRONG_PASSWORD', password => 'no' ],
            [ 'an unknown user', 'WRONG_PASSWORD', user => 'mallory' ],
            [ 'a user of another domain', 'WRONG_PASSWORD', domain => 'OTHER' ],
            [ 'NTLMv1', 'UNSUPPORTED', kind => 'v1' ],
            [ 'LM alone', 'UNSUPPORTED', kind => 'lm' ],
            [ 'nobody', 'ANONYMOUS', kind => 'anonymous' ],
            [ 'a wrong MIC', 'ALTERED', mic => 'wrong' ],
            [ 'a MIC taken away', 'ALTERED', mic => 'missing' ],
            [ 'a clock an hour behind', 'CLOCK_SKEW', late => 3600 ],
        );
        $server->new_log;
        for my $form (@forms) {
            for my $case (@cases) {
                my ($name, $message, %how) = @$case;
                my $connection = $server->connection;
                my $a = (ntlm_login($connection, '/all/', form => $form, %how))[-1];
                refused($a, 401, "$form: $name");
                is_deeply([ $a->challenges ], [qw(Negotiate NTLM)], "$form: $name: all over again");
                logged($server, $message);
                next if $form ne 'NTLM';
                granted((ntlm_login($connection, '/all/'))[-1], \%corp_alice, "$name: the connection goes on");
            }
        }
    },
    'an unknown user and a wrong password look the same' => sub {
        my ($server) = @_;
        my %text = map {
            my $a = login($server, '/all/', %$_, user => 'alice' x !$_->{user} . ($_->{user} // ''));
            my ($line) = map { /SSPI-\d+ (.*?)(?:, client:|\z)/ ? $1 : () } message_lines($server);
            $line =~ s/alice|mallory/USER/g;
            ("$line " . $a->status . join('|', $a->challenges) => 1)
        } { password => 'no' }, { user => 'mallory' };
        is(scalar(keys %text), 1, 'to the client, and in the log') or diag(explain(\%text));
    },
    'messages that are none' => sub {
        my ($server) = @_;
        my $ntlm = SSPI::Test::Ntlm->new;
        for my $case ([ 'cut off', substr($ntlm->{negotiate}, 0, 20) ], [ 'the server\'s own', "NTLMSSP\0\2\0\0\0" . "\0" x 44 ],
            [ 'of type 4', "NTLMSSP\0\4\0\0\0" . "\0" x 44 ], [ 'without a type', "NTLMSSP\0" ], [ 'no NTLM', 'NTLM' ])
        {
            my ($name, $token) = @$case;
            refused(leg($server->connection, '/ntlm/', $token), 401, "$name: a first leg");
            logged($server, 'MALFORMED');
            my $connection = $server->connection;
            begin($connection, '/ntlm/');
            my $a = leg($connection, '/ntlm/', $token);
            refused($a, 401, "$name: a second leg");
            logged($server, 'MALFORMED');
        }
        refused($server->connection->get('/ntlm/', authorization => 'NTLM ???'), 400, 'no base64');
        logged($server, 'MALFORMED');
        refused($server->connection->get('/ntlm/', authorization => 'NTLM'), 401, 'no token');
        logged($server, 'MALFORMED');
    };

# ---- where it may run ----

parts 'NTLM and the other mechanism', \%server_config,
    'what a place offers' => sub {
        my ($server) = @_;
        my %offers = (all => [qw(Negotiate NTLM)], ntlm => ['NTLM'], negotiate => ['Negotiate'], kerberos => ['Negotiate']);
        is_deeply([ $server->client->get("/$_/")->challenges ], $offers{$_}, $_) for sort keys %offers;
        my %hints = (all => [ 1, 1 ], negotiate => [ 0, 1 ], kerberos => [ 1, 0 ]);
        for my $location (sort keys %hints) {
            my ($line) = $server->client->get("/$location/", authorization => 'Negotiate')->challenges;
            my $token = negotiate_token($line);
            is_deeply([ map { index($token, oid($_)) >= 0 ? 1 : 0 } qw(kerberos ntlm) ], $hints{$location},
                "$location: the mechanisms that an empty token brings");
        }
    },
    'NTLM where Kerberos alone may run' => sub {
        my ($server) = @_;
        for my $form (qw(NTLM bare alone)) {
            my @answers = ntlm_login($server->connection, '/kerberos/', form => $form);
            is(scalar(@answers), 1, "$form: refused at once");
            refused($answers[0], 401, $form);
            is_deeply([ $answers[0]->challenges ], ['Negotiate'], "$form: with a bare challenge");
            logged($server, 'NOT_OFFERED', 'NTLM');
        }
        my @answers = ntlm_login($server->connection, '/kerberos/', form => 'first');
        my $reply = ntlm_token($answers[0], 'Negotiate');
        ok(index($reply, oid('kerberos')) >= 0 && index($reply, 'NTLMSSP') < 0, 'NTLM before Kerberos: Kerberos is wanted');
        $server->new_log;
        my $connection = $server->connection;
        my ($ntlm) = SSPI::Test::Ntlm->new;
        $connection->get('/kerberos/', authorization => negotiate_value(spnego_init([qw(ntlm kerberos)], $ntlm->{negotiate})));
        refused($connection->get('/kerberos/', authorization => negotiate_value(spnego_response($ntlm->{negotiate}))), 401,
            'who sends NTLM all the same');
        logged($server, 'NOT_OFFERED');
    },
    'Kerberos where NTLM alone may run' => sub {
        my ($server) = @_;
        for my $bare (0, 1) {
            my $header = SSPI::Test::Gss->header(env => $alice, bare => $bare);
            refused($server->client->get('/negotiate/', authorization => $header), 401, $bare ? 'bare' : 'in SPNEGO');
            logged($server, 'NOT_OFFERED');
        }
    },
    'Kerberos first, without a ticket' => sub {
        my ($server) = @_;
        my @answers = ntlm_login($server->connection, '/all/', form => 'second');
        ok(index(ntlm_token($answers[0], 'Negotiate'), oid('kerberos')) >= 0, 'Kerberos is wanted');
        refused($answers[-1], 401, 'NTLM in its place is refused');
        logged($server, 'NOT_OFFERED');
        granted($server->client->get('/all/', authorization => SSPI::Test::Gss->header(env => $alice)),
            { user => 'alice@SSPI.TEST', mechanism => 'Kerberos' }, 'with a ticket it is Kerberos');
    },
    'the list of mechanisms is under a MIC' => sub {
        my ($server) = @_;
        for my $form (qw(alone first)) {
            refused(login($server, '/all/', form => $form, list_mic => 'wrong'), 401, "$form: a wrong one");
            my @lines = message_lines($server);
            is(scalar(@lines), 1, "$form: which is logged once");
            like($lines[0], qr/mechListMIC/, "$form: as what it is");
            my @answers = ntlm_login($server->connection, '/all/', form => $form, list_mic => 'none');
            is($answers[-1]->status, 401, "$form: none");
            ok(defined ntlm_token($answers[-1], 'Negotiate'), "$form: it may still come");
            is($answers[-1]->user, '', "$form: nobody is in until then");
        }
        my ($connection, $ntlm) = ($server->connection, SSPI::Test::Ntlm->new);
        my $say = sub { return $connection->get('/all/', authorization => negotiate_value(@_)) };
        my $challenge = ntlm_message(ntlm_token($say->(spnego_init([qw(ntlm kerberos)], $ntlm->{negotiate})), 'Negotiate'));
        is($say->(spnego_response($ntlm->authenticate($challenge)))->status, 401, 'a login without its MIC');
        my $a = $say->(spnego_response(undef, $ntlm->mic(SSPI::Test::Gss::mechanism_list(qw(ntlm kerberos)))));
        granted($a, \%corp_alice, 'which comes afterwards');
    },
    'names' => sub {
        my ($server) = @_;
        my @carl = (user => 'carl', domain => 'OTHER');
        granted(login($server, '/all/', @carl), { user => 'OTHER\\carl' }, 'full: with the domain');
        granted(login($server, '/short/'), { user => 'alice' }, 'short: without our own domain');
        granted(login($server, '/short/', @carl), { user => 'OTHER\\carl' }, 'short: not another');
        granted(login($server, '/local/'), { user => 'alice' }, 'local: of our own domain');
        $server->new_log;
        refused(login($server, '/local/', @carl), 403, 'local: of no other');
        logged($server, 'NO_LOCAL_NAME');
    },
    'named users' => sub {
        my ($server) = @_;
        granted(login($server, '/named/', form => $_), \%corp_alice, "$_: who is named passes") for qw(NTLM alone);
        is(login($server, '/named/', user => 'bob')->status, 403, 'who is not does not');
        granted($server->client->get('/named/', authorization => SSPI::Test::Gss->header(env => $alice)),
            { user => 'alice@SSPI.TEST' }, 'another, by Kerberos, is another name');
    },
    'optional' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        is($connection->get('/optional/')->status, 200, 'nobody passes');
        my @answers = ntlm_login($connection, '/optional/');
        is_deeply([ map { $_->status } @answers ], [ 401, 200 ], 'half a login does not');
        granted($answers[-1], \%corp_alice, 'a whole one does');
        refused(login($server, '/optional/', password => 'no'), 401, 'a wrong one does not');
    };

# ---- legs ----

parts 'the legs of NTLM', \%server_config,
    'belong together' => sub {
        my ($server) = @_;
        my ($connection, $elsewhere) = map { $server->connection } 1, 2;
        my ($ntlm, $challenge) = begin($connection, '/ntlm/');
        my $last = $ntlm->authenticate($challenge);
        refused(leg($elsewhere, '/ntlm/', $last), 401, 'the last leg on another connection');
        logged($server, 'LEGS', 'keep-alive');
        granted(leg($connection, '/ntlm/', $last), \%corp_alice, 'on its own');
        quiet($server);
        refused(leg($connection, '/ntlm/', $last), 401, 'a second time');
        logged($server, 'LEGS');
        refused($connection->get('/ntlm/', authorization => ntlm_value('Negotiate', $last)), 401, 'in the other scheme');
        logged($server, 'NOT_OFFERED');
    },
    'place' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        my ($ntlm, $challenge) = begin($connection, '/ntlm/');
        refused(leg($connection, '/others/', $ntlm->authenticate($challenge)), 401, 'at a place with other users');
        logged($server, 'LEGS', qr/\b(?:place|location)\b/);
        refused(leg($connection, '/ntlm/', $ntlm->authenticate($challenge)), 401, 'after which all is over');
        logged($server, 'LEGS');
        ($ntlm, $challenge) = begin($connection, '/all/', scheme => 'Negotiate');
        refused(leg($connection, '/all/', $ntlm->authenticate($challenge)), 401, 'in the other scheme');
        logged($server, 'LEGS');
    },
    'order' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        my ($old, $old_challenge) = begin($connection, '/ntlm/');
        my ($ntlm, $challenge) = begin($connection, '/ntlm/');
        isnt(unpack('H*', $challenge), unpack('H*', $old_challenge), 'who begins anew has a new challenge');
        granted(leg($connection, '/ntlm/', $ntlm->authenticate($challenge)), \%corp_alice, 'and ends that');
        quiet($server);
        $connection = $server->connection;
        ($old, $old_challenge) = begin($connection, '/ntlm/');
        begin($connection, '/ntlm/');
        refused(leg($connection, '/ntlm/', $old->authenticate($old_challenge)), 401, 'not the first one');
        my @lines = message_lines($server);
        is(scalar(@lines), 1, 'which is logged once');
        $connection = $server->connection;
        refused(leg($connection, '/ntlm/', $old->authenticate($old_challenge)), 401, 'nor does the last leg come first');
        logged($server, 'LEGS');
    },
    'a proof is for its challenge alone' => sub {
        my ($server) = @_;
        for my $scheme (qw(NTLM Negotiate)) {
            my $connection = $server->connection;
            my ($ntlm, $challenge) = begin($connection, '/all/', scheme => $scheme);
            my $last = $ntlm->authenticate($challenge);
            granted(leg($connection, '/all/', $last, scheme => $scheme), \%corp_alice, "$scheme: a login");
            for my $again (qw(NTLM Negotiate)) {
                my $other = $server->connection;
                begin($other, '/all/', scheme => $again);
                $server->new_log;
                refused(leg($other, '/all/', $last, scheme => $again), 401, "$scheme: its proof again, as $again");
                # With its MIC over other messages and another challenge it is a wrong password.
                logged($server, 'WRONG_PASSWORD');
            }
            my $other = $server->connection;
            $other->get('/all/', authorization => negotiate_value(spnego_init(['ntlm'], $ntlm->{negotiate})));
            $server->new_log;
            refused($other->get('/all/', authorization => negotiate_value(spnego_response($last))), 401, "$scheme: in SPNEGO");
            logged($server, 'WRONG_PASSWORD');
        }
    },
    'nothing comes of it without keep-alive' => sub {
        my ($server) = @_;
        my $ntlm = SSPI::Test::Ntlm->new;
        my $header = 'Authorization: ' . ntlm_value('NTLM', $ntlm->{negotiate});
        my %first = ('Connection: close' => "GET /ntlm/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n$header\r\n\r\n",
            'HTTP/1.0' => "GET /ntlm/ HTTP/1.0\r\nHost: localhost\r\n$header\r\n\r\n");
        for my $name (sort keys %first) {
            my $connection = $server->connection;
            $connection->send($first{$name});
            my $a = $connection->answer;
            is($a->status, 401, "$name: the first leg");
            my $challenge = ntlm_token($a, 'NTLM');
            is($connection->get('/ntlm/'), undef, "$name: the server closes");
            next if !defined $challenge;
            $server->new_log;
            refused(leg($server->connection, '/ntlm/', $ntlm->authenticate($challenge)), 401, "$name: the last leg");
            logged($server, 'LEGS', 'keep-alive');
        }
    },
    'HTTP/2' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my @http2 = (tls => 1, args => ['--http2']);
        my $token = SSPI::Test::Ntlm->new->{negotiate};
        is_deeply([ $c->get('/all/', @http2)->challenges ], [qw(Negotiate NTLM)], 'is offered NTLM');
        is_deeply([ $c->get('/ntlm/', @http2)->challenges ], ['NTLM'], 'alone');
        quiet($server);
        for my $value (ntlm_value('NTLM', $token), ntlm_value('Negotiate', $token),
            negotiate_value(spnego_init(['ntlm'], $token)))
        {
            my ($name) = $value =~ /\A(\S+ \S{8})/;
            my $a = $c->get('/all/', @http2, authorization => $value);
            is($a->{version}, '1.1', "$name: the version that answers");
            is($a->status, 401, "$name: 401");
            logged($server, 'DOWNGRADED', 'HTTP/2');
            ok(defined ntlm_message(ntlm_token($a, $value =~ /\A(\S+)/)), "$name: the next leg");
        }
        for my $body (undef, 'a body') {
            my $a = $c->get('/all/', tls => 1, args => [qw(--http2 --ntlm --user CORP\\alice:pw)], defined $body ? (body => $body) : ());
            granted($a, \%corp_alice, 'curl goes back to HTTP/1.1' . (defined $body ? ' with its body' : ''));
            is($a->{version}, '1.1', 'and logs in there');
        }
        granted($c->get('/document/', tls => 1, args => [qw(--http2 --ntlm --user CORP\\alice:pw)]), \%corp_alice,
            'whatever document the status has');
    };

# ---- a file that changes ----

scenario 'users who come and go', { %server_config, data => { changing => ntlm_user_line('alice', 'CORP', 'pw') }, locations => [
    { path => '/p/', packages => 'NTLM', mechanisms => 'ntlm', ntlm_user_file => '@DIR@/changing', realm => 'r' },
] }, sub {
    my ($server) = @_;
    refused(login($server, '/p/', user => 'bob'), 401, 'bob is not there');
    $server->add_data('changing', ntlm_user_line('bob', 'CORP', 'pw'));
    # Each worker reads the file for itself.
    ok(wait_until(sub { login($server, '/p/', user => 'bob')->status == 200 }), 'the file is read again');
    ok(wait_until(sub { login($server, '/p/', user => 'alice')->status == 401 }), 'alice is not there any more');
};

done_testing;
