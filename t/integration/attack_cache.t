#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Attack: a client gets a page by its connection's login, without Authorization, so a shared cache
# could store the page and show it to other clients. The caches are httpd's mod_cache in the server
# itself, and nginx's proxy_cache in front of the server or in it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Gss;
use SSPI::Test::Ntlm qw(ntlm_login ntlm_user_line);
use SSPI::Test::Origin;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $bob = $kdc->login('bob');
my $users = spew(scratch_dir('users') . '/users', join('', map { ntlm_user_line($_, 'CORP', 'pw') } qw(alice bob)), 0644);
my %ntlm = (packages => 'Negotiate NTLM', mechanisms => 'kerberos ntlm', keytab => $kdc->{keytab},
    ntlm_user_file => $users, realm => 'r');
my %corp_alice = (user => 'CORP\\alice');
# The headers that let a cache keep a page.
my %cacheable = (apache => 'Header set Cache-Control "max-age=600"', nginx => 'expires 10m;');

# An application that sets the Cache-Control of each answer from the query: ?cc=LINE&x=SECONDS
sub application {
    my ($server) = @_;
    return SSPI::Test::Origin->new($server->port('PORT1'), sub {
        my ($request) = @_;
        my ($query) = $request->{target} =~ /\?(.*)/;
        my @lines = map { s/\Acc=// ? "Cache-Control: $_" : s/\Ax=// ? "X-Accel-Expires: $_" : () }
            map { s/%20/ /gr } split /&/, $query // '';
        return (200, [ 'Content-Type: text/plain', @lines ], "made for $request->{target}\n");
    });
}

my %server_config = (
    env => $kdc->server_env,
    extra_ports => 1,
    locations => [
        { path => '/p/', %ntlm },
        { path => '/all/', %ntlm, connection_auth => 'all' },
        { path => '/open/', sspi => 'off' },
        { path => '/optional/', %ntlm, sspi => 'optional' },
        { path => '/set/', %ntlm,
            apache => 'Header always set Cache-Control "public, max-age=600"', nginx => 'add_header Cache-Control "public, max-age=600" always;' },
        { path => '/expires/', %ntlm, apache => "ExpiresActive on\nExpiresDefault A600", nginx => 'expires 10m;' },
        { path => '/redirect/', %ntlm, apache => 'FallbackResource /p/index.html', nginx => 'try_files /none /p/index.html;' },
        { path => '/error/', sspi => 'off', apache => 'ErrorDocument 404 /p/index.html', nginx => 'error_page 404 /p/index.html;' },
        { path => '/pages/', sspi => 'off', apache => "Options +Includes\nAddType text/html .html\nSetOutputFilter INCLUDES",
            nginx => 'ssi on;' },
        { path => '/app/', %ntlm, apache => 'ProxyPass http://127.0.0.1:@PORT1@/',
            nginx => 'proxy_pass http://127.0.0.1:@PORT1@/; proxy_pass_header X-Accel-Expires;' },
    ],
    files => { '/pages/both.html' => 'with <!--#include virtual="/p/index.html" -->' },
);

sub logged_in {
    my ($server, %o) = @_;
    my $connection = $server->connection(%o);
    granted((ntlm_login($connection, '/p/'))[-1], \%corp_alice, 'a login');
    return $connection;
}

sub control { my ($answer) = @_; return join '|', $answer->header('Cache-Control') }

parts 'an answer to the login of a connection', \%server_config,
    'the answer to the next request is private' => sub {
        my ($server) = @_;
        my $connection = logged_in($server);
        for my $path (qw(/p/ /set/ /expires/ /redirect/none /p/nothing /error/nothing /pages/both.html /optional/)) {
            my $a = $connection->get($path);
            is($a->header('Cache-Control') =~ s/, max-age=600//r, 'private', "$path by the login");
            unlike(control($a), qr/public|\|/, "$path: in one line, and no other line contradicts it");
            like($a->body, qr{page of /p/}, "$path shows what the login grants") if $path =~ /redirect|pages|error/;
        }
        my $page = $connection->get('/expires/');
        like(control($page), qr/\Aprivate, max-age=600\z/, 'browsers may keep the page for the configured time');
        my $same = $connection->get('/p/', headers => [ 'If-None-Match: ' . $connection->get('/p/')->header('ETag') ]);
        is_deeply([ $same->status, control($same) ], [ 304, 'private' ], 'the answer 304 is private as well');
        my $secure = logged_in($server, tls => 1);
        is(control($secure->get('/p/')), 'private', 'the answer over TLS is private as well');
    },
    'the answer to a Kerberos login as well' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        my $first = $connection->get('/all/', authorization => SSPI::Test::Gss->header(env => $alice));
        is_deeply([ $first->status, control($first) ], [ 200, '' ], 'the answer to a request with Authorization is not marked');
        my $next = $connection->get('/all/');
        granted($next, { user => 'alice@SSPI.TEST' }, 'the next request uses the login');
        is(control($next), 'private', 'the answer to the next request is private');
    },
    'with any Cache-Control of the application' => sub {
        my ($server) = @_;
        my $application = application($server);
        my $connection = logged_in($server);
        my %becomes = ('' => 'private', 'cc=public' => 'private', 'cc=private' => 'private',
            'cc=max-age=5' => 'private, max-age=5', 'cc=s-maxage=60,%20max-age=5' => 'private, max-age=5',
            'cc=no-store' => 'private, no-store', 'cc=public&cc=max-age=7' => 'private, max-age=7',
            'cc=private="Set-Cookie"' => 'private, private="Set-Cookie"', 'x=60' => 'private');
        for my $query (sort keys %becomes) {
            my $a = $connection->get("/app/?$query");
            is_deeply([ $a->status, control($a), scalar $a->header('X-Accel-Expires') ],
                [ 200, $becomes{$query}, undef ], "'$query'");
        }
    },
    'another answer is not' => sub {
        my ($server) = @_;
        my $application = application($server);
        my $c = $server->client(env => $alice);
        is(control($c->get($_)), '', "$_ for every client") for qw(/open/ /optional/);
        is(control($c->get('/set/', negotiate => 1)), 'public, max-age=600', 'an answer that caches may keep by its own header');
        is(control($c->get('/app/?cc=s-maxage=60', negotiate => 1)), 's-maxage=60', 'the answer of an application as well');
        my $connection = logged_in($server);
        is(control($connection->get('/p/', authorization => SSPI::Test::Gss->header(env => $alice))), '',
            'new credentials on a connection with a login');
        is($c->get('/p/')->header('Cache-Control'), undef, 'a challenge');
    };

# ---- mod_cache in the server itself ----

my $modules = SSPI::Test::Apache::module_lines(qw(cache cache_disk));

sub cached { my ($answer) = @_; return ($answer->header('X-Cache') // '') =~ /\AHIT/ ? 1 : 0 }

sub mod_cache {
    my ($quick) = @_;
    my $root = scratch_dir("cache-$quick");
    chmod 0777, $root;
    return parts "mod_cache, CacheQuickHandler $quick", {
        on => 'apache', env => $kdc->server_env,
        apache_head => "${modules}CacheQuickHandler $quick\nCacheRoot $root\nCacheEnable disk /\nCacheHeader on\n"
            . "CacheIgnoreNoLastMod on\n",
        locations => [
            { path => '/p/', %ntlm, %cacheable },
            { path => '/early/', %ntlm, apache => "$cacheable{apache}\nSetOutputFilter CACHE" },
            { path => '/said/', %ntlm, apache => 'Header always set Cache-Control "public, max-age=600"' },
            { path => '/open/', sspi => 'off', %cacheable },
            { path => '/pages/', sspi => 'off',
                apache => "Options +Includes\nAddType text/html .html\nSetOutputFilter INCLUDES\n$cacheable{apache}" },
        ],
        files => { '/pages/both.html' => 'with <!--#include virtual="/p/index.html" -->', '/p/other.html' => "page of /p/other\n" },
    },
    'the attack' => sub {
        my ($server) = @_;
        my $victim = logged_in($server);
        for my $path (qw(/p/ /p/other.html /early/ /said/ /p/index.html)) {
            granted($victim->get($path), \%corp_alice, "$path for its user") for 1, 2;
            my $a = $server->connection->get($path);
            refused($a, 401, "$path for another client");
            unlike($a->body, qr/page of/, "$path: not from the cache");
        }
        like($victim->get('/pages/both.html')->body, qr{page of /p/}, 'a public page that includes a protected one');
        unlike($server->connection->get('/pages/both.html')->body, qr{page of /p/}, 'the public page does not include the protected one for other clients');
    },
    'another user' => sub {
        my ($server) = @_;
        my $victim = logged_in($server);
        granted($victim->get('/p/'), \%corp_alice, 'alice') for 1, 2;
        my $other = $server->connection;
        granted((ntlm_login($other, '/p/', user => 'bob'))[-1], { user => 'CORP\\bob' }, 'bob');
        is_deeply([ map { [ cached($_), $_->user ] } map { $other->get('/p/') } 1, 2 ], [ ([ 0, 'CORP\\bob' ]) x 2 ],
            'another client gets no page of alice');
    },
    'twins of the attacks' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        granted($c->get('/p/', negotiate => 1), { user => 'alice@SSPI.TEST' }, 'Authorization with each request') for 1, 2;
        refused($c->get('/p/'), 401, 'other clients get no page');
        is_deeply([ map { cached($c->get('/open/')) } 1, 2 ], [ 0, 1 ], 'the cache keeps a public page');
    };
}

mod_cache($_) for qw(on off);

# ---- a cache in front ----

# It keeps connections open and does not identify itself as a proxy, so logins work through it as
# long as only one client uses it.
sub in_front {
    my ($server) = @_;
    my $common = "proxy_pass http://behind; proxy_http_version 1.1; proxy_cache shared; proxy_cache_valid 10m;\n"
        . 'proxy_no_cache $http_authorization; proxy_cache_bypass $http_authorization; proxy_set_header Host localhost;';
    return SSPI::Test::Nginx->new(module => 0, one_process => 1,
        nginx_http => 'proxy_cache_path @DIR@/cache keys_zone=shared:1m;' . "\n"
            . "upstream behind { server 127.0.0.1:$server->{http}; keepalive 1; }\n",
        nginx => join '', map { "location $_->[0] { $common proxy_set_header Connection \"$_->[1]\";\n"
            . "add_header X-Cache \$upstream_cache_status always; }\n" } [ '/', '' ], [ '/p/bye', 'close' ])->start;
}

scenario 'a cache in front', { env => $kdc->server_env, locations => [
        { path => '/p/', %ntlm, %cacheable },
        { path => '/open/', sspi => 'off', %cacheable },
    ], files => { '/p/bye' => "bye\n" } }, sub {
    my ($server) = @_;
    my $cache = in_front($server);
    my $victim = $server->connection(port => $cache->{http});
    is((ntlm_login($victim, '/p/'))[-1]->status, 200, 'a login through the cache succeeds');
    my $a = $victim->get('/p/');
    like($a->body, qr{page of /p/}, 'the login stays for the next request');
    is($victim->get('/p/bye')->status, 200, 'the login ends');
    my $attacker = $server->connection(port => $cache->{http});
    $a = $attacker->get('/p/');
    is($a->status, 401, 'another client does not get the page');
    unlike($a->body, qr/page of/, 'not from the cache');
    is(scalar $attacker->get('/open/')->header('X-Cache'), $_, "a public page: $_") for qw(MISS HIT);
    is_deeply([ $cache->stop ], [], 'the cache logs no error');
};

# ---- nginx's own cache, behind its access check ----

scenario "nginx's own cache", { on => 'nginx', env => $kdc->server_env, extra_ports => 1,
    nginx_http => 'proxy_cache_path @DIR@/cache keys_zone=own:1m;',
    locations => [ map { { path => "/$_->[0]/", %ntlm, nginx => "proxy_pass http://127.0.0.1:\@PORT1\@/;\n"
        . "proxy_cache own; proxy_cache_valid 10m; proxy_set_header X-User \$remote_user;\n$_->[1]" } }
        [ 'plain', '' ], [ 'user', 'proxy_cache_key "$request_uri $remote_user";' ],
        [ 'none', 'proxy_no_cache $remote_user; proxy_cache_bypass $remote_user;' ] ],
}, sub {
    my ($server) = @_;
    my $application = SSPI::Test::Origin->new($server->port('PORT1'), sub {
        my ($request) = @_;
        return (200, ['Content-Type: text/plain'], "page of $request->{headers}{'x-user'}\n");
    });
    my ($for_alice, $for_bob, $for_all) = map { $server->client(env => $_) } $alice, $bob, undef;
    for my $path (qw(/plain/ /user/ /none/)) {
        is($for_alice->get($path, negotiate => 1)->body, "page of alice\@SSPI.TEST\n", "$path for alice") for 1, 2;
        refused($for_all->get($path), 401, "$path without credentials");
    }
    is($for_bob->get($_, negotiate => 1)->body, "page of bob\@SSPI.TEST\n", "$_ for bob") for qw(/user/ /none/);
    is($for_bob->get('/plain/', negotiate => 1)->body, "page of alice\@SSPI.TEST\n",
        'nginx shows one page to all users where the key does not name them, as docs/caches.md says');
};

done_testing;
