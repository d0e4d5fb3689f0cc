#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Which answers set or remove the cookie of a session: each answer to the request that needs it, once,
# and no other answer. No cache gives the cookie to another client.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew wait_until);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Gss;
use SSPI::Test::Origin;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;
use SSPI::Test::Session;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my %here = (packages => 'Negotiate', keytab => $kdc->{keytab}, session => 'on', session_require_tls => 'off');
my %by_alice = (user => 'alice@SSPI.TEST');
my %there = (apache => 'ProxyPass http://127.0.0.1:@PORT1@/', nginx => 'proxy_pass http://127.0.0.1:@PORT1@/;');

# An application whose pages caches may keep, with a cookie of its own.
sub application {
    my ($server) = @_;
    return SSPI::Test::Origin->new($server->port('PORT1'), sub {
        my ($request) = @_;
        my @own = $request->{target} =~ /own/ ? ('Set-Cookie: own=1; Path=/', 'Set-Cookie: second=2') : ();
        my @control = $request->{target} =~ /public/ ? ('Cache-Control: public, max-age=600') : ();
        return ($request->{target} =~ /refuse/ ? 401 : 200, [ 'Content-Type: text/plain', @own, @control ], "application\n");
    });
}

my %server_config = (
    env => $kdc->server_env,
    extra_ports => 1,
    locations => [
        { path => '/p/', %here },
        { path => '/off/', sspi => 'off' },
        { path => '/optional/', %here, sspi => 'optional' },
        { path => '/brief/', %here, session_lifetime => '5s' },
        { path => '/maximum/', %here, session_lifetime => '1h', session_maximum => '3s' },
        { path => '/app/', %here, %there },
        { path => '/redirect/', %here, apache => 'FallbackResource /p/index.html', nginx => 'try_files /none /p/index.html;' },
        { path => '/out-of/', %here, apache => 'FallbackResource /off/index.html', nginx => 'try_files /none /off/index.html;' },
        { path => '/error/', %here, apache => 'ErrorDocument 401 /off/index.html', nginx => 'error_page 401 /off/index.html;' },
        { path => '/error-here/', %here, apache => 'ErrorDocument 401 /optional/index.html',
            nginx => 'error_page 401 /optional/index.html;' },
        { path => '/any/', %here, apache => "<RequireAny>\nRequire all granted\nRequire valid-user\n</RequireAny>",
            nginx => 'satisfy any; allow all;' },
        { path => '/set/', %here, apache => "Header always set X-Own own\nHeader set Cache-Control \"max-age=5\"\nHeader edit Set-Cookie ^other x",
            nginx => 'add_header X-Own own always; add_header Cache-Control "max-age=5";' },
    ],
);

sub login {
    my ($server, $path, %o) = @_;
    return $server->client(env => $alice)->get($path, negotiate => 1, %o);
}

sub with_cookie { my ($server, $path, $cookie, %o) = @_; return $server->client->get($path, cookie_header($cookie), %o) }
sub control { my ($answer) = @_; return join '|', $answer->header('Cache-Control') }
sub names { my ($answer) = @_; return join ' ', map { $_->{name} . ($_->{value} eq '' ? '-' : '') } cookies($answer) }

parts 'answers', \%server_config,
    'a login sets the cookie once' => sub {
        my ($server) = @_;
        my $application = application($server);
        for my $path (qw(/p/ /p/none /redirect/x /out-of/x /optional/ /any/ /set/ /app/ /brief/)) {
            my $answer = login($server, $path);
            # Where no user is needed, curl sends credentials only if it is told so.
            $answer = $server->connection->get($path, authorization => SSPI::Test::Gss->header(env => $alice))
                if $path =~ /optional|any/;
            is(names($answer), 'sspi', "$path: status " . $answer->status);
            like(control($answer), qr/\A(?:max-age=5, ?)?no-cache="Set-Cookie"\z/, "$path: Cache-Control");
            granted(with_cookie($server, '/p/', session_of($answer) // ''), \%by_alice, "$path: its cookie");
        }
        my $h2 = login($server, '/redirect/x', tls => 1, args => ['--http2']);
        is_deeply([ $h2->{version}, names($h2) ], [ '2', '__Host-sspi' ], 'HTTP/2');
        my $range = login($server, '/p/index.html', args => [ '--header', 'Range: bytes=99999-' ]);
        is_deeply([ $range->status, names($range) ], [ 416, 'sspi' ], 'a range that is not satisfiable');
        is(names($server->client->get($_)), '', "$_ without credentials") for qw(/p/ /optional/ /off/ /any/ /error/);
        is(names($server->client->get('/p/', authorization => 'Negotiate YQ==')), '', 'wrong credentials');
    },
    'and only the answer to that request' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        my $answer = $connection->get('/p/', authorization => SSPI::Test::Gss->header(env => $alice));
        my $cookie = set_by_login($answer, 'a login');
        for my $path (qw(/p/ /off/ /optional/ /p/none)) {
            my $next = $connection->get($path);
            is_deeply([ names($next), control($next) ], [ '', '' ], "$path next on the connection");
        }
        is(names($connection->get('/p/', headers => ["Cookie: $cookie"])), '', 'a request with the cookie');
    },
    'the cookies and headers of others stay' => sub {
        my ($server) = @_;
        my $application = application($server);
        is(join(' ', sort split / /, names(login($server, '/app/own'))), 'own second sspi', 'an application that sets cookies');
        is(join(' ', sort split / /, names(with_cookie($server, '/app/own', 'sspi=x'))), 'sspi-', 'a challenge has no cookie of the application');
        is(login($server, '/set/')->header('X-Own'), 'own', 'a header of the configuration');
        my $answer = login($server, '/app/refuse');
        is_deeply([ $answer->status, names($answer) ], [ 401, 'sspi' ], 'a 401 of the application');
    },
    'a session that does not count is removed once' => sub {
        my ($server) = @_;
        for my $path (qw(/p/ /redirect/x /out-of/x /error/ /error-here/)) {
            my $answer = with_cookie($server, $path, 'sspi=tampered');
            is($answer->status, 401, "$path: 401");
            cleared($answer, 'sspi', $path);
            is(scalar($answer->challenges), 1, "$path: one challenge");
        }
        like(with_cookie($server, '/error/', 'sspi=tampered')->body, qr{page of /off/}, 'with the error document');
        for my $path (qw(/optional/ /any/)) {
            my $answer = with_cookie($server, $path, 'sspi=tampered');
            is_deeply([ $answer->status, $answer->user ], [ 200, '' ], "$path: anonymous");
            cleared($answer, 'sspi', $path);
        }
        cleared($server->client->get('/error/', tls => 1, cookie_header('__Host-sspi=tampered', '--http2')), '__Host-sspi', 'HTTP/2');
    },
    'a session is used where no user is needed' => sub {
        my ($server) = @_;
        my $cookie = set_by_login(login($server, '/p/'), 'a login');
        for my $path (qw(/optional/ /any/ /redirect/x)) {
            my $answer = with_cookie($server, $path, $cookie);
            granted($answer, \%by_alice, $path);
            is_deeply([ names($answer), control($answer) ], [ '', 'private' ], "$path: the answer is private and sets no cookie");
        }
        my $answer = with_cookie($server, '/off/', $cookie);
        is_deeply([ $answer->user, control($answer) ], [ '', '' ], 'a location without authentication does not read it');
        is(control(with_cookie($server, '/set/', $cookie)), 'private, max-age=5', 'the Cache-Control of the configuration is merged');
    },
    'a session is renewed after half of its life' => sub {
        my ($server) = @_;
        my $cookie = set_by_login(login($server, '/brief/'), 'a login');
        my ($first, $renewed) = ($cookie);
        my $is_renewed = sub {
            my $answer = with_cookie($server, '/brief/', $cookie);
            return 'refused' if $answer->status != 200;
            $renewed = session_of($answer) // return;
            is(control($answer), 'private, no-cache="Set-Cookie"', 'the answer that renews it');
            return 'renewed';
        };
        # Three lives, which are longer than one.
        for (1 .. 3) {
            is(wait_until($is_renewed, 10), 'renewed', 'a new cookie');
            isnt($renewed, $cookie, 'it differs');
            $cookie = $renewed;
        }
        refused(with_cookie($server, '/brief/', $first), 401, 'the first cookie has ended');
        granted(with_cookie($server, '/brief/', $cookie), \%by_alice, 'the last one counts');
        $server->new_log;
        ok(wait_until(sub { with_cookie($server, "/brief/", $cookie)->status == 401 }, 10), "and ends with its life");
    },
    'a session is never renewed past its end' => sub {
        my ($server) = @_;
        my $cookie = set_by_login(login($server, '/maximum/'), 'a login');
        $server->new_log;
        ok(wait_until(sub {
            my $answer = with_cookie($server, '/maximum/', $cookie);
            $cookie = session_of($answer) // $cookie;
            return $answer->status == 401 && cleared($answer, 'sspi', 'its end');
        }, 10), 'it ends although it is used');
        like($server->new_log, qr/SSPI-162\b/, 'the log says so');
    },
    'parallel first requests' => sub {
        my ($server) = @_;
        my @headers = map { SSPI::Test::Gss->header(env => $alice) } 1 .. 8;
        my @answers = $server->client->parallel(map { [ '/p/', authorization => $_ ] } @headers);
        my %cookies = map { $_ => 1 } grep { defined } map { session_of($_) } @answers;
        is(scalar keys %cookies, 8, 'each sets a cookie');
        granted(with_cookie($server, '/p/', $_), \%by_alice, 'each cookie counts') for keys %cookies;
    };

# ---- caches of the servers ----

sub cached { my ($answer) = @_; return ($answer->header('X-Cache') // '') =~ /\AHIT/ ? 1 : 0 }

# Logs in until the page comes from the cache; then tests that other clients get neither the page nor
# the cookie.
sub check_cache {
    my ($server, $path) = @_;
    my @answers = map { login($server, $path) } 1 .. 3;
    # mod_cache skips the filters of other modules, so an answer from its store sets no cookie.
    my @values = grep { defined } map { session_of($_) } @answers;
    my %values = map { $_ => 1 } @values;
    is(scalar keys %values, scalar @values, "$path: no cookie comes twice");
    cmp_ok(scalar @values, '>=', $server->kind eq 'nginx' ? 3 : 1, "$path: a login gets a cookie");
    my $cookie = session_of($answers[0]) // '';
    my @by_cookie = map { with_cookie($server, $path, $cookie) } 1 .. 2;
    is_deeply([ map { names($_) } @by_cookie ], [ '', '' ], "$path: a session gets no cookie from the cache");
    is_deeply([ map { $_->status } @by_cookie ], [ 200, 200 ], "$path by the session");
    my $other = $server->client->get($path);
    refused($other, 401, "$path without a session");
    is(names($other), '', "$path without a session gets no cookie");
    unlike($other->body, qr/application/, "$path: and no page");
    return cached($answers[-1]);
}

scenario "nginx's own cache", { on => 'nginx', env => $kdc->server_env, extra_ports => 1,
    nginx_http => 'proxy_cache_path @DIR@/cache keys_zone=own:1m;',
    locations => [ map { { path => $_, %here, nginx => "proxy_pass http://127.0.0.1:\@PORT1\@$_;\n"
        . 'proxy_cache own; proxy_cache_valid 10m; add_header X-Cache $upstream_cache_status always;' } } '/public/', '/valid/' ],
}, sub {
    my ($server) = @_;
    my $application = application($server);
    is(check_cache($server, $_), 1, "$_ comes from the cache") for '/public/', '/valid/';
};

for my $quick (qw(on off)) {
    my $root = scratch_dir("cache-$quick");
    chmod 0777, $root;
    scenario "mod_cache, CacheQuickHandler $quick", { on => 'apache', env => $kdc->server_env, extra_ports => 1,
        apache_head => SSPI::Test::Apache::module_lines(qw(cache cache_disk))
            . "CacheQuickHandler $quick\nCacheRoot $root\nCacheEnable disk /\nCacheHeader on\nCacheIgnoreNoLastMod on\n",
        locations => [ { path => '/kept/', %here, apache => 'Header always set Cache-Control "max-age=600"' } ],
    }, sub {
        my ($server) = @_;
        check_cache($server, '/kept/');
    };
}

# The page is public by its application. mod_cache then keeps it, but never the cookie.
my $root = scratch_dir('cache-public');
chmod 0777, $root;
scenario 'mod_cache, a page that caches may keep', { on => 'apache', env => $kdc->server_env, extra_ports => 1,
    apache_head => SSPI::Test::Apache::module_lines(qw(cache cache_disk))
        . "CacheQuickHandler off\nCacheRoot $root\nCacheEnable disk /\nCacheHeader on\nCacheIgnoreNoLastMod on\n",
    locations => [ { path => '/public/', %here, apache => 'ProxyPass http://127.0.0.1:@PORT1@/public/' } ],
}, sub {
    my ($server) = @_;
    my $application = application($server);
    check_cache($server, '/public/');
    my @stored = glob "$root/*/*/*/*.header $root/*/*/*.header $root/*/*/*/*/*.header";
    unlike(join('', map { SSPI::Test::slurp($_) } @stored), qr/sspi=/, 'no file of the cache has a cookie');
};

done_testing;
