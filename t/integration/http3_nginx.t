#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# HTTP/3: each scheme of one leg works, a scheme of several legs is not offered, and the streams of a
# connection share no login.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(spawn);
use SSPI::Test::Basic qw(basic_header);
use SSPI::Test::Binding;
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Gss qw(negotiate_value spnego_init);
use SSPI::Test::Http3;
use SSPI::Test::Login;
use SSPI::Test::Ntlm qw(ntlm_user_line ntlm_value);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;
use SSPI::Test::Session;

my $reason = wanted('nginx') ? http3_skip_reason() : 'nginx is not among SSPI_SERVERS';
plan skip_all => $reason if defined $reason;

my $kdc = SSPI::Test::KDC->new;
my %env = map { $_ => $kdc->login($_) } qw(alice bob);
my %negotiate = (packages => 'Negotiate', keytab => $kdc->{keytab}, realm => 'r');
my %digest = (packages => 'Digest', digest_user_file => '@DIR@/users', realm => 'r');
my %ntlm = (packages => 'NTLM', mechanisms => 'ntlm', ntlm_user_file => '@DIR@/nt-users', realm => 'r');
my %all = (%ntlm, %digest, %negotiate, packages => 'Negotiate NTLM Digest Basic', mechanisms => 'kerberos ntlm', basic_verify => 'file');

my %server_config = http3_config(
    env => $kdc->server_env,
    data => { users => join('', map { user_line($_, 'r', 'pw') } qw(alice bob)), 'nt-users' => ntlm_user_line('carol', 'CORP', 'pw') },
    locations => [
        { path => '/all/', %all },
        { path => '/ntlm/', %ntlm },
        { path => '/kept/', %all, connection_auth => 'all' },
        { path => '/optional/', %all, sspi => 'optional', connection_auth => 'all' },
        { path => '/tls/', %negotiate, require_tls => 'on' },
        { path => '/integrity/', %digest, digest_qop => 'auth-int' },
        { path => '/session/', %digest, session => 'on' },
        (map { { path => "/$_/", %negotiate, channel_binding => $_ } } qw(none allow require)),
        { path => '/kdc/', %negotiate, packages => 'Basic', basic_verify => 'kdc', basic_cache => 0 },
        { path => '/front/', sspi => 'off', nginx => 'auth_request /all/;' },
        { path => '/page/', sspi => 'off', nginx => 'ssi on;' },
        { path => '/open/', sspi => 'off' },
    ],
    files => { '/page/p.html' => 'head <!--#include virtual="/all/" --> foot' },
);
my %alice = (user => 'alice@SSPI.TEST', package => 'Negotiate', mechanism => 'Kerberos');

sub ticket { my ($user, %o) = @_; return SSPI::Test::Gss->header(env => $env{$user}, %o) }
sub users { return join ' ', map { $_->status . ($_->user eq '' ? '' : ' ' . $_->user) } @_ }

parts 'HTTP/3', \%server_config,
    'each scheme of one leg' => sub {
        my ($server) = @_;
        my $a = http3($server, '/all/', authorization => ticket('alice'));
        granted($a, \%alice, 'Kerberos');
        is($a->{version}, '3', 'the version of the answer');
        SKIP: {
            $a = http3($server, '/all/', env => $env{alice}, negotiate => 1);
            skip 'this curl cannot log in by Negotiate over HTTP/3', 1 if $a->{curl_error} =~ /Failed to find the SSL filter/;
            granted($a, \%alice, 'curl by itself');
        }
        granted(http3($server, '/all/', digest => 'alice:pw'), { user => 'alice', package => 'Digest' }, 'Digest');
        granted(http3($server, '/all/', authorization => basic_header('alice:pw')), { user => 'alice', package => 'Basic' }, 'Basic');
        granted(http3($server, '/tls/', authorization => ticket('alice')), \%alice, 'QUIC is TLS');
        $server->new_log;
        refused(http3($server, '/all/', digest => 'alice:wrong'), 401, 'a wrong password');
        logged($server, 'WRONG_PASSWORD', 'alice');
        my $used = ticket('alice');
        granted(http3($server, '/all/', authorization => $used), \%alice, 'a new ticket');
        refused(http3($server, '/all/', authorization => $used), 401, 'the same ticket');
        logged($server, 'REPLAY');
        refused($server->client->get('/all/', tls => 1, authorization => $used), 401, 'and over another version');
        logged($server, 'REPLAY');
    },
    'bodies under auth-int' => sub {
        my ($server) = @_;
        granted(http3($server, '/integrity/', digest => 'alice:pw'), { user => 'alice' }, 'GET');
        my $login = SSPI::Test::Login->new($server->client, '/integrity/', user => 'alice', password => 'pw');
        my ($body, $other) = ('right' x 5000, 'wrong' x 5000);
        my @post = (method => 'POST', body => $body);
        is(http3($server, '/integrity/', @post, authorization => $login->header(method => 'POST', body => $body))->user, 'alice', 'the body that was hashed');
        refused(http3($server, '/integrity/', @post, authorization => $login->header(method => 'POST', body => $other)), 401, 'another body');
    },
    'NTLM is not offered' => sub {
        my ($server) = @_;
        my $a = http3($server, '/all/');
        challenged($a, join(' ', $a->schemes), 'a request without credentials');
        is_deeply([ grep { /NTLM/ } $a->schemes ], [], 'has no challenge of NTLM');
        like(join(' ', $a->schemes), qr/\ANegotiate Digest/, 'and those of the others');
        $server->new_log;
        is_deeply([ map { $_->status, $_->challenges } http3($server, '/ntlm/') ], [401], 'a location that has only NTLM');
        logged($server, 'LEGS', 'HTTP/3');
        my $token = SSPI::Test::Ntlm->new->{negotiate};
        for my $value (ntlm_value('NTLM', $token), ntlm_value('Negotiate', $token), negotiate_value(spnego_init(['ntlm'], $token))) {
            my ($name) = $value =~ /\A(\S+ \S{8})/;
            refused(http3($server, '/all/', authorization => $value), 401, "$name: a client that begins nevertheless");
            logged($server, 'LEGS', 'HTTP/3');
        }
    },
    'channel bindings' => sub {
        my ($server) = @_;
        my $right = binding_of('rsa');
        my $wrong = $right ^ ("\0" x (length($right) - 1) . "\1");
        for my $policy (@policies) {
            for my $says (qw(right wrong silent)) {
                my @binding = $says eq 'silent' ? () : (binding => $says eq 'right' ? $right : $wrong);
                $server->new_log;
                my $a = http3($server, "/$policy/", authorization => ticket('alice', @binding));
                is(SSPI::Test::Binding::outcome($server, $a), wanted_outcome($policy, $says), "$policy, $says");
            }
        }
    },
    'subrequests' => sub {
        my ($server) = @_;
        is(http3($server, '/front/')->status, 401, 'auth_request');
        is(http3($server, '/front/', authorization => ticket('alice'))->status, 200, 'auth_request with a ticket');
        like(http3($server, '/page/p.html', authorization => ticket('alice'))->body, qr{\Ahead page of /all/\n foot}, 'SSI with a ticket');
        unlike(http3($server, '/page/p.html')->body, qr/page of/, 'SSI');
    },
    'streams share no login' => sub {
        my ($server) = @_;
        my %by = (alice => sub { 'Authorization: ' . ticket('alice') }, bob => sub { 'Authorization: ' . ticket('bob') });
        for my $path ('/kept/', '/all/') {
            is(users(streams($server, 0, [ $path, $by{alice}->() ], [$path], [ $path, $by{bob}->() ], [$path], [ '/optional/' ])),
                '200 alice@SSPI.TEST 401 200 bob@SSPI.TEST 401 200', "$path: one after the other");
        }
        my @who = map { (qw(alice bob), undef) } 1 .. 10;
        my @want = map { defined $_ ? "200 $_\@SSPI.TEST" : 200 } @who;
        is(users(streams($server, 1, map { [ '/optional/', defined $_ ? $by{$_}->() : () ] } @who)), "@want", 'at the same time');
    },
    'streams share no session' => sub {
        my ($server) = @_;
        my %cookie = map { $_ => set_by_login(http3($server, '/session/', digest => "$_:pw"), "HTTP/3: a login of $_") } qw(alice bob);
        my @who = map { (qw(alice bob), undef, 'bob') } 1 .. 5;
        my @want = map { defined $_ ? "200 $_" : 401 } @who;
        my @requests = map { [ '/session/', defined $_ ? "Cookie: $cookie{$_}" : () ] } @who;
        is(users(streams($server, $_, @requests)), "@want", $_ ? 'at the same time' : 'one after the other') for 0, 1;
    },
    'a client that leaves while its request waits' => sub {
        my ($server) = @_;
        my @workers = sort $server->workers;
        my $c = $server->client;
        $kdc->pause;
        my @curl = (qw(curl -q --silent --http3-only --noproxy * --max-time 2), '--cacert', $c->{ca}, '--resolve', "localhost:$c->{https}:127.0.0.1",
            '--user', 'alice:wonder land', $c->url('/kdc/', 1));
        my @pids = map { spawn(\@curl) } 1 .. 3;
        is(http3($server, '/open/')->status, 200, 'another client is served meanwhile');
        waitpid $_, 0 for @pids;
        # nginx has no status for it over HTTP/3.
        ok($server->access_line(qr{GET /kdc/ HTTP/3.0 (?:499|000)}), 'the request has ended before the KDC answers');
        $kdc->resume;
        granted(http3($server, '/kdc/', authorization => basic_header('alice:wonder land')), { user => 'alice@SSPI.TEST' }, 'a later client');
        is_deeply([ sort $server->workers ], \@workers, 'no worker has ended');
    };

done_testing;
