#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The README promises the demo: it ends with success, leaves no file behind, and shows granted and
# refused requests on both servers.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir run);
use SSPI::Test::Curl qw(curl_has);

my $demo = run([ root_dir() . '/tools/demo' ]);
is($demo->{rc}, 0, 'tools/demo ends with success') or diag($demo->{out}, $demo->{err});
is($demo->{err}, '', 'tools/demo prints no error');

my @lines = split /\n/, $demo->{out};
for my $server ('Apache', 'nginx') {
    for my $scheme ('HTTP', 'HTTPS') {
        my @section = grep { my $on = /^\Q$server, $scheme\E$/ .. /^$/; $on } @lines;
        my $of = "$server, $scheme:";
        ok(scalar(grep { /ticket of alice +200 granted: alice\@SSPI\.TEST, Negotiate Kerberos/ } @section),
            "$of a ticket is granted");
        ok(scalar(grep { /password of alice +200 granted: alice, Digest SHA-256/ } @section),
            "$of a password is granted");
        ok(scalar(grep { /no ticket +401 refused/ } @section), "$of no ticket is refused");
        ok(scalar(grep { /wrong password +401 refused: SSPI-120/ } @section),
            "$of a wrong password is refused");
        is(scalar(grep { /the same header again +401 refused: SSPI-115/ } @section), 2,
            "$of a replayed header is refused, Kerberos and Digest");
        my @ntlm = grep { /NTLM, password of bob +200 granted: DEMO\\bob/ } @section;
        is(scalar(@ntlm), curl_has('NTLM') ? 1 : 0, "$of NTLM is granted, if curl has it");
        ok(scalar(grep { /no member +403 forbidden/ } @section), "$of a user of no group is forbidden");
        is(scalar(grep { /the cookie of that answer +200 granted: alice/ } @section), $scheme eq 'HTTPS' ? 1 : 0,
            "$of a session is granted over TLS");
    }
}
is(scalar(grep { /NTLM are left out/ } @lines), curl_has('NTLM') ? 0 : 1, 'the demo says what curl cannot do');
like($lines[-1], qr/^\d+ requests\b/, 'the last line has the number of requests');
unlike($lines[-1], qr/\bwrong\b/, 'the last line has no wrong request');

done_testing();
