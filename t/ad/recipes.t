#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The recipes of docs/groups.md for Active Directory, as they are printed, with the SIDs, names,
# paths and ports of the test. Clients log in.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::AD;
use SSPI::Test::Examples;
use SSPI::Test::Scenario;

my $reason = SSPI::Test::AD::skip_reason();
plan skip_all => $reason if defined $reason;

my $ad = SSPI::Test::AD->new;
my $domain = SSPI::Test::AD::DOMAIN;
my $examples = SSPI::Test::Examples->new($ad, keytab => $ad->{keytab});
my %ticket = map { $_ => $ad->login($_) } qw(alice bob);
my $sid = $ad->sid(group => 'web-team');

sub recipe {
    my ($kind, $heading) = @_;
    my $text = SSPI::Test::Examples::block('docs/groups.md', $heading, $kind);
    $text =~ s/S-1-5-21-[-\d]+/$sid/g;
    $text =~ s/\bEXAMPLE(\\+)web-editors/$domain$1web-all/g;
    $text .= "AuthzSendForbiddenOnFailure on\n" if $kind eq 'apache' && $text !~ /^<Location/;
    return $examples->server($kind, $examples->whole($kind, $text));
}

for my $kind (qw(apache nginx)) {
    for my $heading ('Require a group', 'Active Directory and Samba') {
        scenario "the recipe of $heading", recipe($kind, $heading), sub {
            my ($server) = @_;
            my %status = map { $_ => $server->client(env => $ticket{$_})->get('/intranet/page.html', negotiate => 1)->status } qw(alice bob);
            is_deeply(\%status, { alice => 200, bob => 403 }, 'a member is admitted, another user is not');
        };
    }
}

done_testing;
