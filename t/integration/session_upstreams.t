#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Handlers, upstreams and programs get the cookies of a request without that of a session. All other
# cookies and headers reach them unchanged.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Gss;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;
use SSPI::Test::Upstreams qw(http_application scgi_application);

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my %here = (packages => 'Negotiate', keytab => $kdc->{keytab}, session => 'on', session_require_tls => 'off');
my %there = (apache => 'ProxyPass http://127.0.0.1:@PORT1@/', nginx => 'proxy_pass http://127.0.0.1:@PORT1@/;');

sub application { my ($server) = @_; return http_application($server->port('PORT1')) }

my %server_config = (
    env => $kdc->server_env,
    extra_ports => 1,
    substitute => { SCGI => scgi_application(), KEYTAB => $kdc->{keytab} },
    files => {
        '/cgi/env.cgi' => "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'; env\n",
        '/pages/both.html' => 'with <!--#include virtual="/app/part" -->',
    },
    locations => [
        { path => '/app/', %here, %there },
        { path => '/optional/', %here, %there, sspi => 'optional' },
        { path => '/named/', %here, %there, session_cookie => 'intranet SameSite=Strict' },
        { path => '/tls/', %here, %there, session_require_tls => 'on' },
        { path => '/none/', %here, %there, session => 'off' },
        { path => '/off/', sspi => 'off', %there },
        { path => '/any/', %here, apache => "$there{apache}\n<RequireAny>\nRequire all granted\nRequire valid-user\n</RequireAny>",
            nginx => "satisfy any; allow all;\n$there{nginx}" },
        { path => '/error/', %here, apache => 'ErrorDocument 401 /off/refused', nginx => 'error_page 401 /off/refused;' },
        { path => '/pages/', sspi => 'off', apache => "Options +Includes\nAddType text/html .html\nSetOutputFilter INCLUDES",
            nginx => 'ssi on;' },
        { path => '/cgi/', %here, apache => "Options +ExecCGI\nAddHandler cgi-script .cgi",
            nginx => 'include /etc/nginx/scgi_params; scgi_pass 127.0.0.1:@SCGI@;' },
    ],
    nginx => <<'CONF',
    location /early/ {
        set $early "$http_cookie|$cookie_sspi";
        sspi on; sspi_keytab @KEYTAB@; sspi_session on; sspi_session_require_tls off;
        proxy_set_header X-Cookie $http_cookie;
        proxy_set_header X-One "$cookie_sspi";
        proxy_set_header X-Early $early;
        proxy_pass http://127.0.0.1:@PORT1@/;
    }
CONF
);

# Returns what the application got as `name` for a request with these Cookie lines.
sub passed {
    my ($server, $path, $cookies, %o) = @_;
    my $name = delete $o{name} // 'cookie';
    my $answer = $server->connection->get($path,
        authorization => SSPI::Test::Gss->header(env => $alice), %o,
        headers => [ (map { "Cookie: $_" } @$cookies), @{$o{headers} // []} ]);
    return "status $answer->{status}" if $answer->status != 200 && !$o{any_status};
    return $answer->body =~ /^\Q$name\E[:=] ?(.*)$/m ? $1 : undef;
}

parts 'upstreams', \%server_config,
    'the cookie of a session is removed, and no other' => sub {
        my ($server) = @_;
        my $application = application($server);
        my %becomes = ('sspi=1' => undef, 'a=1; sspi=2; b=3' => 'a=1; b=3', 'sspi=1; b=2' => 'b=2',
            'a=1; sspi=2' => 'a=1', '__Host-sspi=1; a=2; sspi=3' => 'a=2', 'a=1;b="2" ; ;c' => 'a=1;b="2" ; ;c',
            'SSPI=1; xsspi=2; sspi' => 'SSPI=1; xsspi=2; sspi');
        is(passed($server, '/app/', [$_]), $becomes{$_}, "'$_'") for sort keys %becomes;
        is(passed($server, '/app/', []), undef, 'without cookies');
        is(passed($server, '/named/', ['intranet=1; sspi=2; a=3']), 'sspi=2; a=3', 'its configured name');
        is(passed($server, '/tls/', ['sspi=1; __Host-sspi=2']), 'sspi=1', 'the name of plain HTTP is not ours where TLS is required');
    },
    'wherever the location has sessions' => sub {
        my ($server) = @_;
        my $application = application($server);
        my @anonymous = (authorization => undef);
        is(passed($server, '/optional/', ['a=1; sspi=2'], @anonymous), 'a=1', 'an anonymous request');
        is(passed($server, '/any/', ['a=1; sspi=2'], @anonymous), 'a=1', 'a request that is admitted by its address');
        is(passed($server, '/any/', ['a=1; sspi=2']), 'a=1', 'such a request with credentials');
        is(passed($server, '/error/', ['a=1; sspi=2'], @anonymous, any_status => 1), 'a=1', 'the error document of a refusal');
        is(passed($server, '/none/', ['a=1; sspi=2']), 'a=1; sspi=2', 'a location without sessions passes it');
        is(passed($server, '/off/', ['a=1; sspi=2'], @anonymous), 'a=1; sspi=2', 'a location without authentication as well');
        like($server->connection->get('/pages/both.html', authorization => SSPI::Test::Gss->header(env => $alice),
            headers => ['Cookie: a=1; sspi=2'])->body, qr/^cookie: a=1$/m, 'a subrequest');
    },
    'several lines' => sub {
        my ($server) = @_;
        my $application = application($server);
        is(passed($server, '/app/', [ 'sspi=1', 'sspi=2' ]), undef, 'only ours');
        like(passed($server, '/app/', [ 'a=1', 'sspi=2', 'b=3' ]) // '', qr/b=3\z/, 'ours between others');
        unlike(passed($server, '/app/', [ 'a=1', 'sspi=2', 'b=3' ]) // '', qr/sspi/, 'ours is removed');
        my $h2 = $server->client(env => $alice)->get('/app/', tls => 1, negotiate => 1,
            args => [ '--http2', '--header', 'Cookie: a=1; __Host-sspi=2; b=3' ]);
        like($h2->body, qr/^cookie: a=1; b=3$/m, 'HTTP/2');
    },
    'all other headers stay' => sub {
        my ($server) = @_;
        my $application = application($server);
        for my $n (0, 1, 17, 18, 19, 20, 21, 40) {
            my @before = map { "X-Before-$_: $_" } 1 .. $n;
            my @after = map { "X-After-$_: $_" } 1 .. 45 - $n;
            my $answer = $server->connection->get('/app/', authorization => SSPI::Test::Gss->header(env => $alice),
                headers => [ @before, 'Cookie: sspi=1', @after ]);
            my @got = sort $answer->body =~ /^(x-(?:before|after)-\d+: \d+)$/mg;
            is_deeply(\@got, [ sort map { lc } @before, @after ], "the cookie after $n headers");
            unlike($answer->body, qr/^cookie:/m, 'the line of the cookie is gone');
            like($answer->body, qr/^host: /m, 'Host');
        }
    },
    'programs' => sub {
        my ($server) = @_;
        chmod 0755, "$server->{dir}/docroot/cgi/env.cgi" or die "chmod: $!\n";
        is(passed($server, '/cgi/env.cgi', ['a=1; sspi=2'], name => 'HTTP_COOKIE'), 'a=1', 'HTTP_COOKIE has the other cookies');
        is(passed($server, '/cgi/env.cgi', ['sspi=2'], name => 'HTTP_COOKIE'), undef, 'HTTP_COOKIE is absent');
    },
    'variables of nginx' => sub {
        my ($server) = @_;
        plan skip_all => 'httpd has no such variables' if $server->kind ne 'nginx';
        my $application = application($server);
        my @cookies = ('a=1; sspi=2');
        is(passed($server, '/early/', \@cookies, name => 'x-early'), 'a=1; sspi=2|2', 'the rewrite phase is before the removal');
        is(passed($server, '/early/', \@cookies, name => 'x-cookie'), 'a=1', '$http_cookie is read again afterwards');
        is(passed($server, '/early/', \@cookies, name => 'x-one'), undef, '$cookie_NAME as well');
    };

done_testing;
