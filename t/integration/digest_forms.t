#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# All forms of Digest: algorithms, hashed names, the directives of challenges, and the spellings of
# answers that the server accepts.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(digest_challenges user_line userhash);
use SSPI::Test::Login;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $realm = 'all forms';
my @bases = qw(MD5 SHA-256 SHA-512-256);
my @six = map { ($_, "$_-sess") } @bases;
my $users = spew(scratch_dir('users') . '/users', join('', map {
    my $algorithm = $_;
    (user_line('alice', $realm, 'wonder land', $algorithm), user_line("j\xc3\xa4s", $realm, 'geheim', $algorithm))
} @bases), 0644);
my %digest = (packages => 'Digest', realm => $realm, digest_user_file => $users);
my %alice = (user => 'alice', password => 'wonder land');
my %server_config = (locations => [
    { path => '/default/', %digest },
    { path => '/six/', %digest, digest_algorithm => "@six" },
    { path => '/sess/', %digest, digest_algorithm => 'SHA-256-sess' },
    { path => '/full/', %digest, digest_algorithm => 'SHA-512-256-sess MD5', digest_qop => 'auth auth-int',
        digest_userhash => 'on', digest_domain => '/full/ /other/ https://b.example/x' },
    { path => '/int/', %digest, digest_algorithm => 'SHA-256', digest_qop => 'auth-int' },
    { path => '/int-first/', %digest, digest_algorithm => 'SHA-256', digest_qop => 'auth-int auth' },
    { path => '/hash/', %digest, digest_algorithm => "@six", digest_userhash => 'on' },
    { path => '/once/', %digest, digest_algorithm => 'SHA-256' },
]);

# The text of a challenge, with letters in place of values that change each time.
sub texts {
    my ($answer) = @_;
    return map { s/nonce="\+Upgraded\+v1[\w-]{43}"/nonce=N/r =~ s/opaque="[\w-]{16}"/opaque=O/r } $answer->challenges;
}

parts 'forms', \%server_config,
    'each algorithm and its session form' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my @offered = map { $_->{algorithm} } digest_challenges($c->get('/six/')->challenges);
        is_deeply(\@offered, \@six, 'all are offered, in the configured order');
        for my $algorithm (@six) {
            my $login = SSPI::Test::Login->new($c, '/six/', %alice, algorithm => $algorithm);
            granted($c->get('/six/', authorization => $login->header),
                { user => 'alice', package => 'Digest', mechanism => $algorithm }, $algorithm);
            granted($c->get('/six/', authorization => $login->header(cnonce => 'another one')), { user => 'alice' },
                "$algorithm: the next request with a cnonce of its own");
            not_stale($c->get('/six/', authorization => $login->header(password => 'wrong')), "$algorithm: a wrong password");
        }
    },
    'a session form is an algorithm of its own' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $login = SSPI::Test::Login->new($c, '/sess/', %alice);
        my $plain = $login->with(algorithm => 'SHA-256');
        $server->new_log;
        refused($c->get('/sess/', authorization => $plain->header), 401, 'SHA-256 where only SHA-256-sess is offered');
        logged($server, 'NOT_OFFERED', 'SHA-256');
        refused($c->get('/sess/', authorization => $plain->header(set => { algorithm => 'SHA-256-sess' })), 401,
            'its response under the name of the other');
        logged($server, 'WRONG_PASSWORD');
        refused($c->get('/sess/', authorization => $login->header(set => { cnonce => 'a response of another session' })), 401,
            "a response with another session's cnonce");
        granted($c->get('/sess/', authorization => $login->header), { user => 'alice', mechanism => 'SHA-256-sess' }, 'the right response');
    },
    'challenges have exactly the configured values' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $begin = qq(Digest realm="$realm",);
        is_deeply([ texts($c->get('/default/')) ],
            [ map { qq($begin nonce=N, opaque=O, algorithm=$_, qop="auth", charset=UTF-8) } qw(SHA-256 MD5) ], 'by default');
        is_deeply([ texts($c->get('/full/')) ],
            [ map { qq($begin domain="/full/ /other/ https://b.example/x", nonce=N, opaque=O, algorithm=$_, )
                    . 'qop="auth,auth-int", charset=UTF-8, userhash=true' } qw(SHA-512-256-sess MD5) ],
            'with domain, both qualities of protection and hashed names');
        is_deeply([ map { $_->{qop} } digest_challenges($c->get('/int/')->challenges) ], ['auth-int'], 'only auth-int');
        is_deeply([ map { $_->{qop} } digest_challenges($c->get('/int-first/')->challenges) ], ['auth,auth-int'],
            'both, in either configured order');
        my @lines = digest_challenges($c->get('/six/')->challenges, $c->get('/six/', tls => 1, args => ['--http2'])->challenges);
        my %n = map { my $name = $_; ($name => scalar keys %{{ map { $_->{$name} => 1 } @lines }}) } qw(nonce opaque);
        is_deeply(\%n, { nonce => 2, opaque => 1 }, 'one nonce for the lines of an answer, one opaque for the server');
    },
    'answers may quote values and escape characters without need' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $login = SSPI::Test::Login->new($c, '/once/', %alice);
        my $quoted = sub { my ($nc) = @_; return qq(, qop="auth", algorithm="SHA-256", nc="$nc") };
        my %none = map { $_ => undef } qw(qop algorithm nc);
        granted($c->get('/once/', authorization => $login->header(nc => 1, set => \%none, raw => $quoted->('00000001'))),
            { user => 'alice' }, 'qop, algorithm and nc');
        refused($c->get('/once/', authorization => $login->header(nc => 1, set => \%none, raw => $quoted->('00000001'))), 401,
            'the server counts it like any other');
        granted($c->get('/once/', authorization => $login->header(nc => 2, set => { username => undef }, raw => ', username="\a\lice"')),
            { user => 'alice' }, 'a name with needless escapes');
        granted($c->get('/once/', authorization => $login->header(nc => 3) =~ s/username=/UserName =\t/r), { user => 'alice' },
            'another case, and blanks around =');
        granted($c->get('/once/', authorization => $login->header(nc => 171, computed => { nc => '000000AB' })), { user => 'alice' },
            'a count in capital letters is granted');
        refused($c->get('/once/', authorization => $login->header(nc => 171)), 401, 'the same count in small letters is used already');
        granted($c->get('/once/', authorization => $login->header(nc => 4, set => { algorithm => 'sha-256' })), { user => 'alice' },
            'an algorithm in small letters');
    },
    'opaque must come back unchanged, or be absent' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $login = SSPI::Test::Login->new($c, '/once/', %alice);
        granted($c->get('/once/', authorization => $login->header(nc => 1)), { user => 'alice' }, 'unchanged');
        granted($c->get('/once/', authorization => $login->header(nc => 2, set => { opaque => undef })), { user => 'alice' },
            'a response without opaque, as some clients send it');
        $server->new_log;
        my $nc = 2;
        for my $changed ('', 'x' x 16, $login->challenge->{opaque} . 'x') {
            stale($c->get('/once/', authorization => $login->header(nc => ++$nc, set => { opaque => $changed })), "opaque \"$changed\"");
            logged($server, 'STALE_NONCE', 'opaque');
        }
        not_stale($c->get('/once/', authorization => $login->header(nc => 9, set => { opaque => 'x' }, password => 'wrong')),
            'a wrong password gets no hint about opaque');
        granted($c->get('/once/', authorization => $login->header(nc => 3)), { user => 'alice' }, 'the refused headers did not use their counts');
    },
    'the server finds a hashed name' => sub {
        my ($server) = @_;
        my $c = $server->client;
        for my $algorithm (@six) {
            my $login = SSPI::Test::Login->new($c, '/hash/', %alice, algorithm => $algorithm);
            is($login->challenge->{userhash}, 'true', "$algorithm: the challenge offers it");
            my $hash = userhash('alice', $realm, $algorithm);
            my $get = sub {
                my ($name, @o) = @_;
                return $c->get('/hash/', authorization => $login->header(set => { username => $name, userhash => 'true' }, @o));
            };
            granted($get->($hash), { user => 'alice', mechanism => $algorithm }, "$algorithm: the hash of a name");
            granted($get->(uc $hash), { user => 'alice' }, "$algorithm: in capital letters");
            $server->new_log;
            not_stale($get->($hash, password => 'wrong'), "$algorithm: with a wrong password");
            logged($server, 'WRONG_PASSWORD');
            not_stale($get->(userhash('nobody', $realm, $algorithm)), "$algorithm: of an unknown user");
            logged($server, 'WRONG_PASSWORD');
            not_stale($get->(userhash('alice', 'another realm', $algorithm)), "$algorithm: of another realm");
        }
        my $login = SSPI::Test::Login->new($c, '/hash/', user => "j\xc3\xa4s", password => 'geheim', algorithm => 'SHA-256');
        granted($c->get('/hash/', authorization => $login->header(
                set => { username => userhash("j\xc3\xa4s", $realm, 'SHA-256'), userhash => 'true' })),
            { user => "j\xc3\xa4s" }, 'of a name in UTF-8');
    },
    'the client may send a hashed name where it is offered' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $login = SSPI::Test::Login->new($c, '/hash/', %alice, algorithm => 'SHA-256');
        my $hash = userhash('alice', $realm, 'SHA-256');
        granted($c->get('/hash/', authorization => $login->header(set => { userhash => 'false' })), { user => 'alice' }, 'userhash=false');
        granted($c->get('/hash/', authorization => $login->header), { user => 'alice' }, 'no hashed name');
        granted($c->get('/hash/', authorization => $login->header(set => { username => $hash }, raw => ', userhash="true"')),
            { user => 'alice' }, 'quoted');
        not_stale($c->get('/hash/', authorization => $login->header(set => { username => $hash })), 'the hash of a name as a name');
        $server->new_log;
        for my $bad ([ 'the name itself', 'alice' ], [ 'the hash of another algorithm', userhash('alice', $realm, 'MD5') ],
            [ 'a hash with one more digit', "${hash}0" ], [ 'a name that is not a hash', 'z' x 64 ]) {
            is($c->get('/hash/', authorization => $login->header(set => { username => $bad->[1], userhash => 'true' }))->status,
                400, "$bad->[0], called a hash");
            logged($server, 'MALFORMED');
        }
        is($c->get('/hash/', authorization => $login->header(set => { userhash => 'maybe' }))->status, 400, 'userhash=maybe');
        logged($server, 'MALFORMED', 'maybe');
        my $elsewhere = SSPI::Test::Login->new($c, '/once/', %alice);
        refused($c->get('/once/', authorization => $elsewhere->header(set => { username => $hash, userhash => 'true' })), 401,
            'where it is not offered');
        logged($server, 'NOT_OFFERED', 'userhash');
    },
    'a nonce has one owner, in whatever form the name comes' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $login = SSPI::Test::Login->new($c, '/hash/', %alice, algorithm => 'SHA-256');
        my $hashed = $login->header(nc => 1, set => { username => userhash('alice', $realm, 'SHA-256'), userhash => 'true' });
        granted($c->get('/hash/', authorization => $hashed), { user => 'alice' }, 'hashed');
        $server->new_log;
        stale($c->get('/hash/', authorization => $login->header(nc => 1)), 'the same count with the name itself');
        logged($server, 'REPLAY');
        granted($c->get('/hash/', authorization => $login->header(nc => 2)), { user => 'alice' }, 'the next count');
    };

done_testing;
