#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Proxies between client and server, which share their connections among clients. A request through
# a proxy neither creates nor uses a login of its connection, and NTLM is not offered. A proxy may
# also authenticate clients itself.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Curl qw(curl_with_ntlm);
use SSPI::Test::Ntlm qw(ntlm_login ntlm_token ntlm_user_line ntlm_value);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $users = spew(scratch_dir('users') . '/users', ntlm_user_line('alice', 'CORP', 'pw'), 0644);
my %ntlm = (packages => 'Negotiate NTLM', mechanisms => 'kerberos ntlm', keytab => $kdc->{keytab},
    ntlm_user_file => $users, realm => 'r');
my %server_config = (
    env => $kdc->server_env,
    locations => [
        { path => '/p/', %ntlm },
        { path => '/all/', %ntlm, connection_auth => 'all' },
        { path => '/behind/', %ntlm, proxies => '192.0.2.0/24 127.0.0.1' },
        { path => '/behind-all/', %ntlm, proxies => '127.0.0.0/8', connection_auth => 'all' },
        { path => '/elsewhere/', %ntlm, proxies => '192.0.2.0/24 2001:db8::/32 127.0.0.2' },
        { path => '/ntlm/', packages => 'NTLM', mechanisms => 'ntlm', ntlm_user_file => $users, realm => 'r' },
    ],
);
my %corp_alice = (user => 'CORP\\alice');
my @type1 = (authorization => ntlm_value('NTLM', SSPI::Test::Ntlm->new->{negotiate}));

sub login { my ($connection, $path, %o) = @_; return (ntlm_login($connection, $path, %o))[-1] }
sub header { my ($line) = @_; return (headers => [$line]) }

# With these headers NTLM does not work, and a login of the connection does not count. `o` has
# options of get().
sub shuts_ntlm_out {
    my ($server, $path, $name, %o) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $connection = $server->connection;
    my $a = $connection->get($path, %o);
    refused($a, 401, "$name: a request without credentials");
    is_deeply([ $a->challenges ], ['Negotiate'], "$name: NTLM is not offered");
    $server->new_log;
    my $first = $connection->get($path, %o, @type1);
    refused($first, 401, "$name: a client that sends NTLM anyway");
    is_deeply([ $first->challenges ], ['Negotiate'], "$name: the client is refused at once");
    is(scalar(grep { /\b${\message_id('LEGS')}\b.*through a proxy/ } message_lines($server)), 1, "$name: the log says that a proxy is the reason");
    return;
}

parts 'proxies', \%server_config,
    'by their addresses' => sub {
        my ($server) = @_;
        shuts_ntlm_out($server, '/behind/', 'a configured proxy');
        my $connection = $server->connection;
        granted(login($connection, '/p/'), \%corp_alice, 'at a location without configured proxies');
        refused($connection->get('/behind/'), 401, 'that login does not count where the proxy is configured');
        granted($connection->get('/p/'), \%corp_alice, 'the login stays where it counts');
        granted(login($server->connection, '/elsewhere/'), \%corp_alice, 'another address is not this proxy');
    },
    'each proxy is logged once' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        $connection->get('/behind/') for 1 .. 5;
        my $n_lines = () = $server->log =~ /\b${\message_id('PROXIED')}\b.* 127\.0\.0\.1 /g;
        # Each worker logs it once.
        cmp_ok($n_lines, '>=', 1, 'the log has a line about the proxy');
        cmp_ok($n_lines, '<=', scalar(my @workers = $server->workers), 'each worker logs the proxy at most once');
    },
    'by their headers' => sub {
        my ($server) = @_;
        for my $line ('Via: 1.1 proxy', 'Forwarded: for=192.0.2.7', 'X-Forwarded-For: 192.0.2.7', 'X-Forwarded-Proto: https',
            'x-real-ip: 192.0.2.7', 'X-FORWARDED-HOST: localhost')
        {
            shuts_ntlm_out($server, '/p/', $line, header($line));
            my $connection = $server->connection;
            granted(login($connection, '/p/'), \%corp_alice, "$line: a login without the header");
            refused($connection->get('/p/', header($line)), 401, "$line: the login does not count with the header");
            granted($connection->get('/p/'), \%corp_alice, "$line: the login counts without the header");
            # Only the second leg comes through a proxy.
            my ($ntlm, $other) = (SSPI::Test::Ntlm->new, $server->connection);
            my $challenge = ntlm_token($other->get('/p/', authorization => ntlm_value('NTLM', $ntlm->{negotiate})), 'NTLM');
            refused($other->get('/p/', header($line), authorization => ntlm_value('NTLM', $ntlm->authenticate($challenge))),
                401, "$line: the header does not end the login");
        }
        granted(login($server->connection, '/p/', request => { header('X-Forwarded: no') }), \%corp_alice, 'other headers do not name a proxy');
    },
    'a location with only NTLM has no scheme to offer' => sub {
        my ($server) = @_;
        my $a = $server->connection->get('/ntlm/', header('Via: 1.1 proxy'));
        is($a->status, 401, 'refused');
        is_deeply([ $a->challenges ], [], 'without a challenge');
        ok((grep { /\b${\message_id('LEGS')}\b.*nothing could be offered.*proxy/ } message_lines($server)), 'the log says that no scheme can be offered because of a proxy');
    },
    'tickets are granted, and give no login that stays' => sub {
        my ($server) = @_;
        for my $case ([ '/behind-all/' ], [ '/all/', header('Via: 1.1 proxy') ]) {
            my ($path, @o) = @$case;
            my $connection = $server->connection;
            my $a = $connection->get($path, @o, authorization => SSPI::Test::Gss->header(env => $alice));
            granted($a, { user => 'alice@SSPI.TEST' }, $path);
            is(scalar($a->header('Persistent-Auth')), 'false', "$path: the answer says that the login does not stay");
            refused($connection->get($path, @o), 401, "$path: the next request needs its own ticket");
            refused($connection->get('/all/'), 401, "$path: also elsewhere");
        }
    };

# ---- servers that trust their proxies ----

# A module of httpd takes the client's address from a header, and removes the header.
for my $header (qw(X-Client X-Forwarded-For)) {
    parts "addresses out of $header", { %server_config,
        apache_head => SSPI::Test::Apache::module_lines('remoteip')
            . "RemoteIPHeader $header\nRemoteIPInternalProxy 127.0.0.1\n",
        nginx_http => "set_real_ip_from 127.0.0.1; real_ip_header $header;\n" },
        'show that there is a proxy' => sub {
            my ($server) = @_;
            shuts_ntlm_out($server, '/p/', $header, header("$header: 192.0.2.7"));
            shuts_ntlm_out($server, '/elsewhere/', "$header: like a configured proxy", header("$header: 192.0.2.7"));
            my $connection = $server->connection;
            granted(login($connection, '/p/'), \%corp_alice, 'without it NTLM works');
            refused($connection->get('/p/', header("$header: 192.0.2.7")), 401, 'that login does not count with the header');
        },
        'do not hide the address of the proxy' => sub {
            my ($server) = @_;
            shuts_ntlm_out($server, '/behind/', 'a configured proxy', header("$header: 198.51.100.1"));
            shuts_ntlm_out($server, '/behind/', 'a connection without a proxy');
        };
}

# The PROXY line comes before all requests of a connection, so the connection belongs to one client.
sub location {
    my ($path, $apache, $nginx) = @_;
    my @apache = ('AuthType SSPI', 'AuthName r', 'SSPIPackages NTLM', 'SSPIMechanisms ntlm', "SSPINTLMUserFile $users",
        'Require valid-user', @$apache);
    my @nginx = ('sspi on;', 'sspi_realm r;', 'sspi_packages NTLM;', 'sspi_mechanisms ntlm;', "sspi_ntlm_user_file $users;", @$nginx);
    return ("<Location $path>\n" . join("\n", @apache) . "\n</Location>\n", "location $path { @nginx }\n");
}
my @client = location('/client/', [], []);
my @named = location('/named/', ['SSPIProxies 127.0.0.1'], ['sspi_proxies 127.0.0.1;']);
parts 'the PROXY protocol', { extra_ports => 1, files => { map { ("/$_/index.html" => "page\n") } qw(client named) },
    apache_head => SSPI::Test::Apache::module_lines('remoteip') . "Listen 127.0.0.1:\@PORT1\@\n",
    apache => "<VirtualHost 127.0.0.1:\@PORT1\@>\nRemoteIPProxyProtocol On\n$client[0]$named[0]</VirtualHost>\n",
    nginx => "}\nserver {\nlisten 127.0.0.1:\@PORT1\@ proxy_protocol;\nset_real_ip_from 127.0.0.1;\n"
        . "real_ip_header proxy_protocol;\nroot \@DOCROOT\@;\nadd_header X-Sspi-User \$sspi_user always;\n$client[1]$named[1]" },
    'gives the client of its connection' => sub {
        my ($server) = @_;
        my $open = sub {
            my $connection = $server->connection(port => $server->port('PORT1'));
            $connection->send("PROXY TCP4 192.0.2.7 127.0.0.1 5000 80\r\n");
            return $connection;
        };
        my $connection = $open->();
        my $a = login($connection, '/client/');
        is_deeply([ $a->status, $a->user ], [ 200, 'CORP\\alice' ], 'NTLM works');
        is($connection->get('/client/')->status, 200, 'the login stays');
        is($connection->get('/client/', header('Via: 1.1 proxy'))->status, 401, 'the login does not count through a further proxy');
        is($connection->get('/named/')->status, 401, 'the login does not count where the proxy is configured');
        is(login($open->(), '/named/')->status, 401, 'NTLM does not work where the proxy is configured');
    };

# ---- a proxy that authenticates ----

parts 'a forward proxy', { on => 'apache', env => $kdc->server_env, extra_ports => 1,
    locations => [ { path => '/open/', sspi => 'off' }, { path => '/p/', %ntlm } ],
    apache => "Listen 127.0.0.1:\@PORT1\@\n<VirtualHost 127.0.0.1:\@PORT1\@>\nProxyRequests On\n<Proxy \"*\">\n"
        . join("\n", 'AuthType SSPI', 'AuthName proxy', 'SSPIPackages NTLM', 'SSPIMechanisms ntlm', "SSPINTLMUserFile $users",
        'Require valid-user') . "\n</Proxy>\n</VirtualHost>\n" },
    curl_with_ntlm('grants curl' => sub {
        my ($server) = @_;
        my @proxy = (proxied => 1, args => [ '--proxy', 'http://localhost:' . $server->port('PORT1'), '--proxy-ntlm', '--proxy-user' ]);
        my $get = sub { return $server->client->get('/open/', proxied => 1, args => [ @{$proxy[3]}, @_ ]) };
        is($get->('CORP\\alice:pw')->body, "page of /open/\n", 'with the password');
        my $a = $get->('CORP\\alice:no');
        is($a->status, 407, 'another password is refused');
        is_deeply([ [ $a->header('Proxy-Authenticate') ], [ $a->challenges ] ], [ ['NTLM'], [] ], 'the challenge is that of the proxy');
    }),
    'keeps its login apart from the login of pages' => sub {
        my ($server) = @_;
        my $connection = $server->connection(port => $server->port('PORT1'));
        my $target = "http://localhost:$server->{http}/open/";
        is($connection->get($target)->status, 407, 'the proxy challenges');
        my $last = login($connection, $target, proxy => 1);
        is_deeply([ $last->status, $last->body ], [ 200, "page of /open/\n" ], 'the proxy grants the login');
        is(scalar($last->header('Persistent-Auth')), undef, 'the answer has no header for the login of the page');
        is($connection->get($target)->status, 200, 'the next request is granted as well');
        my $own = $connection->get('/p/');
        refused($own, 401, 'a page of the server itself does not use that login');
        is($connection->get($target)->status, 200, 'the login of the proxy is still there');
        granted(login($connection, '/p/'), \%corp_alice, 'the page has its own login');
        is($server->connection(port => $server->port('PORT1'))->get($target)->status, 407, 'other connections have no login');
    };

done_testing;
