#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Pages made of parts: the users to whom a protected part is shown, and the policy that decides for
# the whole page.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(digest_challenges digest_header user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $users = spew(scratch_dir('users') . '/users', user_line('alice', 'r', 'pw') . user_line('bob', 'r', 'pw'), 0644);
my %negotiate = (packages => 'Negotiate', keytab => $kdc->{keytab}, realm => 'r');
my %digest = (packages => 'Digest', realm => 'r', digest_user_file => $users);
my %includes = (apache => "AddType text/html .shtml\nAddOutputFilter INCLUDES .shtml", nginx => "ssi on;\nssi_types *;");

sub include { return join ' ', map { qq(<!--#include virtual="$_" -->) } @_ }

my %server_config = (
    env => $kdc->server_env,
    locations => [
        { path => '/open/', sspi => 'off', %includes },
        { path => '/optional/', %negotiate, sspi => 'optional', %includes },
        { path => '/ticket/', %negotiate },
        { path => '/password/', %digest },
        { path => '/bob/', %digest, require => ['user digest:bob'] },
    ],
    files => {
        '/open/ticket.shtml' => 'head ' . include('/ticket/a.html', '/ticket/a.html') . " foot\n",
        '/open/password.shtml' => 'head ' . include('/password/b.html', '/bob/c.html', '/password/b.html') . " foot\n",
        '/open/mixed.shtml' => 'head ' . include('/ticket/a.html', '/password/b.html', '/ticket/a.html') . " foot\n",
        '/optional/page.shtml' => 'head ' . include('/ticket/a.html', '/optional/d.html') . " foot\n",
        '/ticket/a.html' => 'TICKET', '/password/b.html' => 'PASSWORD', '/bob/c.html' => 'BOB', '/optional/d.html' => 'OPTIONAL',
    },
);

# Returns the protected parts in an answer. The page itself must be complete and have no challenge.
sub shows {
    my ($answer, $parts, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @parts = $answer->body =~ /\b(TICKET|PASSWORD|BOB|OPTIONAL)\b/g;
    my @frame = $answer->body =~ /\A(head).*(foot)$/s;
    return is_deeply([ $answer->status, "@frame", "@parts", grep { !/\ANegotiate \S/ } $answer->challenges ],
        [ 200, 'head foot', $parts ], $name) || diag($answer->body);
}

my ($ticket_page, $password_page, $mixed_page) = map { "/open/$_.shtml" } qw(ticket password mixed);

sub digest {
    my ($client, $path, %o) = @_;
    my ($challenge) = digest_challenges($client->get($o{from} // '/password/b.html')->challenges);
    return digest_header($challenge, user => 'alice', password => 'pw', uri => $path, %o);
}

parts 'included parts', \%server_config,
    'an open page shows no protected part to anonymous clients' => sub {
        my ($server) = @_;
        my $c = $server->client;
        for my $page ($ticket_page, $password_page, $mixed_page) {
            shows($c->get($page), '', "$page over HTTP/1.1");
            shows($c->get($page, tls => 1, args => ['--http2']), '', "$page over HTTP/2");
        }
    },
    'it shows the parts that the credentials open, also if they are included several times' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        for my $http ('--http1.1', '--http2') {
            my $get = sub { return $c->get($_[0], authorization => $_[1], tls => 1, args => [$http]) };
            shows($get->($ticket_page, $c->negotiate_header), 'TICKET TICKET', "a ticket, $http");
            shows($get->($password_page, digest($c, $password_page)), 'PASSWORD PASSWORD', "a password, $http");
            shows($get->($password_page, digest($c, $password_page, user => 'bob')), 'PASSWORD BOB PASSWORD',
                "a password of another user, $http");
            shows($get->($mixed_page, $c->negotiate_header), 'TICKET TICKET', "no part under another policy, $http");
        }
    },
    'it shows no part with wrong credentials, and stays open' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my $get = sub { return $c->get($_[0], authorization => $_[1]) };
        shows($get->($password_page, digest($c, $password_page, password => 'no')), '', 'a wrong password');
        my ($ticket, $header) = ($c->negotiate_header, digest($c, $password_page));
        shows($get->($ticket_page, $ticket), 'TICKET TICKET', 'a ticket');
        shows($get->($ticket_page, $ticket), '', 'a used ticket');
        shows($get->($password_page, $header), 'PASSWORD PASSWORD', 'a Digest header');
        shows($get->($password_page, $header), '', 'a used Digest header');
        shows($get->($password_page, digest($c, '/password/b.html')), '', "a response for the part instead of the client's own target");
        shows($get->($ticket_page, 'Basic YTpi'), '', 'another scheme');
    },
    'a page with optional credentials shows a user his parts' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        shows($c->get('/optional/page.shtml'), 'OPTIONAL', 'no credentials');
        my $a = $c->get('/optional/page.shtml', authorization => $c->negotiate_header);
        shows($a, 'TICKET OPTIONAL', 'a ticket');
        is($a->user, 'alice@SSPI.TEST', 'the ticket names the user of the page');
    },
    'a part that is requested by itself is protected' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        refused($c->get('/ticket/a.html'), 401, 'no credentials');
        granted($c->get('/ticket/a.html', authorization => $c->negotiate_header), { user => 'alice@SSPI.TEST' }, 'a ticket');
    };

my $check = 'auth_request_set $who $sspi_user;' . "\n" . 'add_header X-Who $who always;';
parts 'auth_request', { on => 'nginx', env => $kdc->server_env, locations => [
        (map { { path => "/by-$_/", sspi => 'off', nginx => "auth_request /check-$_;\n$check" } } qw(password ticket bob)),
        { path => '= /check-password', %digest, nginx => "internal;\ntry_files /ok =404;" },
        { path => '= /check-ticket', %negotiate, nginx => "internal;\ntry_files /ok =404;" },
        { path => '= /check-bob', %digest, require => ['user digest:bob'], nginx => "internal;\ntry_files /ok =404;" },
        { path => '/two/', %negotiate, nginx => 'auth_request /check-password;' },
        { path => '/satisfy/', %digest, nginx => "satisfy any;\nallow all;\nssi on;\nssi_types *;" },
        { path => '/accelerated/', sspi => 'off', nginx => 'proxy_pass http://127.0.0.1:@HTTP@/backend/;' },
        { path => '/backend/', sspi => 'off', nginx => 'add_header X-Accel-Redirect /ticket/a.html;' },
        { path => '/ticket/', %negotiate }, { path => '/password/', %digest },
    ],
    files => { '/ok' => "ok\n", '/ticket/a.html' => 'TICKET', '/password/b.html' => 'PASSWORD', '/satisfy/d.html' => 'OPTIONAL',
        '/satisfy/page.html' => 'head ' . include('/satisfy/d.html', '/password/b.html') . " foot\n",
        '/backend/page' => 'backend', (map { ("/by-$_/page" => "page\n") } qw(password ticket bob)) } },
    'a refused check refuses the page, with its challenges' => sub {
        my ($server) = @_;
        my $c = $server->client;
        for my $case ([ 'password', 'Digest' ], [ 'ticket', 'Negotiate' ], [ 'bob', 'Digest' ]) {
            my ($path, $scheme) = @$case;
            my $a = $c->get("/by-$path/page");
            refused($a, 401, $path);
            is_deeply([ map { (split)[0] } $a->challenges ], [$scheme], "$path: the same header is refused the second time");
        }
        is($c->get('/by-bob/page', digest => 'alice:pw')->status, 403, 'a user who is not named: 403');
    },
    'a granted check opens the page and names the user' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        for my $case ([ 'password', digest => 'alice:pw', 'alice' ], [ 'ticket', negotiate => 1, 'alice@SSPI.TEST' ],
            [ 'bob', digest => 'bob:pw', 'bob' ]) {
            my ($path, $how, $value, $user) = @$case;
            for my $tls (0, 1) {
                my $a = $c->get("/by-$path/page", $how => $value, tls => $tls, args => [ $tls ? '--http2' : '--http1.1' ]);
                is_deeply([ $a->status, $a->body, scalar $a->header('X-Who') ], [ 200, "page\n", $user ],
                    "$path over " . ($tls ? 'HTTP/2' : 'HTTP/1.1'));
            }
        }
        my $a = $c->get('/two/', authorization => $c->negotiate_header);
        is_deeply([ $a->status, map { (split)[0] } $a->challenges ], [ 401, 'Digest' ],
            'a ticket does not pass a check for a password');
    },
    'an internal redirect of a backend is checked by the policy of its target' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        refused($c->get('/accelerated/page'), 401, 'no credentials');
        my $a = $c->get('/accelerated/page', authorization => $c->negotiate_header);
        is_deeply([ $a->status, $a->body ], [ 200, 'TICKET' ], 'a ticket');
    },
    'satisfy any opens only a page and its own parts' => sub {
        my ($server) = @_;
        shows($server->client->get('/satisfy/page.html'), 'OPTIONAL', 'an allowed address');
    };

# A session admits alice to the page. The Digest credentials beside it are those of bob, and only the part verifies them.
my $groups = spew(scratch_dir('groups') . '/groups', "staff: alice\@SSPI.TEST\nguests: digest:bob\n", 0644);
my $shown = join ' ', map { qq(<!--# echo var="$_" default="none" encoding="none" -->) } qw(sspi_user sspi_groups);
my %page = (%negotiate, group_file => $groups, session => 'on', session_require_tls => 'off', nginx => "ssi on;\nssi_types *;");
parts 'the groups of a page', { on => 'nginx', env => $kdc->server_env, locations => [
        { path => '/groups/', %page }, { path => '/none/', %page, groups => 'ticket' },
        { path => '/part/', %digest, group_file => $groups, nginx => "ssi on;\nssi_types *;" },
    ],
    files => { '/part/x' => 'PART', map { ("/$_/page" => qq(<!--# include virtual="/part/x" wait="yes" --> $shown\n)) } qw(groups none) } },
    'a part with another user does not change them' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        for my $case ([ groups => 'staff' ], [ none => 'none' ]) {
            my ($path, $list) = ("/$case->[0]/page", $case->[1]);
            my $login = $c->get($path, negotiate => 1);
            my ($cookie) = (scalar($login->header('Set-Cookie')) // '') =~ /\A([^;]+)/;
            my $a = $c->get($path, authorization => digest($c, $path, user => 'bob', from => '/part/x'), args => [ '--header', "Cookie: $cookie" ]);
            is($a->body, "PART alice\@SSPI.TEST $list\n", $path);
        }
    };

parts 'a look ahead before the request', { on => 'apache', locations => [
        { path => '/look/', %digest,
            apache => 'Header always set X-Looked %{LOOKED}e env=LOOKED' },
    ],
    apache => "RewriteEngine on\nRewriteCond %{LA-U:REMOTE_USER} (.+)\nRewriteRule ^/look/ - [E=LOOKED:%1]\n"
        . "<Location /several/>\nDirectoryIndex none.html b.html\n</Location>\n"
        . SSPI::Test::Options::apache_location({ path => '/several/b.html', %digest }),
    files => { '/several/b.html' => "b\n", '/look/page' => "page\n" } },
    'a look ahead for the user and the request use the credentials only once' => sub {
        my ($server) = @_;
        my $c = $server->client;
        refused($c->get('/look/page'), 401, 'no credentials');
        my $a = $c->get('/look/page', digest => 'alice:pw');
        granted($a, { user => 'alice' }, 'a password');
        is(scalar($a->header('X-Looked')), 'alice', 'the look ahead has the user');
        my $header = digest($c, '/look/page', from => '/look/page');
        is_deeply([ map { $_->status } $c->raw(map { [ '/look/page', authorization => $header ] } 1, 2) ], [ 200, 401 ], 'the same header is refused the second time');
    },
    'one of several index files is checked by its own policy' => sub {
        my ($server) = @_;
        my $c = $server->client;
        refused($c->get('/several/'), 401, 'no credentials');
        granted($c->get('/several/', digest => 'alice:pw'), { user => 'alice' }, 'a user');
        ok($server->access_line(qr{ /several/ \S+ 200 user=alice\z}), 'the access log has the user');
    };

done_testing;
