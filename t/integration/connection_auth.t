#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Logins that a connection keeps: the user of the next requests, the locations that accept the
# login, and the events that end it. (For proxies see proxies.t.)
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew wait_until);
use SSPI::Test::Digest qw(digest_challenges digest_header user_line);
use SSPI::Test::Gss qw(end_point_binding);
use SSPI::Test::Ntlm qw(ntlm_channel ntlm_login ntlm_user_line ntlm_value);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $dir = scratch_dir('users');
my ($users, $others) = map { spew("$dir/$_", join('', map { ntlm_user_line($_, 'CORP', 'pw') } qw(alice bob)), 0644) }
    qw(users others);
my $digest_users = spew("$dir/digest", user_line('alice', 'r', 'pw'), 0644);
my %ntlm = (packages => 'Negotiate NTLM', mechanisms => 'kerberos ntlm', keytab => $kdc->{keytab},
    ntlm_user_file => $users, realm => 'r');
my %digest = (packages => 'Digest', digest_user_file => $digest_users, realm => 'r');
my %server_config = (
    env => $kdc->server_env,
    locations => [
        { path => '/p/', %ntlm },
        { path => '/off/', %ntlm, connection_auth => 'off' },
        { path => '/all/', %ntlm, connection_auth => 'all' },
        { path => '/short/', %ntlm, user_name => 'short' },
        { path => '/optional/', %ntlm, sspi => 'optional' },
        { path => '/alice/', %ntlm, require => ['user CORP\\\\alice'] },
        { path => '/bob/', %ntlm, require => ['user CORP\\\\bob'] },
        { path => '/others/', %ntlm, ntlm_user_file => $others },
        { path => '/bound/', %ntlm, channel_binding => 'require' },
        { path => '/unbound/', %ntlm, channel_binding => 'none' },
        { path => '/kerberos/', packages => 'Negotiate', keytab => $kdc->{keytab}, realm => 'r' },
        { path => '/no-scheme/', %ntlm, packages => 'Negotiate', mechanisms => 'ntlm' },
        { path => '/digest/', %digest },
        { path => '/digest-all/', %digest, connection_auth => 'all' },
        { path => '/open/', sspi => 'off' },
        { path => '/redirect/', %ntlm, apache => 'FallbackResource /p/index.html', nginx => 'try_files /none /p/index.html;' },
        { path => '/redirect-others/', %ntlm, apache => 'FallbackResource /others/index.html',
            nginx => 'try_files /none /others/index.html;' },
        { path => '/pages/', sspi => 'off', apache => "Options +Includes\nAddType text/html .html\nSetOutputFilter INCLUDES",
            nginx => 'ssi on;' },
        { path => '/front/', %ntlm, apache => 'ProxyPass http://127.0.0.1:@HTTP@/digest/',
            nginx => 'proxy_pass http://127.0.0.1:@HTTP@/digest/;' },
    ],
    files => { '/pages/both.html' => join '', map { qq(<!--#include virtual="/$_/" -->) } qw(p others) },
);
my %corp_alice = (user => 'CORP\\alice');

# Returns a connection with an NTLM login.
sub logged_in {
    my ($server, %o) = @_;
    my ($path, $tls) = (delete $o{path} // '/p/', delete $o{tls});
    my $connection = $server->connection(tls => $tls);
    granted((ntlm_login($connection, $path, %o))[-1], { user => 'CORP\\' . ($o{user} // 'alice') }, 'a login');
    return $connection;
}

sub persistent { my ($answer) = @_; return scalar($answer->header('Persistent-Auth')) // '-' }
sub ticket { return SSPI::Test::Gss->header(env => $alice, @_) }

parts 'a login of NTLM', \%server_config,
    'a login stays on the connection' => sub {
        my ($server) = @_;
        for my $form (qw(NTLM bare only first)) {
            my $connection = $server->connection;
            my $last = (ntlm_login($connection, '/p/', form => $form))[-1];
            is(persistent($last), 'true', "$form: the answer says that the login stays");
            for my $n (1, 2) {
                my $a = $connection->get('/p/');
                granted($a, { %corp_alice, mechanism => 'NTLM', package => $form eq 'NTLM' ? 'NTLM' : 'Negotiate' },
                    "$form: request $n after the login");
                is_deeply([ $a->challenges, persistent($a) ], ['-'], "$form: the answer has no further token");
            }
        }
        my $connection = logged_in($server, tls => 1);
        granted($connection->get('/p/'), \%corp_alice, 'over TLS');
        is($server->connection->get('/p/')->status, 401, 'another connection has no user');
        is_deeply([ message_lines($server) ], [], 'the log has no line about the further requests');
        $connection->get('/p/?seen');
        ok($server->access_line(qr{/p/\?seen \S+ 200 user=CORP(?:\\+|\\x5C)alice}), 'the access log has the user');
    },
    'is accepted where the policy accepts it' => sub {
        my ($server) = @_;
        my $connection = logged_in($server);
        granted($connection->get($_), \%corp_alice, $_) for qw(/p/ /all/ /optional/ /alice/ /unbound/);
        granted($connection->get('/short/'), { user => 'alice' }, 'the name has the form of the location');
        is($connection->get('/bob/')->status, 403, 'a user who is not required is forbidden');
        is($connection->get('/open/')->user, '', 'there is no user where authentication is off');
        granted($connection->get('/p/', method => 'GET', body => 'GET /off/'), \%corp_alice, 'bodies belong to their requests');
        granted($connection->get('/p/'), \%corp_alice, 'no part of a body belongs to the next request');
    },
    'is refused at other locations' => sub {
        my ($server) = @_;
        my $connection = logged_in($server);
        $server->new_log;
        my %challenges = ('/off/' => [qw(Negotiate NTLM)], '/others/' => [qw(Negotiate NTLM)], '/kerberos/' => ['Negotiate']);
        for my $path (sort keys %challenges) {
            my $a = $connection->get($path);
            refused($a, 401, $path);
            is_deeply([ $a->challenges ], $challenges{$path}, "$path: the challenges are those of the location");
            is_deeply([ message_lines($server) ], [], "$path: the server treats the request as one without credentials");
            granted($connection->get('/p/'), \%corp_alice, "$path: the login is still there");
        }
        my $a = $connection->get('/digest/');
        refused($a, 401, '/digest/');
        is_deeply([ map { /\A(\w+)/ } $a->challenges ], ['Digest'], '/digest/: the challenge is that of the location');
        refused($connection->get('/no-scheme/'), 401, 'a login by a scheme that is not offered');
        my $by_negotiate = logged_in($server, form => 'bare');
        granted($by_negotiate->get('/no-scheme/'), \%corp_alice, 'a login by an offered scheme');
    },
    'is compared with the channel that a location requires' => sub {
        my ($server) = @_;
        my $channel = ntlm_channel(end_point_binding((SSPI::Test::Server::certificate('rsa'))[0]));
        my $loose = logged_in($server, tls => 1);
        refused($loose->get('/bound/'), 401, 'a login that is not bound');
        granted($loose->get('/p/'), \%corp_alice, 'an unbound login is accepted where no binding is required');
        my $bound = logged_in($server, tls => 1, channel => $channel, target => 'HTTP/localhost');
        granted($bound->get('/bound/'), { %corp_alice, bound => '1' }, 'a bound login');
        my $blind = logged_in($server, tls => 1, path => '/unbound/', channel => $channel);
        granted($blind->get('/p/'), { %corp_alice, bound => '1' }, 'a login whose channel was not compared before');
        my $relayed = logged_in($server, tls => 1, path => '/unbound/', channel => ntlm_channel('tls-server-end-point:relay'));
        refused($relayed->get('/p/'), 401, 'a login of another channel, which was not compared before');
    },
    'does not stay where the policy does not keep logins' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        my $last = (ntlm_login($connection, '/off/'))[-1];
        granted($last, \%corp_alice, 'a login at a location that keeps no login');
        is(persistent($last), 'false', 'the answer says that the login does not stay');
        refused($connection->get($_), 401, "$_ has no user") for qw(/off/ /p/);
    };

# ---- the end of a login ----

parts 'the end of a login', \%server_config,
    'comes with any new Authorization header of an offered scheme' => sub {
        my ($server) = @_;
        my $type1 = SSPI::Test::Ntlm->new->{negotiate};
        my @ends = (
            # Each case: path, headers, status
            [ 'no base64', '/p/', ['NTLM ???'], 400 ],
            [ 'a first leg', '/p/', [ ntlm_value('NTLM', $type1) ], 401 ],
            [ 'Negotiate without a token', '/p/', ['Negotiate'], 401 ],
            [ 'a Digest header at a location of Digest', '/digest/', ['Digest a="b"'], 400 ],
            [ 'a ticket, which gives no login that stays', '/p/', [ ticket() ], 200 ],
            [ 'two headers', '/p/', [ ticket(), ticket() ], 400 ],
        );
        for my $case (@ends) {
            my ($name, $path, $values, $status) = @$case;
            my $connection = logged_in($server);
            my $a = $connection->get($path, headers => [ map { "Authorization: $_" } @$values ]);
            is($a->status, $status, $name);
            my $next = $connection->get('/p/');
            # Some 400 answers close the connection.
            ok(!defined $next || ($next->status == 401 && $next->user eq ''), "$name: the connection has no user any more")
                or diag($next->brief);
        }
    },
    'does not come with a header of another scheme' => sub {
        my ($server) = @_;
        my $type1 = SSPI::Test::Ntlm->new->{negotiate};
        my @cases = (
            # Each case: path, header, status
            [ '/p/', 'Basic YTpi', 401 ],
            [ '/p/', 'Bearer abc', 401 ],
            [ '/kerberos/', ntlm_value('NTLM', $type1), 401 ],
            [ '/optional/', 'Basic YTpi', 200 ],
            [ '/optional/', 'Bearer abc', 200 ],
        );
        my $connection = logged_in($server);
        for my $case (@cases) {
            my ($path, $header, $status) = @$case;
            my $a = $connection->get($path, authorization => $header);
            is_deeply([ $a->status, $a->user, $a->remote_user ], [ $status, '', '' ], "$header at $path uses no login");
            granted($connection->get('/p/'), \%corp_alice, 'the header does not end the login');
        }
        my $half = $server->connection;
        my ($negotiate, @more) = map { $half->get('/p/', authorization => ntlm_value('NTLM', $_)) } $type1;
        my ($challenge) = map { /\ANTLM (\S+)/ } $negotiate->challenges;
        is($half->get('/optional/', authorization => 'Basic YTpi')->status, 200, 'credentials of another scheme come between the legs of a login');
        my $last = SSPI::Test::Ntlm->new->authenticate(SSPI::Test::Ntlm::decode_base64($challenge));
        granted($half->get('/p/', authorization => ntlm_value('NTLM', $last)), \%corp_alice, 'the new login then succeeds');
    },
    'comes with another login' => sub {
        my ($server) = @_;
        my $connection = logged_in($server);
        granted((ntlm_login($connection, '/p/', user => 'bob'))[-1], { user => 'CORP\\bob' }, 'bob logs in');
        granted($connection->get('/p/'), { user => 'CORP\\bob' }, 'the user is bob from then on');
        refused((ntlm_login($connection, '/p/', password => 'no'))[-1], 401, 'a login with a wrong password is refused');
        refused($connection->get('/p/'), 401, 'the connection has no user after a refused login');
    },
    'comes with the end of its connection' => sub {
        my ($server) = @_;
        my $connection = logged_in($server);
        granted($connection->get('/p/', close => 1), \%corp_alice, 'the last request');
        is($connection->get('/p/'), undef, 'no request is answered after it');
        my @others = map { $server->connection->get('/p/')->status } 1 .. 8;
        is_deeply(\@others, [ (401) x 8 ], 'later connections have no user');
    },
    'a reload does not damage a login' => sub {
        my ($server) = @_;
        my @connections = map { logged_in($server) } 1 .. 4;
        my $half = $server->connection;
        is($half->get('/p/', authorization => ntlm_value('NTLM', SSPI::Test::Ntlm->new->{negotiate}))->status, 401, 'the first leg asks for the next one');
        $server->reload;
        for my $connection (@connections, $half) {
            my $a = $connection->get('/p/');
            ok(!defined $a || $a->status == 200 || $a->status == 401, 'the connection closes, or continues') or diag($a->brief);
        }
        granted(logged_in($server)->get('/p/'), \%corp_alice, 'new logins work');
    };

# ---- other schemes ----

parts 'logins of other schemes', \%server_config,
    'a ticket login stays where all logins may stay' => sub {
        my ($server) = @_;
        my %ticket = (user => 'alice@SSPI.TEST', mechanism => 'Kerberos');
        my $connection = $server->connection;
        my $a = $connection->get('/p/', authorization => ticket());
        granted($a, \%ticket, 'by default');
        is(persistent($a), 'false', 'by default a login by a ticket does not stay, and the answer says so');
        refused($connection->get('/p/'), 401, 'the next request has no user');
        $a = $connection->get('/all/', authorization => ticket());
        granted($a, \%ticket, 'with all');
        is(persistent($a), 'true', 'the answer says that the login stays');
        granted($connection->get('/all/'), \%ticket, 'the next request uses the login');
        refused($connection->get('/p/'), 401, 'the login is not accepted where only NTLM logins may stay');
        refused($connection->get('/digest/'), 401, 'the login is not accepted where Kerberos is not offered');
        granted($connection->get('/all/'), \%ticket, 'the login is still there');
    },
    'a ticket login does not stay after the end of the ticket' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        my $short = $kdc->login('alice', lifetime => '10s');
        granted($connection->get('/all/', authorization => SSPI::Test::Gss->header(env => $short)),
            { user => 'alice@SSPI.TEST' }, 'a ticket with a short lifetime is granted');
        is($connection->get('/all/')->status, 200, 'a login stays on the connection');
        my $last;
        ok(wait_until(sub { $last = $connection->get('/all/'); $last->status == 401 }, 30), 'the login works until the end of the ticket');
        is($last->user, '', 'the request has no user then');
        refused($connection->get('/all/'), 401, 'the login does not come back');
    },
    'a Digest login never stays' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        my ($challenge) = digest_challenges($connection->get('/digest-all/')->challenges);
        my $a = $connection->get('/digest-all/',
            authorization => digest_header($challenge, user => 'alice', password => 'pw', uri => '/digest-all/'));
        granted($a, { user => 'alice' }, 'a login');
        is(persistent($a), '-', 'the answer to a Digest login has no Persistent-Auth');
        refused($connection->get('/digest-all/'), 401, 'the login does not stay');
    };

# ---- requests within requests ----

parts 'internal redirects and parts of pages', \%server_config,
    'an internal redirect' => sub {
        my ($server) = @_;
        my $connection = logged_in($server);
        my $a = $connection->get('/redirect/none');
        granted($a, \%corp_alice, 'to a location that accepts the login');
        like($a->body, qr{page of /p/}, 'the client gets the page');
        $server->new_log;
        $a = $connection->get('/redirect-others/none');
        is($a->status, 401, 'to a location that does not accept the login');
        unlike($a->body, qr/page of/, 'the client does not get the page');
        logged($server, 'NOT_COVERED', qr/\busers\b.*\bNTLM\b|\bNTLM\b.*\busers\b/);
        granted($connection->get('/p/'), \%corp_alice, 'the login is still there');
    },
    'included pages' => sub {
        my ($server) = @_;
        my $a = logged_in($server)->get('/pages/both.html');
        is($a->status, 200, 'in a public page');
        like($a->body, qr{page of /p/}, 'the part whose location accepts the login');
        unlike($a->body, qr{page of /others/}, 'the page does not have the part whose location refuses the login');
        unlike($server->connection->get('/pages/both.html')->body, qr/page of/, 'no part without a login');
    },
    'the 401 of another server' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        my $last = (ntlm_login($connection, '/front/'))[-1];
        is($last->status, 401, 'the client gets it with a login');
        is_deeply([ map { /\A(\w+)/ } $last->challenges ], ['Digest'], 'the challenge is that of the other server');
        is(persistent($last), '-', 'the answer has no Persistent-Auth');
        granted($connection->get('/p/'), \%corp_alice, 'the login stays');
    };

done_testing;
