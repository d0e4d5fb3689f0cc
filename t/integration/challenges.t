#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The form of challenges, the answers that have them and the answers that do not.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew wait_until);
use SSPI::Test::Digest qw(digest_challenges digest_header user_line);
use SSPI::Test::Ntlm qw(ntlm_user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $users = spew(scratch_dir('users') . '/users', join('', map {
    my $realm = $_;
    map { user_line('alice', $realm, 'pw', $_) } qw(MD5 SHA-256)
} qw(r front)), 0644);
my $nt_users = spew(scratch_dir('users') . '/nt-users', ntlm_user_line('alice', 'CORP', 'pw'), 0644);
my %negotiate = (packages => 'Negotiate', keytab => $kdc->{keytab}, realm => 'r');
my %digest = (packages => 'Digest', realm => 'r', digest_user_file => $users);
my %both = (%negotiate, %digest, packages => 'Negotiate Digest');
my %late = (%digest, digest_algorithm => 'MD5', digest_nonce_lifetime => '1s');

my %server_config = (
    env => $kdc->server_env,
    locations => [
        { path => '/both/', %both },
        { path => '/reverse/', %both, packages => 'Digest Negotiate', digest_algorithm => 'MD5 SHA-256' },
        { path => '/all/', %both, packages => 'NTLM Digest Negotiate', mechanisms => 'kerberos ntlm', ntlm_user_file => $nt_users },
        { path => '/negotiate/', %negotiate },
        { path => '/named/', %both, require => ['user bob@SSPI.TEST'] },
        { path => '/missing/', %negotiate, apache => 'ErrorDocument 404 /missing.html',
            nginx => 'error_page 404 /missing.html;' },
        { path => '/late/', %late },
        { path => '/late-optional/', %late, sspi => 'optional' },
        { path => '/late-page/', %late, apache => 'ErrorDocument 401 /denied.html',
            nginx => 'error_page 401 /denied.html;' },
        { path => '/late-shut/', %late, apache => 'ErrorDocument 401 /late/denied.html',
            nginx => 'error_page 401 /late/denied.html;' },
        { path => '/front/', %digest, realm => 'front', sspi => 'optional',
            apache => 'ProxyPass http://127.0.0.1:@HTTP@/both/',
            nginx => 'proxy_pass http://127.0.0.1:@HTTP@/both/;' },
    ],
    files => { '/missing.html' => "missing\n", '/denied.html' => "denied\n", '/late/denied.html' => "shut\n",
        '/looked-at/index.html' => "seen\n" },
);

# mod_rewrite looks ahead for the user in a subrequest before the server authenticates the request
# itself.
my @late = ("AuthType SSPI", 'AuthName r', 'SSPIPackages Digest', "SSPIDigestUserFile $users",
    'SSPIDigestAlgorithm MD5', 'SSPIDigestNonceLifetime 1', 'Require valid-user');
$server_config{apache} = "<Location /looked-at/>\n" . join("\n", @late) . "\n</Location>\nRewriteEngine on\n"
    . "RewriteCond %{LA-U:REMOTE_USER} (.+)\nRewriteRule ^/looked-at/ - [E=LOOKED:%1]\n";

my @offers = ('Negotiate', 'Digest SHA-256', 'Digest MD5');

# Each challenge line as "Scheme" or "Digest ALGORITHM".
sub offers {
    my ($answer) = @_;
    return map { /\ADigest / ? 'Digest ' . (digest_challenges($_))[0]{algorithm} : $_ } $answer->challenges;
}

# The answer has this status and no challenge.
sub quiet {
    my ($answer, $status, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_deeply([ $answer->status, grep { !/\ANegotiate \S/ } $answer->challenges ], [$status], $name);
}

# Returns the tokens of an answer, by which the server proves its identity.
sub server_tokens { my ($answer) = @_; return grep { /\ANegotiate \S/ } $answer->challenges }

parts 'challenges', \%server_config,
    'one line for each scheme and algorithm, once, in the configured order' => sub {
        my ($server) = @_;
        my $c = $server->client;
        is_deeply([ offers($c->get('/both/')) ], \@offers, 'by default the stronger algorithm first');
        is_deeply([ offers($c->get('/reverse/')) ], ['Digest MD5', 'Digest SHA-256', 'Negotiate'],
            'as configured');
        is_deeply([ offers($c->get('/all/')) ], [ 'NTLM', 'Digest SHA-256', 'Digest MD5', 'Negotiate' ], 'all schemes');
        my $a = $c->get('/both/', tls => 1, args => ['--http2']);
        is_deeply([ $a->{version}, offers($a) ], ['2', @offers], 'over HTTP/2');
        is_deeply([ offers($c->get('/both/', args => ['--head'])) ], \@offers, 'to HEAD');
        is_deeply([ offers($c->get('/both/', method => 'POST', body => 'x' x 5000)) ], \@offers, 'to POST');
        is_deeply([ offers(scalar $c->raw("GET /both/ HTTP/1.0\r\n\r\n")) ], \@offers, 'to HTTP/1.0');
        is_deeply([ offers($c->get('/both/nothing')) ], \@offers, 'at a page that does not exist');
    },
    'refused credentials get the same lines as no credentials' => sub {
        my ($server) = @_;
        my $c = $server->client;
        is_deeply([ offers($c->get('/both/', authorization => 'Basic YTpi')) ], \@offers, 'another scheme');
        my ($challenge) = digest_challenges($c->get('/both/')->challenges);
        my $wrong = digest_header($challenge, user => 'alice', password => 'no', uri => '/both/');
        is_deeply([ offers($c->get('/both/', authorization => $wrong)) ], \@offers, 'a wrong password');
        my $used = $server->client(env => $alice)->negotiate_header;
        $c->get('/both/', authorization => $used);
        is_deeply([ offers($c->get('/both/', authorization => $used)) ], \@offers,
            'a used ticket: no token comes with the challenge');
    },
    'no other status has a challenge' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my @login = (digest => 'alice:pw');
        quiet($c->get('/late/', @login), 200, '200 after Digest');
        quiet($c->get('/late/nothing', @login), 404, '404 after Digest');
        quiet($c->get('/named/', authorization => $c->negotiate_header), 403, '403 to a user who is not named');
        quiet($c->get('/both/', authorization => 'Digest ='), 400, '400 to a broken header');
        my $modified = $c->get('/late/', @login)->header('Last-Modified');
        quiet($c->get('/late/', @login, args => ['--header', "If-Modified-Since: $modified"]), 304,
            '304 to an unchanged page');
    },
    'every answer to the user has the token of the server' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        for my $case ([ '/negotiate/', 200 ], [ '/negotiate/nothing', 404 ], [ '/missing/nothing', 404 ]) {
            my ($path, $status) = @$case;
            my $a = $c->get($path, authorization => $c->negotiate_header);
            quiet($a, $status, "$path: $status without a challenge");
            is(scalar(server_tokens($a)), 1, "$path: has one token");
        }
        my $a = $c->get('/negotiate/', tls => 1, args => ['--http2'], authorization => $c->negotiate_header);
        is(scalar(server_tokens($a)), 1, 'over HTTP/2');
    },
    'stale=true survives several checks of one request' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my ($challenge) = digest_challenges($c->get('/late/')->challenges);
        my $nc = 0;
        my $get = sub {
            my ($path) = @_;
            return $c->get($path, authorization => digest_header($challenge, user => 'alice',
                password => 'pw', uri => $path, nc => ++$nc));
        };
        ok(wait_until(sub { $get->('/late/')->status == 401 }), 'a nonce is stale after its lifetime');
        my @paths = qw(/late/ /late-optional/ /late-page/ /late-shut/);
        push @paths, '/looked-at/' if $server->kind eq 'apache';
        for my $path (@paths) {
            my $a = $get->($path);
            refused($a, 401, $path);
            is_deeply([ map { $_->{stale} } digest_challenges($a->challenges) ], ['true'],
                "$path: one challenge, and it is stale");
        }
        is($get->('/late-page/')->body, "denied\n", 'the client gets the configured error page');
        unlike($get->('/late-shut/')->body, qr/shut/, 'the client does not get a protected error page');
    },
    'the server passes on the 401 of another server unchanged' => sub {
        my ($server) = @_;
        my $a = $server->client->get('/front/');
        is($a->status, 401, 'an anonymous request that the other server refuses');
        is_deeply([ offers($a) ], \@offers, "the other server's challenges are the only ones");
        is_deeply([ map { $_->{realm} } digest_challenges($a->challenges) ], [qw(r r)], 'their realm is that of the other server');
    };

scenario 'an error document that is a program may answer 200', { on => 'apache',
    locations => [ { path => '/page/', %digest, apache => 'ErrorDocument 401 /program/login.cgi' } ],
    apache => "<Location /program/>\nOptions +ExecCGI\nAddHandler cgi-script .cgi\n</Location>\n",
    files => { '/program/login.cgi' =>
        "#!/bin/sh\nprintf 'Status: 200\\nContent-Type: text/plain\\n\\nplease log in'\n" },
}, sub {
    my ($server) = @_;
    chmod 0755, "$server->{dir}/docroot/program/login.cgi";
    my $a = $server->client->get('/page/');
    quiet($a, 200, 'without a challenge');
    is($a->body, 'please log in', 'the client gets the document');
    is($a->user, '', 'the document sees no user');
};

done_testing;
