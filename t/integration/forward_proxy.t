#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# httpd as a forward proxy: status 407, its own headers, and no proxy credentials for the servers
# behind it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir slurp spew wait_until);
use SSPI::Test::Digest qw(digest_challenges digest_header digest_info user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $users = spew(scratch_dir('users') . '/users',
    join('', map { user_line('alice', 'proxy', 'pw', $_) } qw(SHA-256 MD5)) . user_line('bob', 'site', 'pw'), 0644);

my $proxy = sub {
    my ($port, @options) = @_;
    return "Listen 127.0.0.1:\@$port\@\n<VirtualHost 127.0.0.1:\@$port\@>\n    ProxyRequests On\n    <Proxy \"*\">\n"
        . join('', map { "        $_\n" } 'AuthType SSPI', 'AuthName proxy', @options, 'Require valid-user')
        . "    </Proxy>\n</VirtualHost>\n";
};
my %server_config = (
    on => 'apache',
    env => $kdc->server_env,
    extra_ports => 4,
    locations => [
        { path => '/open/', sspi => 'off' },
        { path => '/site/', packages => 'Digest', realm => 'site', digest_user_file => $users },
    ],
    apache => $proxy->('PORT1', 'SSPIPackages Negotiate Digest', "SSPIDigestUserFile $users", "SSPIKeytab $kdc->{keytab}")
        . $proxy->('PORT2', 'SSPIPackages Digest', "SSPIDigestUserFile $users")
        # With this variable, httpd passes the header of a request with a user on.
        . $proxy->('PORT3', 'SSPIPackages Digest', "SSPIDigestUserFile $users", 'SetEnv Proxy-Chain-Auth 1')
        . $proxy->('PORT4', 'SSPIPackages Digest', "SSPIDigestUserFile $users", 'SetEnv Proxy-Chain-Auth 1',
            'SSPIForwardAuthorization off')
        . qq(LogFormat "%U %s proxy=%{Proxy-Authorization}i own=%{Authorization}i" behind\n)
        . qq(CustomLog "\@DIR\@/logs/behind.log" behind\n),
);

# Sends a request through the proxy. PORT1 offers all schemes, PORT2 only Digest.
sub through {
    my ($server, $client, $port, $path, @args) = @_;
    return $client->get($path, proxied => 1,
        args => [ '--proxy', 'http://localhost:' . $server->port($port), @args ]);
}

sub offers { my ($a) = @_; return map { /\ADigest / ? 'Digest ' . (digest_challenges($_))[0]{algorithm} : $_ } @$a }

# Returns what the server behind logged about the granted request for this path. The lines come a
# moment after the answer.
sub behind {
    my ($server, $path) = @_;
    my $lines = sub { [ grep { /\A\Q$path\E 200 / } split /\n/, slurp("$server->{dir}/logs/behind.log") ] };
    wait_until(sub { @{$lines->()} > 0 }, 10);
    return $lines->();
}

parts 'a forward proxy', \%server_config,
    'it challenges with 407 and Proxy-Authenticate, one line for each scheme' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $a = through($server, $c, 'PORT1', '/open/');
        is($a->status, 407, 'the status');
        is_deeply([ offers([ $a->header('Proxy-Authenticate') ]) ], [ 'Negotiate', 'Digest SHA-256', 'Digest MD5' ],
            'each scheme once, in order');
        is_deeply([ $a->challenges ], [], 'no WWW-Authenticate');
        $a = through($server, $c, 'PORT1', '/open/', '--head');
        is(scalar(() = $a->header('Proxy-Authenticate')), 3, 'to HEAD too');
    },
    'curl is granted with a password, although its uri is only a path' => sub {
        my ($server) = @_;
        my $a = through($server, $server->client, 'PORT2', '/open/?a=b', qw(--proxy-digest --proxy-user alice:pw));
        is($a->status, 200, 'granted');
        is($a->body, "page of /open/\n", 'the client gets the page');
        my @uris = map { /\AProxy-Authorization: .*uri="([^"]*)"/i ? $1 : () } @{$a->{sent}};
        like($uris[-1], qr{\A/}, 'the uri of curl is a path');
        is_deeply([ $a->header('Proxy-Authenticate') ], [], 'the answer has no challenge');
        my $wrong = through($server, $server->client, 'PORT2', '/open/', qw(--proxy-digest --proxy-user alice:no));
        is($wrong->status, 407, 'a wrong password: 407');
    },
    'a uri that is the absolute target is accepted as well, and each header once' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $target = "http://localhost:$server->{http}/open/absolute";
        $server->add_file('/open/absolute', "absolute\n");
        my ($challenge) = digest_challenges(through($server, $c, 'PORT2', '/open/')->header('Proxy-Authenticate'));
        my $make = sub { return digest_header($challenge, user => 'alice', password => 'pw', @_) };
        my $right = $make->(uri => $target);
        my $get = sub { return through($server, $c, 'PORT2', '/open/absolute', '--header', "Proxy-Authorization: $_[0]") };
        is($get->($right)->status, 200, 'the absolute target');
        $server->new_log;
        is($get->($right)->status, 407, 'the same header is refused a second time');
        logged($server, 'REPLAY');
        is($get->($make->(uri => "http://localhost:$server->{http}/site/", nc => 2))->status, 400, 'the header is refused for another page');
        logged($server, 'WRONG_URI');
    },
    'the answer has the server tokens of the proxy and of the page' => sub {
        my ($server) = @_;
        my $c = $server->client;
        $server->add_file('/site/proof', "proof\n");
        my @alice = (user => 'alice', password => 'pw', uri => '/site/proof');
        my @bob = (user => 'bob', password => 'pw', uri => '/site/proof');
        my ($for_proxy) = digest_challenges(through($server, $c, 'PORT2', '/site/proof')->header('Proxy-Authenticate'));
        my $get = sub {
            my ($nc, @more) = @_;
            return through($server, $c, 'PORT2', '/site/proof', '--header',
                'Proxy-Authorization: ' . digest_header($for_proxy, @alice, nc => $nc), @more);
        };
        my $asked = $get->(1);
        my ($for_site) = digest_challenges($asked->challenges);
        my $both = $get->(2, '--header', 'Authorization: ' . digest_header($for_site, @bob));
        my @seen = map {
            my $a = $_;
            [ $a->status, digest_info(scalar $a->header('Proxy-Authentication-Info'), $for_proxy, @alice)->{right},
                digest_info(scalar $a->header('Authentication-Info'), $for_site, @bob)->{right} ]
        } $asked, $both;
        is_deeply(\@seen, [ [ 401, 1, undef ], [ 200, 1, 1 ] ], 'each login has its own header');
        is_deeply([ map { scalar(() = $both->header($_)) } qw(Proxy-Authentication-Info Authentication-Info) ], [ 1, 1 ], 'once');
    },
    'curl is granted with a ticket' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my $a = through($server, $c, 'PORT1', '/open/', qw(--proxy-negotiate --proxy-user :));
        is($a->status, 200, 'granted');
        is_deeply([ $a->challenges ], [], 'the answer has no Authentication-Info of the proxy in the header of a page');
    },
    'the server behind never gets Proxy-Authorization' => sub {
        my ($server) = @_;
        $server->add_file("/open/$_", "$_\n") for qw(digest ticket);
        through($server, $server->client, 'PORT2', '/open/digest', qw(--proxy-digest --proxy-user alice:pw));
        through($server, $server->client(env => $alice), 'PORT1', '/open/ticket', qw(--proxy-negotiate --proxy-user :));
        for my $path ('/open/digest', '/open/ticket') {
            my $lines = behind($server, $path);
            is_deeply($lines, ["$path 200 proxy=- own=-"], $path);
        }
    },
    'a further proxy gets it if the configuration says so' => sub {
        my ($server) = @_;
        my $c = $server->client;
        $server->add_file("/open/$_", "$_\n") for qw(chain hidden);
        through($server, $c, 'PORT3', '/open/chain', qw(--proxy-digest --proxy-user alice:pw));
        like(behind($server, '/open/chain')->[0], qr/proxy=Digest /, 'Proxy-Chain-Auth');
        through($server, $c, 'PORT4', '/open/hidden', qw(--proxy-digest --proxy-user alice:pw));
        is_deeply(behind($server, '/open/hidden'), ['/open/hidden 200 proxy=- own=-'], 'SSPIForwardAuthorization off');
    },
    "the user of the proxy and the user of the page are different" => sub {
        my ($server) = @_;
        $server->add_file('/site/page', "of the site\n");
        my $a = through($server, $server->client, 'PORT2', '/site/page', qw(--proxy-digest --proxy-user alice:pw));
        is($a->status, 401, 'the page behind the proxy sends its own challenge');
        my ($challenge) = digest_challenges($a->challenges);
        is($challenge->{realm}, 'site', 'the challenge has the realm of the page');
        is_deeply([ $a->header('Proxy-Authenticate') ], [], 'the proxy sends no challenge');
        my $header = digest_header($challenge, user => 'bob', password => 'pw', uri => '/site/page');
        $a = through($server, $server->client, 'PORT2', '/site/page', qw(--proxy-digest --proxy-user alice:pw),
            '--header', "Authorization: $header");
        is_deeply([ $a->status, $a->body ], [ 200, "of the site\n" ], 'with both headers the client gets the page');
        like(behind($server, '/site/page')->[0], qr/proxy=- own=Digest /, 'the server behind got the header for the page');
        $a = through($server, $server->client, 'PORT2', '/site/page', '--header', "Authorization: $header");
        is($a->status, 407, "the header for the page is refused by the proxy");
    };

done_testing;
