#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A proxied request carries the user's own login for the upstream, which is a second protected
# server. It never goes over a connection that carried the login of another user.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(free_port slurp);
use POSIX ();
use SSPI::Test::Delegation;
use SSPI::Test::Gss;
use SSPI::Test::Origin;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;
use SSPI::Test::Session;
use SSPI::Test::WebSocket qw(echo_server upgrade);

my $kdc = SSPI::Test::KDC->new(principals => [ 'HTTP/backend', 'HTTP/second' ]);
my %login = map { $_ => $kdc->login($_, forwardable => 1) } qw(alice bob);
my $backend_keytab = $kdc->make_keytab('backend.keytab', 'HTTP/backend');
my $dir = ccache_dir();
my %onward = (packages => 'Negotiate', keytab => $kdc->{keytab}, delegation => 'forwarded', delegation_dir => $dir,
    proxy_negotiate => 'HTTP/backend');

my $echo_port = free_port();
my $web_socket = "proxy_http_version 1.1;\nproxy_set_header Upgrade \$http_upgrade;\nproxy_set_header Connection upgrade;";
my $backend = upstream($kdc, keytab => $backend_keytab, locations => [
    { path => '/challenge/', sspi => 'off', nginx => "add_header WWW-Authenticate Negotiate always;\n"
            . "add_header Authentication-Info x always;\nreturn 401;" },
    { path => '/socket/', packages => 'Negotiate', keytab => $backend_keytab, connection_auth => 'all',
        nginx => "proxy_pass http://127.0.0.1:$echo_port;\n$web_socket" },
]);
my $upstream = "127.0.0.1:$backend->{http}";

sub proxied {
    my ($path, $to, %o) = @_;
    return { path => $path, %onward, apache => "ProxyPass http://$upstream$to\n" . (delete $o{apache} // ''),
        nginx => "proxy_pass http://backend$to;\nproxy_http_version 1.1;\nproxy_set_header Connection \"\";\n"
            . (delete $o{nginx} // ''), %o };
}

sub seen { my ($n) = @_; return upstream_requests($backend, $n) }

my %server_config = (
    env => $kdc->server_env,
    extra_ports => 2,
    apache_head => SSPI::Test::Apache::module_lines(qw(proxy_balancer lbmethod_byrequests slotmem_shm)),
    files => { '/pages/part.html' => 'with <!--#include virtual="/b/part" -->', '/b/index.html' => 'none' },
    apache => qq(SSLProxyEngine on\nSSLProxyCheckPeerName off\nLogFormat "%U %{Authorization}i" onward\nCustomLog "\@DIR\@/logs/onward.log" onward\n)
        . join('', map { qq(<Proxy "balancer://pair$_">\nBalancerMember "http://127.0.0.1:\@PORT$_\@"\n)
            . qq(BalancerMember "http://$upstream" status=+H\n</Proxy>\n) } 1, 2),
    nginx_http => "upstream backend { server $upstream; keepalive 16; }\n"
        . "    upstream tls_backend { server 127.0.0.1:$backend->{https}; keepalive 16; }\n"
        . join('', map { "    upstream pair$_ { server 127.0.0.1:\@PORT$_\@; server $upstream backup; }\n" } 1, 2)
        . "    log_format onward '\$uri \$http_authorization';",
    nginx => "access_log \@DIR\@/logs/onward.log onward;\n",
    locations => [
        proxied('/b/', '/b/'),
        proxied('/session/', '/b/', session => 'on', session_require_tls => 'off'),
        { path => '/tls/', %onward, apache => "ProxyPass https://127.0.0.1:$backend->{https}/b/",
            nginx => "proxy_pass https://tls_backend/b/;\nproxy_http_version 1.1;\nproxy_set_header Connection \"\";" },
        proxied('/second/', '/b/', session => 'on', session_require_tls => 'off', proxy_negotiate => 'HTTP/second',
            delegation_required => 'on'),
        proxied('/optional/', '/b/', sspi => 'optional'),
        proxied('/challenge/', '/challenge/'),
        proxied('/intercept/', '/challenge/', apache => "ProxyErrorOverride on\nErrorDocument 401 /page/",
            nginx => "proxy_intercept_errors on;\nerror_page 401 /page/;"),
        { path => '/page/', sspi => 'off' },
        proxied('/unknown/', '/b/', proxy_negotiate => 'HTTP/unknown.test'),
        proxied('/required/', '/b/', delegation_required => 'on'),
        proxied('/required-unknown/', '/b/', delegation_required => 'on', proxy_negotiate => 'HTTP/unknown.test'),
        (map { { path => "/pair$_/", %onward, apache => "ProxyPass balancer://pair$_/b/", nginx => "proxy_pass http://pair$_/b/;" } } 1, 2),
        { path => '/plain/', sspi => 'off', apache => "ProxyPass http://$upstream/b/",
            nginx => "proxy_pass http://backend/b/;\nproxy_http_version 1.1;\nproxy_set_header Connection \"\";" },
        { path => '/socket/', %onward, apache => "ProxyPass http://$upstream/socket/ upgrade=websocket",
            nginx => "proxy_pass http://backend/socket/;\n$web_socket" },
        { path => '/pages/', %onward, apache => "Options +Includes\nAddType text/html .html\nSetOutputFilter INCLUDES",
            nginx => 'ssi on;' },
    ],
);

sub get {
    my ($server, $user, $path, @more) = @_;
    return $server->client(env => $login{$user})->get($path, negotiate => 1, args => [ '--delegation', 'always', @more ]);
}

sub tgs_requests { return scalar(() = slurp("$kdc->{dir}/kdc.log") =~ m{TGS_REQ .*ISSUE.*for HTTP/backend}g) }

parts 'onward', \%server_config,
    'two users alternate' => sub {
        my ($server) = @_;
        seen(0);
        my @order = qw(alice bob alice bob bob alice);
        for my $user (@order) {
            my $a = get($server, $user, '/b/');
            is($a->status, 200, "$user is granted") or diag($a->brief, $server->new_log);
            like($a->body, qr/page of/, 'the page of the upstream');
            is(scalar(() = $a->header('WWW-Authenticate')), 1, 'the answer has only the token of this server');
        }
        my @requests = seen(6);
        is_deeply([ map { $_->{user} } @requests ], [ map { "$_\@SSPI.TEST" } @order ], 'the upstream sees each user')
            or diag($backend->new_log);
        my %connections = map { $_->{connection} => 1 } @requests;
        is(scalar(keys %connections), 6, 'each request has its own connection');
        my %headers = map { $_->{header} => 1 } @requests;
        is(scalar(keys %headers), 6, 'each request has its own token');
        unlike(slurp("$server->{dir}/logs/onward.log"), qr/Negotiate/, 'no log has a token');
    },
    'a pooled connection that another location made' => sub {
        my ($server) = @_;
        # bob logs in to the upstream itself, through a location that passes everything.
        my $c = $server->connection;
        is($c->get('/plain/', authorization => SSPI::Test::Gss->header(env => $login{bob}, host => 'backend'))->status, 200,
            'bob logs in at the upstream') for 1 .. 3;
        seen(3);
        is(get($server, 'alice', '/b/')->status, 200, "alice's request") for 1 .. 3;
        my @requests = seen(3);
        is_deeply([ map { $_->{user} } @requests ], [ ('alice@SSPI.TEST') x 3 ], 'alice is alice');
        # Those that bob logged in may serve requests of /plain/: that location has no login of its own.
        my %connections = map { $_->{connection} => 1 } @requests;
        $server->connection->get('/plain/') for 1 .. 4;
        is_deeply([ grep { $connections{$_->{connection}} } seen(4) ], [], 'no other request goes over the connections of alice');
    },
    'an upstream with TLS' => sub {
        my ($server) = @_;
        is(get($server, $_, '/tls/')->status, 200, $_) for qw(alice bob alice);
        is_deeply([ map { $_->{user} } seen(3) ], [ map { "$_\@SSPI.TEST" } qw(alice bob alice) ],
            'the upstream sees each user');
    },
    'WebSockets' => sub {
        my ($server) = @_;
        my $echo = echo_server($echo_port);
        is($server->client->raw([ '/socket/', upgrade() ])->status, 401, 'a WebSocket without a ticket is refused');
        is(scalar(seen(0)), 0, 'the upstream gets no request');
        my $frame = "\x81\x85\1\2\3\4hello";
        for my $user (qw(alice bob alice)) {
            my $c = $server->client(env => $login{$user});
            my $socket = SSPI::Test::WebSocket->new($c, '/socket/', authorization => $c->negotiate_header(args => [ '--delegation', 'always' ]));
            like($socket->{head}, qr{\AHTTP/1\.1 101 }, "a WebSocket of $user opens") or diag($socket->{head}, $backend->new_log);
            is($socket->echo($frame), $frame, 'frames go in both directions');
            undef $socket;
            is_deeply([ map { "$_->{status} $_->{user}" } seen(1) ], ["101 $user\@SSPI.TEST"], "the upstream sees $user");
        }
        SSPI::Test::stop_process($echo, 'KILL');
    },
    'other requests' => sub {
        my ($server) = @_;
        my $a = get($server, 'alice', '/b/', '--data-binary', 'x' x 100_000, '--request', 'GET');
        is($a->status, 200, 'a request with a body');
        $a = $server->client(env => $login{alice})->get('/b/', tls => 1, negotiate => 1,
            args => [ '--http2', '--delegation', 'always' ]);
        is($a->status, 200, 'HTTP/2') or diag($a->brief);
        my @requests = seen(2);
        is_deeply([ map { $_->{user} } @requests ], [ ('alice@SSPI.TEST') x 2 ], 'the upstream sees alice');
        $a = get($server, 'alice', '/pages/part.html');
        like($a->body, qr/with .*(?:page|404)/s, 'a subrequest');
        my ($part) = seen(1);
        is($part->{user}, 'alice@SSPI.TEST', 'the upstream sees alice in a subrequest');
    },
    'a session' => sub {
        my ($server) = @_;
        my $first = get($server, 'alice', '/session/');
        my $cookie = set_by_login($first, 'a login');
        my $before = tgs_requests();
        my $c = $server->connection;
        is($c->get('/session/', headers => ["Cookie: $cookie"], authorization => $_)->status, 200, 'a request of the session')
            for undef, undef, 'Bearer x';
        my @requests = seen(4);
        is_deeply([ map { $_->{user} } @requests ], [ ('alice@SSPI.TEST') x 4 ], 'the upstream sees alice');
        ok(!(grep { $_->{header} =~ /Bearer/ } @requests), 'and never the header of the client');
        is(tgs_requests() - $before, 0, 'the ticket for the upstream is remembered');
    },
    'a silent KDC' => sub {
        my ($server) = @_;
        my $cookie = set_by_login(get($server, 'alice', '/session/'), 'a login');
        seen(1);
        my $get = sub { return $server->connection->get($_[0], headers => ["Cookie: $cookie"]) };
        $kdc->pause;
        my $done = eval {
            $server->new_log;
            my $start = time;
            is($get->('/second/')->status, 503, 'a ticket that is not remembered: 503');
            my $took = time - $start;
            ok($took >= 9 && $took < 15, "after 10 seconds: $took");
            like($server->new_log, qr/@{[ message_id('KDC_UNREACHABLE') ]}.*HTTP\/second/, 'one line says why');
            $start = time;
            is($get->('/session/')->status, 200, 'a ticket that is remembered');
            ok(time - $start < 5, 'does not wait for the KDC');
            1;
        };
        my $why = $@;
        $kdc->resume;
        die $why if !$done;
        is((seen(1))[0]{user}, 'alice@SSPI.TEST', 'the upstream sees alice');
    },
    'without tickets' => sub {
        my ($server) = @_;
        $server->new_log;
        my $a = $server->client(env => $login{alice})->get('/b/', negotiate => 1);
        is($a->status, 502, 'the upstream refuses a request without a login: 502');
        my ($request) = seen(1);
        is($request->{header}, '-', 'it has no header');
        is_deeply([ grep { $_ eq 'Negotiate' } $a->challenges ], [], 'the client gets no challenge');
        my $log = $server->new_log;
        like($log, qr/@{[ message_id('NO_DELEGATION') ]}/, 'one line says why there is no login');
        like($log, qr/@{[ message_id('UPSTREAM_REFUSED') ]}.*HTTP\/backend/, 'one line says that the upstream refused');
        $a = $server->connection->get('/optional/', authorization => 'Bearer x');
        is($a->status, 502, 'an anonymous request');
        ($request) = seen(1);
        is($request->{header}, '-', 'it has no header of the client');
        is(get($server, 'alice', '/unknown/')->status, 502, 'a service that the KDC does not know');
        ($request) = seen(1);
        is($request->{header}, '-', 'no header either');
        like($server->new_log, qr/@{[ message_id('NO_DELEGATION') ]}.*HTTP\/unknown\.test/, 'one line names it');
        is($server->client(env => $login{alice})->get('/required/', negotiate => 1)->status, 403, 'required: 403');
        is(get($server, 'alice', '/required-unknown/')->status, 403, 'required, unknown service: 403');
        is(scalar(seen(0)), 0, 'the upstream gets no request');
    },
    'a 401 of the upstream' => sub {
        my ($server) = @_;
        for my $path ('/challenge/', '/intercept/') {
            my $a = get($server, 'alice', $path);
            is($a->status, 502, "$path: 502") or diag($a->brief);
            is_deeply([ grep { $_ eq 'Negotiate' } $a->challenges ], [], 'no challenge');
            is_deeply([ $a->header('Authentication-Info') ], [], 'no Authentication-Info');
        }
        seen(2);
    },
    'a next server' => sub {
        my ($server) = @_;
        is(get($server, 'alice', '/pair1/')->status, 200, 'the first server does not listen');
        is((seen(1))[0]{user}, 'alice@SSPI.TEST', 'the next one sees alice');
        my $seen_file = "$server->{dir}/seen";
        my $broken = SSPI::Test::Origin->new($server->port('PORT2'), sub {
            my ($request) = @_;
            open my $fh, '>>', $seen_file or die;
            print {$fh} "$request->{headers}{authorization}\n";
            close $fh;
            POSIX::_exit(0);
        });
        is(get($server, 'alice', '/pair2/')->status, 502, 'the first server closes the connection: 502');
        like(slurp($seen_file), qr/\ANegotiate \S+\n\z/, 'it has got the token once');
        is(scalar(seen(0)), 0, 'the token is not sent to a next server');
    };

config_refused 'a location without delegation',
    { locations => [ { path => '/b/', packages => 'Negotiate', keytab => $kdc->{keytab}, proxy_negotiate => 'HTTP/backend' } ] },
    { apache => qr/SSPIProxyNegotiate HTTP\/backend needs SSPIDelegation/, nginx => qr/sspi_proxy_negotiate HTTP\/backend needs sspi_delegation/ };
# httpd merges the targets of several sections for a request.
config_refused 'a service that is no target',
    { on => 'nginx', locations => [ { path => '/b/', %onward, delegation => 's4u2proxy', delegation_target => 'HTTP/other' } ] },
    qr/HTTP\/backend needs \w+ with the same service/;
config_refused 'a name without a host', { locations => [ { path => '/b/', %onward, proxy_negotiate => 'HTTP' } ] },
    qr/a service with its host/;

done_testing;
