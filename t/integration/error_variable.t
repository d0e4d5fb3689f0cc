#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SSPI_ERROR and $sspi_error: why this request was refused, for the page that the server shows with the refusal.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(slurp wait_until);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::KDC;
use SSPI::Test::Ntlm qw(ntlm_user_line ntlm_value);
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
# The keytab is older than the key of the tickets.
my $keytab = $kdc->make_keytab('old.keytab', 'HTTP/localhost');
$kdc->new_keys('HTTP/localhost');
my $users = '@DIR@/users';
my %digest = (packages => 'Digest', realm => 'r', digest_user_file => $users, digest_algorithm => 'SHA-256');
my %page = (nginx => 'error_page 400 401 403 /denied;',
    apache => join "\n", map { "ErrorDocument $_ /denied" } 400, 401, 403);
my %server_config = (
    env => $kdc->server_env,
    data => { users => user_line('alice', 'r', 'pw', 'SHA-256') . user_line('bob', 'r', 'pw', 'SHA-256')
            . ntlm_user_line('alice', 'CORP', 'pw') },
    files => { '/denied' => "denied\n" },
    locations => [
        { path => '/plain/', %digest },
        { path => '/page/', %digest, %page },
        { path => '/tls/', %digest, %page, require_tls => 'on' },
        { path => '/optional/', %digest, %page, sspi => 'optional' },
        { path => '/bob/', %digest, nginx => 'error_page 403 /denied;', require => ['user digest:bob'] },
        { path => '/ntlm/', packages => 'NTLM', mechanisms => 'ntlm', ntlm_user_file => $users, realm => 'r', %page },
        { path => '/key/', packages => 'Negotiate', keytab => $keytab, %page },
    ],
    nginx_http => 'log_format error "$request $status error=$sspi_error"; access_log @DIR@/logs/refused.log error;',
    nginx => 'location = /denied { add_header X-Page "page:$sspi_error" always; }',
    apache => <<'CONF',
LogFormat "%r %>s error=%<{SSPI_ERROR}e" test
<Location /denied>
    Header always set X-Page "expr=page:%{reqenv:REDIRECT_SSPI_ERROR}"
</Location>
CONF
);

# Tests the status of an answer, and the variable in the error page.
sub shows {
    my ($answer, $status, $error, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_deeply([ $answer->status, scalar $answer->header('X-Page') ], [ $status, "page:$error" ],
        "$name: $status, '$error'") || diag($answer->brief);
}

scenario 'the error page names the refusal', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    my $wrong = message_id('WRONG_PASSWORD') . ' SEC_E_LOGON_DENIED';
    shows($c->get('/page/', digest => 'alice:wrong'), 401, $wrong, 'a wrong password');
    shows($c->get('/page/', digest => 'nobody:wrong'), 401, $wrong, 'an unknown user');
    shows($c->get('/page/', authorization => 'Digest nonsense'), 400, message_id('MALFORMED') . ' SEC_E_INVALID_TOKEN',
        'a malformed header');
    shows($c->get('/page/', authorization => 'Bearer x'), 401, message_id('NOT_OFFERED') . ' SEC_E_SECPKG_NOT_FOUND',
        'a foreign scheme');
    shows($c->get('/tls/'), 403, message_id('TLS_REQUIRED'), 'an entry without a status');
    shows($c->get('/tls/', digest => 'alice:wrong', tls => 1), 401, $wrong, 'TLS');
    my $a = $c->get('/plain/', digest => 'alice:wrong');
    is(scalar $a->header('X-Sspi-Error'), $wrong, 'without an error page it is in the request itself');
    my $log = "$server->{dir}/logs/" . ($server->kind eq 'nginx' ? 'refused.log' : 'access.log');
    ok(wait_until(sub { slurp($log) =~ m{ /page/ \S+ 401 error=$wrong$}m }), 'the access log has it, too');
};

scenario 'a request that is not refused has no error', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    shows($c->get('/page/'), 401, '', 'a challenge');
    my $first = ntlm_value('NTLM', SSPI::Test::Ntlm->new->{negotiate});
    shows($c->get('/ntlm/', authorization => $first), 401, '', 'the next token of an exchange');
    my $a = $c->get('/page/', digest => 'alice:pw');
    granted($a, { user => 'alice' }, 'a user');
    is(scalar $a->header('X-Sspi-Error'), undef, 'without an error');
    $a = $c->get('/optional/');
    is($a->status, 200, 'an anonymous request');
    is(scalar $a->header('X-Sspi-Error'), undef, 'without an error');
};

scenario 'a ticket without a key', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $kdc->login('alice'));
    shows($c->get('/key/', negotiate => 1), 401, message_id('NO_KEY') . ' SEC_E_NO_KERB_KEY', 'an old keytab');
    like($server->log, qr/SSPI-110 SEC_E_NO_KERB_KEY: /, 'the log has the same words');
};

# A user whom the location verifies and does not admit. On httpd mod_authz_core decides that.
my $denied = message_id('NOT_AUTHORIZED');
my %require = (
    user => 'user digest:bob',
    group => 'group staff',
    realm => 'realm SSPI.TEST',
    bound => 'channel-bound',
);

scenario 'a requirement that is not met', { %server_config,
    data => { %{ $server_config{data} }, groups => "staff: digest:bob\n" },
    locations => [ map { { path => "/$_/", %digest, %page, group_file => '@DIR@/groups', require => [ $require{$_} ] } }
            sort keys %require ],
}, sub {
    my ($server) = @_;
    my $c = $server->client;
    message_lines($server);
    for my $path (sort keys %require) {
        shows($c->get("/$path/", digest => 'alice:pw'), 403, $denied, $path);
        logged($server, 'NOT_AUTHORIZED', qr/digest:alice/);
    }
    shows($c->get('/user/'), 401, '', 'no credentials');
    for my $path (qw(user group)) {
        my $a = $c->get("/$path/", digest => 'bob:pw');
        granted($a, { user => 'bob' }, "$path: a user who meets it");
        is(scalar $a->header('X-Sspi-Error'), undef, 'without an error');
    }
    is_deeply([ message_lines($server) ], [], 'no other line');
};

my @bob = 'Require sspi-user digest:bob';
my @forbid = ('AuthzSendForbiddenOnFailure on', 'ErrorDocument 403 /denied');
# Lines of httpd, and the status of a request of alice. In `denied` the authorization refuses her.
my %lines = (
    denied => [
        [ 'the status is 401', 401, @bob, 'ErrorDocument 401 /denied' ],
        [ 'alternatives', 403, @bob, 'Require sspi-realm SSPI.TEST', @forbid ],
        [ 'a line of another module', 403, 'Require user bob', @forbid ],
        [ 'a line that refuses her', 403, '<RequireAll>', 'Require valid-user', 'Require not sspi-user digest:alice',
            '</RequireAll>', @forbid ],
        [ 'Satisfy Any', 403, 'Satisfy Any', 'Order allow,deny', @bob, @forbid ],
        [ 'no document', 403, @bob, $forbid[0] ],
        [ 'a text', 403, @bob, $forbid[0], 'ErrorDocument 403 "no"' ],
        [ 'another server', 302, @bob, $forbid[0], 'ErrorDocument 403 http://other.test/' ],
        [ 'a document that is refused, too', 403, @bob, $forbid[0], 'ErrorDocument 403 /nobody/' ],
    ],
    not_denied => [
        [ 'an alternative is met', 404, @bob, 'Require sspi-realm digest:r', @forbid ],
        [ 'a line refuses another user', 404, '<RequireAll>', 'Require valid-user', 'Require not sspi-user digest:bob',
            '</RequireAll>', @forbid ],
        [ 'no line needs a user', 404, 'Require all granted', @forbid ],
        [ 'the address is refused before the login', 403, '<RequireAll>', 'Require ip 192.0.2.1', 'Require valid-user',
            '</RequireAll>', @forbid ],
        [ 'a later phase refuses', 403, 'Require valid-user', 'RewriteEngine on', 'RewriteRule . - [F]', @forbid ],
    ],
);

sub location { my ($path, @conf) = @_; return "<Location $path>\n" . join('', map { "    $_\n" } @conf) . "</Location>\n" }

sub numbered {
    my ($kind) = @_;
    my $n = 0;
    return map { location("/$kind/" . $n++ . '/', 'AuthType SSPI', 'AuthName r', 'SSPIPackages Digest',
            "SSPIDigestUserFile $users", @{$_}[ 2 .. $#$_ ]) } @{ $lines{$kind} };
}

# Returns the error that the access log has for the last request.
sub last_error {
    my ($server, $path) = @_;
    my $log = "$server->{dir}/logs/access.log";
    my $error;
    wait_until(sub { ($error) = slurp($log) =~ m{ \Q$path\E \S+ \d+ error=(.*)\n\z}; defined $error });
    return $error;
}

scenario 'the authorization of httpd', { %server_config, on => 'apache', locations => [],
    apache => join('', numbered('denied'), numbered('not_denied'),
        location('/nobody/', 'Require all denied'),
        location('/elsewhere/', 'RewriteEngine on', 'RewriteRule . /denied/1/x'), $server_config{apache}),
}, sub {
    my ($server) = @_;
    my $c = $server->client;
    message_lines($server);
    for my $kind (sort keys %lines) {
        for my $i (0 .. $#{ $lines{$kind} }) {
            my ($name, $status) = @{ $lines{$kind}[$i] };
            my $path = "/$kind/$i/x";
            is($c->get($path, digest => 'alice:pw')->status, $status, "$name: $status");
            is(last_error($server, $path), $kind eq 'denied' ? $denied : '-', "$kind: the error in the access log");
            if ($kind eq 'denied') { logged($server, 'NOT_AUTHORIZED', qr/digest:alice/) }
            else { is_deeply([ message_lines($server) ], [], 'no line') }
        }
    }
    shows($c->get('/denied/0/x', digest => 'alice:pw'), 401, $denied, 'the document of a 401');
    shows($c->get('/denied/1/x', digest => 'alice:pw', tls => 1), 403, $denied, 'TLS');
    shows($c->get('/elsewhere/x', digest => 'alice:pw'), 403, $denied, 'a request that was redirected');
};

# The location redirects to another one that decides again.
scenario 'a later grant removes the error', { %server_config, on => 'nginx',
    locations => [
        { path => '/first/', %digest, require => ['user digest:bob'], nginx => 'error_page 403 = /second/;' },
        { path => '/second/', %digest },
        { path => '/any/', %digest, nginx => 'satisfy any; allow all;' },
    ],
}, sub {
    my ($server) = @_;
    my $c = $server->client;
    my $a = $c->get('/first/', digest => 'alice:pw');
    granted($a, { user => 'alice' }, 'the second location');
    is(scalar $a->header('X-Sspi-Error'), undef, 'the error of the first is gone');
    $a = $c->get('/any/');
    is($a->status, 200, 'satisfy any');
    is(scalar $a->header('X-Sspi-Error'), undef, 'without an error');
};

done_testing;
