#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# httpd: users of Digest from its own authn providers (SSPIDigestProvider).
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew run);
use SSPI::Test::Bodies;
use SSPI::Test::Digest qw(digest_challenges digest_header user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my ($modules) = grep { -d } qw(/usr/lib/apache2/modules /usr/lib64/httpd/modules);
sub load { return join '', map { "LoadModule ${_}_module $modules/mod_$_.so\n" } @_ }

my $dir = scratch_dir('users');
sub file { my ($name, @lines) = @_; return spew("$dir/$name", join('', @lines), 0644) }
my $one = file('one', user_line('alice', 'r', 'pw'), user_line('alice', 'other', 'else'));
my $two = file('two', user_line('bob', 'r', 'builder'), user_line('alice', 'r', 'another'));
# The same user with the same password.
my $same = file('same', user_line('alice', 'r', 'pw'));
my $odd = file('odd', user_line('alice', 'r', 'pw', 'SHA-256') =~ s/:SHA-256:/:/r);

my %digest = (packages => 'Digest', realm => 'r', digest_provider => 'file');
sub location {
    my ($path, $users, %o) = @_;
    my $apache = join "\n", $users ? "AuthUserFile $users" : (), delete $o{apache} // ();
    return { path => $path, %digest, apache => $apache, %o };
}

my $ssi = "AddType text/html .shtml\nAddOutputFilter INCLUDES .shtml";

parts 'the file provider', { on => 'apache', locations => [
    location('/one/', $one, apache => $ssi),
    location('/other/', $one, realm => 'other'),
    location('/two/', $two),
    location('/both/', $one, digest_provider => 'file second'),
    location('/sess/', $one, digest_algorithm => 'MD5-sess'),
    location('/int/', $one, digest_qop => 'auth-int', apache => "Options +ExecCGI\nSetHandler cgi-script"),
    location('/none/', undef),
    location('/odd/', $odd),
    location('/same/', $same),
    location('/index/', $one),
    location('/index/index.html', $two),
    location('/index-same/', $one),
    location('/index-same/index.html', $same),
], files => {
    '/one/page.shtml' => 'same:<!--#include virtual="/same/part.html" --> two:<!--#include virtual="/two/part.html" -->',
    '/same/part.html' => 'shown', '/two/part.html' => 'secret',
    '/index/index.html' => "index\n", '/index-same/index.html' => "index\n",
    '/int/app.cgi' => "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'; cat\n",
    '/here/index.html' => "here\n",
    '/here/.htaccess' => "AuthType SSPI\nAuthName r\nSSPIPackages Digest\nSSPIDigestProvider file\n"
        . "AuthUserFile $one\nRequire valid-user\n",
    '/wrong/index.html' => "wrong\n",
    '/wrong/.htaccess' => "AuthType SSPI\nAuthName r\nSSPIPackages Digest\nSSPIDigestProvider nobody-knows\n"
        . "Require valid-user\n",
}, allow_log => qr/htaccess/,
    apache_head => "<AuthnProviderAlias file second>\nAuthUserFile $two\n</AuthnProviderAlias>\n" },
    'right and wrong passwords' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my %alice = (user => 'alice', package => 'Digest', mechanism => 'MD5');
        granted($c->get('/one/', digest => 'alice:pw'), \%alice, 'the right password');
        granted($c->get('/one/', digest => 'alice:pw', tls => 1, args => ['--http2']), \%alice, 'HTTP/2');
        granted($c->get('/two/', digest => 'alice:another'), \%alice, 'each location has its own file');
        granted($c->get('/other/', digest => 'alice:else'), \%alice, 'each location has its own realm');
        granted($c->get('/here/', digest => 'alice:pw'), \%alice, 'in .htaccess, too');
        $server->new_log;
        my @answers;
        for my $login ('alice:another', 'bob:builder', 'nobody:pw') {
            my $a = $c->get('/one/', digest => $login);
            refused($a, 401, $login);
            logged($server, 'WRONG_PASSWORD');
            push @answers, join '|', map { s/nonce="[^"]+"/nonce/r } $a->challenges;
        }
        is_deeply([ @answers[ 1, 2 ] ], [ @answers[ 0, 0 ] ], 'unknown users and wrong passwords look the same');
    },
    'a header works once' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my ($challenge) = digest_challenges($c->get('/one/')->challenges);
        my $header = digest_header($challenge, user => 'alice', password => 'pw', uri => '/one/');
        granted($c->get('/one/', authorization => $header), { user => 'alice' }, 'a header is accepted the first time');
        refused($c->get('/one/', authorization => $header), 401, 'the same header is refused the second time');
    },
    'algorithms and qop' => sub {
        my ($server) = @_;
        my $c = $server->client;
        chmod 0755, "$server->{dir}/docroot/int/app.cgi";
        my @offered = map { $_->{algorithm} } digest_challenges($c->get('/one/')->challenges);
        is_deeply(\@offered, ['MD5'], 'MD5 is offered, the only one that providers know');
        my ($challenge) = digest_challenges($c->get('/sess/')->challenges);
        granted($c->get('/sess/', authorization => digest_header($challenge, user => 'alice', password => 'pw', uri => '/sess/')),
            { user => 'alice', mechanism => 'MD5-sess' }, 'MD5-sess');
        new_nonce($c, '/int/app.cgi');
        for my $way (@ways) {
            my $a = $way{$way}->($c, '/int/app.cgi', 'a body');
            is_deeply([ $a->status, $a->body ], [ 200, 'a body' ], "auth-int, $way");
            refused($way{$way}->($c, '/int/app.cgi', 'a body', hashed_body => 'b'), 401, 'a wrong body');
        }
    },
    'several providers' => sub {
        my ($server) = @_;
        my $c = $server->client;
        granted($c->get('/both/', digest => 'alice:pw'), { user => 'alice' }, 'the first provider has the user');
        granted($c->get('/both/', digest => 'bob:builder'), { user => 'bob' }, 'the second provider has the user');
        refused($c->get('/both/', digest => 'alice:another'), 401, 'the second is not asked about users of the first');
        refused($c->get('/both/', digest => 'nobody:pw'), 401, 'no provider has the user');
    },
    'a provider that cannot work gives 500' => sub {
        my ($server) = @_;
        my $c = $server->client;
        $server->new_log;
        is($c->get('/none/', digest => 'alice:pw')->status, 500, 'a provider without its file');
        has_line($server->new_log, [ 'SSPIDigestProvider', qr/\bprovider file failed\b/ ], 'the log says that the provider failed');
        is($c->get('/none/')->status, 401, 'a challenge does not need the provider');
        refused($c->get('/odd/', digest => 'alice:pw'), 401, 'a hash that is not of MD5 matches nothing');
        is($c->get('/wrong/')->status, 500, 'an unknown provider in .htaccess');
        has_line($server->new_log, [ 'SSPIDigestProvider', '"nobody-knows"' ], 'the log names the unknown provider');
    },
    'a login does not count where another file decides' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $a = $c->get('/one/page.shtml', digest => 'alice:pw');
        granted($a, { user => 'alice' }, 'a page with includes');
        like($a->body, qr/same:shown/, 'an include of a location where the user has the same password');
        unlike($a->body, qr/secret/, 'no include of a location where the password differs');
        granted($c->get('/index-same/', digest => 'alice:pw'), { user => 'alice' }, 'DirectoryIndex with the same password');
        isnt($c->get('/index/', digest => 'alice:pw')->status, 200, 'DirectoryIndex with another password');
    };

# ---- databases ----

sub database {
    my @sql = ('CREATE TABLE users (name TEXT, realm TEXT, hash TEXT)', map {
        my ($name, $realm, $hash) = /\A(.*?):(.*?):(.*)\n\z/;
        "INSERT INTO users VALUES ('$name', '$realm', '$hash')"
    } user_line('alice', 'r', 'pw'), user_line('bob', 'r', 'builder'));
    my $path = "$dir/users.db";
    return run([ 'sqlite3', $path, join ';', @sql ])->{rc} == 0 ? $path : undef;
}

SKIP: {
    my $database = database();
    skip 'mod_authn_dbd: sqlite3 is not installed', 1 if !$database;
    skip 'mod_authn_dbd: there is no apr_dbd_sqlite3', 1
        if !glob '/usr/lib/*/apr-util-1/apr_dbd_sqlite3*.so /usr/lib*/apr-util-1/apr_dbd_sqlite3*.so';
    parts 'a database', { on => 'apache', apache_head => load(qw(dbd authn_dbd authn_socache))
            . "DBDriver sqlite3\nDBDParams $database\nAuthnCacheSOCache shmcb\n",
        locations => [
            location('/dbd/', undef, digest_provider => 'dbd',
                apache => 'AuthDBDUserRealmQuery "SELECT hash FROM users WHERE name = %s AND realm = %s"'),
            location('/cached/', "$dir/cached", digest_provider => 'socache file', apache => "AuthnCacheProvideFor file\nAuthnCacheTimeout 600"),
        ] },
        'dbd' => sub {
            my ($server) = @_;
            my $c = $server->client;
            granted($c->get('/dbd/', digest => 'alice:pw'), { user => 'alice' }, 'the right password');
            granted($c->get('/dbd/', digest => 'bob:builder'), { user => 'bob' }, 'the password of another user');
            refused($c->get('/dbd/', digest => 'alice:builder'), 401, 'a wrong password');
            refused($c->get('/dbd/', digest => q(x' OR '1'='1:pw)), 401, 'an unknown user');
        },
        'socache' => sub {
            my ($server) = @_;
            my $c = $server->client;
            file('cached', user_line('alice', 'r', 'pw'));
            granted($c->get('/cached/', digest => 'alice:pw'), { user => 'alice' }, 'from the file');
            file('cached', user_line('bob', 'r', 'builder'));
            granted($c->get('/cached/', digest => 'alice:pw'), { user => 'alice' }, 'from the cache');
            refused($c->get('/cached/', digest => 'alice:builder'), 401, 'a wrong password');
            granted($c->get('/cached/', digest => 'bob:builder'), { user => 'bob' }, 'a user that the cache does not know');
        };
}

# ---- the configuration test ----

config_refused 'a provider that does not exist', { on => 'apache',
    locations => [ location('/p/', $one, digest_provider => 'file nobody-knows') ] },
    qr/SSPIDigestProvider:.*"nobody-knows".*mod_authn_nobody-knows/;
config_refused 'a provider that has no hashes', { on => 'apache', apache_head => load('authn_anon'),
    locations => [ location('/p/', undef, digest_provider => 'anon') ] },
    qr/SSPIDigestProvider:.*"anon".*Digest\b.*\bfile\b.*\bdbd\b.*\bsocache\b/;

done_testing;
