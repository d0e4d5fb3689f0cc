#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The ways of a request through nginx. No way avoids the policy.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew slurp free_port built);
use SSPI::Test::Digest qw(digest_challenges digest_header digest_info user_line);
use SSPI::Test::Origin;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $users = spew(scratch_dir('users') . '/users',
    user_line('alice', 'r', 'pw') . user_line('alice', 'other', 'pw'), 0644);
my %negotiate = (packages => 'Negotiate', keytab => $kdc->{keytab}, realm => 'r');
my %digest = (packages => 'Digest', realm => 'r', digest_user_file => $users);
my @login = (digest => 'alice:pw');
my %alice = (user => 'alice@SSPI.TEST');

# Returns the configuration text of one location. It contains the lines of `nginx`.
sub location { my ($path, %o) = @_; return { path => $path, %o } }

sub nginx {
    my ($name, $locations, $checks, %more) = @_;
    return scenario($name, { on => 'nginx', env => $kdc->server_env, locations => $locations, %more }, $checks);
}

nginx 'satisfy any', [
    location('/open/', %digest, nginx => "satisfy any;\nallow 127.0.0.1;\ndeny all;"),
    location('/shut/', %digest, nginx => "satisfy any;\ndeny all;"),
    location('/optional/', %digest, sspi => 'optional', nginx => "satisfy any;\ndeny all;"),
    location('/all/', %digest, nginx => "satisfy all;\ndeny all;"),
    location('/basic/', %digest, nginx => "satisfy any;\nauth_basic old;\nauth_basic_user_file \@DIR\@/basic;"),
], sub {
    my ($server) = @_;
    my $c = $server->client;
    my $a = $c->get('/open/');
    granted($a, { user => '' }, 'an allowed address is granted without a user');
    is_deeply([ $a->challenges ], [], 'the answer has no challenge');
    refused($c->get('/shut/'), 401, 'a denied address is asked for credentials');
    granted($c->get('/shut/', @login), { user => 'alice' }, 'right credentials are granted');
    isnt($c->get('/optional/')->status, 200, 'optional does not override deny all');
    is($c->get('/optional/')->status, 403, 'the address is forbidden');
    my ($challenge) = digest_challenges($c->get('/shut/')->challenges);
    granted($c->get('/optional/', authorization => digest_header($challenge, user => 'alice',
        password => 'pw', uri => '/optional/')), { user => 'alice' }, 'right credentials are granted');
    is($c->get('/all/')->status, 403, 'satisfy all: a denied address is not challenged');
    is_deeply([ map { (split)[0] } $c->get('/basic/')->challenges ], [qw(Digest Basic)],
        'beside auth_basic both challenges are sent') ;
    $a = $c->get('/basic/', args => ['--basic', '--user', 'alice:basic']);
    is($a->status, 200, 'auth_basic grants its user');
    is_deeply([ $a->challenges ], [], 'the answer has no challenges of sspi');
    is_deeply([ $a->remote_user, $a->user ], [ 'alice', '' ], '$remote_user keeps the name, and $sspi_user does not have it');
}, data => { basic => 'alice:{PLAIN}basic' . "\n" };

# Returns the answers to Basic with alice's password and with a wrong password, and the value of
# $remote_user.
my $basic = "auth_basic old;\nauth_basic_user_file \@DIR\@/basic;";
nginx 'users of auth_basic', [
    location('/any/', %digest, nginx => "satisfy any;\n$basic"),
    location('/passed/', %digest, nginx => "satisfy any;\nauth_request /yes;"),
    location('/off/', %digest, nginx => "satisfy any;\nauth_basic off;\nauth_request /yes;"),
    location('/said_off/', %digest, nginx => "satisfy any;\nauth_basic \$says;\nauth_basic_user_file \@DIR\@/basic;\n"
        . "auth_request /yes;"),
    location('/both/', %digest, nginx => "satisfy any;\n$basic\nauth_request /yes;"),
    location('/address/', %digest, nginx => "satisfy any;\nallow all;\n$basic"),
    location('/ssi/', %digest, nginx => "satisfy any;\n$basic\nssi on;"),
    location('/index/', %digest, nginx => "satisfy any;\n$basic"),
    location('= /index/index.html', %digest, nginx => "satisfy any;\nauth_request /yes;"),
    location('/fallback/', %digest, nginx => "satisfy any;\nauth_request /yes;\ntry_files /nothing \@basic;"),
    location('@basic', sspi => 'off', nginx => "rewrite ^ /page break;\n$basic"),
    location('/error/', %digest, nginx => "satisfy any;\n$basic\nerror_page 404 /any/index.html;"),
    location('/denied/', %digest, nginx => "satisfy any;\n$basic\nerror_page 401 /denied.html;"),
    location('/plain/', sspi => 'off', nginx => $basic),
    location('= /yes', sspi => 'off', nginx => "internal;\ntry_files /page =404;"),
], sub {
    my ($server) = @_;
    my $c = $server->client;
    my %expect = (
        '/any/' => [ 'alice', 401 ],
        '/passed/' => [ '', '' ],
        '/off/' => [ '', '' ],
        '/said_off/' => [ '', '' ],
        '/both/' => [ 'alice', '' ],
        '/address/' => [ '', '' ],
        '/ssi/page.html' => [ 'alice', 401 ],
        '/index/' => [ '', 401 ],
        '/fallback/' => [ 'alice', 401 ],
        '/error/nothing' => [ 'alice', 401 ],
        '/denied/' => [ 'alice', 401 ],
        '/plain/' => [ 'alice', 401 ],
    );
    for my $path (sort keys %expect) {
        my @want = @{$expect{$path}};
        for my $h2 (0, 1) {
            for my $i (0, 1) {
                my $name = "$path, a " . ($i ? 'wrong' : 'right') . ' password' . ($h2 ? ', HTTP/2' : '');
                my $a = $c->get($path, tls => $h2, args => [ $h2 ? '--http2' : '--http1.1', '--basic', '--user',
                    'alice:' . ($i ? 'wrong' : 'basic') ]);
                my ($status) = $want[$i] eq '401' ? 401 : $path =~ /error/ ? 404 : 200;
                # nginx without sspi leaves the name of a refused user in its variable.
                my $user = $want[$i] ne '401' ? $want[$i] : $path eq '/plain/' ? 'alice' : '';
                is_deeply([ $a->status, $a->remote_user, $a->user ], [ $status, $user, '' ], $name);
                like($a->body, qr/who=alice part=alice/, 'the parts see the user') if $path =~ /ssi/ && !$i;
            }
        }
    }
    ok($server->access_line(qr{ /any/ \S+ 200 user=alice\z}), 'the access log has the verified user');
    ok($server->access_line(qr{ /any/ \S+ 401 user=-?\z}), 'the access log has no other user');
    granted($c->get('/any/', @login), { user => 'alice' }, 'a user of sspi');
}, data => { basic => 'alice:{PLAIN}basic' . "\n" }, files => { '/page' => "page\n", '/denied.html' => "denied\n",
    '/ssi/page.html' => 'who=<!--#echo var="remote_user" --> <!--#include virtual="/ssi/part.html" -->',
    '/ssi/part.html' => 'part=<!--#echo var="remote_user" -->' },
    nginx_http => "map \$uri \$says { default off; }";

nginx 'error_page', [
    location('/page/', %digest, nginx => 'error_page 401 /denied.html;'),
    location('/login/', %digest, nginx => 'error_page 401 =200 /login.html;'),
    location('/moved/', %digest, nginx => 'error_page 401 =302 /login.html;'),
    location('/404/', sspi => 'off', nginx => 'error_page 404 = /secret/;'),
    location('/secret/', %digest),
], sub {
    my ($server) = @_;
    my $c = $server->client;
    my $a = $c->get('/page/');
    refused($a, 401, 'a page of its own keeps 401 and the challenges');
    is($a->body, "denied\n", 'the client gets the page');
    granted($c->get('/page/', @login), { user => 'alice' }, 'right credentials are still granted');
    for my $path ('/login/', '/moved/') {
        $a = $c->get($path);
        is_deeply([ $a->challenges ], [], "no challenge on $a->{status}");
        is($a->user, '', 'the page sees no user');
    }
    refused($c->get('/404/nothing'), 401, 'an error page that is protected asks for credentials');
}, files => { '/denied.html' => "denied\n", '/login.html' => "login\n" };

nginx 'an internal redirect is checked by the policy of its target', [
    location('/rewrite/', sspi => 'off', nginx => 'rewrite ^ /secret/index.html last;'),
    location('/secret/', %negotiate),
    location('/again/', %negotiate, nginx => 'try_files /nothing @fallback;'),
    location('/other/', %negotiate, nginx => 'try_files /nothing @digest;'),
    location('/index/', %negotiate),
    location('= /index/index.html', %digest),
    location('/same/', %digest),
    location('= /same/index.html', %digest),
    location('/realm/', %digest),
    location('= /realm/index.html', %digest, realm => 'other'),
    location('/user/', %digest),
    location('= /user/index.html', %digest, require => ['user digest:bob']),
    location('/optional/', %digest, sspi => 'optional'),
    location('= /optional/index.html', %digest),
    location('/leave/', %negotiate),
    location('= /leave/index.html', sspi => 'off'),
], sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    refused($c->get('/rewrite/'), 401, 'rewrite into a protected location');
    granted($c->get('/rewrite/', negotiate => 1), \%alice, 'with a ticket it opens');
    granted($c->get('/again/', negotiate => 1), \%alice, 'try_files under the same policy uses the ticket once');
    my $a = $c->get('/other/', negotiate => 1);
    refused($a, 401, 'try_files under another policy');
    like(($a->challenges)[0], qr/\ADigest/, 'the challenge is that of the target');
    $a = $c->get('/index/', negotiate => 1);
    refused($a, 401, 'index into a location with another policy');
    like(($a->challenges)[0], qr/\ADigest/, 'the challenge is that of the target');
    granted($c->get('/same/', @login), { user => 'alice' }, 'index into a location with the same policy');
    refused($c->get('/realm/', @login), 401, 'index into a location of another realm');
    is($c->get('/user/', @login)->status, 403, 'index into a location for another user');
    refused($c->get('/optional/'), 401, 'an anonymous request is refused where a user is required');
    granted($c->get('/optional/', @login), { user => 'alice' }, 'a user is granted there');
    is($c->get('/leave/', negotiate => 1)->status, 200, 'index into an open location');
}, files => { map { $_ => "page\n" } qw(/secret/index.html /fallback) },
    nginx => join('', map { SSPI::Test::Options::nginx_location($_) }
        location('@fallback', %negotiate, nginx => 'try_files /fallback =404;'),
        location('@digest', %digest, nginx => 'try_files /fallback =404;'));

nginx 'limit_except', [
    location('/deny/', %digest, nginx => 'limit_except GET { deny all; }'),
    location('/write/', sspi => 'off', nginx => "limit_except GET {\n sspi on;\n sspi_packages Digest;\n"
        . " sspi_realm r;\n sspi_digest_user_file $users;\n}"),
], sub {
    my ($server) = @_;
    my $c = $server->client;
    granted($c->get('/deny/', @login), { user => 'alice' }, 'a listed method needs credentials');
    is($c->get('/deny/', method => 'DELETE')->status, 403, 'another method is denied');
    is($c->get('/write/')->status, 200, 'a listed method needs no credentials');
    refused($c->get('/write/', method => 'DELETE'), 401, 'another method needs credentials');
};

nginx 'a copy of the request for another location', [
    location('/copied/', sspi => 'off', nginx => "mirror /copy/;\nproxy_pass http://127.0.0.1:\@HTTP\@/says_401/;"),
    location('/copy/', %digest),
    location('/says_401/', sspi => 'off', nginx => 'return 401 own;'),
], sub {
    my ($server) = @_;
    my $a = $server->client->get('/copied/');
    is_deeply([ $a->status, $a->challenges ], [ 401, () ], 'a login adds no challenge to the 401 of an application');
};

nginx 'the name in logs, to other servers and in headers', [
    location('/proxy/', %digest, nginx => "proxy_pass http://127.0.0.1:\@HTTP\@/echo/;\n"
        . 'proxy_set_header X-User $remote_user;' . "\n" . 'proxy_set_header X-Mech "$sspi_package/$sspi_mechanism";'),
    location('/echo/', sspi => 'off', nginx => 'add_header X-Echo "$http_x_user|$http_x_mech";'),
    location('/early/', %digest, nginx => 'set $early $remote_user;'),
    location('/optional/', %digest, sspi => 'optional'),
    location('/off/', sspi => 'off'),
], sub {
    my ($server) = @_;
    my $c = $server->client;
    my $a = $c->get('/proxy/', @login);
    is($a->status, 200, 'proxied');
    is(scalar $a->header('X-Echo'), 'alice|Digest/MD5', 'the upstream server gets the user');
    ok($server->access_line(qr{ /proxy/ \S+ 200 user=alice\z}), 'the access log has the name');
    granted($c->get('/early/', @login), { user => 'alice' }, 'the user is right even if a variable was read before the access phase');
    my $forged = 'Basic ' . 'cm9vdDpyb290';
    $a = $c->get('/early/', authorization => $forged);
    refused($a, 401, 'a name in a Basic header is not a user');
    ok($server->access_line(qr{ /early/ \S+ 401 user=-?\z}), 'the access log does not have it');
    $a = $c->get('/optional/');
    is($a->remote_user, '', 'anonymous has no name');
    $a = $c->get('/off/', args => ['--basic', '--user', 'root:root']);
    is($a->user, '', 'sspi off: no user of sspi');
};

nginx 'other statuses have no challenges', [
    location('/p/', %digest),
    location('/only/', %digest, require => ['user digest:bob']),
    location('/n/', %negotiate),
], sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    for my $case (['/p/', 200], ['/p/nothing', 404], ['/only/', 403]) {
        my ($path, $status) = @$case;
        my $a = $c->get($path, @login);
        is($a->status, $status, "$path: $status");
        is_deeply([ grep { /Digest|Negotiate\z/ } $a->challenges ], [], 'without challenges');
    }
    my $a = $c->get('/n/nothing', negotiate => 1);
    is($a->status, 404, 'a missing page behind a ticket');
    unlike(join('|', $a->challenges), qr/Negotiate(?:\||\z)/, 'the answer has no bare challenge');
};

my $compiled = scratch_dir('compiled') . '/users.cdb';
SSPI::Test::must_run([ built('passwd'), '--compile', $compiled, $users ]);

nginx 'a file name is relative to the configuration, also after a prefix', [
    location('/text/', %digest, digest_user_file => 'users.txt'),
    location('/cdb/', %digest, digest_user_file => 'cdb:users.cdb'),
], sub {
    my ($server) = @_;
    my $c = $server->client;
    granted($c->get($_, @login), { user => 'alice' }, $_) for '/text/', '/cdb/';
}, data => { 'users.txt' => slurp($users), 'users.cdb' => slurp($compiled) };

config_refused 'the message has the absolute name', { on => 'nginx', locations => [ location('/p/', %digest, digest_user_file => 'cdb:nothing') ] },
    qr{sspi_digest_user_file.*/\d+-nginx/nothing\b};

my $origin_port = free_port();
my $origin = SSPI::Test::Origin->new($origin_port, sub {
    my ($status) = $_[0]{target} =~ /(\d+)/;
    return ($status, [ $status == 401 ? 'WWW-Authenticate: Basic realm="its own"' : () ], '');
});

nginx 'every answer to right credentials has a token of the server', [
    location('/p/', %digest),
    location('/only/', %digest, require => ['user digest:bob']),
    location('/page/', %digest, nginx => 'error_page 404 /nothing.html;'),
    location('/named/', %digest, nginx => 'error_page 404 = @named;'),
    location('/proxy/', %digest, nginx => "proxy_pass http://127.0.0.1:$origin_port;"),
    location('/basic/', %digest, nginx => "auth_basic old;\nauth_basic_user_file \@DIR\@/basic;"),
    location('/subrequest/', sspi => 'off', nginx => 'auth_request /p/;'),
    location('/negotiate/', %negotiate, nginx => "proxy_pass http://127.0.0.1:$origin_port;"),
], sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    my ($challenge) = digest_challenges($c->get('/p/')->challenges);
    my $nc = 0;
    my $modified = $c->get('/p/', @login)->header('Last-Modified');
    my @cases = ([ 200, '/p/' ], [ 404, '/p/nothing' ], [ 304, '/p/', "If-Modified-Since: $modified" ],
        [ 206, '/p/', 'Range: bytes=0-1' ], [ 416, '/p/', 'Range: bytes=1000-' ], [ 412, '/p/', 'If-Match: "x"' ],
        [ 404, '/page/nothing' ], [ 200, '/named/nothing' ], [ 401, '/basic/' ], [ 200, '/subrequest/' ],
        map { [ $_, "/proxy/$_" ] } 200, 204, 301, 401, 403, 404, 500, 502);
    for my $case (@cases) {
        my ($status, $path, @headers) = @$case;
        for my $h2 (0, 1) {
            my @client = (user => 'alice', password => 'pw', uri => $path, nc => ++$nc);
            my $a = $c->get($path, authorization => digest_header($challenge, @client), tls => $h2,
                args => [ $h2 ? '--http2' : '--http1.1', map { ('--header', $_) } @headers ]);
            my @info = $a->header('Authentication-Info');
            is_deeply([ $a->status, scalar @info, digest_info($info[0], $challenge, @client)->{right} ],
                [ $status, 1, 1 ], "$path: $status" . ($h2 ? ', HTTP/2' : ''));
        }
    }
    my $a = $c->get('/only/', @login);
    is_deeply([ $a->status, $a->header('Authentication-Info') ], [403], 'a refusal has no token');
    $a = $c->get('/negotiate/401', authorization => $c->negotiate_header);
    is_deeply([ $a->challenges ], ['Basic realm="its own"'], "a last token does not look like the application's challenge");
}, files => { '/nothing.html' => "nothing\n" }, data => { basic => 'bob:{PLAIN}basic' . "\n" },
    nginx => "location \@named { return 200 named; }\n";

nginx 'subrequests', [
    location('/app/', sspi => 'off', nginx => 'auth_request /check;'),
    location('= /check', sspi => 'off', nginx => "internal;\nproxy_pass http://127.0.0.1:\@HTTP\@/secret/;\n"
        . "proxy_pass_request_body off;\n" . 'proxy_set_header Content-Length "";'),
    location('/secret/', %negotiate),
    location('/ssi/', %negotiate, nginx => "ssi on;"),
], sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    refused($c->get('/app/'), 401, 'auth_request through a protected location: no ticket');
    is($c->get('/app/page.html', authorization => $c->negotiate_header)->status, 200, 'with a ticket');
    my $a = $c->get('/ssi/page.html', negotiate => 1);
    granted($a, \%alice, 'a page with an include');
    is($a->body, "who alice\@SSPI.TEST included\n", 'the include sees the user');
}, files => { '/ssi/page.html' => 'who <!--#echo var="sspi_user" --> <!--#include virtual="/ssi/part.html" -->',
    '/ssi/part.html' => "included\n", '/app/page.html' => "app\n" };

nginx 'a reload loses no request', [
    location('/slow/', %digest, nginx => 'limit_rate 200k;'),
    location('/p/', %digest),
], sub {
    my ($server) = @_;
    my $c = $server->client;
    my ($challenge) = digest_challenges($c->get('/p/')->challenges);
    my $nc = 0;
    my $make = sub { return digest_header($challenge, user => 'alice', password => 'pw', uri => $_[0], nc => ++$nc) };
    # The answer is larger than the socket buffers, so the request is still in flight at the reload.
    my @sockets = map { $c->connect_raw } 1 .. 8;
    for my $socket (@sockets) {
        syswrite $socket, $c->request_text('/slow/big.html', authorization => $make->('/slow/big.html'), close => 1);
    }
    my @begun = map { sysread $_, my $part, 100; $part } @sockets;
    $server->reload;
    my @during = $c->parallel(map { [ '/p/', authorization => $make->('/p/') ] } 1 .. 20);
    is(scalar(grep { $_->status == 200 } @during), 20, 'later requests are served');
    my $n_complete = 0;
    for my $i (0 .. $#sockets) {
        my $data = $begun[$i];
        while (sysread $sockets[$i], $data, 65536, length $data) { }
        $n_complete++ if $data =~ m{\AHTTP/1\.1 200} && length($data) > 400_000;
    }
    is($n_complete, 8, 'requests in flight are answered');
}, files => { '/slow/big.html' => 'x' x 400_000 };

done_testing;
