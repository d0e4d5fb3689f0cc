#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Which users the requirements admit. Names are full, so that users of different schemes are never
# mistaken for each other.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my ($alice, $bob) = map { $kdc->login($_) } qw(alice bob);
my $users = spew(scratch_dir('users') . '/users', join('', map { user_line($_, 'r', 'pw') } qw(alice bob carl)), 0644);
my %digest = (packages => 'Digest', realm => 'r', digest_user_file => $users);
my %both = (%digest, packages => 'Negotiate Digest', keytab => $kdc->{keytab});

# K: the user logs in by a ticket. D: the user logs in by a password.
my @locations = (
    # Each case: path, require lines, users who are admitted
    [ '/several/', ['user alice@SSPI.TEST digest:bob'], 'Kalice Dbob' ],
    [ '/lines/', [ 'user digest:alice digest:bob', 'user digest:bob digest:carl' ], 'Dbob' ],
    [ '/apart/', [ 'user digest:alice', 'user digest:bob' ], '' ],
    [ '/ticket/', ['user alice@SSPI.TEST'], 'Kalice' ],
    [ '/password/', ['user digest:alice'], 'Dalice' ],
    [ '/plain/', ['user alice'], '' ],
    [ '/twice/', ['user digest:alice@SSPI.TEST digest:digest:alice'], '' ],
    [ '/case/', ['user digest:Alice DIGEST:alice Alice@SSPI.TEST alice@sspi.test'], '' ],
    [ '/part/', ['user digest:alic digest:alice1 alice@SSPI.TES alice@SSPI.TESTS alice@ @SSPI.TEST digest:'], '' ],
);
my %server_config = (
    env => $kdc->server_env,
    locations => [
        (map { { path => $_->[0], %both, require => $_->[1] } } @locations),
        { path => '/short/', %both, user_name => 'short', require => ['user alice@SSPI.TEST'] },
        { path => '/outer/', %both, require => ['user digest:alice'] },
    ],
    files => { '/several/page.html' => "page\n" },
);

# Logs in by each scheme. Returns a list of [ name, answer ].
sub ways {
    my ($server, $path) = @_;
    return (
        (map { my $c = $server->client(env => $_->[1]);
            [ "K$_->[0]", $c->get($path, authorization => $c->negotiate_header) ] } [ 'alice', $alice ], [ 'bob', $bob ]),
        (map { [ "D$_", $server->client->get($path, digest => "$_:pw") ] } qw(alice bob carl)),
    );
}

parts 'named users', \%server_config,
    (map {
        my ($path, $lines, $pass) = @$_;
        my $said = join '; ', @$lines;
        ("require $said" => sub {
            my ($server) = @_;
            my %passes = map { $_ => 1 } split ' ', $pass;
            for my $way (ways($server, $path)) {
                my ($user, $a) = @$way;
                my $may = $passes{$user} ? 200 : 403;
                is_deeply([ $a->status, grep { !/\ANegotiate \S/ } $a->challenges ], [$may], "$user: $may");
            }
            refused($server->client->get($path), 401, 'no credentials');
        })
    } @locations),
    'the log has a line about the refusal' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $bob);
        is($c->get('/ticket/', authorization => $c->negotiate_header)->status, 403, 'bob is not among the required users');
        my @lines = grep { /bob\@SSPI\.TEST/ } split /\n/, $server->new_log;
        my $id = message_id('NOT_AUTHORIZED');
        is(scalar(grep { /\b$id\b/ } @lines), 1, 'one line names bob') or diag(@lines);
        ok($server->access_line(qr{ /ticket/ \S+ 403 user=}), 'the access log has 403');
    },
    'users who are not admitted do not learn that a page does not exist' => sub {
        my ($server) = @_;
        my $c = $server->client;
        is($c->get('/several/page.html', digest => 'bob:pw')->status, 200, 'a page');
        is($c->get('/several/nothing', digest => 'bob:pw')->status, 404, 'no page');
        is($c->get('/several/nothing', digest => 'carl:pw')->status, 403, 'no page, for a user who is not admitted: 403');
    },
    'requirements compare the full name, also where a short name is shown' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        granted($c->get('/short/', negotiate => 1), { user => 'alice' }, 'alice@SSPI.TEST, shown as alice');
    };

sub location { my ($path, @lines) = @_; return "<Location $path>\n" . join('', map { "    $_\n" } @lines) . "</Location>\n" }

my @ours = ('AuthType SSPI', 'AuthName r', 'SSPIPackages Digest', "SSPIDigestUserFile $users");
my @negotiate = ('AuthType SSPI', 'AuthName r', "SSPIKeytab $kdc->{keytab}");
my @pages = qw(default forbid ticket address elsewhere expression basic satisfy limited);

parts 'Require', { on => 'apache', env => $kdc->server_env, files => { map { ("/$_/index.html" => "$_\n") } @pages },
    apache => join('',
        location('/default/', @ours, 'Require sspi-user digest:bob'),
        location('/forbid/', @ours, 'Require sspi-user digest:bob', 'AuthzSendForbiddenOnFailure on'),
        location('/ticket/', @negotiate, 'Require sspi-user bob@SSPI.TEST'),
        location('/address/', @ours, 'Require ip 127.0.0.1', 'Require valid-user'),
        location('/elsewhere/', @ours, 'Require ip 192.0.2.1', 'Require valid-user'),
        location('/expression/', @ours, 'Require sspi-user digest:%{HTTP:X-Name}'),
        location('/basic/', 'AuthType Basic', 'AuthName b', 'AuthUserFile "@DIR@/basic"', 'Require sspi-user alice digest:alice'),
        location('/satisfy/', @ours, 'Require valid-user', 'Satisfy any', 'Order allow,deny', 'Allow from 127.0.0.1'),
        location('/limited/', @ours, '<LimitExcept GET>', 'Require valid-user', '</LimitExcept>')),
    },
    'by default the server asks a user who is not admitted for other credentials' => sub {
        my ($server) = @_;
        my $a = $server->client->get('/default/', digest => 'alice:pw');
        is_deeply([ $a->status, scalar(() = $a->challenges) ], [ 401, 1 ], 'Digest: 401 with one challenge');
        is(scalar($a->header('Authentication-Info')), undef, 'the answer has no Authentication-Info');
        my $c = $server->client(env => $alice);
        $a = $c->get('/ticket/', authorization => $c->negotiate_header);
        is_deeply([ $a->status, $a->challenges ], [ 401, 'Negotiate' ], 'Negotiate: a bare challenge, no token');
        my ($first, $second) = $c->raw([ '/ticket/', authorization => $c->negotiate_header ],
            [ '/ticket/', authorization => $server->client(env => $bob)->negotiate_header ]);
        is_deeply([ $first->status, $second->status ], [ 401, 200 ], 'another user is admitted after the refusal');
    },
    'AuthzSendForbiddenOnFailure makes it 403' => sub {
        my ($server) = @_;
        my $a = $server->client->get('/forbid/', digest => 'alice:pw');
        is_deeply([ $a->status, $a->challenges ], [403], 'without a challenge');
    },
    'another Require line may admit anonymous requests' => sub {
        my ($server) = @_;
        my $c = $server->client;
        granted($c->get('/address/'), { user => '' }, 'Require ip admits an address');
        is_deeply([ $c->get('/address/')->challenges ], [], 'without a challenge');
        refused($c->get('/elsewhere/'), 401, 'another address');
        granted($c->get('/elsewhere/', digest => 'alice:pw'), { user => 'alice' }, 'another address with a user is admitted');
        my $a = $c->get('/satisfy/');
        is_deeply([ $a->status, $a->challenges ], [200], 'Satisfy any');
    },
    'required names may be expressions' => sub {
        my ($server) = @_;
        my $c = $server->client;
        is($c->get('/expression/', digest => 'alice:pw', args => [ '--header', 'X-Name: alice' ])->status, 200, 'this name');
        is($c->get('/expression/', digest => 'alice:pw', args => [ '--header', 'X-Name: bob' ])->status, 401, 'another one');
        is($c->get('/expression/', digest => 'alice:pw')->status, 401, 'no name');
    },
    'sspi-user names no users of another AuthType' => sub {
        my ($server) = @_;
        chmod 0644, $server->add_data('basic', SSPI::Test::must_run([qw(htpasswd -nb alice pw)]));
        is($server->client->get('/basic/', args => [qw(--basic --user alice:pw)])->status, 401, 'Basic');
    },
    'LimitExcept exempts methods' => sub {
        my ($server) = @_;
        my $c = $server->client;
        is($c->get('/limited/')->status, 200, 'GET needs no user');
        refused($c->get('/limited/', method => 'POST'), 401, 'POST needs a user');
        isnt($c->get('/limited/', method => 'POST', digest => 'alice:pw')->status, 401, 'a user who is admitted');
    };

scenario 'an if block inherits the policy', { on => 'nginx', locations => [
    { path => '/if/', %digest, require => ['user digest:alice'],
        nginx => 'if ($arg_x) { add_header X-If yes always; add_header X-Sspi-User $sspi_user always; }' },
] }, sub {
    my ($server) = @_;
    my $c = $server->client;
    is($c->get('/if/?x=1')->status, 401, 'no credentials');
    is($c->get('/if/?x=1', digest => 'bob:pw')->status, 403, 'another user');
    my $a = $c->get('/if/?x=1', digest => 'alice:pw');
    is_deeply([ $a->status, $a->user, scalar $a->header('X-If') ], [ 200, 'alice', 'yes' ], 'the named user');
};

done_testing;
