#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# httpd: Digest users of httpd's authn providers, and the locations that use other providers or user
# files.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Apache;
use SSPI::Test::Bodies;
use SSPI::Test::Digest qw(digest_challenges user_line userhash);
use SSPI::Test::Login;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $dir = scratch_dir('users');
my $alice = user_line('alice', 'r', 'pw');
my %file = (
    users => $alice . user_line('bob', 'r', 'pw') . user_line('alice', 'other realm', 'pw2'),
    same => user_line('carol', 'r', 'pw') . $alice,
    other => user_line('alice', 'r', 'another'),
    without => user_line('bob', 'r', 'pw'),
    carol => user_line('carol', 'r', 'pw'),
    # Hashes that httpd passes on unchanged: too long, not hexadecimal, and empty.
    long => user_line('alice', 'r', 'pw', 'SHA-256') =~ s/:SHA-256:/:/r,
    odd => "alice:r:" . 'z' x 32 . "\n",
    empty => "alice:r:\n",
);
spew("$dir/$_", $file{$_}, 0644) for keys %file;

# A location whose users come from the providers, with the AuthUserFile of that name.
sub location {
    my ($path, $users, %o) = @_;
    my $text = join "\n", (defined $users ? "AuthUserFile $dir/$users" : ()), delete $o{apache} // ();
    return { path => $path, packages => 'Digest', realm => 'r', digest_provider => 'file', apache => $text, %o };
}

sub log_in {
    my ($c, $path, %o) = @_;
    return SSPI::Test::Login->new($c, $path, user => 'alice', password => 'pw', %o);
}

# Sends one request to `path` with the right header for it.
sub try {
    my ($c, $path, %o) = @_;
    return $c->get($path, authorization => log_in($c, $path, %o)->header);
}

my $alias = "<AuthnProviderAlias file few>\nAuthUserFile $dir/without\n</AuthnProviderAlias>\n"
    . "<AuthnProviderAlias file broken>\nAuthUserFile $dir/none\n</AuthnProviderAlias>\n";

parts 'providers', { on => 'apache', locations => [
        location('/file/', 'users'),
        location('/sess/', 'users', digest_algorithm => 'MD5-sess MD5'),
        location('/two/', 'users', digest_provider => 'few file'),
        location('/few/', 'users', digest_provider => 'few'),
        location('/broken/', 'users', digest_provider => 'broken file'),
        location('/nothing/', undef),
        (map { location("/$_/", $_) } qw(long odd empty)),
        location('/strong/', 'users', digest_algorithm => 'SHA-256'),
        location('/both/', 'users', digest_algorithm => 'MD5 SHA-256'),
        location('/userhash/', 'users', digest_userhash => 'on'),
        location('/expression/', 'users', realm => '%{reqenv:REALM}', apache => 'SetEnvIf Request_URI ^ REALM=r'),
        location('/only/', 'users', require => ['user digest:alice']),
        location('/int/', 'users', digest_qop => 'auth-int', digest_entity_limit => 100_000),
        location('/int-only/', 'users', digest_qop => 'auth-int', require => ['user digest:alice']),
        location('/optional/', 'users', sspi => 'optional'),
    ], apache_head => $alias },
    'users who are refused' => sub {
        my ($server) = @_;
        my $c = $server->client;
        for my $path ('/file/', '/sess/', '/two/', '/int/', '/optional/') {
            for my $wrong ([ password => 'wrong' ], [ user => 'nobody' ], [ user => 'carol' ], [ user => 'alice:r' ]) {
                my @body = $path eq '/int/' ? (body => '') : ();
                my $login = log_in($c, $path eq '/optional/' ? '/file/' : $path, uri => $path, @$wrong, @body);
                $server->new_log;
                refused($c->get($path, authorization => $login->header), 401, "$path: @$wrong");
                logged($server, 'WRONG_PASSWORD');
            }
        }
        refused(try($c, "/$_/"), 401, "no hash of MD5: $_") for qw(long odd empty);
        my $login = log_in($c, '/file/');
        granted($c->get('/file/', authorization => $login->header), { user => 'alice' }, 'a count');
        refused($c->get('/file/', authorization => $login->header(nc => 1)), 401, 'the count works only once');
    },
    'the first provider that knows the user decides' => sub {
        my ($server) = @_;
        my $c = $server->client;
        granted(try($c, '/two/'), { user => 'alice' }, 'the password of the second provider');
        granted(try($c, '/two/', user => 'bob'), { user => 'bob' }, 'the password of the first provider');
        refused(try($c, '/few/'), 401, 'no user');
    },
    'a provider that fails grants no request' => sub {
        my ($server) = @_;
        my $c = $server->client;
        for my $path ('/broken/', '/nothing/') {
            $server->new_log;
            my $a = try($c, $path);
            refused($a, 500, $path);
            has_line($server->new_log, [ 'SSPIDigestProvider', qr/\bprovider\b.*\bfailed\b/ ], 'the log names the provider');
            refused($c->get($path), 401, 'a challenge needs no provider');
        }
    },
    'MD5 comes from a provider, SHA-256 cannot' => sub {
        my ($server) = @_;
        my $c = $server->client;
        granted(try($c, '/sess/', algorithm => $_), { user => 'alice', mechanism => $_ }, $_) for 'MD5-sess', 'MD5';
        for my $path ('/strong/', '/both/') {
            $server->new_log;
            refused($c->get($path), 500, $path);
            has_line($server->new_log, [ message_id('CONFIGURATION'), qr/\bMD5\b/, 'SHA-256' ],
                'the log gives the reason');
        }
    },
    'beside other options' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my ($challenge) = digest_challenges($c->get('/userhash/')->challenges);
        ok(!exists $challenge->{userhash}, 'userhash is not offered, because providers cannot find a name by its hash');
        my @hashed = (set => { username => userhash('alice', 'r'), userhash => 'true' });
        refused(try($c, '/userhash/', @hashed), 401, 'userhash is refused');
        granted(try($c, '/userhash/'), { user => 'alice' }, 'the name itself is granted');
        granted(try($c, '/expression/'), { user => 'alice' }, 'the realm may be an expression');
        my $optional = log_in($c, '/file/', uri => '/optional/');
        granted($c->get('/optional/', authorization => $optional->header), { user => 'alice' }, 'SSPIOptional');
        granted($c->get('/optional/'), { user => '' }, 'optional grants anonymous requests');
        granted(try($c, '/only/'), { user => 'alice' }, 'Require sspi-user: the user it names');
        is(try($c, '/only/', user => 'bob')->status, 403, 'another user');
    },
    'auth-int' => sub {
        my ($server) = @_;
        my $c = $server->client;
        for my $path ('/int/', '/int-only/') {
            new_nonce($c, $path);
            for my $len (0, 1, 99_000) {
                for my $way (@ways) {
                    granted($way{$way}->($c, $path, body($len)), { user => 'alice' }, "$path: $len bytes, $way");
                    refused($way{$way}->($c, $path, body($len), hashed_body => 'x'), 401, 'a wrong body');
                }
            }
        }
        new_nonce($c, '/int/');
        refused($way{chunked}->($c, '/int/', body(100_001)), 413, 'over the limit');
    };

# ---- a login and the provider of another location ----

my %user_file = (packages => 'Digest', realm => 'r', digest_user_file => "$dir/same");
my @inner = qw(same other without broken realm file);

# The locations below `path` of index files and parts of pages.
sub inner {
    my ($path, $file) = @_;
    return (location("${path}same/$file", 'same'), location("${path}other/$file", 'other'),
        location("${path}without/$file", 'without'), location("${path}broken/$file", 'none'),
        location("${path}realm/$file", 'users', realm => 'other realm'), { path => "${path}file/$file", %user_file });
}

parts 'a login and the provider of another location', { on => 'apache', locations => [
        location('/page/', 'users', apache => "Options Includes\nAddOutputFilter INCLUDES .shtml"),
        { path => '/file-page/', %user_file, apache => "Options Includes\nAddOutputFilter INCLUDES .shtml" },
        location('/index/', 'users'),
        inner('/part/', ''), grep { $_->{digest_provider} } inner('/index/', 'index.html'),
    ], files => {
        (map { ("/$_/page.shtml" => join ' ', map { "$_:<!--#include virtual=\"/part/$_/\" -->" } @inner, 'same') }
            'page', 'file-page'),
        map { ("/part/$_/index.html" => 'shown') } @inner,
    } },
    'parts of a page' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $a = try($c, '/page/page.shtml');
        granted($a, { user => 'alice' }, 'the page');
        is_deeply([ $a->body =~ /(\w+):shown/g ], [ 'same', 'same' ],
            'only the same hash in another file is the same user');
        is_deeply([ sort map { /\bprovider\b/ ? 'provider' : /\buser file\b/ ? 'user file' : $_ } message_lines($server) ],
            [ 'provider', 'user file' ], 'the log explains each reason once');
        $a = try($c, '/file-page/page.shtml');
        is_deeply([ $a->body =~ /(\w+):shown/g ], ['file'], 'a login by a user file does not count for a provider');
    },
    'index files' => sub {
        my ($server) = @_;
        my $c = $server->client;
        granted(try($c, '/index/same/'), { user => 'alice' }, 'the same hash in another file');
        for my $location (qw(other without broken realm)) {
            my $a = try($c, "/index/$location/");
            isnt($a->status, 200, "not shown: $location");
            unlike($a->body, qr/page of/, 'the client gets no part of the page');
        }
    };

parts 'an inner location replaces the outer choice', { on => 'apache', locations => [
        location('/provider/', 'users'),
        { path => '/provider/file/', digest_user_file => "$dir/carol" },
        { path => '/file/', packages => 'Digest', realm => 'r', digest_user_file => "$dir/carol" },
        { path => '/file/provider/', digest_provider => 'file', apache => "AuthUserFile $dir/users" },
    ] },
    'only its own users are granted' => sub {
        my ($server) = @_;
        my $c = $server->client;
        granted(try($c, '/provider/'), { user => 'alice' }, 'a provider');
        refused(try($c, '/provider/file/'), 401, 'the provider is not used where there is a user file');
        granted(try($c, '/provider/file/', user => 'carol'), { user => 'carol' }, 'the user of the inner location is granted');
        granted(try($c, '/file/', user => 'carol'), { user => 'carol' }, 'a user file');
        refused(try($c, '/file/provider/', user => 'carol'), 401, 'the user file is not read where there is a provider');
        granted(try($c, '/file/provider/'), { user => 'alice' }, 'the user of the inner location is granted');
    };

config_refused 'a provider and a user file in one location', { on => 'apache',
    locations => [ location('/p/', 'users', digest_user_file => "$dir/carol") ] },
    qr/SSPIDigestUserFile:.*SSPIDigestUserFile\b.*SSPIDigestProvider\b/;
config_refused 'an alias of a provider without hashes', { on => 'apache',
    apache_head => SSPI::Test::Apache::module_lines('authn_anon') . "<AuthnProviderAlias anon guests>\n</AuthnProviderAlias>\n",
    locations => [ location('/p/', undef, digest_provider => 'file guests') ] },
    qr/SSPIDigestProvider:.*"guests".*Digest\b.*\bfile\b.*\bdbd\b.*\bsocache\b/;

done_testing;
