#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Logins that stay on their connection: whose the next requests are, where that counts, and what ends
# it. (Proxies in between: proxies.t.)
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

# A connection with a login of NTLM.
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
    'stays' => sub {
        my ($server) = @_;
        for my $form (qw(NTLM bare alone first)) {
            my $connection = $server->connection;
            my $last = (ntlm_login($connection, '/p/', form => $form))[-1];
            is(persistent($last), 'true', "$form: which the client is told");
            for my $n (1, 2) {
                my $a = $connection->get('/p/');
                granted($a, { %corp_alice, mechanism => 'NTLM', package => $form eq 'NTLM' ? 'NTLM' : 'Negotiate' },
                    "$form: request $n behind it");
                is_deeply([ $a->challenges, persistent($a) ], ['-'], "$form: with nothing more to say");
            }
        }
        my $connection = logged_in($server, tls => 1);
        granted($connection->get('/p/'), \%corp_alice, 'over TLS');
        is($server->connection->get('/p/')->status, 401, 'another connection knows nothing of it');
        is_deeply([ message_lines($server) ], [], 'nothing of it is logged');
        $connection->get('/p/?seen');
        ok($server->access_line(qr{/p/\?seen \S+ 200 user=CORP(?:\\+|\\x5C)alice}), 'but in the access log');
    },
    'wherever its policy lets it' => sub {
        my ($server) = @_;
        my $connection = logged_in($server);
        granted($connection->get($_), \%corp_alice, $_) for qw(/p/ /all/ /optional/ /alice/ /unbound/);
        granted($connection->get('/short/'), { user => 'alice' }, 'by the name that is wanted there');
        is($connection->get('/bob/')->status, 403, 'who is not required is forbidden');
        is($connection->get('/open/')->user, '', 'and nobody where nobody is asked');
        granted($connection->get('/p/', method => 'GET', body => 'GET /off/'), \%corp_alice, 'bodies belong to their requests');
        granted($connection->get('/p/'), \%corp_alice, 'and nothing of them to the next');
    },
    'and nowhere else' => sub {
        my ($server) = @_;
        my $connection = logged_in($server);
        $server->new_log;
        my %challenges = ('/off/' => [qw(Negotiate NTLM)], '/others/' => [qw(Negotiate NTLM)], '/kerberos/' => ['Negotiate']);
        for my $path (sort keys %challenges) {
            my $a = $connection->get($path);
            refused($a, 401, $path);
            is_deeply([ $a->challenges ], $challenges{$path}, "$path: with its own challenges");
            is_deeply([ message_lines($server) ], [], "$path: as any request without credentials");
            granted($connection->get('/p/'), \%corp_alice, "$path: the login is still there");
        }
        my $a = $connection->get('/digest/');
        refused($a, 401, '/digest/');
        is_deeply([ map { /\A(\w+)/ } $a->challenges ], ['Digest'], '/digest/: with its own challenge');
        refused($connection->get('/no-scheme/'), 401, 'by a scheme that is not offered');
        my $by_negotiate = logged_in($server, form => 'bare');
        granted($by_negotiate->get('/no-scheme/'), \%corp_alice, 'by one that is');
    },
    'with the channel that is wanted' => sub {
        my ($server) = @_;
        my $channel = ntlm_channel(end_point_binding((SSPI::Test::Server::certificate('rsa'))[0]));
        my $loose = logged_in($server, tls => 1);
        refused($loose->get('/bound/'), 401, 'a login that is not bound');
        granted($loose->get('/p/'), \%corp_alice, 'is one elsewhere');
        my $bound = logged_in($server, tls => 1, channel => $channel, target => 'HTTP/localhost');
        granted($bound->get('/bound/'), { %corp_alice, bound => '1' }, 'one that is');
        my $blind = logged_in($server, tls => 1, path => '/unbound/', channel => $channel);
        granted($blind->get('/p/'), { %corp_alice, bound => '1' }, 'one whose channel was not compared before');
        my $relayed = logged_in($server, tls => 1, path => '/unbound/', channel => ntlm_channel('tls-server-end-point:relay'));
        refused($relayed->get('/p/'), 401, 'one of another channel, which was not compared before');
    },
    'not where it may not' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        my $last = (ntlm_login($connection, '/off/'))[-1];
        granted($last, \%corp_alice, 'a login at a place that keeps none');
        is(persistent($last), 'false', 'which the client is told');
        refused($connection->get($_), 401, "$_ knows nothing of it") for qw(/off/ /p/);
    };

# ---- its end ----

parts 'the end of a login', \%server_config,
    'is any new Authorization header of a scheme that is offered' => sub {
        my ($server) = @_;
        my $type1 = SSPI::Test::Ntlm->new->{negotiate};
        my @ends = (
            # path, headers, status
            [ 'no base64', '/p/', ['NTLM ???'], 400 ],
            [ 'half a login', '/p/', [ ntlm_value('NTLM', $type1) ], 401 ],
            [ 'Negotiate without a token', '/p/', ['Negotiate'], 401 ],
            [ 'one at a place of Digest', '/digest/', ['Digest a="b"'], 400 ],
            [ 'a ticket, which does not stay', '/p/', [ ticket() ], 200 ],
            [ 'two of them', '/p/', [ ticket(), ticket() ], 400 ],
        );
        for my $case (@ends) {
            my ($name, $path, $values, $status) = @$case;
            my $connection = logged_in($server);
            my $a = $connection->get($path, headers => [ map { "Authorization: $_" } @$values ]);
            is($a->status, $status, $name);
            my $next = $connection->get('/p/');
            # Some answers of 400 end the connection itself.
            ok(!defined $next || ($next->status == 401 && $next->user eq ''), "$name: and nobody is logged in any more")
                or diag($next->brief);
        }
    },
    'is not a header of another scheme' => sub {
        my ($server) = @_;
        my $type1 = SSPI::Test::Ntlm->new->{negotiate};
        my @cases = (
            # path, header, status
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
            granted($connection->get('/p/'), \%corp_alice, 'nor ends it');
        }
        my $half = $server->connection;
        my ($negotiate, @more) = map { $half->get('/p/', authorization => ntlm_value('NTLM', $_)) } $type1;
        my ($challenge) = map { /\ANTLM (\S+)/ } $negotiate->challenges;
        is($half->get('/optional/', authorization => 'Basic YTpi')->status, 200, 'in the middle of a login');
        my $last = SSPI::Test::Ntlm->new->authenticate(SSPI::Test::Ntlm::decode_base64($challenge));
        granted($half->get('/p/', authorization => ntlm_value('NTLM', $last)), \%corp_alice, 'which then succeeds');
    },
    'is another login' => sub {
        my ($server) = @_;
        my $connection = logged_in($server);
        granted((ntlm_login($connection, '/p/', user => 'bob'))[-1], { user => 'CORP\\bob' }, 'bob logs in');
        granted($connection->get('/p/'), { user => 'CORP\\bob' }, 'and it is bob from there');
        refused((ntlm_login($connection, '/p/', password => 'no'))[-1], 401, 'a wrong password');
        refused($connection->get('/p/'), 401, 'leaves nobody');
    },
    'is that of its connection' => sub {
        my ($server) = @_;
        my $connection = logged_in($server);
        granted($connection->get('/p/', close => 1), \%corp_alice, 'the last request');
        is($connection->get('/p/'), undef, 'none behind it');
        my @others = map { $server->connection->get('/p/')->status } 1 .. 8;
        is_deeply(\@others, [ (401) x 8 ], 'nor on connections that come after it');
    },
    'does no harm at a reload' => sub {
        my ($server) = @_;
        my @connections = map { logged_in($server) } 1 .. 4;
        my $half = $server->connection;
        is($half->get('/p/', authorization => ntlm_value('NTLM', SSPI::Test::Ntlm->new->{negotiate}))->status, 401, 'half a login');
        $server->reload;
        for my $connection (@connections, $half) {
            my $a = $connection->get('/p/');
            ok(!defined $a || $a->status == 200 || $a->status == 401, 'the connection ends, or goes on') or diag($a->brief);
        }
        granted(logged_in($server)->get('/p/'), \%corp_alice, 'and others begin');
    };

# ---- other schemes ----

parts 'logins of other schemes', \%server_config,
    'a ticket stays where all may' => sub {
        my ($server) = @_;
        my %ticket = (user => 'alice@SSPI.TEST', mechanism => 'Kerberos');
        my $connection = $server->connection;
        my $a = $connection->get('/p/', authorization => ticket());
        granted($a, \%ticket, 'by default');
        is(persistent($a), 'false', 'it does not, which the client is told');
        refused($connection->get('/p/'), 401, 'as it finds');
        $a = $connection->get('/all/', authorization => ticket());
        granted($a, \%ticket, 'with all');
        is(persistent($a), 'true', 'it does');
        granted($connection->get('/all/'), \%ticket, 'as it finds');
        refused($connection->get('/p/'), 401, 'but not where NTLM alone may');
        refused($connection->get('/digest/'), 401, 'nor where no ticket is taken');
        granted($connection->get('/all/'), \%ticket, 'it is still there');
    },
    'not past its end' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        my $short = $kdc->login('alice', lifetime => '10s');
        granted($connection->get('/all/', authorization => SSPI::Test::Gss->header(env => $short)),
            { user => 'alice@SSPI.TEST' }, 'a short ticket');
        is($connection->get('/all/')->status, 200, 'stays');
        my $last;
        ok(wait_until(sub { $last = $connection->get('/all/'); $last->status == 401 }, 30), 'until its end');
        is($last->user, '', 'and is nobody then');
        refused($connection->get('/all/'), 401, 'for good');
    },
    'a password of Digest never' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        my ($challenge) = digest_challenges($connection->get('/digest-all/')->challenges);
        my $a = $connection->get('/digest-all/',
            authorization => digest_header($challenge, user => 'alice', password => 'pw', uri => '/digest-all/'));
        granted($a, { user => 'alice' }, 'a login');
        is(persistent($a), '-', 'of which nothing is said');
        refused($connection->get('/digest-all/'), 401, 'does not stay');
    };

# ---- requests within requests ----

parts 'what a request leads to', \%server_config,
    'an internal redirect' => sub {
        my ($server) = @_;
        my $connection = logged_in($server);
        my $a = $connection->get('/redirect/none');
        granted($a, \%corp_alice, 'to a place that the login covers');
        like($a->body, qr{page of /p/}, 'shows it');
        $server->new_log;
        $a = $connection->get('/redirect-others/none');
        is($a->status, 401, 'to one that it does not');
        unlike($a->body, qr/page of/, 'does not');
        logged($server, 'NOT_COVERED', qr/\busers\b.*\bNTLM\b|\bNTLM\b.*\busers\b/);
        granted($connection->get('/p/'), \%corp_alice, 'and the login is still there');
    },
    'included pages' => sub {
        my ($server) = @_;
        my $a = logged_in($server)->get('/pages/both.html');
        is($a->status, 200, 'on a page for all');
        like($a->body, qr{page of /p/}, 'the one that the login covers');
        unlike($a->body, qr{page of /others/}, 'and not the other');
        unlike($server->connection->get('/pages/both.html')->body, qr/page of/, 'none without a login');
    },
    'the 401 of a server behind' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        my $last = (ntlm_login($connection, '/front/'))[-1];
        is($last->status, 401, 'comes with the login');
        is_deeply([ map { /\A(\w+)/ } $last->challenges ], ['Digest'], 'with its challenge');
        is(persistent($last), '-', 'and no word about the login');
        granted($connection->get('/p/'), \%corp_alice, 'which stays');
    };

done_testing;
