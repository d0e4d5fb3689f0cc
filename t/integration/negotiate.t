#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Kerberos under Negotiate: which clients are granted, as which user, and which clients are refused.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::Local qw(timegm);
use SSPI::Test qw(run);
use SSPI::Test::Curl qw(curl_binds);
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $skewed = SSPI::Test::KDC->new(clockskew => 700);
my $alice = $kdc->login('alice');
my $bob = $kdc->login('bob');
my %negotiate = (packages => 'Negotiate', keytab => $kdc->{keytab}, realm => 'unused');
my %server_config = (
    env => $kdc->server_env,
    locations => [
        { path => '/full/', %negotiate },
        { path => '/short/', %negotiate, user_name => 'short' },
        { path => '/http/', %negotiate, service_name => 'HTTP/localhost' },
        { path => '/host/', %negotiate, service_name => 'host/localhost' },
        { path => '/any/', %negotiate, service_name => '*' },
        { path => '/tls/', %negotiate, require_tls => 'on' },
        { path => '/optional/', %negotiate, sspi => 'optional' },
        { path => '/alice/', %negotiate, require => ['user alice@SSPI.TEST'] },
        { path => '/either/', %negotiate, require => ['user carol@SSPI.TEST bob@SSPI.TEST'] },
        { path => '/shortname/', %negotiate, user_name => 'short', require => ['user alice'] },
        { path => '/none/', %negotiate, channel_binding => 'none' },
        { path => '/require/', %negotiate, channel_binding => 'require' },
    ],
);
my %alice = (user => 'alice@SSPI.TEST', package => 'Negotiate', mechanism => 'Kerberos');

scenario 'a ticket opens the page, over HTTP, HTTPS and HTTP/2', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    my $a = $c->get('/full/', negotiate => 1);
    granted($a, { %alice, bound => '0' }, 'HTTP');
    is($a->body, "page of /full/\n", 'the client gets the page');
    like(scalar $a->header('X-Sspi-Target'), qr{\AHTTP/localhost}, 'the variable has the service');
    granted($c->get('/full/', negotiate => 1, tls => 1), \%alice, 'HTTPS');
    $a = $c->get('/full/', negotiate => 1, tls => 1, args => ['--http2']);
    granted($a, \%alice, 'HTTP/2');
    is($a->{version}, '2', 'the connection used that protocol');
    granted($server->client(env => $bob)->get('/full/', negotiate => 1), { user => 'bob@SSPI.TEST' },
        'another user has his own name');
    ok($server->access_line(qr{ /full/ \S+ 200 user=alice\@SSPI\.TEST}), 'the access log has the name');
};

scenario 'the answer to a ticket has a token of the server', \%server_config, sub {
    my ($server) = @_;
    my $a = $server->client(env => $alice)->get('/full/', negotiate => 1);
    my @lines = $a->challenges;
    is(scalar @lines, 1, 'the answer has one header line');
    like($lines[0], qr{\ANegotiate [A-Za-z0-9+/]{16,}=*\z}, 'the header line has a token');
};

scenario 'without a ticket the page is refused', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $kdc->env_without_ticket);
    my $a = $c->get('/full/');
    refused($a, 401, 'no credentials');
    is_deeply([ $a->challenges ], ['Negotiate'], 'the challenge is one bare line');
    is_deeply([ message_lines($server) ], [], 'the log has no refusal');
    refused($c->get('/full/', negotiate => 1), 401, 'a client without a ticket');
    refused($c->get('/full/', tls => 1), 401, 'HTTPS');
    refused($c->get('/full/', authorization => 'Negotiate'), 401, 'the scheme without a token');
};

scenario 'a bare Kerberos token works as one inside SPNEGO', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    my $header = $c->negotiate_header(bare => 1);
    granted($c->get('/full/', authorization => $header), \%alice, 'granted');
    refused($c->get('/full/', authorization => $header), 401, 'the same token is refused the second time');
};

scenario 'a token works once', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    my $header = $c->negotiate_header;
    granted($c->get('/full/', authorization => $header), \%alice, 'a ticket is accepted the first time');
    $server->new_log;
    refused($c->get('/full/', authorization => $header), 401, 'the same ticket is refused the second time');
    logged($server, 'REPLAY');
    refused($c->get('/short/', authorization => $header), 401, 'the used ticket is refused under another policy');
    require MIME::Base64;
    my $bare = 'Negotiate ' . MIME::Base64::encode_base64(SSPI::Test::Client::bare_token($header), '');
    refused($c->get('/full/', authorization => $bare), 401, 'the used ticket is refused without SPNEGO');
    my $fresh = $c->negotiate_header;
    my @answers = $c->parallel(map { [ '/full/', authorization => $fresh ] } 1 .. 24);
    is(scalar(grep { $_->status == 200 } @answers), 1, 'one of 24 requests at the same time is granted');
    is(scalar(grep { $_->status == 401 } @answers), 23, 'all others are refused');
    $server->reload;
    refused($c->get('/full/', authorization => $fresh), 401, 'the used ticket is refused after a reload');
};

scenario 'the ticket must be for an accepted service', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    my $host = sub { return $c->negotiate_header(service => 'host') };
    granted($c->get('/http/', negotiate => 1), \%alice, 'HTTP/localhost where it is named');
    $server->new_log;
    refused($c->get('/host/', negotiate => 1), 401, 'HTTP/localhost where host/localhost is named');
    logged($server, 'WRONG_SERVICE', 'HTTP/localhost');
    refused($c->get('/http/', authorization => $host->()), 401, 'host/localhost at HTTP/localhost');
    refused($c->get('/full/', authorization => $host->()), 401, 'host/localhost by default');
    granted($c->get('/host/', authorization => $host->()), \%alice, 'host/localhost where it is named');
    granted($c->get('/any/', authorization => $host->()), \%alice, 'host/localhost where any service is accepted');
};

scenario 'names are full or short', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    granted($c->get('/short/', negotiate => 1), { user => 'alice' }, 'the default realm is cut off');
};

scenario 'only named users are granted, by their full names', \%server_config, sub {
    my ($server) = @_;
    my ($a, $b) = map { $server->client(env => $_) } $alice, $bob;
    granted($a->get('/alice/', negotiate => 1), \%alice, 'the named user');
    is($b->get('/alice/', negotiate => 1)->status, 403, 'another user is forbidden');
    granted($b->get('/either/', negotiate => 1), { user => 'bob@SSPI.TEST' }, 'one of several named users is granted');
    is($a->get('/either/', negotiate => 1)->status, 403, 'a user who is not among the named ones is forbidden');
    is($a->get('/shortname/', negotiate => 1)->status, 403, 'a short name matches no user');
    refused($a->get('/alice/'), 401, 'without credentials');
};

scenario 'TLS can be required', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    refused($c->get('/tls/'), 403, 'no challenge on a plain connection');
    refused($c->get('/tls/', authorization => $c->negotiate_header), 403, 'a token is not checked');
    granted($c->get('/tls/', negotiate => 1, tls => 1), \%alice, 'HTTPS');
};

scenario 'optional grants requests without credentials as anonymous', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    my $a = $c->get('/optional/');
    granted($a, { user => '' }, 'no credentials: anonymous');
    is_deeply([ $a->challenges ], [], 'without a challenge');
    granted($c->get('/optional/', authorization => $c->negotiate_header), \%alice, 'a ticket');
    refused($c->get('/optional/', authorization => 'Negotiate AAAA'), 401, 'a bad token');
    granted($c->get('/optional/', authorization => 'Basic YTpi'), { user => '' }, 'another scheme: anonymous');
};

scenario 'channel bindings can be required', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    granted($c->get('/none/', negotiate => 1, tls => 1), { %alice, bound => '0' }, 'policy none');
    my $binds = curl_binds($c, '/full/');
    granted($c->get('/full/', negotiate => 1, tls => 1), { %alice, bound => $binds ? '1' : '0' }, 'allow');
    $server->new_log;
    my $a = $c->get('/require/', negotiate => 1, tls => 1);
    if ($binds) { granted($a, { %alice, bound => '1' }, 'require grants a client with a binding') }
    else {
        refused($a, 401, 'require refuses a client without a binding');
        logged($server, 'MISSING_BINDING');
    }
    isnt($c->get('/require/', negotiate => 1)->status, 200, 'require on a plain connection');
};

scenario 'the server authenticates each request of a connection by itself', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    my @requests = map { [ '/full/', authorization => $c->negotiate_header ] } 1 .. 3;
    my @answers = $c->raw($requests[0], ['/full/'], $requests[1], $requests[0], $requests[2]);
    is_deeply([ map { $_ && $_->status } @answers ], [ 200, 401, 200, 401, 200 ],
        'no login stays on the connection');
};

scenario 'a client accepts both certificates of a server', { %server_config, certificates => [qw(rsa ec)] }, sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    for my $kind (qw(rsa ec)) {
        my ($cert) = SSPI::Test::Server::certificate($kind);
        my $suite = 'ECDHE-' . ($kind eq 'ec' ? 'ECDSA' : 'RSA') . '-AES128-GCM-SHA256';
        my @cipher = (qw(--tls-max 1.2 --ciphers), $suite);
        granted($c->with(ca => $cert)->get('/full/', negotiate => 1, tls => 1, args => \@cipher),
            \%alice, $kind);
    }
};

# The PAC of an MIT KDC has no logon information.
scenario 'a ticket without names and groups of a directory', { %server_config, locations => [
        { path => '/default/', %negotiate },
        { path => '/sam/', %negotiate, user_name => 'sam' },
        { path => '/upn/', %negotiate, user_name => 'upn' },
        { path => '/groups/', %negotiate, groups => 'ticket' },
    ] }, sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    my $no_groups = message_id('NO_GROUPS');
    granted($c->get('/default/', negotiate => 1), \%alice, 'the default');
    unlike($server->log, qr/$no_groups/, 'the log says nothing where no directive asks for groups');
    for my $path ('/sam/', '/upn/', '/groups/') {
        $server->new_log;
        my $a = $c->get($path, negotiate => 1);
        granted($a, \%alice, "$path: the full name");
        is(scalar $a->header('X-Sspi-Sid'), undef, 'without a SID');
        my @lines = $server->new_log =~ /^(.*$no_groups.*)$/mg;
        is(scalar @lines, 1, 'the log says once that the ticket has no groups');
        like($lines[0], qr/alice\@SSPI\.TEST/, 'and names the user');
    }
};

# Returns the end of the service's ticket in the cache of `env`, in seconds since 1970.
sub end_of_ticket {
    my ($env) = @_;
    my $listed = run([ 'klist', $env->{KRB5CCNAME} ], env => { %$env, LC_ALL => 'C', TZ => 'UTC' })->{out};
    my ($month, $day, $year, $hour, $minute, $second) =
        $listed =~ m{^\S+ \S+  (\d+)/(\d+)/(\d+) (\d+):(\d+):(\d+)  HTTP/localhost\@}m or die $listed;
    return timegm($second, $minute, $hour, $day, $month - 1, 2000 + $year);
}

# MIT's acceptor reports an end that is later by the clock skew.
scenario 'a login ends with its ticket, whatever the clock skew is', { %server_config, env => $skewed->server_env,
    locations => [{ path => '/', packages => 'Negotiate', keytab => $skewed->{keytab} }] }, sub {
    my ($server) = @_;
    for my $lifetime ('10m', '2h') {
        my $env = $skewed->login('alice', lifetime => $lifetime);
        my $a = $server->client(env => $env)->get('/', negotiate => 1);
        my $late = ($a->header('X-Sspi-Expires') // 0) - end_of_ticket($env);
        ok($late == 0 || $late == -1, "$lifetime: the end of the ticket") or diag("$late s late");
    }
};

done_testing;
