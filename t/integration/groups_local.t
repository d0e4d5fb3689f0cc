#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The groups that the user's account has on this machine. A library in the server's process replaces
# the C library's lookups of accounts (test_nss.c), so that accounts change and lookups fail or wait.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(time);
use SSPI::Test qw(build_dir scratch_dir spew wait_until);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Ntlm qw(ntlm_login ntlm_user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $library = build_dir() . '/t/integration/test_nss.so';
plan skip_all => 'test_nss is not built' if !-e $library;

my $kdc = SSPI::Test::KDC->new;
my %ticket = map { $_ => $kdc->login($_) } qw(alice bob);
my $dir = scratch_dir('nss');
my %account;

# Changes accounts, each as "ERROR GROUP ...", and replaces the file in one step. undef removes one.
sub accounts {
    my (%change) = @_;
    %account = (%account, %change);
    spew("$dir/accounts.new", join('', map { defined $account{$_} ? "$_ $account{$_}\n" : () } sort keys %account), 0644);
    rename "$dir/accounts.new", "$dir/accounts" or die "accounts: $!\n";
    return;
}
chmod 0755, $dir;
accounts(alice => '0 users staff', bob => '0 users', carol => '0 staff');

my %all = (packages => 'Negotiate NTLM Digest', mechanisms => 'kerberos ntlm', realm => 'r', keytab => $kdc->{keytab},
    digest_user_file => '@DIR@/users', ntlm_user_file => '@DIR@/nt-users', groups => 'local');
my %server_config = (
    env => { %{$kdc->server_env}, LD_PRELOAD => $library, TEST_NSS => $dir },
    data => {
        users => user_line('alice', 'r', 'pw'),
        'nt-users' => ntlm_user_line('carol', 'CORP', 'pw') . ntlm_user_line('carol', 'OTHER', 'pw') . ntlm_user_line('dave', 'CORP', 'pw'),
        groups => "staff: bob\@SSPI.TEST\n",
    },
    locations => [
        { path => '/staff/', %all, require => ['group staff'] },
        { path => '/case/', %all, require => ['group Staff'] },
        { path => '/both/', %all, groups => 'file local', group_file => '@DIR@/groups', require => ['group staff'] },
        { path => '/file/', %all, groups => 'file', group_file => '@DIR@/groups', require => ['group staff'] },
        { path => '/any/', %all },
        { path => '/open/', sspi => 'off' },
    ],
);

sub kerberos { my ($server, $path, $user) = @_; my $c = $server->client(env => $ticket{$user}); return $c->get($path, authorization => $c->negotiate_header) }
sub ntlm { my ($server, $path, $user, $domain) = @_; return (ntlm_login($server->connection, $path, user => $user, domain => $domain, password => 'pw'))[-1] }

parts 'local groups', \%server_config,
    'an account of a Kerberos user' => sub {
        my ($server) = @_;
        granted(kerberos($server, '/staff/', 'alice'), { user => 'alice@SSPI.TEST' }, 'a member');
        is(kerberos($server, '/staff/', 'bob')->status, 403, 'a stranger');
        is(kerberos($server, '/case/', 'alice')->status, 403, 'another case');
    },
    'an account of an NTLM user' => sub {
        my ($server) = @_;
        is(ntlm($server, '/staff/', 'carol', 'CORP')->status, 200, 'the own domain');
        is(ntlm($server, '/staff/', 'carol', 'OTHER')->status, 403, 'another domain');
        is(ntlm($server, '/staff/', 'dave', 'CORP')->status, 403, 'no such account');
        is(ntlm($server, '/any/', 'dave', 'CORP')->status, 200, 'no such account, and no group is required');
    },
    'a Digest user has no account' => sub {
        my ($server) = @_;
        is($server->client->get('/staff/', digest => 'alice:pw')->status, 403, 'alice');
    },
    'the sources add up' => sub {
        my ($server) = @_;
        is(kerberos($server, '/both/', $_)->status, 200, "file and local: $_") for qw(alice bob);
        is(kerberos($server, '/file/', 'alice')->status, 403, 'only file: alice');
        is(kerberos($server, '/file/', 'bob')->status, 200, 'only file: bob');
    },
    'a change counts for the next request' => sub {
        my ($server) = @_;
        accounts(alice => '0 users');
        is(kerberos($server, '/staff/', 'alice')->status, 403, 'alice was removed');
        accounts(alice => '0 users staff');
        granted(kerberos($server, '/staff/', 'alice'), { user => 'alice@SSPI.TEST' }, 'alice was added');
        accounts(alice => undef);
        is(kerberos($server, '/staff/', 'alice')->status, 403, 'her account was removed');
        accounts(alice => '0 users staff');
    },
    'a login of a connection is looked up for each request' => sub {
        my ($server) = @_;
        my $connection = $server->connection;
        is((ntlm_login($connection, '/staff/', user => 'carol', domain => 'CORP', password => 'pw'))[-1]->status, 200, 'carol');
        is($connection->get('/staff/')->status, 200, 'her next request has no credentials');
        accounts(carol => '0 users');
        is($connection->get('/staff/')->status, 403, 'she was removed');
        accounts(carol => '0 staff');
        is($connection->get('/staff/')->status, 200, 'she was added');
    },
    'an account in many groups' => sub {
        my ($server) = @_;
        accounts(alice => join ' ', 0, (map { "group$_" } 1 .. 500), 'staff');
        granted(kerberos($server, '/staff/', 'alice'), { user => 'alice@SSPI.TEST' }, 'alice');
        accounts(alice => '0 users staff');
    },
    'a database that cannot be read' => sub {
        my ($server) = @_;
        accounts(alice => '5 users staff');
        $server->new_log;
        refused(kerberos($server, $_, 'alice'), 503, $_) for qw(/staff/ /any/);
        is(count_messages($server, 'LOCAL_GROUPS'), 2, 'the log has a line for each');
        accounts(alice => '0 users staff');
        granted(kerberos($server, '/staff/', 'alice'), { user => 'alice@SSPI.TEST' }, 'it can be read again');
    };

# httpd's thread waits as long as the lookup does. nginx gives it up, and other requests go on.
scenario 'a lookup that hangs', \%server_config, sub {
    my ($server) = @_;
    granted(kerberos($server, '/staff/', 'alice'), { user => 'alice@SSPI.TEST' }, 'before');
    $server->new_log;
    spew("$dir/hang", '');
    my $client = $server->client(env => $ticket{alice});
    my $connection = $server->connection;
    my $began = time;
    $connection->send($client->request_text('/staff/', authorization => $client->negotiate_header));
    is($server->client->get('/open/')->status, 200, 'another request does not wait');
    cmp_ok(time - $began, '<', 4, 'it is answered at once');
    if ($server->kind eq 'nginx') {
        refused($connection->answer, 503, 'after some seconds');
        logged($server, 'LOCAL_GROUPS', qr/alice\@SSPI\.TEST/, qr/takes too long/);
        unlink "$dir/hang";
    } else {
        unlink "$dir/hang";
        granted($connection->answer, { user => 'alice@SSPI.TEST' }, 'when the lookup goes on');
    }
    # After a time-out no lookup begins for ten seconds, also in httpd if its machine is slow.
    ok(wait_until(sub { kerberos($server, '/staff/', 'alice')->status == 200 }, 30), 'afterwards');
};

done_testing;
