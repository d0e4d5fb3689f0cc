#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The tables of docs/ are those of the sources, and every message id that a document mentions exists.
use strict;
use warnings;
use FindBin;
use Test::More;

my $root = "$FindBin::Bin/../..";

my $told = `$root/tools/reference --check`;
is($?, 0, 'the pages of docs/ are made from the tables') or diag($told);

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!\n";
    local $/;
    return scalar <$in>;
}

my %known = map { $_ => 1 } slurp("$root/docs/messages.md") =~ /^\| (SSPI-\d{3}) /mg;
my @pages = map { substr $_, length "$root/" } glob("$root/*.md"), glob("$root/docs/*.md"), glob("$root/docs/*/*.md");
my @mentions = map { [ $_, slurp("$root/$_") =~ /\b(SSPI-\d{3})\b/g ] } @pages;
for my $mention (@mentions) {
    my ($path, @ids) = @$mention;
    is_deeply([ grep { !$known{$_} } @ids ], [], "$path mentions existing messages only");
}

# The table of reasons. Rows that share a number are one message, and the first of them has its meaning.
my @reasons = slurp("$root/core/include/sspi_reasons.def")
    =~ /^SSPI_REASON\((\w+), (\d+), (\w+), (\d+), (\w+), (\w+),\s+("(?:[^"\\]|\\.)*")/mg;
my (@numbers, %severity, @wrong);
while (my ($id, $number, $severity, $status, $counter, $detail, $meaning) = splice @reasons, 0, 7) {
    my $again = $number == 0 || exists $severity{$number};
    push @numbers, $number if !$again;
    push @wrong, "$id: its meaning" if $again != ($meaning eq '""');
    push @wrong, "$id: its severity" if $number != 0 && ($severity{$number} //= $severity) ne $severity;
    push @wrong, "$id: its status" if $status !~ /\A(?:0|400|401|403|413|429|500|503)\z/;
    push @wrong, "$id: its counter" if ($status != 0) && $counter eq 'NONE';
}
cmp_ok(scalar @numbers, '>', 50, 'the reasons are read');
is_deeply([ sort { $a <=> $b } @numbers ], \@numbers, 'message numbers are in ascending order');
is_deeply(\@wrong, [], 'rows of one number agree, and each status is counted');

# The table of functions, flags and statuses is compared with sspi.h and the tests.
my $header = slurp("$root/core/include/sspi.h");
my $table = slurp("$root/core/sspi/sspi_reference.def");
my %row = map { $_ => { map { $_ => 1 } $table =~ /^$_\((\w+),/mg } } qw(SSPI_FUNCTION SSPI_FLAG SSPI_STATUS);
# A row: its macro, its name, the strings behind it, and perhaps a test.
my $string = qr/"(?:[^"\\]|\\.)*"/;
my @rows = map { [ /^(SSPI_\w+)\((\w+),/, [ map { s/\A"|"\z//gr } map { join '', /$string/g } /((?:$string\s*)+)/g ], /,\s*(\w+)\)\z/ ] }
    $table =~ /^(SSPI_(?:FUNCTION|FLAG|STATUS)\((?:[^()"]|$string)*\))$/mg;
my %declared = map { $_ => 1 } map { s/(?<=[a-z])[AW]\z//r }
    $header =~ /^SSPI_API\s+SECURITY_STATUS\s+SEC_ENTRY\s+(\w+)\(/mg;
is(scalar @rows, scalar(map { keys %$_ } values %row), 'every row is read');
is_deeply($row{SSPI_FUNCTION}, \%declared, 'the table has every function of sspi.h, and no other');
is_deeply($row{SSPI_FLAG}, { map { $_ => 1 } $header =~ /^#define (ASC_REQ_\w+)/mg },
    'the table has every flag of fContextReq, and no other');
my %status = map { $_ => 1 } $header =~ /^#define ((?:SEC_[EI]|STATUS)_\w+)/mg;
is_deeply([ grep { !$status{$_} } sort keys %{$row{SSPI_STATUS}} ], [], 'statuses are those of sspi.h');
# The statuses that the comments of sspi.h name.
my ($calls) = $header =~ m{/\* ---- calls ---- \*/(.*)}s;
my %promised = map { $_ => 1 } $calls =~ /\b((?:SEC_[EI]|STATUS)_[A-Z_]+[A-Z])\b/g;
is_deeply([ grep { $status{$_} && !$row{SSPI_STATUS}{$_} && $_ ne 'STATUS_INVALID_PARAMETER' } sort keys %promised ], [],
    'the table has every status that a comment names');
# The row of a function has the statuses that its comment names between "Returns" and "Blocks:".
my %comment;
while ($header =~ m{/\*((?:(?!\*/).)*)\*/\s*SSPI_API\s+SECURITY_STATUS\s+SEC_ENTRY\s+(\w+)\(}sg) {
    my ($comment, $name) = ($1, $2);
    $name =~ s/(?<=[a-z])A\z//;
    $comment{$name} = $1 if $comment =~ /^ \* Returns\b(.*?)\bBlocks:/ms;
}
for my $function (grep { $_->[0] eq 'SSPI_FUNCTION' } @rows) {
    my ($name, $as, $returns) = ($function->[1], map { s/"\s*"//gr } @{$function->[2]}[ 0, 1 ]);
    my %said = map { $_ => 1 } ($comment{$name} // '') =~ /\b((?:SEC_[EI]|STATUS)_[A-Z_]+[A-Z])\b/g;
    # These statuses are named there, but the function does not return them as failures.
    delete @said{qw(SEC_E_OK SEC_I_COMPLETE_AND_CONTINUE STATUS_INVALID_PARAMETER)};
    is_deeply([ sort split ' ', $returns ], [ sort keys %said ], "$name returns what sspi.h says");
    like($comment{$name}, qr/\b$as\b/, "$name: sspi.h refers to $as") if $as ne '';
}
my $tests = join '', map { slurp($_) } glob("$root/t/unit/*.c"), glob("$root/t/conformance/*.c"),
    "$root/t/conformance/meson.build";
is_deeply([ grep { $tests !~ /\b\Q$_\E\b/ } map { $_->[3] // () } @rows ], [], 'every test that is named exists');
is_deeply([ map { $_->[1] } grep { $_->[0] ne 'SSPI_FLAG' && !defined $_->[3] } @rows ], [], 'every row names a test');

# The maps of ARCHITECTURE.md lead to files that exist.
my %file = map { $_ => 1 } map { split /\n/ } `cd '$root' && find . -name .git -prune -o -name 'build*' -prune -o -type f -print`;
my @named = slurp("$root/ARCHITECTURE.md") =~ /`([\w.\/-]+\.(?:c|h|def|t|md))`/g;
my @missing = grep { my $end = quotemeta; !grep { m{(?:/|/ngx_http_sspi(?=_))$end\z} } keys %file } @named;
is_deeply(\@missing, [],
    'every file that ARCHITECTURE.md names exists');

my $install = slurp("$root/docs/install.md");
is_deeply([ grep { $install !~ /`-D\Q$_\E=/ } slurp("$root/meson_options.txt") =~ /^option\('(\w+)'/mg ], [],
    'docs/install.md has every option of the build');

unlike($table . $header, qr/\bstub|not implemented/i, 'nothing is a stub');

done_testing();
