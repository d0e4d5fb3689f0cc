#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# With SSPIForwardAuthorization off, handlers, upstreams and programs do not get the Authorization
# header that the server evaluated. A header of a scheme that the location does not offer reaches
# them, and all other headers do, too.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(digest_challenges digest_header user_line);
use SSPI::Test::Gss;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;
use SSPI::Test::Session;
use SSPI::Test::Upstreams qw(http_application scgi_application);

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $users = spew(scratch_dir('users') . '/users', user_line('alice', 'site', 'pw'), 0644);
my %kerberos = (packages => 'Negotiate', keytab => $kdc->{keytab});
my %off = (%kerberos, forward_authorization => 'off');
my %there = (apache => 'ProxyPass http://127.0.0.1:@PORT1@/', nginx => 'proxy_pass http://127.0.0.1:@PORT1@/;');
my %session = (session => 'on', session_require_tls => 'off');

my %server_config = (
    env => $kdc->server_env,
    extra_ports => 1,
    substitute => { SCGI => scgi_application(), KEYTAB => $kdc->{keytab} },
    files => {
        '/cgi/env.cgi' => "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'; env\n",
        '/pages/part.html' => 'with <!--#include virtual="/app/part" -->',
    },
    locations => [
        { path => '/app/', %off, %there },
        { path => '/default/', %kerberos, %there },
        { path => '/digest/', packages => 'Digest', realm => 'site', digest_user_file => $users,
            forward_authorization => 'off', %there },
        { path => '/optional/', %off, %there, sspi => 'optional' },
        { path => '/session/', %off, %session, %there },
        { path => '/public/', sspi => 'off', %there },
        { path => '/open/', %off, apache => "$there{apache}\n<RequireAny>\nRequire all granted\nRequire valid-user\n</RequireAny>",
            nginx => "satisfy any; allow all;\n$there{nginx}" },
        { path => '/first/', %off, apache => 'FallbackResource /app/x', nginx => 'try_files /none /app/x;' },
        { path => '/error/', %off, apache => 'ErrorDocument 401 /public/refused', nginx => 'error_page 401 /public/refused;' },
        { path => '/errors/', %off, apache => 'ErrorDocument 404 /app/missing', nginx => 'error_page 404 = /app/missing;' },
        { path => '/pages/', %kerberos, apache => "Options +Includes\nAddType text/html .html\nSetOutputFilter INCLUDES",
            nginx => 'ssi on;' },
        { path => '/cgi/', %off, apache => "Options +ExecCGI\nAddHandler cgi-script .cgi\nCGIPassAuth on",
            nginx => 'include /etc/nginx/scgi_params; scgi_pass 127.0.0.1:@SCGI@;' },
        { path => '/cgi-on/', %kerberos, apache => "Options +ExecCGI\nAddHandler cgi-script .cgi\nCGIPassAuth on",
            nginx => 'include /etc/nginx/scgi_params; scgi_pass 127.0.0.1:@SCGI@;' },
    ],
    apache => "Alias /cgi-on/ \@DOCROOT\@/cgi/\n",
    nginx => <<'CONF',
    location /early/ {
        set $early $http_authorization;
        sspi on; sspi_keytab @KEYTAB@; sspi_forward_authorization off;
        proxy_set_header X-Early $early;
        proxy_set_header X-Variable "now:$http_authorization";
        proxy_pass http://127.0.0.1:@PORT1@/;
    }
CONF
);

sub application { my ($server) = @_; return http_application($server->port('PORT1')) }
sub fresh { return SSPI::Test::Gss->header(env => $alice) }

# Returns what the application got as `name` for a request with this header.
sub passed {
    my ($server, $path, $authorization, %o) = @_;
    my $name = delete $o{name} // 'authorization';
    my $any = delete $o{any_status};
    my $answer = $server->connection->get($path, authorization => $authorization, %o);
    return "status $answer->{status}" if $answer->status != 200 && !$any;
    return $answer->body =~ /^\Q$name\E[:=] ?(.*)$/m ? $1 : undef;
}

parts 'the Authorization header', \%server_config,
    'upstreams' => sub {
        my ($server) = @_;
        my $application = application($server);
        my $header = fresh();
        is(passed($server, '/default/', $header), $header, 'by default the upstream gets the header');
        is(passed($server, '/app/', fresh()), undef, 'off: it does not');
        is(passed($server, '/app/', fresh(), name => 'host') =~ /\A127/ ? 1 : 0, 1, 'it gets other headers');
        my $answer = $server->connection->get('/app/', authorization => fresh(), headers => [ map { "X-N-$_: $_" } 1 .. 40 ]);
        is(scalar(() = $answer->body =~ /^x-n-\d+: \d+$/mg), 40, 'all of 40 other headers');
        granted($answer, { user => 'alice@SSPI.TEST' }, 'a ticket');
        my $h2 = $server->client(env => $alice)->get('/app/', tls => 1, negotiate => 1, args => ['--http2']);
        is($h2->status, 200, 'HTTP/2: granted');
        unlike($h2->body, qr/^authorization:/m, 'HTTP/2: not forwarded');
        my ($challenge) = digest_challenges($server->connection->get('/digest/')->challenges);
        is(passed($server, '/digest/', digest_header($challenge, user => 'alice', password => 'pw', uri => '/digest/')),
            undef, 'Digest');
        is(passed($server, '/open/', fresh()), undef, 'a request that is admitted without a user');
        is(passed($server, '/optional/', fresh()), undef, 'a location where users are optional');
    },
    'a header of a scheme that is not offered is not ours' => sub {
        my ($server) = @_;
        my $application = application($server);
        is(passed($server, '/optional/', 'Bearer x'), 'Bearer x', 'an anonymous request');
        is(passed($server, '/public/', 'Bearer x'), 'Bearer x', 'a location without authentication');
        my $header = fresh();
        is(passed($server, '/public/', $header), $header, 'which verifies no ticket either');
        my $cookie = set_by_login($server->connection->get('/session/', authorization => fresh()), 'a login');
        is(passed($server, '/session/', 'Bearer x', headers => ["Cookie: $cookie"]), 'Bearer x', 'beside a session');
    },
    'requests that the server makes of a request' => sub {
        my ($server) = @_;
        my $application = application($server);
        my $answer = $server->connection->get('/pages/part.html', authorization => fresh());
        like($answer->body, qr/^host: /m, 'a subrequest reaches the upstream');
        unlike($answer->body, qr/^authorization:/m, 'a subrequest');
        is(passed($server, '/first/x', fresh()), undef, 'an internal redirect to a location that verifies the user again');
        is(passed($server, '/first/x', fresh(), name => 'host') ? 1 : 0, 1, 'which reaches the upstream');
        is(passed($server, '/errors/none', fresh(), any_status => 1), undef, 'the page of another error');
        is(passed($server, '/errors/none', fresh(), any_status => 1, name => 'host') ? 1 : 0, 1, 'which is that of the upstream');
        my $used = fresh();
        $server->connection->get('/app/', authorization => $used);
        is(passed($server, '/error/', $used, any_status => 1), undef, 'the page of a refusal');
        is(passed($server, '/error/', $used, any_status => 1, name => 'host') ? 1 : 0, 1, 'which is that of the upstream');
    },
    'programs' => sub {
        my ($server) = @_;
        chmod 0755, "$server->{dir}/docroot/cgi/env.cgi" or die "chmod: $!\n";
        my $header = fresh();
        is(passed($server, '/cgi-on/env.cgi', $header, name => 'HTTP_AUTHORIZATION'), $header, 'a program gets it by default');
        is(passed($server, '/cgi/env.cgi', fresh(), name => 'HTTP_AUTHORIZATION'), undef, 'off: it does not');
        is(passed($server, '/cgi/env.cgi', fresh(), name => 'REMOTE_USER'), 'alice@SSPI.TEST', 'REMOTE_USER is set')
            if $server->kind eq 'apache';
    },
    'a connection keeps its login and its answers their headers' => sub {
        my ($server) = @_;
        my $application = application($server);
        my $c = $server->connection;
        my $first = $c->get('/app/', authorization => fresh());
        is($first->header('Cache-Control'), undef, 'an answer to a request with the header is not marked as private');
        is($c->get('/app/', authorization => fresh())->status, 200, 'a second login on the connection');
    },
    'variables of nginx' => sub {
        my ($server) = @_;
        plan skip_all => 'httpd has no such variables' if $server->kind ne 'nginx';
        my $application = application($server);
        my $header = fresh();
        is(passed($server, '/early/', $header, name => 'x-early'), $header, 'the rewrite phase is before the removal');
        is(passed($server, '/early/', fresh(), name => 'x-variable'), 'now:', '$http_authorization is read again afterwards');
    };

done_testing;
