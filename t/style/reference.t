#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The tables of README.md and docs/messages.md are those of the sources, and every id that the tests
# and documents mention exists.
use strict;
use warnings;
use FindBin;
use Test::More;

my $root = "$FindBin::Bin/../..";

my $told = `$root/tools/reference --check`;
is($?, 0, 'README.md and docs/messages.md are made from the tables') or diag($told);

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!\n";
    local $/;
    return scalar <$in>;
}

my %known = map { $_ => 1 } slurp("$root/docs/messages.md") =~ /^\| (SSPI-\d{3}) /mg;
my @mentions = map { [ $_, slurp("$root/$_") =~ /\b(SSPI-\d{3})\b/g ] } 'README.md', 'CHANGELOG.md';
for my $mention (@mentions) {
    my ($path, @ids) = @$mention;
    is_deeply([ grep { !$known{$_} } @ids ], [], "$path mentions existing messages only");
}

my $def = slurp("$root/core/http/http_messages.def");
my @numbers = $def =~ /HTTP_MESSAGE\(\w+, (\d+),/g;
is_deeply([ sort { $a <=> $b } @numbers ], \@numbers, 'message numbers rise');
is(scalar(keys %{ { map { $_ => 1 } @numbers } }), scalar @numbers, 'no number is used twice');

done_testing();
