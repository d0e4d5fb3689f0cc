#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Basic, verified by the lines of user files: who gets in, how the user is named, and what is never
# read.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Basic qw(basic_header);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Ntlm qw(ntlm_user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $realm = 'r "q"';
my $long = 'x' x 1000;
my %password = (alice => 'won:der:land', bob => $long, "j\xc3\xb6rg" => "stra\xc3\x9fe", empty => '', 'a@b' => 'pw');
my $dir = scratch_dir('users');
my $users = spew("$dir/users",
    join('', map { user_line($_, $realm, $password{$_}, 'SHA-256') } sort keys %password)
        . user_line('old', $realm, 'md5 pw') . user_line('new', $realm, 'pw', 'SHA-512-256')
        . user_line('alice', 'other', 'other pw'), 0644);
my $nt = spew("$dir/nt", ntlm_user_line('carol', 'CORP', "p\xc3\xa4ss") . ntlm_user_line('alice', 'CORP', 'nt pw'), 0644);

my %basic = (packages => 'Basic', realm => $realm, basic_verify => 'file', basic_tries => '1000/1s');
my %digest = (%basic, digest_user_file => $users);
my %nt = (%basic, ntlm_user_file => $nt);
my %spec = (locations => [
    { path => '/d/', %digest }, { path => '/nt/', %nt }, { path => '/both/', %digest, ntlm_user_file => $nt },
    { path => '/more/', %digest, packages => 'Digest Basic', digest_algorithm => 'SHA-256 MD5' },
    { path => '/other/', %digest, realm => 'other' },
    { path => '/short/', %nt, user_name => 'short' },
    { path => '/optional/', %digest, sspi => 'optional' },
    { path => '/plain/', %digest, basic_require_tls => 'off' },
    { path => '/bound/', %digest, packages => 'Digest Basic', channel_binding => 'require' },
]);

sub get {
    my ($server, $path, $credentials, %o) = @_;
    return $server->client->get($path, tls => 1, authorization => basic_header($credentials), %o);
}

parts 'passwords of files', \%spec,
'the challenge names the realm and the encoding' => sub {
    my ($server) = @_;
    my $c = $server->client;
    is_deeply([ $c->get('/d/', tls => 1)->challenges ], [ 'Basic realm="r \\"q\\"", charset="UTF-8"' ], 'RFC 7617');
    is_deeply([ map { /\A(\w+)/ } $c->get('/more/', tls => 1)->challenges ], [ qw(Digest Digest Basic) ], 'as listed');
},
'a user of a Digest line' => sub {
    my ($server) = @_;
    my %want = (user => 'alice', package => 'Basic', mechanism => 'SHA-256', bound => '0');
    granted(get($server, '/d/', 'alice:won:der:land'), \%want, 'a password with colons');
    granted(get($server, '/d/', "bob:$long"), { user => 'bob' }, 'a password of 1,000 octets');
    granted(get($server, '/d/', 'old:md5 pw'), { user => 'old', mechanism => 'MD5' }, 'an MD5 line');
    granted(get($server, '/d/', 'new:pw'), { user => 'new', mechanism => 'SHA-512-256' }, 'a SHA-512-256 line');
    granted(get($server, '/d/', 'a@b:pw'), { user => 'a@b' }, 'a name with @ where all users are of Digest lines');
    granted(get($server, '/other/', 'alice:other pw'), { user => 'alice' }, 'the realm of the location');
},
'names and passwords are compared in NFC' => sub {
    my ($server) = @_;
    my $name = "j\xc3\xb6rg";
    granted(get($server, '/d/', "$name:stra\xc3\x9fe"), { user => $name }, 'UTF-8');
    granted(get($server, '/d/', "jo\xcc\x88rg:stra\xc3\x9fe"), { user => $name }, 'decomposed UTF-8');
    granted(get($server, '/d/', "j\xf6rg:stra\xdfe"), { user => $name }, 'ISO-8859-1, which older clients send');
},
'a user of an NT line' => sub {
    my ($server) = @_;
    my %want = (user => 'CORP\\carol', package => 'Basic', mechanism => 'NTLM');
    granted(get($server, '/nt/', "CORP\\carol:p\xc3\xa4ss"), \%want, 'DOMAIN\\user');
    granted(get($server, '/nt/', "corp\\CAROL:p\xc3\xa4ss"), \%want, 'another case');
    granted(get($server, '/nt/', "carol:p\xc3\xa4ss"), \%want, 'the domain of the file');
    granted(get($server, '/short/', "carol:p\xc3\xa4ss"), { user => 'carol' }, 'the short form');
    refused(get($server, '/nt/', "ELSE\\carol:p\xc3\xa4ss"), 401, 'another domain');
    logged($server, 'WRONG_PASSWORD', 'ELSE');
},
'the password says which user of a name it is' => sub {
    my ($server) = @_;
    granted(get($server, '/both/', 'alice:won:der:land'), { user => 'alice', mechanism => 'SHA-256' }, 'of Digest');
    granted(get($server, '/both/', 'alice:nt pw'), { user => 'CORP\\alice', mechanism => 'NTLM' }, 'of NTLM');
    refused(get($server, '/both/', 'a@b:pw'), 401, 'a name of Digest that reads as another');
    logged($server, 'AMBIGUOUS_USER', 'a@b');
},
'what is wrong is refused' => sub {
    my ($server) = @_;
    for my $case ([ 'alice:wonderland', 'a wrong password' ], [ 'alice:', 'an empty password' ], [ ':', 'nothing' ],
        [ 'nobody:won:der:land', 'an unknown user' ], [ 'Alice:won:der:land', 'another case of a Digest user' ],
        [ 'alice:other pw', 'the password of another realm' ], [ "bob:${long}x", 'a longer password' ],
        [ 'bob:' . 'x' x 999, 'a shorter password' ]) {
        refused(get($server, '/d/', $case->[0]), 401, $case->[1]);
        logged($server, 'WRONG_PASSWORD');
    }
},
'the form of the credentials' => sub {
    my ($server) = @_;
    for my $case ([ 401, 'MALFORMED', '' ], [ 401, 'MALFORMED', ' YWxpY2U=' ], [ 401, 'MALFORMED', ' YWxpY2U6cHc' ], [ 400, 'MALFORMED', ' a:b' ],
        [ 400, 'MALFORMED', ' YWxpY2U6cHc=, YWxpY2U6cHc=' ]) {
        my ($status, $message, $text) = @$case;
        refused(scalar($server->client->get('/d/', tls => 1, authorization => "Basic$text")), $status, "Basic$text");
        logged($server, $message);
    }
    for my $case ([ "alice\0:pw", 'NUL in the name' ], [ "alice:won:der:land\0", 'NUL behind the password' ],
        [ "alice:a\nb", 'a line break' ], [ "alice:\x80", 'C1' ]) {
        refused(get($server, '/d/', $case->[0]), 401, $case->[1]);
        logged($server, 'BAD_NAME');
    }
    for my $case ([ 'x' x 512 . ':' . 'y' x 1024, 'WRONG_PASSWORD' ], [ 'x' x 513 . ':pw', 'TOO_LARGE' ], [ 'x:' . 'y' x 1025, 'TOO_LARGE' ],
        [ 'x' x 512 . ':' . 'y' x 1025, 'TOO_LARGE' ]) {
        refused(get($server, '/d/', $case->[0]), 401, 'of ' . length($case->[0]) . ' octets');
        logged($server, $case->[1]);
    }
},
'optional credentials' => sub {
    my ($server) = @_;
    granted($server->client->get('/optional/', tls => 1), { user => '' }, 'none');
    granted(get($server, '/optional/', 'alice:won:der:land'), { user => 'alice' }, 'right ones');
    refused(get($server, '/optional/', 'alice:x'), 401, 'wrong ones');
},
'plain HTTP' => sub {
    my ($server) = @_;
    my $c = $server->client;
    $server->new_log;
    refused($c->get('/d/'), 403, 'nothing to offer');
    logged($server, 'TLS_REQUIRED');
    refused($c->get('/d/', authorization => 'Bearer x'), 403, 'another scheme where nothing can be offered');
    logged($server, 'TLS_REQUIRED');
    for my $path (qw(/d/ /more/ /optional/)) {
        refused($c->get($path, authorization => basic_header('alice:won:der:land')), 403, "$path: a right password");
        logged($server, 'PLAIN_PASSWORD');
        refused($c->get($path, authorization => 'Basic !'), 403, "$path: it is not read");
        logged($server, 'PLAIN_PASSWORD');
    }
    is_deeply([ map { /\A(\w+)/ } $c->get('/more/')->challenges ], [ qw(Digest Digest) ], 'Basic is not offered');
    granted($c->get('/optional/'), { user => '' }, 'no credentials, where they are optional');
    granted($c->get('/plain/', authorization => basic_header('alice:won:der:land')), { user => 'alice' }, 'SSPIBasicRequireTLS off');
},
'Basic proves no channel' => sub {
    my ($server) = @_;
    $server->new_log;
    my $answer = $server->client->get('/bound/', tls => 1);
    is(scalar(grep { /\ABasic/ } $answer->challenges), 0, 'it is not offered where a channel is demanded');
    refused(get($server, '/bound/', 'alice:won:der:land'), 401, 'it is refused there');
    logged($server, 'MISSING_BINDING');
};

# ---- a .htaccess file, which httpd reads only for a request ----

sub htaccess { return join "\n", 'AuthType SSPI', 'AuthName other', 'SSPIPackages Basic', 'Require valid-user', @_, '' }

scenario 'a .htaccess file offers Basic', { on => 'apache', apache_head => "SSPIDigestUserFile $users\n",
    locations => [ { path => '/d/', %digest } ], apache => "<Directory \"\@DOCROOT\@\">\nAllowOverride All\n</Directory>\n",
    files => { (map { ("/$_/index.html" => "page\n") } qw(file winbind)), '/file/.htaccess' => htaccess('SSPIBasicTries 2/1m'),
        '/winbind/.htaccess' => htaccess('SSPIBasicVerify winbind') },
}, sub {
    my ($server) = @_;
    granted(get($server, '/file/', 'alice:other pw'), { user => 'alice' }, 'the user file of the server');
    is_deeply([ map { get($server, '/file/', "alice:wrong $_")->status } 1 .. 3 ], [ 401, 401, 429 ], 'its limit of wrong passwords');
    $server->new_log;
    refused(get($server, '/winbind/', 'alice:other pw'), 500, 'a verifier that was not opened at start');
    has_line($server->new_log, [ message_id('CONFIGURATION'), 'SSPINTLMUserFile' ], 'the log says what is missing');
};

# ---- configuration ----

sub with { my (%o) = @_; return { locations => [ { path => '/p/', %o } ] } }

sub names {
    my ($key, @more) = @_;
    my ($apache, $nginx) = SSPI::Test::Options::option_names($key);
    return ({ apache => qr/\Q$apache\E/, nginx => qr/\Q$nginx\E/ }, @more);
}

config_refused('Basic without a realm', with(packages => 'Basic', digest_user_file => $users), { apache => qr/AuthName/, nginx => qr/sspi_realm/ }, qr/Basic/);
config_refused('Basic without a verifier', with(packages => 'Basic', realm => 'r'), names('basic_verify'), qr/nothing verifies/);
config_refused('file without a file', with(packages => 'Basic', realm => 'r', basic_verify => 'file'), names('digest_user_file'), qr/file/);
config_refused('winbind beside a file', with(%nt, basic_verify => 'winbind'), names('ntlm_user_file'), qr/winbind/);
config_refused('only Basic, but a channel is demanded', with(%digest, channel_binding => 'require'), names('channel_binding'), qr/Basic/);
config_refused('the keytab does not exist', with(%basic, basic_verify => 'kdc', keytab => "$dir/none"), names('keytab'), qr/none/);
for my $tries ('5', '0/5m', '5/0', '/', '5/5m/5', '1001/5m', '5/2d', 'x/5m', '-1/5m') {
    config_refused("tries $tries", with(%digest, basic_tries => $tries), names('basic_tries'), qr{\Q"$tries"\E.*number/time}s);
}
# The names of users are those of the source that verifies the password.
for my $on (qw(apache nginx)) {
    my ($id, $named) = (message_id('NO_MATCH'), { %{with(%digest, require => [ 'user digest:alice' ])}, on => $on });
    unlike(config_passes('a required user of a Digest line', $named) // '', qr/$id/, "$on: a client can have the name");
}

config_passes("tries $_", with(%digest, basic_tries => $_)) for '1/1s', '1000/1d', '5/300';

done_testing;
