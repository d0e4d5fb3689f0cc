#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Areas that are open to requests without a user: by address, by Require all granted, by AuthType None
# within AuthType SSPI, or because authentication is off there. If it is on, the server verifies
# credentials that a client sends, as on IIS with anonymous and Windows authentication: right ones name
# the user, wrong ones are refused. If it is off, the server ignores them.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Connection;
use SSPI::Test::Digest qw(digest_values user_line);
use SSPI::Test::Ntlm qw(ntlm_login ntlm_user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $dir = scratch_dir('users');
my $digest_users = spew("$dir/digest", user_line('alice', 'r', 'pw'), 0644);
my $ntlm_users = spew("$dir/ntlm", ntlm_user_line('alice', 'CORP', 'pw'), 0644);
my %all = (packages => 'Negotiate NTLM Digest', mechanisms => 'kerberos ntlm', keytab => $kdc->{keytab},
    ntlm_user_file => $ntlm_users, digest_user_file => $digest_users, realm => 'r');

# Options of a location that an address opens, on either server; %$more is for both.
sub by_address {
    my ($path, $address, %more) = @_;
    return { path => $path, %all,
        apache => "Satisfy Any\nOrder deny,allow\nDeny from all\nAllow from $address",
        nginx => "satisfy any; allow $address; deny all;", %more };
}

# httpd's own Require lines; nginx has no such lines.
sub by_require { my ($path, @lines) = @_; return "<Location $path>\nAuthMerging Off\n" . join("\n", @lines) . "\n</Location>\n" }

my %server_config = (
    env => $kdc->server_env,
    locations => [
        { path => '/must/', %all },
        by_address('/near/', '127.0.0.1'),
        by_address('/far/', '192.0.2.1'),
        by_address('/near/tls/', '127.0.0.1', require_tls => 'on'),
        by_address('/near/digest/', '127.0.0.1', packages => 'Digest', mechanisms => 'kerberos'),
        by_address('/near/alice/', '127.0.0.1', require => ['user CORP\\\\alice']),
        { path => '/off/', sspi => 'off' },
    ],
);

sub anonymous {
    my ($answer, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_deeply([ $answer->status, $answer->user, $answer->remote_user, $answer->challenges ], [ 200, '', '' ], $name);
}

# Tests a location that admits a request without a user.
sub names_the_user {
    my ($server, $path) = @_;
    my $c = $server->client(env => $alice);
    my $digest = digest_values($c, '/must/');
    $server->new_log;
    anonymous($c->get($path), "$path: no credentials");
    is_deeply([ message_lines($server) ], [], "$path: nothing is logged");
    my $used = $digest->($path);
    granted($c->get($path, authorization => $used), { user => 'alice' }, "$path: a right password");
    granted($c->get($path, negotiate => 1), { user => 'alice@SSPI.TEST' }, "$path: a ticket");
    my $connection = SSPI::Test::Connection->new($c);
    my @legs = ntlm_login($connection, $path);
    granted($legs[-1], { user => 'CORP\\alice' }, "$path: NTLM, whose first leg is 401") or diag(map { $_->brief } @legs);
    granted($connection->get($path), { user => 'CORP\\alice' }, "$path: the login that the connection keeps");
    anonymous($connection->get($path, authorization => 'Bearer abc'), "$path: credentials of another scheme");
    granted($connection->get($path), { user => 'CORP\\alice' }, "$path: such credentials do not end the login");
    anonymous($c->get($path, authorization => 'Basic YWxpY2U6cHc='), "$path: Basic names no user");
    refused($c->get($path, authorization => $digest->($path, password => 'no')), 401, "$path: a wrong password");
    refused($c->get($path, authorization => $used), 401, "$path: a used header");
    refused($c->get($path, authorization => 'Digest username="'), 400, "$path: a malformed one");
    anonymous($c->get($path), "$path: a request without credentials again");
    return;
}

parts 'areas that are open to addresses', \%server_config,
    'name the user' => sub { my ($server) = @_; names_the_user($server, '/near/') },
    'refuse other addresses' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        refused($c->get('/far/'), 401, 'no credentials');
        granted($c->get('/far/', negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a ticket');
        refused($c->get('/far/', authorization => 'Bearer abc'), 401, 'another scheme');
    },
    'need no user that is required' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        anonymous($c->get('/near/alice/'), 'no credentials');
        granted($c->get('/near/alice/', negotiate => 1), { user => 'alice@SSPI.TEST' }, 'another one than required');
    },
    'accept credentials only over TLS if TLS is demanded' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        anonymous($c->get('/near/tls/', args => [ '--header', 'Authorization: ' . $c->negotiate_header ]), 'plain');
        granted($c->get('/near/tls/', tls => 1, authorization => $c->negotiate_header), { user => 'alice@SSPI.TEST' }, 'TLS');
    };

# Tests a location where authentication is off.
sub ignores_credentials {
    my ($server, $path) = @_;
    my $c = $server->client(env => $alice);
    my $digest = digest_values($c, '/must/');
    $server->new_log;
    my $ticket = $c->negotiate_header;
    anonymous($c->get($path), "$path: no credentials");
    anonymous($c->get($path, authorization => $_), "$path: " . (split ' ', $_)[0])
        for $ticket, $digest->($path), $digest->($path, password => 'no'), 'Bearer abc', 'Digest username="';
    granted($c->get('/must/', authorization => $ticket), { user => 'alice@SSPI.TEST' }, "$path: the server does not use up the credentials");
    my $connection = SSPI::Test::Connection->new($c);
    granted((ntlm_login($connection, '/must/'))[-1], { user => 'CORP\\alice' }, "$path: a login");
    anonymous($connection->get($path), "$path: the login does not count there");
    anonymous($connection->get($path, authorization => 'NTLM TlRMTVNTUAABAAAA'), "$path: the location does not end the login");
    granted($connection->get('/must/'), { user => 'CORP\\alice' }, "$path: the connection keeps it");
    is_deeply([ message_lines($server) ], [], "$path: nothing is logged");
    return;
}

scenario 'where authentication is off', \%server_config, sub { my ($server) = @_; ignores_credentials($server, '/off/') };

scenario 'sspi off within sspi on', { %server_config, on => 'nginx', locations => [ @{$server_config{locations}}, { path => '/must/off/', sspi => 'off' } ] },
    sub { my ($server) = @_; ignores_credentials($server, '/must/off/') };

# ---- httpd: AuthType None within AuthType SSPI ----

my $none = "AuthType None\nRequire all granted\n";
my $env = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nenv | grep -E '^(REMOTE_USER|AUTH_TYPE|SSPI_USER)=' | sort\n";

my %inner = (
    %server_config, on => 'apache',
    locations => [
        { path => '/must/', %all, apache => 'ErrorDocument 401 /must/none/denied.html' },
        (map { { path => $_, sspi => 'off' } } qw(/off/ /must/none/)),
        { path => '/must/none/closed/', %all },
        { path => '/must/none/tls/', sspi => 'off', require_tls => 'on' },
        { path => '/must/none/own/', sspi => 'off', apache => 'ErrorDocument 401 /must/none/own/denied.html' },
        { path => '/must/none/programs/', sspi => 'off', apache => "Options +ExecCGI\nSetHandler cgi-script" },
        { path => '/must/file/', %all, apache => "Options +Includes\nAddType text/html .shtml\nAddOutputFilter INCLUDES .shtml" },
        { path => '/must/compat/', sspi => 'off', apache => "Satisfy Any\nOrder deny,allow\nAllow from 127.0.0.1" },
        { path => '/must/satisfy/', sspi => 'off', apache => 'Satisfy All' },
        { path => '/must/user/', %all, apache => 'AuthType None' },
        { path => '/strict/', %all },
        { path => '/strict/index.html', sspi => 'off' },
    ],
    apache => <<'CONF',
<Location /must/deeper/>
    AuthType None
    Require all granted
</Location>
<Location /must/deeper/still/>
    Options +Indexes
</Location>
<Location /must/basic/>
    AuthType Basic
    Require all granted
</Location>
<Location /must/basic/none/>
    AuthType None
</Location>
<Location /both/>
    AuthType SSPI
    AuthType None
    Require all granted
</Location>
<Location /must/if/>
    <If "true">
        AuthType None
        Require all granted
    </If>
</Location>
<Directory @DOCROOT@/dir/none/>
    AuthType None
    Require all granted
</Directory>
CONF
    files => {
        (map { ($_ . 'index.html' => "page\n") } qw(/must/deeper/still/ /must/basic/ /must/basic/none/ /both/ /must/if/
            /dir/ /dir/none/ /dir/htaccess/ /htaccess/)),
        '/dir/.htaccess' => "AuthType SSPI\nSSPIPackages Negotiate NTLM Digest\nSSPIMechanisms kerberos ntlm\nAuthName r\nRequire valid-user\n",
        (map { ("$_.htaccess" => $none) } qw(/dir/htaccess/ /htaccess/)),
        '/must/none/denied.html' => "denied\n", '/must/none/own/denied.html' => "own\n",
        '/must/none/programs/say.cgi' => $env,
        '/must/none/.htaccess' => "RewriteEngine on\nRewriteRule ^elsewhere\$ /must/none/tls/index.html [L]\n",
        '/must/none/part.html' => 'part', '/must/none/elsewhere' => '',
        '/must/file/page.shtml' => 'part:<!--#include virtual="/must/none/part.html" --> user:<!--#echo var="SSPI_USER" -->',
    },
);
# The files are options of the whole server here, because .htaccess files cannot name any.
$inner{apache_head} = "SSPIKeytab $kdc->{keytab}\nSSPINTLMUserFile $ntlm_users\nSSPIDigestUserFile $digest_users\n";

parts "httpd's AuthType None within AuthType SSPI", \%inner,
    (map { my $path = $_; ("$path names the user" => sub { my ($server) = @_; names_the_user($server, $path) }) }
        qw(/must/none/ /must/deeper/still/ /must/if/ /must/compat/ /must/satisfy/ /dir/none/ /dir/htaccess/)),
    (map { my $path = $_; ("$path: no AuthType SSPI around it" => sub { my ($server) = @_; ignores_credentials($server, $path) }) }
        qw(/off/ /both/ /htaccess/ /must/basic/ /must/basic/none/)),
    'demands a user again where AuthType SSPI does' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        refused($c->get('/must/none/closed/'), 401, 'no credentials');
        granted($c->get('/must/none/closed/', negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a ticket');
    },
    'accepts credentials only over TLS if TLS is demanded' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        anonymous($c->get('/must/none/tls/', authorization => $c->negotiate_header), 'plain');
        granted($c->get('/must/none/tls/', tls => 1, authorization => $c->negotiate_header), { user => 'alice@SSPI.TEST' }, 'TLS');
    },
    'does not support Require valid-user' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        is($c->get('/must/user/')->status, 500, 'no credentials: as without this module');
        is($c->get('/must/user/', authorization => $c->negotiate_header)->status, 500, 'with a ticket: as without this module');
    },
    'shows its error documents' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my $digest = digest_values($c, '/must/');
        for ([ '/must/', "denied\n" ], [ '/must/none/', "denied\n" ], [ '/must/none/own/', "own\n" ]) {
            my ($path, $document) = @$_;
            $server->new_log;
            my $answer = $c->get($path, authorization => $digest->($path, password => 'no'));
            refused($answer, 401, "$path: a wrong password");
            is($answer->body, $document, "$path: the document");
            logged($server, 'WRONG_PASSWORD');
        }
    },
    'names the user to programs' => sub {
        my ($server) = @_;
        my $path = '/must/none/programs/say.cgi';
        chmod 0755, "$server->{dir}/docroot$path";
        my $c = $server->client(env => $alice);
        is($c->get($path)->body, '', 'no user');
        is($c->get($path, negotiate => 1)->body, "AUTH_TYPE=Negotiate\nREMOTE_USER=alice\@SSPI.TEST\nSSPI_USER=alice\@SSPI.TEST\n", 'a user');
        ok($server->access_line(qr/say.cgi.* 200 user=alice\@SSPI.TEST/), 'the access log has the user');
    },
    'in subrequests and redirects' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my $page = $c->get('/must/file/page.shtml', negotiate => 1);
        granted($page, { user => 'alice@SSPI.TEST' }, 'a page with an included part');
        is($page->body, 'part:part user:alice@SSPI.TEST', 'the client gets it');
        granted($c->get('/must/none/elsewhere', tls => 1, negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a redirect');
        anonymous($c->get('/must/none/elsewhere'), 'a redirect without credentials');
        granted($c->get('/strict/index.html', negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a page');
        granted($c->get('/strict/', negotiate => 1), { user => 'alice@SSPI.TEST' }, 'an open page is the index of a directory that demands a user');
        refused($c->get('/strict/'), 401, 'the directory still demands a user');
    };

my $lines = join '', map { by_require(@$_) } (
    [ '/granted/', 'Require all granted' ],
    [ '/any/', '<RequireAny>', 'Require ip 127.0.0.1', 'Require sspi-user nobody', '</RequireAny>' ],
    [ '/both/', '<RequireAll>', 'Require ip 127.0.0.1', 'Require valid-user', '</RequireAll>' ],
    [ '/not/', '<RequireAll>', 'Require all granted', 'Require not user alice', '</RequireAll>' ],
);

scenario "httpd's Require", { %server_config, on => 'apache', apache => $lines,
    locations => [ $server_config{locations}[0], map { { path => $_, %all } } qw(/granted/ /any/ /both/ /not/) ],
    files => { '/denied.html' => "denied\n" } }, sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    names_the_user($server, $_) for qw(/granted/ /any/);
    refused($c->get('/both/'), 401, 'where a user is required as well');
    granted($c->get('/both/', negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a user who is admitted');
};

scenario 'a configuration that cannot authenticate', { on => 'apache',
    locations => [ { path => '/p/', packages => 'Digest', digest_user_file => $digest_users, realm => '%{HTTP:X-None}',
        apache => "Satisfy Any\nOrder deny,allow\nAllow from 127.0.0.1" } ] }, sub {
    my ($server) = @_;
    my $c = $server->client;
    anonymous($c->get('/p/'), 'an open page needs no credentials');
    anonymous($c->get('/p/', authorization => 'Bearer abc'), 'an open page needs no credentials beside those for the application');
};

done_testing;
