#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The tables of README.md and docs are those of the sources, and every id that the tests and documents
# mention exists.
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

# The table of reasons. Rows that share a number are one message: the first of them tells its meaning.
my @reasons = slurp("$root/core/include/sspi_reasons.def")
    =~ /^SSPI_REASON\((\w+), (\d+), (\w+), (\d+), (\w+), (\w+),\s+("(?:[^"\\]|\\.)*")/mg;
my (@numbers, %severity, @wrong);
while (my ($id, $number, $severity, $status, $counter, $detail, $meaning) = splice @reasons, 0, 7) {
    my $again = $number == 0 || exists $severity{$number};
    push @numbers, $number if !$again;
    push @wrong, "$id: its meaning" if $again != ($meaning eq '""');
    push @wrong, "$id: its severity" if $number != 0 && ($severity{$number} //= $severity) ne $severity;
    push @wrong, "$id: its status" if $status !~ /\A(?:0|400|401|403|413|500|503)\z/;
    push @wrong, "$id: its counter" if ($status != 0) && $counter eq 'NONE';
}
cmp_ok(scalar @numbers, '>', 50, 'the reasons are read');
is_deeply([ sort { $a <=> $b } @numbers ], \@numbers, 'message numbers rise');
is_deeply(\@wrong, [], 'rows of one number agree, and each status is counted');

# The table of functions, flags and statuses against sspi.h and the tests.
my $header = slurp("$root/core/include/sspi.h");
my $table = slurp("$root/core/sspi/sspi_reference.def");
my %row = map { $_ => { map { $_ => 1 } $table =~ /^$_\((\w+),/mg } } qw(SSPI_FUNCTION SSPI_FLAG SSPI_STATUS);
my %declared = map { $_ => 1 } map { s/(?<=[a-z])[AW]\z//r }
    $header =~ /^SSPI_API\s+SECURITY_STATUS\s+SEC_ENTRY\s+(\w+)\(/mg;
is_deeply($row{SSPI_FUNCTION}, \%declared, 'every function of sspi.h is told, and no other');
is_deeply($row{SSPI_FLAG}, { map { $_ => 1 } $header =~ /^#define (ASC_REQ_\w+)/mg },
    'every flag of fContextReq is told, and no other');
my %status = map { $_ => 1 } $header =~ /^#define ((?:SEC_[EI]|STATUS)_\w+)/mg;
is_deeply([ grep { !$status{$_} } sort keys %{$row{SSPI_STATUS}} ], [], 'statuses are those of sspi.h');
# What the comments promise.
my ($calls) = $header =~ m{/\* ---- calls ---- \*/(.*)}s;
my %promised = map { $_ => 1 } $calls =~ /\b((?:SEC_[EI]|STATUS)_[A-Z_]+[A-Z])\b/g;
is_deeply([ grep { $status{$_} && !$row{SSPI_STATUS}{$_} && $_ ne 'STATUS_INVALID_PARAMETER' } sort keys %promised ], [],
    'every status that a call promises is told');
my $tests = join '', map { slurp($_) } glob("$root/t/unit/*.c"), glob("$root/t/conformance/*.c"),
    "$root/t/conformance/meson.build";
is_deeply([ grep { $tests !~ /\b\Q$_\E\b/ } $table =~ /, (\w+)\)$/mg ], [], 'and every test that is named exists');
unlike($table . $header, qr/\bstub|not implemented/i, 'nothing is a stub');

done_testing();
