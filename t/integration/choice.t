#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Who is asked for what: the request chooses the schemes, or whether it needs a user. On nginx by
# variables, on httpd by <If>.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Basic qw(basic_header);
use SSPI::Test::Digest qw(digest_values user_line);
use SSPI::Test::Ntlm qw(ntlm_login ntlm_user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $users = spew(scratch_dir('users') . '/users', user_line('alice', 'r', 'pw') . user_line('bob', 'r', 'pw'), 0644);
my $nt_users = spew(scratch_dir('nt-users') . '/users', ntlm_user_line('alice', 'CORP', 'pw'), 0644);
my %all = (keytab => $kdc->{keytab}, digest_user_file => $users, realm => 'r');
my @basic = (authorization => basic_header('root:x'));

sub anonymous {
    my ($answer, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_deeply([ $answer->status, $answer->user, $answer->remote_user, $answer->challenges ], [ 200, '', '' ], $name) || diag($answer->brief);
}

# The options of a location of httpd that has a second value under a condition.
sub under {
    my ($condition, $value) = @_;
    return qq(<If "$condition">\n$value\n</If>);
}

parts 'the request chooses', {
    env => $kdc->server_env,
    nginx_http => <<'CONF',
map $http_user_agent $by_agent { default "Negotiate Digest"; ~*robot Digest; }
geo $by_address { default on; 127.0.0.2 off; 127.0.0.3 optional; }
map $http_x_partner $by_header { default Negotiate; acme "Digest"; }
CONF
    locations => [
        { path => '/agent/', %all, apache => "SSPIPackages Negotiate Digest\n" . under('%{HTTP_USER_AGENT} =~ /robot/i', 'SSPIPackages Digest'), nginx => 'sspi_packages $by_agent;' },
        { path => '/address/', %all, packages => 'Negotiate Digest',
            sspi => '$by_address',
            apache => under("-R '127.0.0.2'", "AuthType None\nRequire all granted") . "\n" . under("-R '127.0.0.3'", "SSPIOptional on\nRequire all granted") },
        { path => '/header/', %all, apache => under("req('X-Partner') == 'acme'", 'SSPIPackages Digest'), nginx => 'sspi_packages $by_header;' },
    ],
},
    'by User-Agent' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my @robot = (args => [ '--user-agent', 'A Robot/1.0' ]);
        challenged($c->get('/agent/'), 'Negotiate Digest', 'a browser');
        challenged($c->get('/agent/', @robot), 'Digest', 'a robot');
        granted($c->get('/agent/', negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a ticket of a browser');
        granted($c->get('/agent/', @robot, digest => 'alice:pw'), { user => 'alice' }, 'Digest of a robot');
        $server->new_log;
        challenged($c->get('/agent/', @robot, authorization => $c->negotiate_header), 'Digest', 'a ticket of a robot');
        logged($server, 'NOT_OFFERED', 'Negotiate');
    },
    'by address' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my $from = sub { return (args => [ '--interface', "127.0.0.$_[0]" ]) };
        challenged($c->get('/address/', $from->(1)), 'Negotiate Digest', 'any address');
        anonymous($c->get('/address/', $from->(2)), 'an address of its own');
        anonymous($c->get('/address/', $from->(2), @basic), 'a name in Authorization is not taken over');
        anonymous($c->get('/address/', $from->(3)), 'an address where credentials are optional');
        granted($c->get('/address/', $from->(3), digest => 'alice:pw', args => [ '--interface', '127.0.0.3', '--header', 'Authorization: ' . digest_values($c, '/address/')->('/address/') ]), { user => 'alice' }, 'optional credentials');
        refused($c->get('/address/', $from->(3), authorization => digest_values($c, '/address/')->('/address/', password => 'no')), 401, 'wrong optional credentials');
        refused($c->get('/address/', args => [ '--header', 'X-Forwarded-For: 127.0.0.2' ]), 401, 'a header that names another address');
    },
    'by a header' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my $with = sub { return (args => [ '--header', "X-Partner: $_[0]" ]) };
        challenged($c->get('/header/'), 'Negotiate', 'no header');
        challenged($c->get('/header/', $with->('acme')), 'Digest', 'the header of a partner');
        challenged($c->get('/header/', $with->($_)), 'Negotiate', "another value: $_") for 'other', 'off', 'Basic', 'acme off', '';
        granted($c->get('/header/', $with->('acme'), digest => 'alice:pw'), { user => 'alice' }, 'a login of the partner');
    };

# Tests that the log has one line about the configuration, with all of these facts.
sub misconfigured {
    my ($server, @facts) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $id = message_id('CONFIGURATION');
    my @lines = grep { /\b$id\b/ } split /\n/, $server->new_log;
    is(scalar(@lines), 1, 'the log has one line');
    return has_line($lines[0] // '', \@facts, "which has @facts");
}

# The client chooses the value of these variables, so that a test can send each.
my %by_client = (sspi => '$http_x_mode');

parts 'on nginx, values of variables', {
    on => 'nginx',
    env => $kdc->server_env,
    nginx_http => <<'CONF',
map $uri $by_uri { volatile; default on; ~^/uri/open/ off; }
map $http_x_packages $more { default $http_x_packages; none ""; }
CONF
    locations => [
        { path => '/mode/', %all, %by_client, packages => 'Negotiate Digest' },
        { path => '/packages/', %all, nginx => "sspi_packages \$http_x_packages;\nlocation /packages/constant/ { sspi_packages Digest; }\nlocation /packages/inner/ { sspi_digest_qop auth-int; }" },
        { path => '/more/', %all, nginx => 'sspi_packages Digest $more;' },
        { path => '/nothing/', digest_user_file => $users, realm => 'r', nginx => 'sspi_packages $http_x_packages;' },
        { path => '/ntlm/', %all, mechanisms => 'kerberos ntlm', ntlm_user_file => $nt_users, nginx => 'sspi_packages $http_x_packages;' },
        { path => '/uri/', %all, sspi => '$by_uri', packages => 'Digest', nginx => "ssi on;\nerror_page 404 /uri/secret.html;\ntry_files \$uri /uri/secret.html;" },
        { path => '/satisfy/', %all, %by_client, packages => 'Digest', nginx => "satisfy any;\ndeny all;" },
        { path => '/page/', %all, %by_client, packages => 'Digest', nginx => "error_page 500 /error.html;" },
        { path => '= /auth', %all, %by_client, packages => 'Digest' },
        { path => '/asks/', sspi => 'off', nginx => 'auth_request /auth;' },
        { path => '/required/', %all, %by_client, packages => 'Digest', require => ['user digest:bob'] },
    ],
    files => { '/auth' => '', '/asks/page.html' => "page\n", '/uri/secret.html' => "secret\n",
        '/uri/open/page.html' => "[<!--# include virtual=\"/uri/secret.html\" -->]\n",
        '/error.html' => "error <!--# echo var=\"sspi_error\" -->\n" },
    nginx => 'location = /error.html { ssi on; }',
},
    'sspi' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $with = sub { return (args => [ map { ('--header', $_) } @_ ? "X-Mode: $_[0]" : () ]) };
        challenged($c->get('/mode/', $with->($_)), 'Negotiate Digest', "\"$_\"") for 'on', 'ON', '   on ';
        anonymous($c->get('/mode/', $with->($_)), $_) for qw(off optional Off);
        anonymous($c->get('/mode/', $with->('off'), @basic), 'off takes no name from Authorization');
        anonymous($c->get('/mode/', $with->('off'), authorization => digest_values($c, '/mode/')->('/mode/', password => 'no')), 'off looks at no credentials');
        ok($server->access_line(qr{ /mode/ \S+ 200 user=-?\z}), 'the access log has no user');
        granted($c->get('/mode/', args => [ '--header', 'X-Mode: optional' ], digest => 'alice:pw'), { status => 200, user => '' }, 'optional does not challenge');
        $server->new_log;
        for my $case ([ 'no value' ], [ 'an empty value', '' ], [ 'blanks', "\t " ], [ 'an unknown word', 'maybe' ], [ 'two words', 'on off' ],
            [ 'many words', 'on ' x 40 ], [ 'a long word', 'o' x 3000 ]) {
            my ($name, @value) = @$case;
            my $a = $c->raw([ '/mode/', headers => [ map { "X-Mode: $_" } @value ] ]);
            refused($a, 500, $name);
            is($a->header('X-Sspi-Error'), message_id('CONFIGURATION'), "$name: \$sspi_error");
            misconfigured($server, 'sspi');
        }
        my $a = $c->raw([ '/mode/', headers => ["X-Mode: a\x1b[31m\xff\"x"] ]);
        refused($a, 500, 'octets that are not printable');
        misconfigured($server, '\x1b', '\xff');
        refused($c->get('/mode/', $with->('maybe'), digest => 'alice:pw', tls => 1, args => ['--http2']), 500, 'over HTTP/2');
    },
    'sspi_packages' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my $get = sub { my ($path, $value, %o) = @_; return $c->get($path, args => [ '--header', "X-Packages: $value", @{delete $o{args} // []} ], %o) };
        challenged($get->('/packages/', $_), join(' ', split), "\"$_\"") for 'Digest', 'Negotiate', 'Negotiate Digest', "  Digest \t Negotiate ";
        challenged($get->('/packages/', 'digest'), 'Digest', 'case does not matter');
        granted($get->('/packages/', 'Negotiate', negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a ticket');
        granted($get->('/packages/', 'Digest', digest => 'alice:pw'), { user => 'alice' }, 'Digest');
        challenged($get->('/packages/constant/', 'Negotiate'), 'Digest', 'an inner block overrides the variable');
        challenged($get->('/packages/inner/', 'Digest Negotiate'), 'Digest Negotiate', 'another inner block inherits it');
        challenged($get->('/more/', 'Negotiate'), 'Digest Negotiate', 'a word before the variable');
        challenged($get->('/more/', 'none'), 'Digest', 'and an empty variable');
        granted((ntlm_login($server->connection, '/ntlm/', request => { headers => ['X-Packages: NTLM'] }))[-1], { user => 'CORP\\alice' }, 'NTLM');
        $server->new_log;
        for my $case ([ '', 'an empty value' ], [ 'Kerberos', 'an unknown scheme' ], [ 'Digest Digest', 'a scheme twice' ],
            [ 'Negotiate NTLM Digest Basic Digest', 'too many words' ], [ 'NTLM', 'NTLM without the mechanism' ], [ 'Digest,Negotiate', 'a comma' ]) {
            my ($value, $name) = @$case;
            refused($c->raw([ '/packages/', headers => ["X-Packages: $value"] ]), 500, $name);
            misconfigured($server, qr/sspi_(?:packages|mechanisms)/);
        }
        challenged($get->('/nothing/', 'Digest'), 'Digest', 'a location without a keytab');
        refused($c->raw([ '/nothing/', headers => ['X-Packages: Negotiate'], authorization => $c->negotiate_header ]), 500, 'a scheme that is not configured');
        misconfigured($server, 'sspi_keytab');
    },
    # In one location, the value differs between the main request and what it leads to.
    'each page is decided by itself' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $a = $c->get('/uri/open/page.html');
        is($a->status, 200, 'an open page');
        unlike($a->body, qr/secret/, 'does not include a page of the same location that needs a user');
        refused($c->get('/uri/secret.html'), 401, 'that page');
        for my $path ('/uri/open/missing.html') {
            my $missing = $c->get($path);
            unlike($missing->body, qr/secret/, 'nor does a redirect from a missing page show it');
        }
        like($c->get('/uri/open/page.html', digest => 'alice:pw')->body, qr/\[/, 'a client with credentials gets the page');
    },
    'other modules and subrequests' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my @off = (args => [ '--header', 'X-Mode: off' ]);
        is($c->get('/satisfy/', @off)->status, 403, 'off satisfies no "satisfy any"');
        is($c->get('/asks/page.html', @off)->status, 200, 'auth_request by the value of the request');
        is($c->get('/asks/page.html', args => [ '--header', 'X-Mode: on' ])->status, 401, 'and by another value');
        is($c->get('/asks/page.html', args => [ '--header', 'X-Mode: x' ])->status, 500, 'and by an invalid value');
        anonymous($c->get('/required/', @off), 'off demands no user that is named');
        refused($c->get('/required/', args => [ '--header', 'X-Mode: optional' ]), 401, 'optional does');
        my $a = $c->get('/page/', args => [ '--header', 'X-Mode: x' ]);
        is_deeply([ $a->status, $a->body ], [ 500, 'error ' . message_id('CONFIGURATION') . "\n" ], 'an error page shows the error');
    };

config_refused 'an unknown variable', { on => 'nginx', locations => [ { path => '/p/', %all, packages => 'Digest', sspi => '$nosuch' } ] }, qr/unknown "nosuch" variable/;
config_refused 'a constant', { on => 'nginx', locations => [ { path => '/p/', %all, sspi => 'maybe' } ] }, qr/sspi: "maybe" is not valid/;
config_refused 'too many words', { on => 'nginx', locations => [ { path => '/p/', %all, packages => 'Digest', sspi => '$host $host' } ] }, qr/sspi takes 1 word/;
config_refused 'a file that a request may need', { on => 'nginx', locations => [ { path => '/p/', %all, keytab => '/nonexistent/keytab', nginx => 'sspi_packages $host;' } ] }, qr/sspi_keytab/;
config_refused 'a value twice', { on => 'nginx', locations => [ { path => '/p/', %all, nginx => "sspi_packages \$host;\nsspi_packages Digest;" } ] }, qr/is duplicate/;

done_testing;
