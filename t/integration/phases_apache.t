#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The ways of a request through httpd. No way avoids the policy.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(digest_challenges digest_header digest_info user_line);
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $bob = $kdc->login('bob');
my $users = spew(scratch_dir('users') . '/users',
    join('', map { user_line('alice', $_, 'pw') } qw(r other), 'from other.test') . user_line('bob', 'r', 'pw'), 0644);
my %negotiate = (packages => 'Negotiate', keytab => $kdc->{keytab}, realm => 'r');
my %digest = (packages => 'Digest', realm => 'r', digest_user_file => $users);
my @login = (digest => 'alice:pw');
my %alice = (user => 'alice@SSPI.TEST');

sub location { my ($path, %o) = @_; return { path => $path, %o } }

sub apache {
    my ($name, $locations, $checks, %more) = @_;
    return scenario($name, { on => 'apache', env => $kdc->server_env, locations => $locations, %more }, $checks);
}

apache '.htaccess', [], sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    granted($c->get('/here/', negotiate => 1), { user => 'alice' }, 'options that belong there work');
    refused($c->get('/here/'), 401, 'without a ticket');
    my $a = $c->get('/there/');
    is($a->status, 500, 'a file option is refused there');
    is($c->get('/wrong/')->status, 500, 'a bad value gives 500 and does not open the page');
    like($server->log, qr/SSPIUserName/, 'the log names the directive');
}, apache => "SSPIKeytab $kdc->{keytab}\n", allow_log => qr/htaccess/,
    files => {
        '/here/index.html' => "here\n",
        '/here/.htaccess' => "AuthType SSPI\nAuthName r\nSSPIUserName short\nRequire valid-user\n",
        '/there/index.html' => "there\n",
        '/there/.htaccess' => "AuthType SSPI\nAuthName r\nSSPIKeytab /etc/x\nRequire valid-user\n",
        '/wrong/index.html' => "wrong\n",
        '/wrong/.htaccess' => "AuthType SSPI\nAuthName r\nSSPIUserName long\nRequire valid-user\n",
    };

apache 'nested locations inherit options that they do not set', [ location('/outer/', %digest) ], sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    granted($c->get('/outer/', @login), { user => 'alice', mechanism => 'MD5' }, 'the outer location');
    granted($c->get('/outer/inner/', @login), { user => 'alice' }, 'the inner location has the outer user file');
    my ($challenge) = digest_challenges($c->get('/outer/inner/')->challenges);
    is($challenge->{realm}, 'other', 'the inner location has its own realm');
    granted($c->get('/outer/both/', negotiate => 1), \%alice, 'a further package');
    granted($c->get('/outer/both/', @login), { user => 'alice' }, 'beside the inherited user file');
}, files => { '/outer/inner/index.html' => "inner\n", '/outer/both/index.html' => "both\n" },
    apache => "<Location /outer/inner>\nAuthName other\n</Location>\n<Location /outer/both>\n"
        . "SSPIPackages Negotiate Digest\nSSPIKeytab $kdc->{keytab}\n</Location>\n";

apache 'a refused user gets 401 with challenges where httpd is configured so', [], sub {
    my ($server) = @_;
    my $c = $server->client;
    for my $path ('/only/', '/stock/') {
        my ($challenge) = digest_challenges($c->get($path)->challenges);
        my $header = sub { return digest_header($challenge, user => $_[0], password => 'pw', uri => $path, nc => $_[1]) };
        my $a = $c->get($path, authorization => $header->('alice', 1));
        is($a->status, 401, "$path: another user");
        like(join('|', $a->challenges), qr/Digest/, 'the answer has challenges');
        ($challenge) = digest_challenges($c->get($path)->challenges);
        granted($c->get($path, authorization => $header->('bob', 1)), { user => 'bob' }, 'the named user is granted');
    }
}, files => { '/only/index.html' => "only\n", '/stock/index.html' => "stock\n" },
    apache => join '', map { "<Location $_->[0]>\nAuthType SSPI\nAuthName r\nSSPIPackages Digest\n"
        . "SSPIDigestUserFile $users\nRequire $_->[1]\n</Location>\n" }
        ['/only/', 'sspi-user digest:bob'], ['/stock/', 'user bob'];

apache 'the policy of a subrequest checks the verified user', [
    location('/ssi/', %negotiate, apache => "AddType text/html .shtml\nAddOutputFilter INCLUDES .shtml"),
    location('/other/', %digest),
    location('/same/', %negotiate),
], sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    my $a = $c->get('/ssi/page.shtml', negotiate => 1);
    granted($a, \%alice, 'a page with includes');
    like($a->body, qr/near:near/, 'an include of the same location');
    like($a->body, qr/same:same/, 'an include of another location with the same policy');
    unlike($a->body, qr/other:secret/, 'an include of a location with another policy is not shown');
    like($a->body, qr/user:alice\@SSPI\.TEST/, 'includes see the user');
}, files => {
    '/ssi/page.shtml' => 'near:<!--#include virtual="/ssi/near.html" --> same:<!--#include virtual="/same/part.html" -->'
        . ' other:<!--#include virtual="/other/part.html" --> user:<!--#echo var="SSPI_USER" -->' . "\n",
    '/ssi/near.html' => 'near', '/same/part.html' => 'same', '/other/part.html' => 'secret',
};

apache 'an internal redirect is checked by the policy of its target', [
    location('/secret/', %negotiate),
    location('/dir/', %negotiate),
    location('/dir/index.html', %digest),
    location('/same/', %digest),
    location('/same/index.html', %digest),
    location('/realm/', %digest),
    location('/realm/index.html', %digest, realm => 'other'),
    location('/error/', %negotiate, apache => 'ErrorDocument 401 /denied.html'),
    location('/shut/', %negotiate, apache => 'ErrorDocument 401 /secret/denied.html'),
    location('/missing/', sspi => 'off', apache => 'ErrorDocument 404 /secret/index.html'),
], sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    my $a = $c->get('/rewrite/', negotiate => 1);
    granted($a, \%alice, 'rewrite into a protected location, with a ticket');
    refused($c->get('/rewrite/'), 401, 'rewrite without a ticket');
    $a = $c->get('/dir/', negotiate => 1);
    isnt($a->status, 200, 'DirectoryIndex into a location with another policy is not shown');
    granted($c->get('/same/', @login), { user => 'alice' }, 'DirectoryIndex into a location with the same policy');
    $a = $c->get('/realm/', @login);
    isnt($a->status, 200, 'DirectoryIndex into a location of another realm is not shown');
    $a = $c->get('/error/');
    refused($a, 401, 'ErrorDocument 401 keeps the challenges');
    is($a->body, "denied\n", 'the client gets the document');
    is(scalar($a->challenges), 1, 'once') ;
    $a = $c->get('/shut/');
    refused($a, 401, 'a protected ErrorDocument is refused');
    unlike($a->body, qr/secret/, 'the client does not get the document');
    $a = $c->get('/missing/nothing');
    unlike($a->body, qr/secret/, 'an ErrorDocument 404 in a protected location is not shown');
}, files => { '/secret/index.html' => "secret\n", '/secret/denied.html' => "secret\n", '/denied.html' => "denied\n",
    '/rewrite/index.html' => "open\n",
    '/rewrite/.htaccess' => "RewriteEngine on\nRewriteRule ^ /secret/index.html [L]\n" };

my $say = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nenv | grep -E '^(REMOTE_USER|SSPI_[A-Z_]*|AUTH_TYPE)=' | sort\n";
my $programs = "Options +ExecCGI\nAddHandler cgi-script .cgi";

# The location of a directory grants the request. The location of its index file refuses it, or
# writes the user's name in another form.
apache 'a request carries no user of another location', [
    location('/index/', %negotiate),
    location('/index/index.html', %digest),
    location('/document/', %negotiate, apache => "ErrorDocument 401 /document/say.cgi\n$programs"),
    location('/document/index.html', %digest),
    location('/tls/', %negotiate),
    location('/tls/index.html', %negotiate, require_tls => 'on'),
    location('/anonymous/', %negotiate),
    location('/anonymous/index.html', %digest, sspi => 'optional'),
    location('/name/', %negotiate),
    location('/name/index.html', %negotiate, user_name => 'short'),
    location('/from/', %negotiate),
    location('/to/', %digest, apache => "ErrorDocument 401 /to/say.cgi\n$programs"),
    location('/page/', %negotiate, apache => "Options +Includes\nAddType text/html .shtml\nAddOutputFilter INCLUDES .shtml"),
    location('/part/', %digest, apache => "Satisfy Any\nOrder deny,allow\nAllow from 127.0.0.1\n$programs"),
    location('/granted/', %digest, require_tls => 'on', apache => "Require all granted\n$programs"),
], sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    chmod 0755, map { "$server->{dir}/docroot/$_/say.cgi" } qw(document to part granted);
    my $answer;
    refused($c->get('/index/', negotiate => 1), 401, 'an index file that asks for other credentials');
    ok($server->access_line(qr{GET /index/ .* 401 user=-}), 'the access log has no user');
    $answer = $c->get('/document/', negotiate => 1);
    refused($answer, 401, 'the same with an error document of the same location');
    is($answer->body, '', 'the document sees no user');
    $answer = $c->get('/tls/', negotiate => 1);
    is_deeply([ $answer->status, $answer->user, $answer->remote_user ], [ 403, '', '' ], 'an index file that demands TLS');
    granted($c->get('/tls/', negotiate => 1, tls => 1), \%alice, 'over TLS');
    granted($c->get('/anonymous/', negotiate => 1), { user => '' }, 'an index file where these credentials name no user');
    granted($c->get('/name/', negotiate => 1), { user => 'alice' }, 'an index file with another form of the name');
    granted($c->get('/match/', negotiate => 1), { user => '' }, 'an index file where authentication is off');
    refused($c->get('/match/'), 401, 'the directory requires a user');
    $answer = $c->get('/from/redirect', negotiate => 1);
    refused($answer, 401, 'an internal redirect to a location that refuses the user');
    is($answer->body, '', 'its error document sees no user');
    $answer = $c->get('/page/page.shtml', negotiate => 1);
    granted($answer, \%alice, 'a page with parts');
    is($answer->body, 'user:alice@SSPI.TEST part: granted: all', 'where these credentials name no user');
    $answer = $c->get('/bob/', negotiate => 1);
    is_deeply([ $answer->status, $answer->remote_user ], [ 401, 'alice@SSPI.TEST' ], "a user whom the own location's Require refuses");
    ok($server->access_line(qr{GET /bob/ .* 401 user=alice}), 'the access log has the refused user, as with mod_auth_basic');
}, apache => join('', map { "<LocationMatch $_->[0]>\nAuthType SSPI\nAuthName r\nSSPIKeytab $kdc->{keytab}\nRequire $_->[1]\n</LocationMatch>\n" }
    [ '^/bob/', 'user bob@SSPI.TEST' ], [ '^/match/$', 'valid-user' ]),
files => {
    '/match/index.html' => "page\n", '/bob/index.html' => "page\n", '/document/say.cgi' => $say, '/to/say.cgi' => $say,
    '/from/redirect' => '', '/from/.htaccess' => "RewriteEngine on\nRewriteRule ^redirect\$ /to/index.html [L]\n",
    '/page/page.shtml' => 'user:<!--#echo var="SSPI_USER" --> '
        . 'part:<!--#include virtual="/part/say.cgi" --> granted:<!--#include virtual="/granted/say.cgi" --> all',
    '/part/say.cgi' => $say, '/granted/say.cgi' => $say,
};

apache 'every answer to a user has the token of the server', [
    location('/files/', %digest, apache => 'ErrorDocument 404 /missing.html'),
    location('/programs/', %digest, apache => "Options +ExecCGI\nSetHandler cgi-script"),
    location('/proxied/', %digest, apache => 'ProxyPass http://127.0.0.1:@HTTP@/other/'),
    location('/bob/', %digest, require => ['user digest:bob']),
], sub {
    my ($server) = @_;
    my $c = $server->client;
    chmod 0755, glob "$server->{dir}/docroot/programs/*.cgi";
    my ($challenge) = digest_challenges($c->get('/files/')->challenges);
    my $nc = 0;
    my $proves = sub {
        my ($path, $status, $challenges, $name, @args) = @_;
        my %login = (user => 'alice', password => 'pw', uri => $path);
        my $a = $c->get($path, args => \@args, authorization => digest_header($challenge, %login, nc => ++$nc));
        my @lines = $a->header('Authentication-Info');
        is_deeply([ $a->status, scalar @lines, digest_info($lines[0], $challenge, %login)->{right},
            map { (split)[0] } $a->challenges ], [ $status, 1, 1, @$challenges ], $name);
        return $a;
    };
    my $etag = $proves->('/files/', 200, [], 'a page')->header('ETag');
    $proves->('/files/', 304, [], 'an unchanged page', '--header', "If-None-Match: $etag");
    $proves->('/files/nothing', 404, [], 'a page that is not there, with an error document');
    $proves->('/bob/', 403, [], 'a page for another user');
    $proves->("/programs/say.cgi?$_", $_, [], "a program that says $_") for 200, 204, 304, 401, 404, 500;
    $proves->('/programs/fail.cgi', 500, [], 'a program that fails');
    $proves->('/proxied/', 401, ['Basic'], 'another server that asks for a password of its own');
}, apache => "<Location /other/>\nAuthType Basic\nAuthName b\nAuthBasicProvider file\nAuthUserFile /dev/null\n"
    . "Require valid-user\n</Location>\n", files => {
    '/missing.html' => "missing\n", '/programs/fail.cgi' => "#!/bin/sh\nexit 1\n",
    '/programs/say.cgi' => "#!/bin/sh\nprintf 'Status: %d\\nContent-Type: text/plain\\n\\n' \"\$QUERY_STRING\"\n",
};

apache 'the realm may be an expression', [ location('/p/', %digest, realm => 'from %{HTTP_HOST}') ], sub {
    my ($server) = @_;
    my $c = $server->client;
    my $a = $c->get('/p/', args => ['--header', 'Host: other.test']);
    my ($challenge) = digest_challenges($a->challenges);
    is($challenge->{realm}, 'from other.test', 'evaluated for the request');
    granted($c->get('/p/', digest => 'alice:pw', args => ['--header', 'Host: other.test']), { user => 'alice' },
        'the evaluated realm is used to check');
};

apache 'optional', [ location('/p/', %digest, sspi => 'optional') ], sub {
    my ($server) = @_;
    my $c = $server->client;
    granted($c->get('/p/'), { user => '' }, 'no credentials: anonymous');
    granted($c->get('/p/', authorization => 'Basic YTpi'), { user => '' }, 'credentials of another scheme: anonymous');
    refused($c->get('/p/', authorization => 'Digest a="b"'), 400, 'broken credentials');
};

apache 'a forward proxy', [], sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    my $proxy = 'http://127.0.0.1:' . $server->port('PORT1');
    my @via = (proxied => 1, args => [ '--proxy', $proxy ]);
    my $a = $c->get('/', @via);
    is($a->status, 407, 'asks for credentials');
    like(join('|', $a->header('Proxy-Authenticate')), qr/\ADigest /, 'the challenge is in Proxy-Authenticate');
    is_deeply([ $a->challenges ], [], 'the answer has no WWW-Authenticate');
    $a = $c->get('/', proxied => 1, args => [ '--proxy', $proxy, qw(--proxy-digest --proxy-user alice:pw) ]);
    is($a->status, 200, 'right credentials are granted');
    is($a->body, "page of /\n", 'the client gets the page');
    $a = $c->get('/', proxied => 1, args => [ '--proxy', $proxy, qw(--proxy-digest --proxy-user alice:wrong) ]);
    is($a->status, 407, 'wrong credentials are refused');
    $a = $c->get('/', proxied => 1, args => [ '--proxy', $proxy, '--header', 'Authorization: Digest x="' ]);
    is($a->status, 407, "the Authorization header of the page is not for the proxy");
}, extra_ports => 1, apache => <<"CONF";
Listen 127.0.0.1:\@PORT1\@
<VirtualHost 127.0.0.1:\@PORT1\@>
    ProxyRequests On
    <Proxy "http://*">
        AuthType SSPI
        AuthName r
        SSPIPackages Digest
        SSPIDigestUserFile $users
        Require valid-user
    </Proxy>
</VirtualHost>
CONF

apache 'a graceful restart keeps nonces and replays and loses no request', [ location('/p/', %digest), location('/n/', %negotiate) ], sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    my ($challenge) = digest_challenges($c->get('/p/')->challenges);
    my $header = sub { return digest_header($challenge, user => 'alice', password => 'pw', uri => '/p/', nc => $_[0]) };
    my $ticket = $c->negotiate_header;
    granted($c->get('/p/', authorization => $header->(1)), { user => 'alice' }, 'before');
    granted($c->get('/n/', authorization => $ticket), \%alice, 'a ticket before');
    my @kept = map { $c->connect_raw } 1 .. 4;
    for my $round (1 .. 3) {
        $server->reload;
        my @answers = $c->parallel(map { [ '/p/', authorization => $header->($round * 20 + $_) ] } 1 .. 10);
        is(scalar(grep { $_->status == 200 } @answers), 10, "requests after restart $round");
        refused($c->get('/p/', authorization => $header->(1)), 401, 'a used count stays used');
        refused($c->get('/n/', authorization => $ticket), 401, 'a used ticket stays used');
    }
};

apache 'the module is loaded before mod_ssl and after it alike', [ location('/p/', %digest) ], sub {
    my ($server) = @_;
    granted($server->client->get('/p/', @login, tls => 1), { user => 'alice' }, 'before');
}, module_first => 1;

done_testing;
