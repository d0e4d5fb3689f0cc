#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# NTLM with a user file: each form of its messages, refusals with their reasons, and the locations
# and connections where it works.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew wait_until);
use SSPI::Test::Curl qw(curl_with_ntlm);
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
my @scheme = (NTLM => 'NTLM', bare => 'Negotiate', only => 'Negotiate', first => 'Negotiate');
my %scheme = @scheme;
my @forms = map { $scheme[ 2 * $_ ] } 0 .. $#scheme / 2;

# Logs in on a new connection. Returns the last answer.
sub login { my ($server, $path, %how) = @_; return (ntlm_login($server->connection, $path, %how))[-1] }

# Sends one NTLM message in the scheme of that name on a connection.
sub leg {
    my ($connection, $path, $token, %o) = @_;
    return $connection->get($path, authorization => ntlm_value(delete $o{scheme} // 'NTLM', $token), %o);
}

# Sends the first leg. Returns (client, CHALLENGE).
sub begin {
    my ($connection, $path, %o) = @_;
    my $ntlm = SSPI::Test::Ntlm->new;
    my $a = leg($connection, $path, $ntlm->{negotiate}, %o);
    my $challenge = ntlm_token($a, $o{scheme} // 'NTLM');
    is($a->status, 401, 'the first leg asks for the next');
    is(scalar(my @lines = $a->challenges), 1, 'the answer has only one challenge');
    return ($ntlm, $challenge);
}

sub quiet { my ($server, $name) = @_; return is_deeply([ message_lines($server) ], [], $name // 'the log has no line about a request') }

parts 'NTLM', \%server_config,
    'every form of its messages' => sub {
        my ($server) = @_;
        for my $form (@forms) {
            granted(login($server, '/all/', form => $form), { %corp_alice, package => $scheme{$form} }, $form);
        }
        granted(login($server, '/ntlm/'), { %corp_alice, package => 'NTLM' }, 'as the only scheme');
        granted(login($server, '/negotiate/', form => $_), { %corp_alice, package => 'Negotiate' }, "in Negotiate as the only scheme: $_")
            for qw(bare only first second);
        granted(login($server, '/all/', mic => 'none'), \%corp_alice, 'an old client, without a MIC');
        granted(login($server, '/all/', user => 'ALICE', domain => 'corp'), \%corp_alice, 'names in other letter cases');
        granted(login($server, '/all/', request => { method => 'GET', body => 'GET /' }), \%corp_alice, 'a body with each leg');
        quiet($server);
    },
    curl_with_ntlm('curl' => sub {
        my ($server) = @_;
        my $c = $server->client;
        for my $path (qw(/all/ /ntlm/)) {
            my $a = $c->get($path, args => [qw(--ntlm --user CORP\\alice:pw)]);
            granted($a, { %corp_alice, package => 'NTLM' }, $path);
            is_deeply($a->{runs}, ['1.1 1'], "$path: on one connection");
            granted($c->get($path, tls => 1, args => [qw(--ntlm --user CORP\\alice:pw)]), \%corp_alice, "$path: over TLS");
        }
        granted($c->get('/ntlm/', args => [qw(--anyauth --user CORP\\bob:pw)]), { user => 'CORP\\bob' }, 'challenged first');
        refused($c->get('/ntlm/', args => [qw(--ntlm --user CORP\\alice:no)]), 401, 'a wrong password');
    }),
    'refusals and their reasons' => sub {
        my ($server) = @_;
        my @cases = (
            [ 'a wrong password', 'WRONG_PASSWORD', password => 'no' ],
            [ 'an unknown user', 'WRONG_PASSWORD', user => 'mallory' ],
            [ 'a user of another domain', 'WRONG_PASSWORD', domain => 'OTHER' ],
            [ 'NTLMv1', 'UNSUPPORTED', kind => 'v1' ],
            [ 'only LM', 'UNSUPPORTED', kind => 'lm' ],
            [ 'an anonymous client', 'ANONYMOUS', kind => 'anonymous' ],
            [ 'a wrong MIC', 'ALTERED', mic => 'wrong' ],
            [ 'a MIC that was removed', 'ALTERED', mic => 'missing' ],
            [ 'a clock an hour behind', 'CLOCK_SKEW', late => 3600 ],
        );
        $server->new_log;
        for my $form (@forms) {
            for my $case (@cases) {
                my ($name, $message, %how) = @$case;
                my $connection = $server->connection;
                my $a = (ntlm_login($connection, '/all/', form => $form, %how))[-1];
                refused($a, 401, "$form: $name");
                is_deeply([ $a->challenges ], [qw(Negotiate NTLM)], "$form: $name: the challenge starts a new exchange");
                logged($server, $message);
                next if $form ne 'NTLM';
                granted((ntlm_login($connection, '/all/'))[-1], \%corp_alice, "$name: the connection continues");
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
    'messages that are malformed' => sub {
        my ($server) = @_;
        my $ntlm = SSPI::Test::Ntlm->new;
        for my $case ([ 'cut off', substr($ntlm->{negotiate}, 0, 20) ], [ 'a message of the server', "NTLMSSP\0\2\0\0\0" . "\0" x 44 ],
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

# ---- locations with and without NTLM ----

parts 'NTLM and the other mechanism', \%server_config,
    'the mechanisms that a location offers' => sub {
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
    'NTLM where only Kerberos is offered' => sub {
        my ($server) = @_;
        for my $form (qw(NTLM bare only)) {
            my @answers = ntlm_login($server->connection, '/kerberos/', form => $form);
            is(scalar(@answers), 1, "$form: refused at once");
            refused($answers[0], 401, $form);
            is_deeply([ $answers[0]->challenges ], ['Negotiate'], "$form: with a bare challenge");
            logged($server, 'NOT_OFFERED', 'NTLM');
        }
        my @answers = ntlm_login($server->connection, '/kerberos/', form => 'first');
        my $reply = ntlm_token($answers[0], 'Negotiate');
        ok(index($reply, oid('kerberos')) >= 0 && index($reply, 'NTLMSSP') < 0, 'NTLM listed before Kerberos: the server asks for Kerberos');
        $server->new_log;
        my $connection = $server->connection;
        my ($ntlm) = SSPI::Test::Ntlm->new;
        $connection->get('/kerberos/', authorization => negotiate_value(spnego_init([qw(ntlm kerberos)], $ntlm->{negotiate})));
        refused($connection->get('/kerberos/', authorization => negotiate_value(spnego_response($ntlm->{negotiate}))), 401,
            'a client that sends NTLM anyway');
        logged($server, 'NOT_OFFERED');
    },
    'Kerberos where only NTLM is offered' => sub {
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
        ok(index(ntlm_token($answers[0], 'Negotiate'), oid('kerberos')) >= 0, 'the server asks for Kerberos');
        refused($answers[-1], 401, 'NTLM instead is refused');
        logged($server, 'NOT_OFFERED');
        granted($server->client->get('/all/', authorization => SSPI::Test::Gss->header(env => $alice)),
            { user => 'alice@SSPI.TEST', mechanism => 'Kerberos' }, 'with a ticket the mechanism is Kerberos');
    },
    'a MIC protects the list of mechanisms' => sub {
        my ($server) = @_;
        for my $form (qw(only first)) {
            refused(login($server, '/all/', form => $form, list_mic => 'wrong'), 401, "$form: a wrong MIC");
            my @lines = message_lines($server);
            is(scalar(@lines), 1, "$form: the log has one line about the refusal");
            like($lines[0], qr/mechListMIC/, "$form: the line names the MIC");
            my @answers = ntlm_login($server->connection, '/all/', form => $form, list_mic => 'none');
            is($answers[-1]->status, 401, "$form: no MIC");
            ok(defined ntlm_token($answers[-1], 'Negotiate'), "$form: the server still waits for the MIC");
            is($answers[-1]->user, '', "$form: there is no user until then");
        }
        my ($connection, $ntlm) = ($server->connection, SSPI::Test::Ntlm->new);
        my $say = sub { return $connection->get('/all/', authorization => negotiate_value(@_)) };
        my $challenge = ntlm_message(ntlm_token($say->(spnego_init([qw(ntlm kerberos)], $ntlm->{negotiate})), 'Negotiate'));
        is($say->(spnego_response($ntlm->authenticate($challenge)))->status, 401, 'a login without its MIC');
        my $a = $say->(spnego_response(undef, $ntlm->mic(SSPI::Test::Gss::mechanism_list(qw(ntlm kerberos)))));
        granted($a, \%corp_alice, 'the MIC comes in a later leg');
    },
    'names' => sub {
        my ($server) = @_;
        my @carl = (user => 'carl', domain => 'OTHER');
        granted(login($server, '/all/', @carl), { user => 'OTHER\\carl' }, 'full: with the domain');
        granted(login($server, '/short/'), { user => 'alice' }, 'short: our own domain is cut off');
        granted(login($server, '/short/', @carl), { user => 'OTHER\\carl' }, 'short: another domain is not');
        granted(login($server, '/local/'), { user => 'alice' }, 'local: a user of our own domain');
        $server->new_log;
        refused(login($server, '/local/', @carl), 403, 'local: a user of another domain');
        logged($server, 'NO_LOCAL_NAME');
    },
    'named users' => sub {
        my ($server) = @_;
        granted(login($server, '/named/', form => $_), \%corp_alice, "$_: a named user is granted") for qw(NTLM only);
        is(login($server, '/named/', user => 'bob')->status, 403, 'a user who is not named is refused');
        granted($server->client->get('/named/', authorization => SSPI::Test::Gss->header(env => $alice)),
            { user => 'alice@SSPI.TEST' }, 'the same user by Kerberos has another name');
    },
    'optional' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        is($connection->get('/optional/')->status, 200, 'a request without credentials is granted as anonymous');
        my @answers = ntlm_login($connection, '/optional/');
        is_deeply([ map { $_->status } @answers ], [ 401, 200 ], 'a login without its last leg is refused');
        granted($answers[-1], \%corp_alice, 'a complete login is granted');
        refused(login($server, '/optional/', password => 'no'), 401, 'a wrong password is refused');
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
        granted(leg($connection, '/ntlm/', $last), \%corp_alice, 'the last leg on its own connection');
        quiet($server);
        refused(leg($connection, '/ntlm/', $last), 401, 'the last leg is refused a second time');
        logged($server, 'LEGS');
        refused($connection->get('/ntlm/', authorization => ntlm_value('Negotiate', $last)), 401, 'the leg is refused in the other scheme');
        logged($server, 'NOT_OFFERED');
    },
    'location' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        my ($ntlm, $challenge) = begin($connection, '/ntlm/');
        refused(leg($connection, '/others/', $ntlm->authenticate($challenge)), 401, 'at a location with other users');
        logged($server, 'LEGS', qr/\blocation\b/);
        refused(leg($connection, '/ntlm/', $ntlm->authenticate($challenge)), 401, 'the exchange has ended then');
        logged($server, 'LEGS');
        ($ntlm, $challenge) = begin($connection, '/all/', scheme => 'Negotiate');
        refused(leg($connection, '/all/', $ntlm->authenticate($challenge)), 401, 'the leg is refused in the other scheme');
        logged($server, 'LEGS');
    },
    'order' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        my ($old, $old_challenge) = begin($connection, '/ntlm/');
        my ($ntlm, $challenge) = begin($connection, '/ntlm/');
        isnt(unpack('H*', $challenge), unpack('H*', $old_challenge), 'a client that begins again gets a new challenge');
        granted(leg($connection, '/ntlm/', $ntlm->authenticate($challenge)), \%corp_alice, 'the client completes the new exchange');
        quiet($server);
        $connection = $server->connection;
        ($old, $old_challenge) = begin($connection, '/ntlm/');
        begin($connection, '/ntlm/');
        refused(leg($connection, '/ntlm/', $old->authenticate($old_challenge)), 401, 'the first exchange has ended');
        my @lines = message_lines($server);
        is(scalar(@lines), 1, 'the log has one line about the ended exchange');
        $connection = $server->connection;
        refused(leg($connection, '/ntlm/', $old->authenticate($old_challenge)), 401, 'a last leg without a first one is refused');
        logged($server, 'LEGS');
    },
    'a response is only for its own challenge' => sub {
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
                refused(leg($other, '/all/', $last, scheme => $again), 401, "$scheme: its response again, as $again");
                # With a MIC over other messages and another challenge, it is a wrong password.
                logged($server, 'WRONG_PASSWORD');
            }
            my $other = $server->connection;
            $other->get('/all/', authorization => negotiate_value(spnego_init(['ntlm'], $ntlm->{negotiate})));
            $server->new_log;
            refused($other->get('/all/', authorization => negotiate_value(spnego_response($last))), 401, "$scheme: in SPNEGO");
            logged($server, 'WRONG_PASSWORD');
        }
    },
    'a login fails without keep-alive' => sub {
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
        is_deeply([ $c->get('/all/', @http2)->challenges ], [qw(Negotiate NTLM)], 'the client is offered NTLM');
        is_deeply([ $c->get('/ntlm/', @http2)->challenges ], ['NTLM'], 'only NTLM is offered');
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
    },
    curl_with_ntlm('curl goes back to HTTP/1.1' => sub {
        my ($server) = @_;
        my $c = $server->client;
        for my $body (undef, 'a body') {
            my $a = $c->get('/all/', tls => 1, args => [qw(--http2 --ntlm --user CORP\\alice:pw)], defined $body ? (body => $body) : ());
            granted($a, \%corp_alice, 'curl goes back to HTTP/1.1' . (defined $body ? ' with its body' : ''));
            is($a->{version}, '1.1', 'the client logs in over HTTP/1.1');
        }
        granted($c->get('/document/', tls => 1, args => [qw(--http2 --ntlm --user CORP\\alice:pw)]), \%corp_alice,
            'with any error document');
    });

# ---- a file that changes ----

scenario 'added and removed users', { %server_config, data => { changing => ntlm_user_line('alice', 'CORP', 'pw') }, locations => [
    { path => '/p/', packages => 'NTLM', mechanisms => 'ntlm', ntlm_user_file => '@DIR@/changing', realm => 'r' },
] }, sub {
    my ($server) = @_;
    refused(login($server, '/p/', user => 'bob'), 401, 'bob is not in the file');
    $server->add_data('changing', ntlm_user_line('bob', 'CORP', 'pw'));
    # Each worker reads the file by itself.
    ok(wait_until(sub { login($server, '/p/', user => 'bob')->status == 200 }), 'the file is read again');
    ok(wait_until(sub { login($server, '/p/', user => 'alice')->status == 401 }), 'alice is not in the file any more');
};

done_testing;
