#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What the cookie of a session is worth: where it counts, what ends it, and that no altered cookie counts.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew wait_until);
use SSPI::Test::Digest qw(digest_challenges user_line);
use SSPI::Test::Gss;
use SSPI::Test::Ntlm qw(ntlm_login ntlm_user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new(principals => ['HTTP/other']);
my $alice = $kdc->login('alice');
my $other_keytab = $kdc->make_keytab('other.keytab', 'HTTP/other');
my $wide_keytab = $kdc->make_keytab('wide.keytab', 'HTTP/other', 'HTTP/localhost');
my $dir = scratch_dir('users');
my ($digest_file, $nt_file, $other_file) = map { "$dir/$_" } qw(digest nt others);

# Sets the users of both packages. A new file is renamed over the old one.
sub set_users {
    my (%password) = @_;
    my %text = (
        $digest_file => join('', map { user_line($_, 'r', $password{$_}) . user_line($_, 'r', $password{$_}, 'SHA-256') } sort keys %password),
        $nt_file => join('', map { ntlm_user_line($_, 'CORP', $password{$_}) } sort keys %password),
    );
    for my $file (sort keys %text) {
        spew("$file.new", $text{$file}, 0644);
        rename "$file.new", $file or die "$file: $!\n";
    }
    return;
}
set_users(alice => 'pw', bob => 'builder');
spew($other_file, user_line('alice', 'r', 'pw') . user_line('alice', 'r', 'pw', 'SHA-256'), 0644);

my %session = (session => 'on', realm => 'r');
my %kerberos = (packages => 'Negotiate', keytab => $kdc->{keytab}, %session);
my %digest = (packages => 'Digest', digest_user_file => $digest_file, %session);
my %ntlm = (packages => 'NTLM', mechanisms => 'ntlm', ntlm_user_file => $nt_file, connection_auth => 'off', %session);
my %server_config = (
    env => $kdc->server_env,
    locations => [
        { path => '/k/', %kerberos },
        { path => '/k-other/', %kerberos, keytab => $other_keytab },
        { path => '/k-wide/', %kerberos, keytab => $wide_keytab, service_name => 'HTTP/' },
        { path => '/k-service/', %kerberos, keytab => $wide_keytab, service_name => 'HTTP/other' },
        { path => '/k-named/', %kerberos, session_cookie => 'named' },
        { path => '/k-text/', %kerberos, session_audience => 'intranet' },
        { path => '/k-off/', %kerberos, session => 'off' },
        { path => '/k-plain/', %kerberos, session_require_tls => 'off' },
        { path => '/k-bob/', %kerberos, require => ['user bob@SSPI.TEST'] },
        { path => '/k-optional/', %kerberos, sspi => 'optional' },
        { path => '/k-short/', %kerberos, user_name => 'short' },
        { path => '/bound/', %kerberos, session => 'off', channel_binding => 'require' },
        { path => '/d/', %digest },
        { path => '/d-realm/', %digest, realm => 'other' },
        { path => '/d-file/', %digest, digest_user_file => $other_file },
        { path => '/d-integrity/', %digest, digest_qop => 'auth-int' },
        { path => '/d-md5/', %digest, digest_algorithm => 'MD5' },
        { path => '/n/', %ntlm },
        { path => '/both/', %kerberos, packages => 'Negotiate Digest', digest_user_file => $digest_file },
    ],
);

my $earlier; # a cookie of a server that has stopped

# The pair NAME=VALUE of the answer's Set-Cookie.
sub cookie_of { my ($answer) = @_; return (scalar($answer->header('Set-Cookie')) // '') =~ /\A([^;]*)/ ? $1 : '' }
sub is_cleared { my ($answer) = @_; return (scalar($answer->header('Set-Cookie')) // '') =~ /\A[^=]+=;.*; Max-Age=0\z/ ? 1 : 0 }

sub with_cookie {
    my ($server, $path, $cookie, %o) = @_;
    return $server->client->get($path, tls => 1, args => [ '--header', "Cookie: $cookie", @{$o{args} // []} ],
        defined $o{authorization} ? (authorization => $o{authorization}) : ());
}

# Log in and return the cookie.
sub by_kerberos {
    my ($server, $path) = @_;
    my $answer = $server->client(env => $alice)->get($path // '/k/', tls => 1, negotiate => 1);
    granted($answer, { user => $answer->user }, 'a ticket');
    return cookie_of($answer);
}

sub by_digest {
    my ($server, $path, $user, $password) = @_;
    my $answer = $server->client->get($path, tls => 1, digest => "$user:$password");
    granted($answer, { user => $user }, 'a password');
    return cookie_of($answer);
}

sub by_ntlm {
    my ($server) = @_;
    my $answer = (ntlm_login($server->connection(tls => 1), '/n/', user => 'alice', form => 'NTLM'))[-1];
    granted($answer, { user => 'CORP\\alice' }, 'NTLM');
    return cookie_of($answer);
}

parts 'sessions', \%server_config,
    'a login gets a cookie' => sub {
        my ($server) = @_;
        my $answer = $server->client(env => $alice)->get('/k/', tls => 1, negotiate => 1);
        like(scalar($answer->header('Set-Cookie')) // '', qr{\A__Host-sspi=[\w-]{100,}; Path=/; Secure; HttpOnly; SameSite=Lax\z},
            'with its attributes');
        my $cookie = $earlier = cookie_of($answer);
        my $again = with_cookie($server, '/k/', $cookie);
        granted($again, { user => 'alice@SSPI.TEST', mechanism => 'Kerberos', package => 'Negotiate', bound => 0 }, 'the cookie');
        is(cookie_of($again), '', 'a young session gets no new cookie');
        granted(with_cookie($server, '/k-short/', $cookie), { user => 'alice' }, 'the name has the form of the location');
        is(with_cookie($server, '/k-bob/', $cookie)->status, 403, 'a user who is not required is forbidden');
        logged($server, 'NOT_AUTHORIZED', qr/alice/);
        granted(with_cookie($server, '/k-optional/', $cookie), { user => 'alice@SSPI.TEST' }, 'where users are optional');
        my $digest = by_digest($server, '/d/', 'bob', 'builder');
        granted(with_cookie($server, '/d/', $digest), { user => 'bob', mechanism => 'SHA-256' }, 'the cookie of Digest');
        granted(with_cookie($server, '/n/', by_ntlm($server)), { user => 'CORP\\alice', mechanism => 'NTLM' }, 'the cookie of NTLM');
    },
    'a cookie counts only where its login would' => sub {
        my ($server) = @_;
        my ($kerberos, $digest) = (by_kerberos($server), by_digest($server, '/d/', 'bob', 'builder'));
        granted(with_cookie($server, '/k-wide/', $kerberos), { user => 'alice@SSPI.TEST' }, 'a keytab that has the key of the service');
        $server->new_log;
        my %refused = ('/k-other/' => $kerberos, '/k-service/' => $kerberos, '/k-named/' => $kerberos, '/k-text/' => $kerberos,
            '/k-off/' => $kerberos, '/bound/' => $kerberos, '/d/' => $kerberos, '/n/' => $kerberos, '/k/' => $digest,
            '/d-realm/' => $digest, '/d-file/' => $digest, '/d-integrity/' => $digest, '/d-md5/' => $digest);
        for my $path (sort keys %refused) {
            my $answer = with_cookie($server, $path, $refused{$path});
            refused($answer, 401, $path);
            is(is_cleared($answer), 0, "$path: the cookie is kept, because it counts elsewhere");
        }
        is_deeply([ message_lines($server) ], [], 'the log has no line about them');
        granted(with_cookie($server, '/both/', $_->[0]), { user => $_->[1] }, "both packages: $_->[1]")
            for [ $kerberos, 'alice@SSPI.TEST' ], [ $digest, 'bob' ];
        my $text = by_kerberos($server, '/k-text/');
        granted(with_cookie($server, '/k-text/', $text), { user => 'alice@SSPI.TEST' }, 'a configured audience');
        refused(with_cookie($server, '/k/', $text), 401, 'and only there');
    },
    'a cookie counts only at its host' => sub {
        my ($server) = @_;
        my $cookie = by_kerberos($server);
        $server->new_log;
        granted(with_cookie($server, '/k/', $cookie, args => [ '--header', 'Host: LOCALHOST.:1' ]), { user => 'alice@SSPI.TEST' },
            'another spelling');
        my $answer = with_cookie($server, '/k/', $cookie, args => [ '--header', 'Host: other.test' ]);
        refused($answer, 401, 'another host');
        is(is_cleared($answer), 1, 'it is removed there');
        logged($server, 'SESSION_ALTERED');
    },
    'and its transport' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my $plain = cookie_of($c->get('/k-plain/', negotiate => 1));
        like($plain, qr/\Asspi=/, 'a cookie over plain HTTP');
        is(cookie_of($c->get('/k/', negotiate => 1)), '', 'none where TLS is required');
        granted($c->get('/k-plain/', args => [ '--header', "Cookie: $plain" ]), { user => 'alice@SSPI.TEST' }, 'over plain HTTP');
        refused($c->get('/k/', args => [ '--header', "Cookie: $plain" ]), 401, 'not where TLS is required');
        my $tls = by_kerberos($server, '/k-plain/');
        my ($plain_value, $tls_value) = map { /=(.*)/ } $plain, $tls;
        refused(with_cookie($server, '/k-plain/', "__Host-sspi=$plain_value"), 401, 'a plain cookie over TLS');
        refused($c->get('/k-plain/', args => [ '--header', "Cookie: sspi=$tls_value" ]), 401, 'a cookie of TLS over plain HTTP');
        $server->new_log;
    },
    'no altered cookie counts' => sub {
        my ($server) = @_;
        my $cookie = by_kerberos($server);
        my @altered = map { my $at = $_; my $text = $cookie; substr($text, $at, 1) =~ tr/A-Za-z0-9_-/B-ZAb-za1-90\-_/; $text }
            length('__Host-sspi=') .. length($cookie) - 1;
        push @altered, map { substr $cookie, 0, $_ } length('__Host-sspi=') + 1 .. length($cookie) - 1;
        push @altered, "${cookie}A", "$cookie=", '__Host-sspi=' . 'A' x 3800, '__Host-sspi=' . 'A' x 5000;
        my @answers = map { $_->status } $server->client->parallel(map { [ '/k-plain/', headers => [ 'Cookie: ' . s/\A__Host-//r ] ] } @altered);
        my $connection = $server->connection(tls => 1);
        push @answers, map { $connection->get('/k/', headers => ["Cookie: $_"])->status } @altered;
        is_deeply([ grep { $_ != 401 } @answers ], [], 'each octet changed, and each length cut');
        granted(with_cookie($server, '/k/', $cookie), { user => 'alice@SSPI.TEST' }, 'the cookie itself');
        $server->new_log;
        my $answer = with_cookie($server, '/k/', substr $cookie, 0, -1);
        is(is_cleared($answer), 1, 'it is removed');
        like(scalar($answer->header('Cache-Control')) // '', qr/no-cache="?Set-Cookie/, 'no cache stores that line');
        logged($server, 'SESSION_ALTERED');
        $answer = with_cookie($server, '/k-optional/', substr $cookie, 0, -1);
        is(join(' ', $answer->status, $answer->user, is_cleared($answer)), '200  1', 'also with an anonymous answer');
        $server->new_log;
    },
    'credentials beside a cookie win' => sub {
        my ($server) = @_;
        my ($cookie, $digest) = (by_kerberos($server), by_digest($server, '/both/', 'bob', 'builder'));
        my $answer = $server->client->get('/both/', tls => 1, digest => 'bob:builder', args => [ '--header', "Cookie: $cookie" ]);
        is($answer->user, 'alice@SSPI.TEST', 'curl sends no credentials before it is asked');
        my $header = $server->client(env => $alice)->negotiate_header;
        $answer = with_cookie($server, '/both/', $digest, authorization => $header);
        granted($answer, { user => 'alice@SSPI.TEST' }, 'a ticket beside the cookie of another user');
        isnt(cookie_of($answer), '', 'the new user gets a session');
        # These tickets are not bound to a channel, so the login of the cookie must not be bound either.
        my $unbound = cookie_of($server->client->get('/k/', tls => 1, authorization => $server->client(env => $alice)->negotiate_header));
        $answer = with_cookie($server, '/k/', $unbound, authorization => $server->client(env => $alice)->negotiate_header);
        granted($answer, { user => 'alice@SSPI.TEST' }, 'a ticket beside a cookie of the same user');
        is(cookie_of($answer), '', 'the same user has a session');
        $server->new_log;
        refused(with_cookie($server, '/k/', $cookie, authorization => 'Negotiate YQ=='), 401, 'wrong credentials');
        isnt(join('', message_lines($server)), '', 'the log says why');
    },
    'a scheme that is not offered is left alone' => sub {
        my ($server) = @_;
        my $cookie = by_kerberos($server);
        granted(with_cookie($server, '/k/', $cookie, authorization => 'Bearer abc'), { user => 'alice@SSPI.TEST' }, 'Bearer beside a cookie');
        $server->new_log;
        refused(with_cookie($server, '/k/', 'a=b', authorization => 'Bearer abc'), 401, 'without a cookie');
        logged($server, 'NOT_OFFERED');
    },
    'a session ends with its user' => sub {
        my ($server) = @_;
        my %cookie = ('/d/' => by_digest($server, '/d/', 'alice', 'pw'), '/n/' => by_ntlm($server));
        my $becomes = sub {
            my ($status, $name) = @_;
            for my $path (sort keys %cookie) {
                ok(wait_until(sub { !grep { with_cookie($server, $path, $cookie{$path})->status != $status } 1 .. 4 }, 10), "$path: $name");
            }
        };
        $becomes->(200, 'the user is in the file');
        $server->new_log;
        set_users(alice => 'changed', bob => 'builder');
        $becomes->(401, 'another password ends the session');
        like($server->new_log, qr/SSPI-162: the session of digest:alice has ended: the password of its user was changed/, 'the log says so');
        set_users(bob => 'builder');
        ok(wait_until(sub { with_cookie($server, '/d/', $cookie{'/d/'}); $server->new_log =~ /SSPI-162: .*no longer in the user file/ }, 10),
            'the user is removed');
        my $answer = with_cookie($server, '/d/', $cookie{'/d/'});
        is(is_cleared($answer), 1, 'the cookie is removed');
        set_users(alice => 'pw', bob => 'builder');
        $becomes->(200, 'the same line again');
        $server->new_log;
    };

scenario 'a key that is gone', { %server_config, env => $kdc->server_env }, sub {
    my ($server) = @_;
    my $answer = with_cookie($server, '/k/', $earlier);
    refused($answer, 401, 'a cookie of a server whose memory is gone');
    is(is_cleared($answer), 0, 'it is kept');
    is_deeply([ message_lines($server) ], [], 'the log has no line');
};

done_testing;
