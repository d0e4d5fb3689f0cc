#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Groups of a group file: who is a member, in which spelling of the name, and for how long.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(wait_until);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Ntlm qw(ntlm_login ntlm_user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my %ticket = map { $_ => $kdc->login($_) } qw(alice bob);
my %all = (packages => 'Negotiate NTLM Digest', mechanisms => 'kerberos ntlm', realm => 'r', keytab => $kdc->{keytab},
    digest_user_file => '@DIR@/users', ntlm_user_file => '@DIR@/nt-users', group_file => '@DIR@/groups');
my %data = (
    users => join('', map { user_line($_, 'r', 'pw') } qw(alice bob)),
    'nt-users' => join('', map { ntlm_user_line($_, 'Corp', 'pw') } qw(alice bob)),
);

# K: the user logs in by a ticket. N: by NTLM. D: by Digest.
sub answers {
    my ($server, $path) = @_;
    my %answer;
    for my $user (qw(alice bob)) {
        my $client = $server->client(env => $ticket{$user});
        $answer{"K$user"} = $client->get($path, authorization => $client->negotiate_header);
        $answer{"N$user"} = (ntlm_login($server->connection, $path, user => $user, domain => 'CORP', password => 'pw'))[-1];
        $answer{"D$user"} = $server->client->get($path, digest => "$user:pw");
    }
    return %answer;
}

sub admits {
    my ($server, $path, $who) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %passes = map { $_ => 1 } split ' ', $who;
    my %answer = answers($server, $path);
    my %got = map { $_ => $answer{$_}->status } keys %answer;
    my %want = map { $_ => $passes{$_} ? 200 : 403 } keys %answer;
    return is_deeply(\%got, \%want, "$path admits " . ($who || 'nobody'));
}

# ---- names ----

my @cases = (
    # Each case: the lines of a group file, who is in the group g.
    [ "g: alice\@SSPI.TEST\n", 'Kalice' ],
    [ "g: CORP\\alice\n", 'Nalice' ],
    [ "g: digest:alice\n", 'Dalice' ],
    [ "g: alice\n", '' ],
    [ "g: Alice\@SSPI.TEST alice\@sspi.test digest:Alice DIGEST:alice\n", '' ],
    [ "g: corp\\ALICE Corp\\BOB\n", 'Nalice Nbob' ],
    [ "g: \"CORP\\\\alice\" 'digest:bob' CORP\\\\bob\n", 'Nalice Nbob Dbob' ],
    [ "g: \"CORP\\alice\" \"bob\\\@SSPI.TEST\"\n", 'Nalice' ],
    [ "# g: digest:bob\n\nh: digest:bob\n  g : digest:alice \\\n  bob\@SSPI.TEST\n", 'Dalice Kbob' ],
    [ "g: digest:alice\nh: digest:bob\ng: digest:bob\n", 'Dalice Dbob' ],
    [ "G: digest:alice\n", 'Dalice' ],
    [ "g digest:alice\n", '' ],
    [ "\"g\": digest:alice\n", '' ],
    [ "g: \"digest:alice digest:bob\n", '' ],
    [ "g:\"digest:alice\"'digest:bob'\r\n", 'Dalice Dbob' ],
    [ '', '' ],
);

parts 'members of a group', { env => $kdc->server_env,
    data => { %data, map { ("groups-$_" => $cases[$_][0]) } 0 .. $#cases },
    locations => [ map { { path => "/$_/", %all, group_file => "\@DIR\@/groups-$_", require => ['group g'] } } 0 .. $#cases ] },
    map { my $i = $_; ("case $i" => sub { admits($_[0], "/$i/", $cases[$i][1]) }) } 0 .. $#cases;

# ---- the same file for mod_authz_groupfile ----

# httpd compares r->user with each member, so the users are those whose name is the same there.
my @texts = (
    "g: %s\n", "g:%s", " g\t:\t%s \r\n", "g::%s\n", "g: :%s\n", "g:x %s y\n", "g %s\n", "#g: %s\n", "G: %s\n", "h: %s\n",
    "g: \"%s\"\n", "g: '%s'\n", "g: \"%s\n", "g: '%s\n", "g: \"x\"%s\n", "g: x\"%s\"\n", "g: \"x\"'%s'\n", "g: \\%s\n",
    "g: \"x\\\"%s\"\n", "g: \"x\\\\\"%s\n", "g: x\\ %s\n", "g: x \\\n%s\n", "g: x\\\r\n%s\n", "g: x \\ \n%s\n", "g: x \\\\\n%s\n",
    "# x \\\ng: %s\n", "g\\\n: %s\n", "g: %s\\", "g: %s\\\n", "g: x \\\n# %s\n", "g:\x0b%s\x0cx\n", "g: %s\xa0\n", "g: x\xa0%s\n",
    "\"g\": %s\n", ": %s\n", "g: %s#x\n", "g: x\n\n\ng: %s\n", "g: %s:x\n",
);
my @spelt = (
    (map { my $text = $_; map { sprintf $text, $_ } 'alice@SSPI.TEST', 'Corp\\alice' } @texts),
    (map { "g: $_\n" } 'Corp\\\\alice', '"Corp\\\\alice"', "'Corp\\alice'", 'Corp\\\\\\alice', 'Corp/alice', 'Corp\\al\\ice', 'alice\\@SSPI.TEST',
        '"alice\\@SSPI.TEST"', "Corp\\\nalice", "Corp\\\\\nalice", "Corp\\\\\n\\alice", "alice\\\n\@SSPI.TEST"),
);
my @ours = ('AuthType SSPI', 'AuthName r', 'SSPIPackages Negotiate NTLM', 'SSPIMechanisms kerberos ntlm', "SSPIKeytab $kdc->{keytab}",
    'SSPINTLMUserFile @DIR@/nt-users', 'AuthzSendForbiddenOnFailure on');
sub section { my ($path, @lines) = @_; return "<Location $path>\n" . join('', map { "    $_\n" } @ours, @lines) . "</Location>\n" }

scenario 'a file has the same meaning for mod_authz_groupfile', { on => 'apache', env => $kdc->server_env,
    apache_head => SSPI::Test::Apache::module_lines('authz_groupfile'),
    data => { %data, map { ("groups-$_" => $spelt[$_]) } 0 .. $#spelt },
    files => { map { my $i = $_; map { ("/$_/$i/index.html" => "page\n") } qw(ours httpd) } 0 .. $#spelt },
    apache => join('', map { section("/ours/$_/", "SSPIGroupFile \@DIR\@/groups-$_", 'Require sspi-group g')
        . section("/httpd/$_/", "AuthGroupFile \@DIR\@/groups-$_", 'Require group g') } 0 .. $#spelt) },
sub {
    my ($server) = @_;
    my $client = $server->client(env => $ticket{alice});
    my %n;
    for my $i (0 .. $#spelt) {
        my %status;
        for my $reader (qw(ours httpd)) {
            my $path = "/$reader/$i/";
            $status{$reader} = [ $client->get($path, authorization => $client->negotiate_header)->status,
                (ntlm_login($server->connection, $path, user => 'alice', domain => 'Corp', password => 'pw'))[-1]->status ];
        }
        (my $shown = $spelt[$i]) =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;
        is_deeply($status{ours}, $status{httpd}, "$shown");
        $n{$_}++ for @{$status{httpd}};
    }
    is_deeply([ sort keys %n ], [ 200, 403 ], 'httpd admits some of them and refuses others');
};

# ---- sources and lines ----

my @locations = (
    [ 'one', { require => ['group staff'] }, 'Kalice Dbob' ],
    [ 'two', { require => ['group other admins'] }, 'Kbob' ],
    [ 'both', { require => [ 'group staff', 'group admins staff' ] }, 'Kalice Dbob' ],
    [ 'apart', { require => [ 'group staff', 'group admins' ] }, '' ],
    [ 'unlisted', { require => ['group staff'], groups => 'ticket' }, '' ],
    [ 'blanks', { require => ['group "domain users"'] }, 'Nalice' ],
);
my $groups = "staff: alice\@SSPI.TEST digest:bob\nadmins: bob\@SSPI.TEST\ndomain users: corp\\alice\n";
parts 'requirements', { env => $kdc->server_env, data => { %data, groups => $groups },
    locations => [ map { { path => "/$_->[0]/", %all, %{$_->[1]} } } @locations ] },
    (map { my ($name, undef, $who) = @$_; ($name => sub { admits($_[0], "/$name/", $who) }) } @locations),
    'a stranger learns nothing, and the log names the requirement' => sub {
        my ($server) = @_;
        my $answer = $server->client->get('/one/', digest => 'alice:pw');
        is($answer->status, 403, 'alice by Digest');
        unlike($answer->body, qr/staff/, 'the page does not name the group');
        logged($server, 'NOT_AUTHORIZED', qr/digest:alice/, $server->kind eq 'apache' ? qr/Require/ : qr/staff/);
        refused($server->client->get('/one/'), 401, 'no credentials');
    };

# ---- a changed file ----

# One worker, because each checks the file for itself, once a second.
my %one_worker = (one_process => 1,
    apache_head => "StartServers 1\nServerLimit 1\nThreadsPerChild 8\nMaxRequestWorkers 8\nMinSpareThreads 1\nMaxSpareThreads 8\n");

sub becomes {
    my ($server, $user, $status, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $client = $server->client;
    return ok(wait_until(sub { $client->get('/p/', digest => "$user:pw")->status == $status }, 10), $name);
}

scenario 'the file changes while the server runs', { %one_worker, data => { %data, groups => "g: digest:alice\n" },
    locations => [ { path => '/p/', packages => 'Digest', realm => 'r', digest_user_file => '@DIR@/users',
        group_file => '@DIR@/groups', require => ['group g'] } ] },
sub {
    my ($server) = @_;
    my $client = $server->client;
    granted($client->get('/p/', digest => 'alice:pw'), { user => 'alice' }, 'alice');
    is($client->get('/p/', digest => 'bob:pw')->status, 403, 'bob');
    $server->add_data(groups => "g: digest:bob\n");
    becomes($server, 'alice', 403, 'alice was removed: she is refused');
    becomes($server, 'bob', 200, 'bob was added: he is admitted');
    $server->new_log;
    $server->add_data(groups => "g: digest:alice\0\n");
    my $log = '';
    my $id = message_id('NOT_RELOADED');
    ok(wait_until(sub { $client->get('/p/', digest => 'bob:pw'); $log .= $server->new_log; $log =~ /\b$id\b.*groups:1: a NUL octet/ }, 10),
        'a file that is not text: the log says the line');
    is($client->get('/p/', digest => 'bob:pw')->status, 200, 'the old groups stay in force');
    is($client->get('/p/', digest => 'alice:pw')->status, 403, 'the new ones are not used');
    $server->add_data(groups => "g: digest:alice\n");
    becomes($server, 'alice', 200, 'the file was corrected');
};

done_testing;
