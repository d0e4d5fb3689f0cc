#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# If another attempt or another scheme may succeed, the answer is 401 with all challenges. A header
# that breaks its grammar is 400. This tests the tables of docs/refusals.md.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(digest_challenges digest_header user_line);
use SSPI::Test::Gss qw(negotiate_value spnego_init spnego_response);
use SSPI::Test::Login;
use SSPI::Test::Ntlm qw(ntlm_login ntlm_token ntlm_user_line ntlm_value);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $dir = scratch_dir('users');
my $users = spew("$dir/users", user_line('alice', 'r', 'pw'), 0644);
my $nt_users = spew("$dir/nt", ntlm_user_line('alice', 'CORP', 'pw'), 0644);
my %all = (packages => 'Negotiate NTLM Digest', mechanisms => 'kerberos ntlm', keytab => $kdc->{keytab},
    ntlm_user_file => $nt_users, digest_user_file => $users, digest_algorithm => 'MD5', realm => 'r');
my %server_config = (env => $kdc->server_env, locations => [
    { path => '/all/', %all },
    { path => '/optional/', %all, sspi => 'optional' },
]);
my @schemes = qw(Digest NTLM Negotiate);
my %corp_alice = (user => 'CORP\\alice', mechanism => 'NTLM');

sub base64 { return encode_base64($_[0], '') }
# Returns the schemes of an answer's challenges without a token, which start a new exchange.
sub offered { my ($answer) = @_; return [ sort map { /\A(\w+)(?: [^=]+=.*)?\z/ ? $1 : $_ } $answer->challenges ] }

# Sends a header on a new connection, and then a right one on the same connection. A case is [ name,
# header, status, message ]. httpd closes the connection after a 400.
sub check {
    my ($server, $case, $next) = @_;
    my ($name, $header, $status, $message) = @$case;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    for my $path (qw(/all/ /optional/)) {
        $server->new_log;
        my ($answer, $after) = $server->client->raw([ $path, authorization => $header ],
            [ $path, authorization => $next->($path) ]);
        refused($answer, $status, "$name: $path");
        logged($server, $message);
        is_deeply(offered($answer), $status == 401 ? \@schemes : [], "$name: $path: the offered schemes");
        next if $status == 400 && $server->kind eq 'apache';
        is($after && $after->status, 200, "$name: $path: the connection stays open") or diag($after && $after->brief);
    }
    return;
}

parts 'second chances', \%server_config,
    'a token' => sub {
        my ($server) = @_;
        my $ticket = (split / /, SSPI::Test::Gss->header(env => $alice))[1];
        my @cases = (
            [ 'base64 of something', 'Negotiate badvalue', 401, 'MALFORMED' ],
            [ 'base64 of a text', 'Negotiate ' . base64('hello world'), 401, 'MALFORMED' ],
            [ 'base64 cut off', 'Negotiate YIIAA', 401, 'MALFORMED' ],
            [ 'base64url', 'Negotiate YII-_AAA', 401, 'MALFORMED' ],
            [ 'a ticket cut off', 'Negotiate ' . base64(substr MIME::Base64::decode_base64($ticket), 0, 100), 401, 'MALFORMED' ],
            [ 'SPNEGO cut off', negotiate_value(substr spnego_init(['kerberos']), 0, 12), 401, 'MALFORMED' ],
            [ 'SPNEGO of an unknown mechanism', negotiate_value(spnego_init(['spnego'])), 401, 'NOT_OFFERED' ],
            [ 'a later leg without an exchange', negotiate_value(spnego_response('x')), 401, 'LEGS' ],
            [ 'NTLM without its message', 'NTLM ' . base64('NTLMSSP'), 401, 'MALFORMED' ],
            [ 'NTLM of another kind', 'NTLM ' . base64("NTLMSSP\0\4\0\0\0" . "\0" x 44), 401, 'MALFORMED' ],
            [ 'a ticket for NTLM', "NTLM $ticket", 401, 'MALFORMED' ],
            [ 'NTLM without a token', 'NTLM', 401, 'MALFORMED' ],
            [ 'Digest without directives', 'Digest', 401, 'UNSUPPORTED' ],
            [ 'another scheme', 'Bearer abc', 401, 'NOT_OFFERED' ],
            [ 'a token that is not base64', 'Negotiate ???', 400, 'MALFORMED' ],
            [ 'base64 with a blank', 'Negotiate YII AAA', 400, 'MALFORMED' ],
            [ 'padding in the middle', 'Negotiate YI==IAAA', 400, 'MALFORMED' ],
            [ 'only padding', 'Negotiate ====', 400, 'MALFORMED' ],
            [ 'two tokens', 'Negotiate YIIA, Negotiate YIIA', 400, 'MALFORMED' ],
            [ 'directives for a token', 'NTLM realm="r"', 400, 'MALFORMED' ],
            [ 'a token over 64 KiB', 'Negotiate ' . base64("\x60" x 65537), 400, 'TOO_LARGE' ],
            [ 'a scheme that is not a token', '?', 400, 'MALFORMED' ],
        );
        # If credentials are optional, another scheme may be for other modules.
        check($server, $_, sub { return SSPI::Test::Gss->header(env => $alice) })
            for grep { $_->[1] !~ /Bearer/ } @cases;
        refused(scalar $server->client->raw([ '/all/', authorization => 'Bearer abc' ]), 401, 'another scheme');
    },
    'a Digest response' => sub {
        my ($server) = @_;
        my $login = SSPI::Test::Login->new($server->client, '/all/', user => 'alice', password => 'pw');
        # The same header for both locations: the server checks the uri after the header's form.
        my $of = sub { return $login->header(nc => 900, @_) };
        my $count = 0;
        my @cases = (
            [ 'nc is 0', $of->(computed => { nc => '00000000' }), 401, 'UNSUPPORTED' ],
            [ 'no qop', $of->(set => { qop => undef, nc => undef, cnonce => undef }), 401, 'UNSUPPORTED' ],
            [ 'an unknown qop', $of->(computed => { qop => 'auth-conf' }), 401, 'UNSUPPORTED' ],
            [ 'an unknown algorithm', $of->(set => { algorithm => 'SHA-1' }), 401, 'NOT_OFFERED' ],
            [ 'no user', $of->(set => { username => '' }), 401, 'WRONG_PASSWORD' ],
            [ 'no user, extended', $of->(set => { username => undef, 'username*' => q(UTF-8'') }), 401, 'WRONG_PASSWORD' ],
            [ 'a control character in the name', $of->(set => { username => undef, 'username*' => q(UTF-8''a%01) }), 401,
                'WRONG_PASSWORD' ],
            [ 'a long name', $of->(set => { username => 'a' x 257 }), 401, 'WRONG_PASSWORD' ],
            [ 'nc of seven digits', $of->(set => { nc => '0000001' }), 400, 'MALFORMED' ],
            [ 'a long nonce', $of->(set => { nonce => 'a' x 257 }), 400, 'TOO_LARGE' ],
            [ 'an unbalanced quote', $of->(raw => ', x="y'), 400, 'MALFORMED' ],
            [ 'two usernames', $of->(raw => ', username="bob"'), 400, 'MALFORMED' ],
            [ 'username and username*', $of->(raw => q(, username*=UTF-8''alice)), 400, 'MALFORMED' ],
            [ 'username* in quotes', $of->(set => { username => undef }, raw => q(, username*="UTF-8''alice")), 400, 'MALFORMED' ],
            [ 'userhash neither true nor false', $of->(raw => ', userhash=maybe'), 400, 'MALFORMED' ],
            [ 'a name that is not a hash', $of->(raw => ', userhash=true'), 400, 'MALFORMED' ],
            [ 'a response of another length', $of->(set => { response => 'a' x 64 }), 401, 'UNSUPPORTED' ],
            [ 'a response that is not hexadecimal', $of->(set => { response => 'z' x 32 }), 400, 'MALFORMED' ],
            [ 'octets that are not UTF-8', $of->(set => { realm => "\xff" }), 400, 'MALFORMED' ],
            (map { [ "no $_", $of->(set => { $_ => undef }), 400, 'MALFORMED' ] } qw(username realm nonce uri response cnonce nc)),
            [ 'a list of empty directives', 'Digest ,,', 400, 'MALFORMED' ],
        );
        check($server, $_, sub { return $login->header(uri => $_[0], nc => ++$count) }) for @cases;
        my ($answer) = $server->client->raw([ '/all/', authorization => $of->(uri => '/optional/') ]);
        refused($answer, 400, 'the uri of another page: RFC 7616 3.4.6');
    },
    'a client that counts from 0' => sub {
        my ($server) = @_;
        # Like a Ruby library, whose count continues with the next challenge.
        my $count = 0;
        my $connection = $server->connection;
        my $answer = $connection->get('/all/');
        my @statuses = map {
            my ($challenge) = digest_challenges($answer->challenges);
            $answer = $connection->get('/all/', authorization => digest_header($challenge, user => 'alice',
                password => 'pw', uri => '/all/', nc => $count++));
            $answer->status;
        } 1 .. 2;
        is_deeply(\@statuses, [ 401, 200 ], 'the client is granted at its second request');
        granted($answer, { user => 'alice' }, 'the client has its user');
        my ($challenge) = digest_challenges($connection->get('/all/')->challenges);
        my @wrong = map { $connection->get('/all/', authorization => digest_header($challenge, user => 'alice',
            password => $_, uri => '/all/', nc => 0)) } qw(pw no);
        not_stale($_, 'the count 0 reveals nothing about the password') for @wrong;
    },
    'curl and an empty name' => sub {
        my ($server) = @_;
        my $c = $server->client;
        refused($c->get('/all/', args => [ qw(--digest --user), ':pw' ]), 401, 'no name');
        granted($c->get('/all/', args => [qw(--digest --user alice:pw)]), { user => 'alice' }, 'a name');
    },
    'a later leg of an exchange' => sub {
        my ($server) = @_;
        my $broken = "NTLMSSP\0\3\0\0\0" . "\0" x 8;
        my @cases = (
            # form of the first leg, broken second leg, message
            [ 'NTLM', ntlm_value('NTLM', $broken), 'MALFORMED' ],
            [ 'NTLM', ntlm_value('NTLM', 'x'), 'MALFORMED' ],
            [ 'NTLM', 'NTLM badvalu', 'MALFORMED' ],
            [ 'NTLM', 'NTLM', 'MALFORMED' ],
            [ 'Negotiate', negotiate_value($broken), 'MALFORMED' ],
            [ 'Negotiate', negotiate_value("\xa1\x84"), 'MALFORMED' ],
            [ 'Negotiate', negotiate_value(spnego_response($broken)), 'MALFORMED' ],
            [ 'Negotiate', 'Negotiate badvalue', 'MALFORMED' ],
        );
        for my $case (@cases) {
            my ($scheme, $second, $message) = @$case;
            my $name = "$scheme, then " . substr $second, 0, 30;
            my $connection = $server->connection;
            my $ntlm = SSPI::Test::Ntlm->new;
            my $challenge = ntlm_token($connection->get('/all/', authorization => ntlm_value($scheme, $ntlm->{negotiate})), $scheme);
            ok(defined $challenge, "$name: a first leg");
            $server->new_log;
            my $answer = $connection->get('/all/', authorization => $second);
            refused($answer, 401, $name);
            is_deeply(offered($answer), \@schemes, "$name: all schemes are offered again");
            is_deeply([ grep { /\A(?:NTLM|Negotiate) / } $answer->challenges ], [], "$name: without a token");
            logged($server, $message);
            refused($connection->get('/all/', authorization => ntlm_value($scheme, $ntlm->authenticate($challenge))), 401,
                "$name: the exchange has ended");
            logged($server, 'LEGS');
            granted((ntlm_login($connection, '/all/'))[-1], \%corp_alice, "$name: another exchange on the connection");
        }
    },
    'a leg that breaks the grammar also ends the exchange' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        my $ntlm = SSPI::Test::Ntlm->new;
        my $challenge = ntlm_token($connection->get('/all/', authorization => ntlm_value('NTLM', $ntlm->{negotiate})), 'NTLM');
        refused($connection->get('/all/', authorization => 'NTLM ???'), 400, 'a token that is not base64');
        return if $server->kind eq 'apache';
        refused($connection->get('/all/', authorization => ntlm_value('NTLM', $ntlm->authenticate($challenge))), 401,
            'the answer to the previous challenge');
    };

done_testing;
