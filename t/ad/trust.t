#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A realm that the domain trusts. Its KDC has the key of the trust, so it can claim any SIDs for its users. Samba's KDC
# does not filter them, and makes the ticket of the service with the same SIDs.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(build_dir);
use SSPI::Test::AD;
use SSPI::Test::KDC;
use SSPI::Test::Scenario;

my $program = build_dir() . '/t/ad/forge_referral';
plan skip_all => "$program is not built" if !-x $program;
my $reason = SSPI::Test::AD::skip_reason();
plan skip_all => $reason if defined $reason;

my $ad = SSPI::Test::AD->new;
my ($domain, $realm) = (SSPI::Test::AD::DOMAIN, SSPI::Test::AD::REALM);
my ($their_domain, $their_realm, $theirs) = ('FOREIGN', 'FOREIGN.TEST', 'S-1-5-21-7-8-9');
my $trust = $ad->add_trust(lc $their_realm, $their_domain, $theirs, 'trust key');
my $team = $ad->sid(group => 'web-team');
my ($ours, $alice) = $ad->sid(user => 'alice') =~ /\A(.*)-(\d+)\z/;
my $builtin = 'S-1-5-32-544';

# Returns the environment of mallory@FOREIGN.TEST at a KDC that trusts the realm, with a ticket-granting ticket that the
# realm made with the key in a keytab. Its PAC names a user of a domain, and further SIDs.
my $n_referred = 0;
sub referred {
    my ($kdc, $keytab, @claims) = @_;
    my $cache = "$ad->{dir}/referred-" . ++$n_referred;
    my @buffers = $ad->pac_buffers(@claims);
    my $service = 'krbtgt/' . $kdc->REALM . "\@$their_realm";
    SSPI::Test::must_run([ $program, $keytab, $cache, $service, 'mallory', $their_realm, @buffers ], env => $kdc->{env});
    return { %{$kdc->{env}}, KRB5CCNAME => "FILE:$cache" };
}

# Each user of the foreign realm: what its KDC claims.
my @groups = ('mallory', $their_domain, $theirs, 1104, "$theirs-1200", $team, "$ours-512", $builtin);
my %client = (
    honest => referred($ad, $trust, 'mallory', $their_domain, $theirs, 1104, "$theirs-1200"),
    groups => referred($ad, $trust, @groups),
    alice => referred($ad, $trust, 'alice', $domain, $ours, $alice, $team),
);
my %all = (packages => 'Negotiate', keytab => $ad->{keytab});
my %shown = (%all, nginx => 'add_header X-Sids $sspi_group_sids always; add_header X-Sid $sspi_sid always;',
    apache => 'Header always set X-Sids "expr=%{env:SSPI_GROUP_SIDS}"' . "\n" . 'Header always set X-Sid "expr=%{env:SSPI_SID}"');
# Path, required group, the clients who are admitted, and those who are admitted unfiltered.
my @required = (
    # A domain that a requirement names is ours, so its SIDs do not count either.
    [ their => "$theirs-1200", '', 'groups honest' ],
    [ sid => $team, '', 'alice groups' ],
    [ name => "$domain\\\\web-team", '', 'alice groups' ],
    [ admins => "$ours-512", '', 'groups' ],
    [ builtin => $builtin, '', 'groups' ],
    [ self => "$ours-$alice", '', 'alice' ],
);
my @kinds = ([ filtered => 'ticket' ], [ unfiltered => 'ticket-unfiltered' ]);

sub get { my ($server, $who, $path) = @_; return $server->client(env => $client{$who})->get($path, negotiate => 1) }

sub not_member {
    my ($path, $group) = @_;
    return "<Location $path>\nAuthType SSPI\nSSPIPackages Negotiate\nSSPIKeytab $ad->{keytab}\n<RequireAll>\n"
        . "Require valid-user\nRequire not sspi-group $group\n</RequireAll>\n</Location>\n";
}

scenario 'users of a trusted realm', {
    env => $ad->server_env,
    group => SSPI::Test::AD::PRIVILEGED,
    locations => [
        (map { my ($kind, $groups) = @$_;
            ({ path => "/$kind/", %all, groups => $groups },
                { path => "/$kind-sam/", %all, groups => $groups, user_name => 'sam' },
                map { { path => "/$kind-$_->[0]/", %all, groups => $groups, require => ["group $_->[1]"] } } @required)
        } @kinds),
        { path => '/alice/', %all, require => ["user alice\@$realm"] },
    ],
    apache => not_member('/not-team/', $team),
    files => { '/not-team/index.html' => "page\n" },
}, sub {
    my ($server) = @_;
    my $get = sub { return get($server, @_) };
    for my $who (sort keys %client) {
        granted($get->($who, '/filtered/'), { user => "mallory\@$their_realm" }, "$who: the name of the ticket");
        is($get->($who, '/alice/')->status, 403, "$who: no user of the domain has this name");
        for my $i (0, 1) {
            my $kind = $kinds[$i][0];
            for my $case (@required) {
                my %passes = map { $_ => 1 } split ' ', $case->[ 2 + $i ];
                is($get->($who, "/$kind-$case->[0]/")->status, $passes{$who} ? 200 : 403, "$who: $kind: $case->[0]");
            }
        }
    }
    granted($get->('alice', '/filtered-sam/'), { user => "mallory\@$their_realm" }, 'filtered: a claimed name does not count');
    granted($get->('alice', '/unfiltered-sam/'), { user => "$domain\\alice" }, 'unfiltered: it does');
    is($get->('honest', '/not-team/')->status, 401, 'a line that refuses members of our group refuses a foreign user')
        if $server->kind eq 'apache';
};

# No requirement names the other domain.
scenario 'what applications see', {
    env => $ad->server_env,
    group => SSPI::Test::AD::PRIVILEGED,
    locations => [ (map { { path => "/$_->[0]/", %shown, groups => $_->[1] } } @kinds),
        { path => '/name/', %all, require => ["group $domain\\\\web-team"] } ],
}, sub {
    my ($server) = @_;
    my $shown = sub {
        my ($who, $kind) = @_;
        my $answer = get($server, $who, "/$kind/");
        my %sids = map { $_ => 1 } split /,/, scalar($answer->header('X-Sids')) // '';
        return (scalar($answer->header('X-Sid')) || '', \%sids);
    };
    for my $who (qw(honest groups)) {
        is_deeply([ $shown->($who, 'filtered') ], [ "$theirs-1104", { map { ("$theirs-$_" => 1) } 513, 1200 } ],
            "$who, filtered: only the SIDs of the foreign domain");
    }
    my ($sid, $sids) = $shown->('groups', 'unfiltered');
    ok($sids->{$_}, "unfiltered: also $_") for $team, "$ours-512", $builtin;
    is(($shown->('alice', 'filtered'))[0], '', 'filtered: no SID of our domain');
    is(($shown->('alice', 'unfiltered'))[0], "$ours-$alice", 'unfiltered: the claimed SID');
};

# MIT's KDC, with its own database, keeps no logon information of a PAC.
my $mit = SSPI::Test::KDC->new(principals => ["krbtgt/SSPI.TEST\@$their_realm"]);
my $referred = referred($mit, $mit->make_keytab('trust.keytab', "krbtgt/SSPI.TEST\@$their_realm"), @groups);
my %mit = (packages => 'Negotiate', keytab => $mit->{keytab}, groups => 'ticket-unfiltered');
scenario 'a trusted realm at an MIT KDC', { env => $mit->server_env,
    locations => [ { path => '/any/', %mit }, { path => '/their/', %mit, require => ["group $theirs-1200"] } ],
}, sub {
    my ($server) = @_;
    my $c = $server->client(env => $referred);
    granted($c->get('/any/', negotiate => 1), { user => "mallory\@$their_realm" }, 'the name of the ticket');
    $server->new_log;
    is($c->get('/their/', negotiate => 1)->status, 403, 'but no group');
    like($server->new_log, qr/\b${\message_id('NO_GROUPS')}\b.*mallory\@$their_realm/, 'the log says so');
};

done_testing;
