#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The recipes of docs/groups.md and docs/sessions.md, as they are printed, with the paths, realm and
# ports of the test. Clients log in.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir slurp spew);
use SSPI::Test::Examples;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my ($alice, $bob) = map { $kdc->login($_) } qw(alice bob);
my $examples = SSPI::Test::Examples->new($kdc);
my $page = '/intranet/page.html';

# The first block of a language under a heading of a page.
sub block {
    my ($path, $heading, $language) = @_;
    my ($section) = slurp(root_dir() . "/$path") =~ /^## \Q$heading\E\n(.*?)(?=^## |\z)/ms or die "$path has no section $heading\n";
    my ($text) = $section =~ /^```$language\n(.*?)^```$/ms or die "$heading has no block of $language\n";
    return $text;
}

sub recipe {
    my ($kind, $path, $heading, $more) = @_;
    return $examples->server($kind, $examples->whole($kind, block($path, $heading, $kind) . ($more // '')));
}

my $groups = block('docs/groups.md', 'MIT Kerberos', 'text');
spew($examples->{groups}, $groups =~ s/\@EXAMPLE\.ORG/\@SSPI.TEST/gr);

for my $kind (qw(apache nginx)) {
    scenario 'the group file of docs/groups.md', recipe($kind, 'docs/groups.md', 'MIT Kerberos', $kind eq 'apache' ? "AuthzSendForbiddenOnFailure on\n" : ''), sub {
        my ($server) = @_;
        granted($server->client(env => $alice)->get($page, negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a member');
        my $a = $server->client(env => $bob)->get($page, negotiate => 1);
        is($a->status, 403, 'a user who is no member: 403') or diag($a->brief);
    };
}

done_testing;
