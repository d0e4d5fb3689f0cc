#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The recipe of docs/groups.md for a realm of MIT Kerberos, as it is printed, with the paths, realm
# and ports of the test. Clients log in. t/ad/recipes.t has those of a domain.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(spew);
use SSPI::Test::Examples;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my ($alice, $bob) = map { $kdc->login($_) } qw(alice bob);
my $examples = SSPI::Test::Examples->new($kdc);
my $page = '/intranet/page.html';

my $groups = SSPI::Test::Examples::block('docs/groups.md', 'MIT Kerberos', 'text');
spew($examples->{groups}, $groups =~ s/\@EXAMPLE\.ORG/\@SSPI.TEST/gr);

sub recipe {
    my ($kind) = @_;
    my $text = SSPI::Test::Examples::block('docs/groups.md', 'MIT Kerberos', $kind);
    $text .= "AuthzSendForbiddenOnFailure on\n" if $kind eq 'apache';
    return $examples->server($kind, $examples->whole($kind, $text));
}

for my $kind (qw(apache nginx)) {
    scenario 'the group file of docs/groups.md', recipe($kind), sub {
        my ($server) = @_;
        granted($server->client(env => $alice)->get($page, negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a member');
        my $a = $server->client(env => $bob)->get($page, negotiate => 1);
        is($a->status, 403, 'a user who is no member: 403') or diag($a->brief);
    };
}

done_testing;
