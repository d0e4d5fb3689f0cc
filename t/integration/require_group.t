#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Required groups: those of a group file by their names, those of the directory by SIDs. A name without
# a domain never means a group of the directory.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Ntlm qw(ntlm_login ntlm_user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my ($alice, $bob) = map { $kdc->login($_) } qw(alice bob);
my $dir = scratch_dir('users');
my $long = 'a' x 40; # a name on which some patterns take exponential time
my $users = spew("$dir/users", join('', map { user_line($_, 'r', 'pw') } qw(alice bob), $long), 0644);
my $nt_users = spew("$dir/nt-users", ntlm_user_line('alice', 'CORP', 'pw'), 0644);
my $groups = spew("$dir/groups", join("\n", 'staff: alice@SSPI.TEST digest:bob', 'editors: corp\\alice digest:bob',
    'all people: alice@SSPI.TEST bob@SSPI.TEST CORP\\alice digest:alice digest:bob', 'a,b: digest:alice', 'nobody:', ''), 0644);
my $sid = 'S-1-5-21-1-2-3-512';
my %all = (packages => 'Negotiate NTLM Digest', mechanisms => 'kerberos ntlm', realm => 'r',
    keytab => $kdc->{keytab}, digest_user_file => $users, ntlm_user_file => $nt_users);
my %file = (%all, group_file => $groups);
my @all = qw(Kalice Kbob Nalice Dalice Dbob);
my @cases = (
    # Each case: lines, users who are admitted.
    [ ['group staff'], 'Kalice Dbob' ],
    [ ['group STAFF'], 'Kalice Dbob' ],
    [ ['group editors'], 'Nalice Dbob' ],
    [ ['group nobody'], '' ],
    [ ['group unknown'], '' ],
    [ ['group "all people"'], "@all" ],
    [ ['group nobody editors staff'], 'Kalice Nalice Dbob' ],
    [ [ 'group staff', 'group editors' ], 'Dbob' ],
    [ [ 'group staff', 'user ~.*SSPI.TEST' ], 'Kalice' ],
    [ [ 'group "all people"', 'realm CORP' ], 'Nalice' ],
    [ ["group $sid"], '' ],
    [ ["group $sid staff"], 'Kalice Dbob' ],
    # The file's group of this name is not the directory's, and no lookup finds one.
    [ ['group CORP\\\\staff'], '' ],
);
my %server_config = (
    env => $kdc->server_env,
    locations => [
        (map { { path => "/$_/", %file, require => $cases[$_][0] } } 0 .. $#cases),
        { path => '/elsewhere/', %file, groups => 'ticket local', require => ['group staff'] },
        { path => '/shown/', %file, nginx => 'add_header X-Groups $sspi_groups always; add_header X-Sids $sspi_group_sids always;',
            apache => 'Header always set X-Groups "expr=%{env:SSPI_GROUPS}"' . "\n" . 'Header always set X-Sids "expr=%{env:SSPI_GROUP_SIDS}"' },
        { path => '/hidden/', %file, groups => 'ticket', nginx => 'add_header X-Groups $sspi_groups always;',
            apache => 'Header always set X-Groups "expr=%{env:SSPI_GROUPS}"' },
    ],
);

sub ways {
    my ($server, $path) = @_;
    return (
        (map { my $c = $server->client(env => $_->[1]); [ "K$_->[0]", $c->get($path, authorization => $c->negotiate_header) ] } [ 'alice', $alice ], [ 'bob', $bob ]),
        [ Nalice => (ntlm_login($server->connection, $path))[-1] ],
        (map { [ "D$_", $server->client->get($path, digest => "$_:pw") ] } qw(alice bob)),
    );
}

parts 'groups', \%server_config,
    (map {
        my $i = $_;
        my ($lines, $pass) = @{$cases[$i]};
        (join('; ', @$lines) => sub {
            my ($server) = @_;
            my @ways = ways($server, "/$i/");
            is_deeply([ sort map { $_->[0] } grep { $_->[1]->status == 200 } @ways ], [ sort split ' ', $pass ], 'the admitted users');
            is_deeply([ map { $_->[1]->status } grep { $_->[1]->status != 200 } @ways ], [ (403) x (@all - split ' ', $pass) ], 'the others: 403');
        })
    } 0 .. $#cases),
    'a location that does not use the file' => sub {
        my ($server) = @_;
        is($server->client->get('/elsewhere/', digest => 'bob:pw')->status, 403, 'no group');
    },
    'variables' => sub {
        my ($server) = @_;
        my $a = $server->client->get('/shown/', digest => 'alice:pw');
        is(scalar $a->header('X-Groups'), 'a\\,b,all people', 'names with an escaped comma');
        ok(!$a->header('X-Sids'), 'no SIDs');
        is(scalar $server->client->get('/shown/', digest => 'bob:pw')->header('X-Groups'), 'all people,editors,staff', 'another user');
        ok(!$server->client->get('/hidden/', digest => 'alice:pw')->header('X-Groups'), 'a location that does not use the file');
    },
    'the log names the requirement' => sub {
        my ($server) = @_;
        is($server->client->get('/0/', digest => 'alice:pw')->status, 403, 'alice');
        logged($server, 'NOT_AUTHORIZED', qr/digest:alice/, $server->kind eq 'apache' ? qr/Require/ : qr/"group staff"/);
    };

# ---- httpd: .htaccess, and lines that are denied ----
sub location { my ($path, @lines) = @_; return "<Location $path>\n" . join('', map { "    $_\n" } @lines) . "</Location>\n" }
my @ours = ('AuthType SSPI', 'AuthName r', 'SSPIPackages Digest', "SSPIDigestUserFile $users", "SSPIGroupFile $groups");
my %htaccess = (file => 'Require sspi-group staff', sid => "Require sspi-group $sid", domain => 'Require sspi-group CORP\\staff');
# Each line refuses members. The MIT KDC says no groups in a ticket, so no ticket rules a group of the directory out.
my @tickets = ('AuthType SSPI', 'AuthName r', 'SSPIPackages Negotiate Digest', "SSPIDigestUserFile $users", "SSPIKeytab $kdc->{keytab}");
my %refuse = (
    sid => ["Require not sspi-group $sid"],
    name => ['Require not sspi-group CORP\\staff'],
    section => [ '<RequireNone>', "Require sspi-group $sid", '</RequireNone>' ],
    file => ['Require not sspi-group editors'],
    nowhere => ['Require not sspi-group editors'],
    pattern => ['Require not sspi-user ~(a+)+(a+)+(a+)+(a+)+[bc] ~digest:(a+)+(a+)+(a+)+(a+)+[bc]'],
);
parts 'Require', { on => 'apache', env => $kdc->server_env, allow_log => qr{/domain/\.htaccess: },
    files => { map { ("/$_/index.html" => "x\n", $htaccess{$_} ? ("/$_/.htaccess" => "$htaccess{$_}\n") : ()) } qw(not any), keys %htaccess, map { "refuse-$_" } keys %refuse },
    apache => join '', (map { location("/$_/", @ours) } sort keys %htaccess),
        location('/not/', @ours, '<RequireAll>', 'Require valid-user', 'Require not sspi-group staff', '</RequireAll>'),
        (map { location("/refuse-$_/", @tickets, $_ eq 'file' ? "SSPIGroupFile $groups" : (), '<RequireAll>', 'Require valid-user', @{$refuse{$_}}, '</RequireAll>') } sort keys %refuse),
        location('/any/', @ours, 'Require sspi-group nobody', 'Require sspi-user digest:alice') },
    'in .htaccess' => sub {
        my ($server) = @_;
        my $c = $server->client;
        is($c->get('/file/index.html', digest => 'bob:pw')->status, 200, 'a member');
        is($c->get('/file/index.html', digest => 'alice:pw')->status, 401, 'another user');
        is($c->get('/sid/index.html', digest => 'bob:pw')->status, 401, 'a SID');
        $server->new_log;
        is($c->get('/domain/index.html', digest => 'bob:pw')->status, 500, 'a name of the directory');
        like($server->new_log, qr/\.htaccess: Require sspi-group: "CORP\\+staff" .*\bstart\b.*\bSID\b/, 'the log says why');
    },
    'users who are not admitted' => sub {
        my ($server) = @_;
        is($server->client->get('/not/', digest => 'bob:pw')->status, 401, 'a member');
        is($server->client->get('/not/', digest => 'alice:pw')->status, 200, 'another user');
    },
    'users of whom it is not known' => sub {
        my ($server) = @_;
        my $status = sub { my $c = $server->client(env => $alice); return $c->get($_[0], authorization => $c->negotiate_header)->status };
        is($status->("/refuse-$_/"), 401, "$_: a user of Kerberos") for qw(sid name section nowhere);
        is($status->('/refuse-file/'), 200, 'file: a user of Kerberos');
        is($server->client->get("/refuse-$_/", digest => 'alice:pw')->status, 200, "$_: a user of Digest") for qw(sid name section file pattern);
        is($server->client->get('/refuse-pattern/', digest => "$long:pw")->status, 401, 'a name on which the pattern fails');
        like($server->new_log, qr/simplify the patterns/, 'the log says so');
    },
    'as an alternative' => sub {
        my ($server) = @_;
        is($server->client->get('/any/', digest => 'alice:pw')->status, 200, 'the other line');
        is($server->client->get('/any/', digest => 'bob:pw')->status, 401, 'neither line');
    };

# ---- at start ----
sub with { my ($line, %more) = @_; return { env => $kdc->server_env, locations => [ { path => '/p/', %file, %more, require => [$line] } ] } }
my @directive = { apache => qr/Require sspi-group/, nginx => qr/sspi_require/ };
config_refused('no group', with('group'), @directive);
config_refused("$_ is no group", with("group $_"), @directive, qr/DOMAIN\\+name/, qr/S-1-5-21-1-2-3-512/)
    for 'S-1-5-21-', 's-1-x', 'S-1-5-21-99999999999', 'CORP\\\\ staff', '\\\\staff', 'A\\\\b\\\\c';
config_refused('an expression', { %{with('group %{ENV:X}')}, on => 'apache' }, @directive, qr/expression/, qr/start/);
config_refused("$_->[0] in an alias", { on => 'apache', apache => "<AuthzProviderAlias $_->[1]>\n</AuthzProviderAlias>\n" },
    qr/$_->[0]/, qr/AuthzProviderAlias/)
    for [ 'sspi-group', 'sspi-group banned staff' ], [ 'sspi-user', 'sspi-user banned "~.*"' ];
my ($no_match, $unknown) = map { message_id($_) } qw(NO_MATCH GROUP_UNKNOWN);
my %digest = (packages => 'Digest');
my @warnings = (
    # Each case: group, options, a text of the warning; absent: none.
    [ 'staff', {} ],
    [ $sid, {} ],
    [ 'staff', { groups => 'ticket' }, qr/"staff".*neither file nor local/ ],
    [ 'staff', { groups => 'local' } ],
    [ 'staff', { group_file => undef }, qr/"staff".*no group file/ ],
    [ 'staff', { group_file => undef, groups => 'file local' } ],
    [ $sid, { groups => 'file' }, qr/"$sid".*\bticket\b/ ],
    [ $sid, { groups => 'ticket-unfiltered' } ],
    [ $sid, \%digest, qr/"$sid".*only Kerberos and winbind/ ],
    [ 'CORP\\\\staff', \%digest, qr/"CORP\\+staff".*only Kerberos and winbind/ ],
);
for my $kind (qw(apache nginx)) {
    for my $case (@warnings) {
        my ($group, $options, $warning) = @$case;
        my $name = join ' ', "group $group", map { "$_ " . ($options->{$_} // '-') } sort keys %$options;
        my $spec = with("group $group", %$options, on => $kind);
        delete @{$spec->{locations}[0]}{ 'on', grep { !defined $options->{$_} } keys %$options };
        my $out = config_passes($name, { %$spec, on => $kind }) // next;
        my @lines = grep { /\b$no_match\b/ && !/^nginx: / } split /\n/, $out;
        is(scalar @lines, $warning ? 1 : 0, "$kind: $name: number of warnings") or diag($out);
        like($lines[0], $_, "$kind: $name: the warning") for grep { $_ } $warning;
    }
    my $out = config_passes('a name that no directory finds', { %{with('group CORP\\\\staff')}, on => $kind }) // next;
    like($out, qr/\b$unknown\b.*CORP\\+staff/, "$kind: a name that no directory finds: a warning");
}

done_testing;
