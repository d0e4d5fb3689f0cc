#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SSPIExempt: requests of these methods need no user and are never challenged. All other rules of the
# location hold.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Basic qw(basic_header);
use SSPI::Test::Digest qw(digest_values user_line);
use SSPI::Test::Ntlm qw(ntlm_login ntlm_user_line);
use SSPI::Test::Origin;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $users = spew(scratch_dir('users') . '/users', user_line('alice', 'r', 'pw') . ntlm_user_line('alice', 'CORP', 'pw'), 0644);
my %digest = (packages => 'Digest', digest_user_file => $users, realm => 'r');
my %exempt = (%digest, exempt => 'OPTIONS');
my %there = (apache => 'ProxyPass http://127.0.0.1:@PORT1@/there/', nginx => 'proxy_pass http://127.0.0.1:@PORT1@/there/;');

# The options of a location behind which the application is, with further lines.
sub behind {
    my (%more) = @_;
    return (%exempt, map { $_ => join "\n", $there{$_}, $more{$_} // () } qw(apache nginx));
}

my %server_config = (
    env => $kdc->server_env,
    extra_ports => 1,
    locations => [
        { path => '/valid/', behind() },
        { path => '/several/', %exempt, %there, exempt => 'OPTIONS PROPFIND REPORT' },
        { path => '/named/', behind(), require => ['user digest:bob', 'realm digest:r', 'group staff'], group_file => '@DIR@/groups' },
        { path => '/bound/', behind(), require => ['channel-bound'] },
        { path => '/none/', %exempt, %there, exempt => 'none' },
        { path => '/tls/', behind(), require_tls => 'on' },
        { path => '/ntlm/', behind(), packages => 'NTLM', mechanisms => 'ntlm', ntlm_user_file => $users },
        { path => '/optional/', behind(), sspi => 'optional' },
        { path => '/denied/', behind(nginx => 'deny 127.0.0.1;', apache => "Order allow,deny\nAllow from all\nDeny from 127.0.0.1") },
        { path => '/satisfy-deny/', behind(nginx => "satisfy any;\ndeny all;", apache => "Order deny,allow\nDeny from all\nSatisfy Any") },
        { path => '/satisfy-allow/', behind(nginx => "satisfy any;\nallow 127.0.0.1;\ndeny all;", apache => "Order deny,allow\nDeny from all\nAllow from 127.0.0.1\nSatisfy Any") },
        { path => '/static/', %exempt, nginx => 'error_page 405 =200 $uri;', apache => 'ErrorDocument 405 /static/secret.html' },
        { path => '/page/', %exempt, exempt => 'HEAD' },
    ],
    data => { groups => "staff: digest:alice\n" },
    files => { '/static/secret.html' => "secret\n", '/page/index.html' => "page\n" },
);

sub application {
    my ($server) = @_;
    return SSPI::Test::Origin->new($server->port('PORT1'), sub {
        my ($request) = @_;
        return (200, [], "application: $request->{method}\n");
    });
}

# Tests that the request is admitted without a user and without a challenge.
sub passes {
    my ($answer, $method, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_deeply([ map { scalar $answer->$_ } qw(status user remote_user body) ], [ 200, '', '', "application: $method\n" ], $name)
        && is_deeply([ $answer->challenges ], [], "$name: no challenge") || diag($answer->brief);
}

# Tests that the request is refused with 403 and is not challenged.
sub forbidden { my ($answer, $name) = @_; local $Test::Builder::Level = $Test::Builder::Level + 1; return refused($answer, 403, $name) }

parts 'exempt', \%server_config,
    'an OPTIONS request needs no user' => sub {
        my ($server) = @_;
        my $application = application($server);
        my $c = $server->client;
        my @options = (method => 'OPTIONS');
        passes($c->get('/valid/', @options), 'OPTIONS', 'HTTP');
        passes($c->get('/valid/', @options, tls => 1), 'OPTIONS', 'HTTPS');
        passes($c->get('/valid/', @options, tls => 1, args => ['--http2']), 'OPTIONS', 'HTTP/2');
        passes($c->get('/valid/', @options, args => [ '--header', 'Origin: http://other', '--header', 'Access-Control-Request-Method: PUT' ]), 'OPTIONS', 'a preflight');
        passes($c->get('/ntlm/', @options), 'OPTIONS', 'where only NTLM is offered');
        passes($c->get('/optional/', @options), 'OPTIONS', 'where credentials are optional');
        passes($c->get('/named/', @options), 'OPTIONS', 'where users, realms and groups are named');
        passes($c->get('/bound/', @options), 'OPTIONS', 'where a bound channel is required');
        passes($c->get('/several/', method => $_), $_, "$_, among several methods") for qw(OPTIONS PROPFIND REPORT);
        is_deeply([ message_lines($server) ], [], 'the log has no refusal');
        ok($server->access_line(qr{OPTIONS /valid/ \S+ 200 user=-?\z}), 'the access log has no user');
    },
    'all other methods are challenged' => sub {
        my ($server) = @_;
        my $application = application($server);
        my $c = $server->client;
        refused($c->get('/valid/', method => $_), 401, $_) for qw(GET POST PUT DELETE PROPFIND);
        refused($c->get('/valid/', args => ['--head']), 401, 'HEAD');
        refused($c->get('/none/', method => 'OPTIONS'), 401, 'OPTIONS where no method is exempt');
        granted($c->get('/valid/', digest => 'alice:pw'), { user => 'alice' }, 'a login by GET');
        # nginx refuses such methods before any access check.
        for my $method (qw(options Options OPTIONSX OPTION none)) {
            my $a = $c->raw([ '/valid/', method => $method ]);
            my $want = $server->kind eq 'nginx' && $method =~ /[a-z]/ ? 400 : 401;
            is($a->status, $want, "$method: $want");
        }
        my @headers = map { ('--header', "$_: OPTIONS") } qw(X-HTTP-Method-Override X-HTTP-Method X-Method-Override);
        refused($c->get('/valid/?_method=OPTIONS', args => \@headers), 401, 'a header that overrides the method for an application');
        is($c->raw("OPTIONS /valid/ HTTP/1.1 GET /valid/ HTTP/1.1\r\nHost: localhost\r\n\r\n")->status, 400, 'two request lines in one');
    },
    'credentials of such a request are not looked at' => sub {
        my ($server) = @_;
        my $application = application($server);
        my $c = $server->client;
        my $right = digest_values($c, '/valid/')->('/valid/', method => 'OPTIONS');
        my @all = ($right, 'Digest username="', basic_header('alice:pw'), 'Negotiate AAAA', 'Negotiate !', '');
        passes(scalar($c->raw([ '/valid/', method => 'OPTIONS', authorization => $_ ])), 'OPTIONS', "Authorization: $_") for @all;
        my $connection = $server->connection;
        granted((ntlm_login($connection, '/ntlm/'))[-1], { user => 'CORP\\alice' }, 'a login of the connection');
        passes($connection->get('/ntlm/', method => 'OPTIONS'), 'OPTIONS', 'does not name the user');
        passes($connection->get('/ntlm/', method => 'OPTIONS', authorization => 'NTLM AAAA'), 'OPTIONS', 'and credentials do not end it');
        granted($connection->get('/ntlm/'), { user => 'CORP\\alice' }, 'the next request still has the user');
    },
    'other rules hold' => sub {
        my ($server) = @_;
        my $application = application($server);
        my $c = $server->client;
        my @options = (method => 'OPTIONS');
        forbidden($c->get('/denied/', @options), 'an address that is refused');
        forbidden($c->get('/satisfy-deny/', @options), 'an address that is refused, where one rule is enough');
        passes($c->get('/satisfy-allow/', @options), 'OPTIONS', 'an address that is allowed, where one rule is enough');
        $server->new_log;
        forbidden($c->get('/tls/', @options), 'a connection without TLS, where TLS is required');
        logged($server, 'TLS_REQUIRED');
        passes($c->get('/tls/', @options, tls => 1), 'OPTIONS', 'over TLS');
    },
    # Both servers answer some requests of another method like a GET.
    'the page of a GET is not shown' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $a = $c->get('/static/secret.html', method => 'OPTIONS');
        unlike($a->body, qr/secret/, 'OPTIONS of a file');
        isnt($a->status, 401, 'OPTIONS of a file is not challenged') if $server->kind eq 'apache';
        is($c->get('/page/', args => ['--head'])->status, 200, 'an exempt HEAD of an index file');
        refused($c->get('/page/'), 401, 'a GET of the index file');
    };

# Locations of httpd that have only these lines.
my %lines = (
    not => "<RequireAll>\nRequire valid-user\nRequire not sspi-user digest:eve\nRequire not sspi-realm other\nRequire not sspi-group staff\nRequire not sspi-channel-bound\n</RequireAll>",
    none => "<RequireAll>\nRequire valid-user\n<RequireNone>\nRequire sspi-user digest:eve\n</RequireNone>\n</RequireAll>",
    'not-ip' => "<RequireAll>\nRequire valid-user\nRequire not ip 127.0.0.1\n</RequireAll>",
    'all-denied' => "<RequireAll>\nRequire sspi-user digest:alice\nRequire all denied\n</RequireAll>",
    method => "<RequireAll>\nRequire valid-user\nRequire method GET\n</RequireAll>",
    'not-valid' => "<RequireAll>\nRequire all granted\nRequire not valid-user\n</RequireAll>",
    user => 'Require user alice',
    'user-or-valid' => "Require user bob\nRequire valid-user",
    basic => "AuthType Basic\nAuthBasicProvider file\nAuthUserFile \@DIR\@/groups\nRequire valid-user",
    off => "AuthType None\nRequire all granted",
);

scenario 'on httpd, other Require lines hold', { on => 'apache', extra_ports => 1, data => { groups => "staff: digest:alice\n" },
    files => { '/index/index.html' => "index\n", '/index/part.html' => "a part\n",
        '/index/page.cgi' => "#!/bin/sh\nprintf 'Content-Type: text/html\\n\\n[<!--#include virtual=\"/index/part.html\" -->]\\n'\n" },
    apache => join('', map { "<Location /$_/>\nAuthType SSPI\nAuthName r\nSSPIPackages Digest\nSSPIDigestUserFile $users\nSSPIGroupFile \@DIR\@/groups\nSSPIExempt OPTIONS\n$lines{$_}\n$there{apache}\n</Location>\n" } sort keys %lines)
        . "<Location /index/>\nAuthType SSPI\nAuthName r\nSSPIPackages Digest\nSSPIDigestUserFile $users\nSSPIExempt OPTIONS\nOptions +ExecCGI +Includes\nAddHandler cgi-script .cgi\nRequire valid-user\n</Location>\n"
        . "<Location /index/page.cgi>\nSetOutputFilter INCLUDES\n</Location>\n" }, sub {
    my ($server) = @_;
    my $application = application($server);
    my $c = $server->client;
    my @options = (method => 'OPTIONS');
    passes($c->get("/$_/", @options), 'OPTIONS', $_) for qw(not none not-valid user-or-valid off);
    forbidden($c->get("/$_/", @options), $_) for qw(not-ip all-denied method);
    granted($c->get('/not-ip/', @options, digest => 'alice:pw'), { status => 403, user => '' }, 'not-ip, with credentials');
    $server->new_log;
    forbidden($c->get('/user/', @options), 'a line of another module that demands a user');
    logged($server, 'NOT_AUTHORIZED', 'exempt');
    forbidden($c->get('/user/', @options, authorization => digest_values($c, '/user/')->('/user/', method => 'OPTIONS')), 'the same with credentials');
    granted($c->get('/user/', digest => 'alice:pw'), { user => 'alice' }, 'the user by GET');
    is($c->get('/basic/', @options)->status, 401, 'another AuthType is not exempt');
    my $a = $c->get('/index/', @options);
    is_deeply([ $a->status, $a->challenges ], [200], 'the index file of a folder is looked for without a challenge') or diag($a->brief);
    chmod 0755, "$server->{dir}/docroot/index/page.cgi";
    like($c->get('/index/page.cgi', digest => 'alice:pw')->body, qr/\[a part\n\]/, 'a GET includes a part');
    $a = $c->get('/index/page.cgi', @options);
    is($a->status, 200, 'a program answers OPTIONS');
    like($a->body, qr/\[.*\]/s, 'and its output is filtered');
    unlike($a->body, qr/a part/, 'but no part is included, which would be the answer to a GET');
};

scenario 'on nginx, subrequests', { on => 'nginx', extra_ports => 1, files => { '/auth' => '', '/part/part.html' => "a part\n" },
    locations => [
        { path => '= /auth', %exempt, nginx => 'internal;' },
        { path => '/part/', %exempt },
        { path => '/asks/', sspi => 'off', nginx => "auth_request /auth;\n$there{nginx}" },
        { path => '/includes/', behind(nginx => 'ssi on; ssi_types text/plain;') },
    ],
}, sub {
    my ($server) = @_;
    my $application = SSPI::Test::Origin->new($server->port('PORT1'), sub {
        my ($request) = @_;
        return (200, ['Content-Type: text/plain'], "application: $request->{method}\n<!--# include virtual=\"/part/part.html\" -->");
    });
    my $c = $server->client;
    my $a = $c->get('/asks/', method => 'OPTIONS');
    is_deeply([ $a->status, $a->challenges ], [200], 'auth_request admits the exempt method of the client');
    is($c->get('/asks/')->status, 401, 'and no other');
    like($c->get('/includes/', digest => 'alice:pw')->body, qr/a part/, 'a GET includes a part');
    $a = $c->get('/includes/', method => 'OPTIONS');
    like($a->body, qr/application: OPTIONS/, 'an exempt request has its page');
    unlike($a->body, qr/a part/, 'but no part, which would be the answer to a GET');
    is_deeply([ $a->challenges ], [], 'and no challenge');
};

config_refused "a method is written in capital letters: $_", { locations => [ { path => '/p/', %digest, exempt => $_ } ] }, qr/exempt/i, qr/OPTIONS/
    for 'options', 'OPTIONS none', 'OPT/IONS', 'OPTIONS,PROPFIND';

done_testing;
