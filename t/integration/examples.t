#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Each file of conf-examples, and the two configurations of the README, are loaded, with the paths,
# ports and realm of the test. Then clients log in.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir slurp);
use SSPI::Test::Basic qw(basic_header);
use SSPI::Test::Digest qw(digest_challenges digest_header);
use SSPI::Test::Examples;
use SSPI::Test::Gss qw(end_point_binding negotiate_value);
use SSPI::Test::Scenario;
use SSPI::Test::Session;
use SSPI::Test::Tls;

my $kdc = SSPI::Test::KDC->new(principals => ['HTTP/backend.example.com']);
my ($alice, $bob) = map { $kdc->login($_) } qw(alice bob);
my $examples = SSPI::Test::Examples->new($kdc);

# The application of delegation.conf, which only its own users reach.
my $forwardable = $kdc->login('alice', forwardable => 1);
my $backend = SSPI::Test::Nginx->new(env => $kdc->server_env, files => { '/page.html' => "application\n" },
    locations => [ { path => '/', packages => 'Negotiate', keytab => $kdc->make_keytab('backend.keytab', 'HTTP/backend.example.com') } ])->start;

# Options of a server with an example. `port` is where its application listens.
sub example {
    my ($kind, $name, $port) = @_;
    my $text = slurp(root_dir() . "/conf-examples/$kind/$name.conf");
    $text =~ s/127\.0\.0\.1:8080/127.0.0.1:$port/ if defined $port;
    return $examples->server($kind, $text);
}

# The first configuration of the README for a server.
sub readme {
    my ($kind) = @_;
    slurp(root_dir() . '/README.md') =~ /^```$kind\n(.*?)^```$/ms
        or die "README.md has no configuration for $kind\n";
    return $examples->server($kind, $examples->whole($kind, $1));
}

my ($page, $staff) = ('/intranet/page.html', '/intranet/staff/page.html');
my %login = map { $_ => "$_:secret of $_" } qw(alice bob);

for my $kind (qw(apache nginx)) {
    scenario 'the configuration of the README', readme($kind), sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        granted($c->get($page, negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a ticket opens the page');
        granted($c->get($page, digest => $login{bob}), { user => 'bob' }, 'a password opens the page as well');
        refused($c->get($page), 401, 'without credentials the page is refused');
    };
    scenario 'minimal-kerberos.conf', example($kind, 'minimal-kerberos'), sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        granted($c->get($page, negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a ticket opens the page');
        my $a = $c->get($page);
        refused($a, 401, 'without a ticket the page is refused');
        is_deeply([ $a->challenges ], ['Negotiate'], 'Negotiate is offered');
    };
    scenario 'minimal-digest.conf', example($kind, 'minimal-digest'), sub {
        my ($server) = @_;
        my $c = $server->client;
        granted($c->get($page, digest => $login{alice}), { user => 'alice' }, 'a password opens the page');
        refused($c->get($page, digest => 'alice:wrong'), 401, 'a wrong password does not');
        my $a = $c->get($page);
        refused($a, 401, 'a request without credentials is refused');
        like(($a->challenges)[0], qr/realm="Intranet".*SHA-256/, 'the first challenge has the strongest algorithm');
    };
    scenario 'digest-strong.conf', example($kind, 'digest-strong'), sub {
        my ($server) = @_;
        my $c = $server->client;
        granted($c->get($page, digest => $login{alice}), { user => 'alice' },
            'a password opens the page');
        my @offered = digest_challenges($c->get($staff)->challenges);
        is_deeply([ map { "$_->{algorithm} $_->{qop}" } @offered ], ['SHA-256 auth-int'], 'staff: auth-int');
        my %login = (user => 'alice', password => 'secret of alice', uri => $staff);
        granted($c->get($staff, authorization => digest_header($offered[0], %login, body => '')),
            { user => 'alice' }, 'staff: auth-int with a body');
        refused($c->get($staff, authorization => digest_header($offered[0], %login, nc => 2)), 401,
            'staff: qop auth is refused');
    };
    scenario 'kerberos-and-ntlm.conf', example($kind, 'kerberos-and-ntlm'), sub {
        my ($server) = @_;
        my ($c, $no_ticket) = map { $server->client(env => $_) } $alice, $kdc->env_without_ticket;
        my @ntlm = map { "$_:secret of $_" } qw(bob carol);
        granted($c->get($page, negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a ticket opens the page');
        granted($no_ticket->get($page, ntlm => $ntlm[0]), { user => 'EXAMPLE\bob' }, 'NTLM too');
        is_deeply([ $no_ticket->get($page)->challenges ], [qw(Negotiate NTLM)], 'both are offered');
        is_deeply([ $no_ticket->get($page, args => [ '--header', 'Via: 1.1 proxy' ])->challenges ], ['Negotiate'],
            'through a proxy only Kerberos is offered');
        granted($c->get($staff, negotiate => 1), { user => 'alice@SSPI.TEST' }, 'staff: a named user');
        granted($no_ticket->get($staff, ntlm => $ntlm[0]), { user => 'EXAMPLE\bob' }, 'staff: a named user of NTLM');
        is($no_ticket->get($staff, ntlm => $ntlm[1])->status, 403, 'staff: another one is forbidden');
    };
    scenario 'tls-at-load-balancer.conf', example($kind, 'tls-at-load-balancer'), sub {
        my ($server) = @_;
        my $front = SSPI::Test::Tls::front_end('rsa', $server->{http}, 'plain');
        my $get = sub {
            my ($path, $certificate) = @_;
            my $channel = $certificate && end_point_binding((SSPI::Test::Server::certificate($certificate))[0]);
            my $ticket = SSPI::Test::Gss->new(env => $alice, binding => $channel);
            return $server->tls_connection(port => $front)->get($path, authorization => negotiate_value($ticket->{token}));
        };
        granted($get->($page, 'rsa'), { user => 'alice@SSPI.TEST' }, 'bound to the load balancer');
        granted($get->($page), { user => 'alice@SSPI.TEST' }, 'not bound');
        refused($get->($page, 'ec'), 401, 'bound to another certificate, as through a relay');
        granted($get->($staff, 'rsa'), { user => 'alice@SSPI.TEST' }, 'staff: bound');
        ok((grep { $get->($staff)->status == $_ } 401, 403), 'staff: a client that is not bound is refused');
    };
    scenario 'kerberos-and-digest-tls.conf', example($kind, 'kerberos-and-digest-tls'), sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my @tls = (tls => 1);
        granted($c->get($page, negotiate => 1, @tls), { user => 'alice@SSPI.TEST' }, 'a ticket opens the page');
        granted($c->get($page, digest => $login{bob}, @tls), { user => 'bob' }, 'a password opens the page as well');
        my $a = $c->get($page, @tls);
        refused($a, 401, 'a request without credentials is refused');
        is_deeply([ map { (split)[0] } $a->challenges ], [qw(Negotiate Digest Digest)], 'all are offered');
        granted($c->get($staff, negotiate => 1, @tls), { user => 'alice@SSPI.TEST' }, 'staff: a named user');
        granted($c->get($staff, digest => $login{bob}, @tls), { user => 'bob' }, 'staff: the other named user');
        is($c->get($staff, digest => $login{alice}, @tls)->status, 403,
            'staff: the same name by another scheme is another user');
        is($c->with(env => $bob)->get($staff, negotiate => 1, @tls)->status, 403, 'staff: the other name by the other scheme as well');
    };
    scenario 'kerberos-and-basic.conf', example($kind, 'kerberos-and-basic'), sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my $by_password = sub { return $c->get($page, tls => 1, authorization => basic_header("alice:$_[0]")) };
        challenged($c->get($page, tls => 1), 'Negotiate Basic', 'a request without credentials');
        granted($c->get($page, tls => 1, negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a ticket opens the page');
        granted($by_password->('wonder land'), { user => 'alice@SSPI.TEST' }, 'a password opens the page as well');
        refused($by_password->('wrong'), 401, 'a wrong password does not');
    };
    scenario 'delegation.conf', example($kind, 'delegation', $backend->{http}), sub {
        my ($server) = @_;
        my @forwards = (tls => 1, negotiate => 1);
        my $login = $server->client(env => $forwardable)->get($page, @forwards, args => [ '--delegation', 'always' ]);
        is($login->body, "application\n", 'the application behind logs the user in') or diag($login->brief);
        my $cookie = set_by_login($login, 'the login');
        my $again = $server->client->get($page, tls => 1, cookie_header($cookie));
        is($again->body, "application\n", 'also in the session') or diag($again->brief);
        is($server->client(env => $alice)->get($page, @forwards)->status, 403, 'a client that forwards no ticket is forbidden');
    };
    scenario 'groups-and-sessions.conf', example($kind, 'groups-and-sessions'), sub {
        my ($server) = @_;
        my @tls = (tls => 1);
        my %cookie = map { my ($name, $env) = @$_;
            ($name => set_by_login($server->client(env => $env)->get($page, negotiate => 1, @tls), $name)) } [ alice => $alice ], [ bob => $bob ];
        my $get = sub { my ($path, $user) = @_; return $server->client->get($path, @tls, cookie_header($cookie{$user})) };
        granted($get->($page, 'alice'), { user => 'alice@SSPI.TEST' }, 'the cookie opens the page');
        granted($get->($staff, 'alice'), { user => 'alice@SSPI.TEST' }, 'staff: a member');
        is($get->($staff, 'bob')->status, 403, 'staff: a user who is no member is forbidden');
        my $out = $server->client->get('/logout', @tls, cookie_header($cookie{alice}, '--request', 'POST'));
        is($out->status, 204, 'a logout');
        refused($get->($page, 'alice'), 401, 'after the logout the cookie is refused');
    };
}

done_testing;
