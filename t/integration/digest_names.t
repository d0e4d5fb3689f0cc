#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Names of Digest users: beyond ASCII, with a domain, and the ways in which clients write them.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Login;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $realm = 'names';
my ($composed, $decomposed, $latin_1) = ("j\xc3\xa4s", "ja\xcc\x88s", "j\xe4s");
my $kdc = SSPI::Test::KDC->new;
my $users = spew(scratch_dir('users') . '/users', join('', map { user_line(@$_) }
    [ $composed, $realm, 'geheim' ], [ 'alice', $realm, 'pw' ], [ 'DOMAIN\\carol', $realm, 'pw' ], [ 'a"b', $realm, 'pw' ],
    [ 'dave@example.org', '', 'pw' ], [ 'DOMAIN\\erin', '', 'pw' ], [ 'frank@example.org', $realm, 'pw' ]), 0644);
my %digest = (packages => 'Digest', realm => $realm, digest_user_file => $users, digest_algorithm => 'MD5');
my %server_config = (env => $kdc->server_env, locations => [
    { path => '/p/', %digest },
    { path => '/both/', %digest, packages => 'Digest Negotiate', keytab => $kdc->{keytab} },
]);

# Returns a function that sends requests of this user. It takes the directives to replace, and
# further directives.
sub requests {
    my ($server, $path, $user, %fixed) = @_;
    my $c = $server->client;
    my $login = SSPI::Test::Login->new($c, $path, user => $user, password => 'pw', %fixed);
    return sub {
        my ($set, $raw, @o) = @_;
        return $c->get($path, authorization => $login->header(set => $set, raw => $raw // '', @o));
    };
}

parts 'names', \%server_config,
    'a name beyond ASCII is one name in all its spellings' => sub {
        my ($server) = @_;
        my $get = requests($server, '/p/', $composed, password => 'geheim');
        my %user = (user => $composed);
        granted($get->({}), \%user, 'as in the user file: UTF-8, composed');
        granted($get->({ username => $decomposed }), \%user, 'decomposed');
        granted($get->({ username => $latin_1 }), \%user, 'in ISO-8859-1, as sent by clients that hash UTF-8');
        granted($get->({ username => undef }, ", username=\"j\\\xc3\xa4s\""), \%user, 'with a backslash before an octet of a character');
        my %bare = (username => undef);
        granted($get->({ %bare, 'username*' => q(UTF-8''j%C3%A4s) }), \%user, 'username*');
        granted($get->({ %bare, 'username*' => q(utf-8'de-CH'j%c3%a4s) }), \%user, 'with a language, and small letters');
        granted($get->({ %bare, 'username*' => q(UTF-8''ja%CC%88s) }), \%user, 'with decomposed characters');
        granted($get->({ %bare, 'username*' => q(UTF-8''%6A%C3%A4%73), userhash => 'false' }), \%user, 'with every character encoded');
        $server->new_log;
        not_stale($get->({ username => $decomposed }, '', password => 'wrong'), 'a wrong password');
        logged($server, 'WRONG_PASSWORD', qr/ja\\+xcc\\+x88s/);
        my %count = (nc => 500);
        granted($get->({}, '', %count), \%user, 'a count is granted with one spelling of the name');
        stale($get->({ username => $decomposed }, '', %count), 'the count is used for the other spellings as well');
        logged($server, 'REPLAY');
    },
    'username* in any other form is malformed' => sub {
        my ($server) = @_;
        my $get = requests($server, '/p/', $composed, password => 'geheim');
        my $good = q(UTF-8''j%C3%A4s);
        my @bad = (
            [ 'username and username*', { 'username*' => $good } ],
            [ 'username* and userhash=true', { username => undef, 'username*' => $good, userhash => 'true' } ],
            [ 'a quoted one', { username => undef }, qq(, username*="$good") ],
            map { [ $_, { username => undef, 'username*' => $_ } ] } q(ISO-8859-1''j%E4s), q(UTF-16''j%00), q(UTF-8''j%E4s),
            q(UTF-8'j%C3%A4s), q(j%C3%A4s), q(UTF-8''j%C3%A), q(UTF-8''j%), q(UTF-8''j%ZZs),
        );
        for my $case (@bad) {
            my ($name, $set, $raw) = @$case;
            $server->new_log;
            refused($get->($set, $raw), 400, $name);
            logged($server, 'MALFORMED', 'username');
        }
        granted($get->({ username => undef, 'username*' => $good }), { user => $composed }, 'the right form');
    },
    'a name with control characters is refused with a new challenge' => sub {
        my ($server) = @_;
        my $get = requests($server, '/p/', 'alice');
        # C1 control characters in both encodings. A conversion of ISO-8859-1 would make them from
        # octets that are not UTF-8.
        for my $name ("al\xc2\x85ice", "al\x85ice", "al\xc2\x9bice", "al\x80\xffice") {
            $server->new_log;
            refused($get->({ username => $name }), 401, join ' ', map { sprintf '%02x', ord } split //, $name);
            logged($server, 'WRONG_PASSWORD', 'control character');
        }
        for my $name (q(UTF-8''), q(UTF-8''j%00s), q(UTF-8''j%C2%85s), q(UTF-8''j%0As)) {
            $server->new_log;
            refused($get->({ username => undef, 'username*' => $name }), 401, $name);
            logged($server, 'WRONG_PASSWORD', 'username');
        }
    },
    'a domain may stand before a name, behind one backslash or two' => sub {
        my ($server) = @_;
        my $get = requests($server, '/p/', 'DOMAIN\\carol');
        my %user = (user => 'DOMAIN\\carol');
        granted($get->({}), \%user, 'escaped');
        granted($get->({ username => undef }, ', username="DOMAIN\\carol"'), \%user, 'with one backslash, unescaped');
        $server->new_log;
        my $once = { username => undef };
        granted($get->($once, ', username="DOMAIN\\carol"', nc => 100), \%user, 'a count is granted with one spelling of the name');
        stale($get->({}, '', nc => 100), 'the count is used for the other spelling as well');
        logged($server, 'REPLAY');
        not_stale($get->({ username => 'OTHER\\carol' }), 'another domain');
        not_stale($get->({ username => 'carol' }), 'no domain');
    },
    'a quote in a name is escaped' => sub {
        my ($server) = @_;
        my $get = requests($server, '/p/', 'a"b');
        granted($get->({}), { user => 'a"b' }, 'by a client that escapes it');
        is($get->({ username => undef }, ', username="a"b"')->status, 400, 'by a client that does not');
    },
    'a name with its own realm, in a directive without realm' => sub {
        my ($server) = @_;
        for my $user ('dave@example.org', 'DOMAIN\\erin') {
            my $get = requests($server, '/p/', $user);
            granted($get->({}, '', computed => { realm => '' }), { user => $user }, "$user: an empty realm");
            $server->new_log;
            not_stale($get->({}), "$user: the realm of the location, where this user does not exist");
            logged($server, 'WRONG_PASSWORD');
            granted($get->({ username => undef }, ', username="DOMAIN\\erin"', computed => { realm => '' }), { user => $user },
                'a single backslash') if $user =~ /erin/;
        }
        my $get = requests($server, '/p/', 'frank@example.org');
        granted($get->({}), { user => 'frank@example.org' }, 'a name with @ in the realm of the location');
        not_stale($get->({}, '', computed => { realm => '' }), 'a name with @ is not found without that realm');
        $server->new_log;
        not_stale(requests($server, '/p/', 'alice')->({}, '', computed => { realm => '' }), 'any other name without a realm');
        logged($server, 'WRONG_REALM');
    },
    'where Kerberos is offered, a Digest name must not look like a Kerberos name' => sub {
        my ($server) = @_;
        for my $case ([ 'frank@example.org' ], [ 'DOMAIN\\carol' ], [ 'dave@example.org', computed => { realm => '' } ]) {
            my ($user, @o) = @$case;
            $server->new_log;
            not_stale(requests($server, '/both/', $user)->({}, '', @o), $user);
            logged($server, 'AMBIGUOUS_USER');
        }
        granted(requests($server, '/both/', 'alice')->({}), { user => 'alice', package => 'Digest' }, 'another name is granted');
        granted(requests($server, '/both/', $composed, password => 'geheim')->({}), { user => $composed }, 'beyond ASCII too');
    };

done_testing;
