#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Required groups of a domain of Active Directory: by SID and by name, for tickets and for NTLM, and
# after a group was renamed.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(run scratch_dir slurp spew);
use SSPI::Test::AD;
use SSPI::Test::Scenario;

my $reason = SSPI::Test::AD::skip_reason();
plan skip_all => $reason if defined $reason;

my $ad = SSPI::Test::AD->new;
my ($domain, $realm, $password) = (SSPI::Test::AD::DOMAIN, SSPI::Test::AD::REALM, SSPI::Test::AD::PASSWORD);
# A group that only the last scenario looks up: winbind remembers names that it has seen for a while.
$ad->tool(qw(group add), 'web-old');
$ad->tool(qw(group addmembers web-old alice));
my %ticket = map { $_ => $ad->login($_) } qw(alice bob);
my %sid = ((map { $_ => $ad->sid(group => $_) } qw(web-team web-all web-local web-old), 'Domain Users'), map { $_ => $ad->sid(user => $_) } qw(alice bob));
my %both = (packages => 'Negotiate NTLM', mechanisms => 'kerberos ntlm', keytab => $ad->{keytab});
my $lower = lc $domain;
my %required = (
    # Path, required groups, users who are admitted. alice is in web-team, which is in the other two.
    sid => [ $sid{'web-team'}, 'alice' ],
    name => [ "$domain\\\\web-team", 'alice' ],
    case => [ "$lower\\\\WEB-TEAM", 'alice' ],
    nested => [ "$domain\\\\web-all", 'alice' ],
    local => [ "$domain\\\\web-local", 'alice' ],
    primary => [ qq("$domain\\\\Domain Users"), 'alice bob' ],
    own => [ $sid{bob}, 'bob' ],
    several => [ "$domain\\\\missing $sid{bob} $domain\\\\web-team", 'alice bob' ],
    missing => [ "$domain\\\\missing", '' ],
    plain => [ 'web-team', '' ],
    file => [ $sid{'web-team'}, '', groups => 'file' ],
);
my %server_config = (
    env => $ad->server_env,
    group => SSPI::Test::AD::PRIVILEGED,
    locations => [
        (map { my ($group, undef, %more) = @{$required{$_}}; { path => "/$_/", %both, %more, require => ["group $group"] } } sort keys %required),
        { path => '/shown/', %both, nginx => 'add_header X-Groups $sspi_groups always; add_header X-Sids $sspi_group_sids always;',
            apache => 'Header always set X-Groups "expr=%{env:SSPI_GROUPS}"' . "\n" . 'Header always set X-Sids "expr=%{env:SSPI_GROUP_SIDS}"' },
    ],
);

sub by_ticket { my ($server, $user, $path) = @_; return $server->client(env => $ticket{$user})->get($path, negotiate => 1) }

sub by_ntlm {
    my ($server, $user, $path) = @_;
    return $server->client(env => $ad->env_without_ticket)->get($path, ntlm => "$domain\\$user:$password");
}

scenario 'required groups', \%server_config, sub {
    my ($server) = @_;
    for my $path (sort keys %required) {
        my ($group, $pass) = @{$required{$path}};
        my %passes = map { $_ => 1 } split ' ', $pass;
        for my $user (qw(alice bob)) {
            my $status = $passes{$user} ? 200 : 403;
            is(by_ticket($server, $user, "/$path/")->status, $status, "group $group: $user by a ticket: $status");
            is(by_ntlm($server, $user, "/$path/")->status, $status, "group $group: $user by NTLM: $status");
        }
    }
    for my $way (\&by_ticket, \&by_ntlm) {
        my $a = $way->($server, 'alice', '/shown/');
        # One of the spellings in the configuration.
        my %names = map { lc, 1 } split /(?<!\\),/, scalar $a->header('X-Groups');
        ok($names{"$lower\\\\$_"}, "the variable has the name of $_") for qw(web-team web-all web-local);
        my %sids = map { $_ => 1 } split /,/, scalar $a->header('X-Sids');
        ok($sids{$sid{$_}}, "the other variable has the SID of $_") for qw(web-team web-all web-local), 'Domain Users';
        ok(!$sids{$sid{alice}}, 'the user is no group');
    }
};

# A keytab with a service of another realm. Only the KDC of the default realm may say who is in a group of the domain, and
# a line that refuses members refuses a user of whom it does not know that.
my $dir = scratch_dir('realms');
my $keytab = "$dir/two.keytab";
SSPI::Test::must_run(['ktutil'], env => $ad->server_env, stdin => <<"COMMANDS");
rkt $ad->{keytab}
addent -password -p HTTP/localhost\@OTHER.TEST -k 1 -e aes256-cts-hmac-sha1-96
password
wkt $keytab
quit
COMMANDS
chmod 0644, $keytab;
my $other = spew("$dir/krb5.conf", slurp($ad->server_env->{KRB5_CONFIG}) =~ s/default_realm = \S+/default_realm = OTHER.TEST/r, 0644);
for my $case ([ 'the default realm' => $ad->server_env, 200, 200 ], [ 'another realm' => { %{$ad->server_env}, KRB5_CONFIG => $other }, 403, 401 ]) {
    my ($name, $env, $required, $not) = @$case;
    my %both_realms = (packages => 'Negotiate', keytab => $keytab);
    scenario "two realms: $name", { env => $env, locations => [
            { path => '/sid/', %both_realms, require => ["group $sid{'web-team'}"] },
            { path => '/unfiltered/', %both_realms, groups => 'ticket-unfiltered', require => ["group $sid{'web-team'}"] },
        ],
        apache => "<Location /not/>\nAuthType SSPI\nSSPIPackages Negotiate\nSSPIKeytab $keytab\n<RequireAll>\nRequire valid-user\n"
            . "Require not sspi-group $sid{bob}\n</RequireAll>\n</Location>\n", files => { '/not/index.html' => "page\n" } }, sub {
        my ($server) = @_;
        is(by_ticket($server, 'alice', '/sid/')->status, $required, "a group by SID: $required");
        is(by_ticket($server, 'alice', '/unfiltered/')->status, 200, 'unfiltered: 200');
        is(by_ticket($server, 'alice', '/not/')->status, $not, "a line that refuses another user: $not") if $server->kind eq 'apache';
    };
}

# The SID of a group stays the same.
my %renamed = (env => $ad->server_env, locations => [ map { { path => "/$_->[0]/", packages => 'Negotiate', keytab => $ad->{keytab}, require => ["group $_->[1]"] } }
    [ old => "$domain\\\\web-old" ], [ new => "$domain\\\\web-new" ], [ sid => $sid{'web-old'} ] ]);
scenario 'a renamed group', { %renamed, on => (wanted('nginx') ? 'nginx' : 'apache') }, sub {
    my ($server) = @_;
    my $status = sub { return by_ticket($server, 'alice', "/$_[0]/")->status };
    is($status->('old'), 200, 'the name before');
    is($status->('new'), 403, 'a name that no group has');
    $ad->tool(qw(group rename web-old --samaccountname=web-new));
    run([ qw(net cache flush), "--configfile=$ad->{conf}" ]);
    is($status->('old'), 200, 'the server asks again later');
    is($status->('sid'), 200, 'the SID');
    $server->reload;
    is($status->('old'), 403, 'the old name');
    is($status->('new'), 200, 'the new name');
    is($status->('sid'), 200, 'the SID after the change');
};

done_testing;
