#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Chromium logs in once, by Kerberos, and then uses its session: over HTTP and HTTPS, after a restart
# of the server, and until it logs out. A session also works over HTTP/2, and there begins with a
# login by Digest.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Test::More;
use SSPI::Test::Browser;
use SSPI::Test::Clients qw(clients_here);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Scenario;
use SSPI::Test::Session;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $keys = key_file();
my %here = (packages => 'Negotiate', keytab => $kdc->{keytab}, session => 'on', session_require_tls => 'off');
my %out = (apache => 'SetHandler sspi-logout', nginx => 'sspi_logout;');
my %name = (http => 'sspi', https => '__Host-sspi');

# Requests the page n times at once. Returns "status user" => how many.
sub ask {
    my ($devtools, $n, $path) = @_;
    return $devtools->evaluate(<<"SCRIPT");
        (async () => {
            const ask = async i => {
                const answer = await fetch(`$path?\${i}-\${Math.random()}`, { cache: "no-store" });
                await answer.text();
                return `\${answer.status} \${answer.headers.get("X-Sspi-User")}`;
            };
            const came = {};
            for (const answer of await Promise.all(Array.from({ length: $n }, (_, i) => ask(i))))
                came[answer] = (came[answer] || 0) + 1;
            return came;
        })()
SCRIPT
}

# Returns the protocols of the page and its requests.
sub protocols {
    my ($devtools) = @_;
    return $devtools->evaluate('[...new Set(performance.getEntries().map(e => e.nextHopProtocol))].filter(p => p)');
}

sub cookie {
    my ($devtools, $scheme) = @_;
    my ($cookie) = grep { $_->{name} eq $name{$scheme} } @{$devtools->call('Network.getCookies')->{cookies}};
    return $cookie;
}

my @here = clients_here('chromium');

scenario 'Chromium', { env => $kdc->server_env,
    # The state file keeps the memory of replays, so that a login directly after the restart counts.
    apache_head => "SSPIKeyFile $keys\nSSPIStateFile \@DIR\@/state\n", nginx_http => "sspi_key_file $keys; sspi_state_file \@DIR\@/state;",
    locations => [
        { path => '/p/', %here },
        { path => '/out', sspi => 'off', session_require_tls => 'off', %out },
        # The page itself needs no user, so that it stays after a logout.
        { path => '/start/', sspi => 'off' },
    ],
}, sub {
    my ($server) = @_;
    for my $scheme (sort keys %name) {
        my $url = "$scheme://localhost:" . $server->port(uc $scheme);
        my $browser = SSPI::Test::Browser->new('chromium', url => 'about:blank', env => $alice, control => 1);
        my $devtools = $browser->devtools;
        $devtools->visit("$url/start/");
        my $before = count_messages($server, 'GRANTED');
        my $logins = sub { return count_messages($server, 'GRANTED') - $before };
        is_deeply(ask($devtools, 1, '/p/'), { '200 alice@SSPI.TEST' => 1 }, "$scheme: a login");
        my $cookie = cookie($devtools, $scheme);
        ok($cookie && $cookie->{httpOnly} && $cookie->{session} && $cookie->{sameSite} eq 'Lax'
                && !!$cookie->{secure} eq ($scheme eq 'https'), "$scheme: Chromium keeps the cookie with its attributes")
            or diag(explain($cookie));
        is($devtools->evaluate('document.cookie'), '', "$scheme: scripts do not see it");
        is($logins->(), 1, "$scheme: one login");
        is_deeply(ask($devtools, 50, '/p/'), { '200 alice@SSPI.TEST' => 50 }, "$scheme: many requests");
        is($logins->(), 1, "$scheme: they use the session");
        is_deeply([ $server->stop ], [], "$scheme: the server stops");
        $server->start;
        is_deeply(ask($devtools, 50, '/p/'), { '200 alice@SSPI.TEST' => 50 }, "$scheme: after a restart");
        is($logins->(), 1, "$scheme: they still use the session");
        my $script = 'fetch("/out", { method: "POST" }).then(answer => answer.status)';
        is($devtools->evaluate($script), 204, "$scheme: a logout by the page of this host");
        is(cookie($devtools, $scheme), undef, "$scheme: the cookie is gone");
        is_deeply(ask($devtools, 1, '/p/'), { '200 alice@SSPI.TEST' => 1 }, "$scheme: the next request");
        is($logins->(), 2, "$scheme: logs in again");
        # The page of another host: Chromium sends Origin and Sec-Fetch-Site itself.
        $devtools->visit("$scheme://127.0.0.1:" . $server->port(uc $scheme) . '/start/');
        $devtools->evaluate("fetch('$url/out', { method: 'POST', mode: 'no-cors', credentials: 'include' }).then(() => 1)");
        like($server->new_log, qr/SSPI-135\b/, "$scheme: another site cannot log the user out");
        $browser->stop;
    }
    my $url = 'https://localhost:' . $server->port('HTTPS');
    my $session = set_by_login($server->client(env => $alice)->get('/p/', negotiate => 1, tls => 1), 'HTTP/2: a login');
    my $browser = SSPI::Test::Browser->new('chromium', url => 'about:blank', control => 1);
    my $devtools = $browser->devtools;
    $devtools->visit("$url/start/");
    my ($name, $value) = split /=/, $session, 2;
    $devtools->call('Network.setCookie', url => $url, name => $name, value => $value, path => '/', secure => JSON::PP::true,
        httpOnly => JSON::PP::true, sameSite => 'Lax');
    is_deeply(ask($devtools, 100, '/p/'), { '200 alice@SSPI.TEST' => 100 }, 'HTTP/2: its session in a browser without a ticket');
    # After a login by Negotiate, Chromium itself would use HTTP/1.1.
    is_deeply(protocols($devtools), ['h2'], 'HTTP/2: the protocol');
    $browser->stop;
} if @here;

my %digest = (packages => 'Digest', realm => 'r', digest_user_file => '@DIR@/users', session => 'on');

scenario 'Chromium and Digest over HTTP/2', {
    apache_head => "SSPIKeyFile $keys\n", nginx_http => "sspi_key_file $keys;",
    data => { users => user_line('alice', 'r', 'pw', 'SHA-256') . user_line('alice', 'r', 'pw') },
    files => { '/login/index.html' => "page\n" },
    # Chromium sends its Digest response again only below /login/. At /other/ it has only the cookie.
    locations => [ map { { path => "/$_/", %digest } } qw(login other) ],
}, sub {
    my ($server) = @_;
    my $url = 'https://localhost:' . $server->port('HTTPS');
    my $logins = sub { return count_messages($server, 'GRANTED') };
    my $browser = SSPI::Test::Browser->new('chromium', url => 'about:blank', control => 1);
    # Opens a page, and answers a prompt. Returns (the DevTools, the number of prompts, the status).
    my $open = sub {
        my $devtools = $browser->devtools;
        $devtools->open_page;
        my @came = $devtools->navigate("$url/$_[0]/", [qw(alice pw)]);
        $devtools->call('Fetch.disable');
        return ($devtools, @came);
    };
    my ($devtools, @came) = $open->('login');
    is_deeply(\@came, [ 1, 200 ], 'Chromium prompts once, and logs in') or diag($browser->output);
    is($logins->(), 1, 'one login');
    my $cookie = cookie($devtools, 'https');
    ok($cookie && $cookie->{session}, 'the cookie has no end of its own') or diag(explain($cookie));
    is_deeply(ask($devtools, 100, '/other/'), { '200 alice' => 100 }, 'many requests with the cookie');
    is($logins->(), 1, 'they use the session');
    is_deeply(protocols($devtools), ['h2'], 'the page and its requests use HTTP/2');
    $devtools->call('Network.setCookie', url => $url, name => 'kept', value => '1', expires => time + 3600);
    $devtools = $browser->restart->devtools;
    $devtools->visit("$url/none");
    my %left = map { $_->{name} => 1 } @{$devtools->call('Network.getCookies')->{cookies}};
    is_deeply(\%left, { kept => 1 }, 'a restart of Chromium ends the session, but keeps another cookie');
    ($devtools, @came) = $open->('other');
    is_deeply(\@came, [ 1, 200 ], 'Chromium prompts again');
    is($logins->(), 2, 'a second login');
    is_deeply(protocols($devtools), ['h2'], 'again over HTTP/2');
    $browser->stop;
} if @here;

done_testing;
