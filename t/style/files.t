#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Rules for the form of all files: licence, blanks, lengths, run bits, format.
use strict;
use warnings;

use File::Find;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir slurp run);

use constant { FILE_LINES => 700, FUNCTION_LINES => 80 };

my $root = root_dir();
my @files;
find({ no_chdir => 1, wanted => sub {
    $File::Find::prune = 1 if -d && m{\A\Q$root\E/(?:\.git|build[^/]*)\z};
    push @files, substr $_, length("$root/") if -f && !-l;
} }, $root);
# Recorded test data keeps its form.
my @text = grep { !m{\At/(?:vectors|fuzz)/.*(?<!\.c)\z} } sort @files;
my %content = map { $_ => slurp("$root/$_") } @text;
@text = grep { $content{$_} !~ /\0/ } @text;

sub is_script { return $content{$_[0]} =~ /\A#!.*\b(?:sh|bash|perl)\b/ }
sub is_source { return $_[0] =~ /\.(?:c|h|def|pm|pl|t|sh)\z|(?:\A|\/)meson\.build\z/ || is_script($_[0]) }

my @source = grep { is_source($_) } @text;
cmp_ok(scalar @source, '>', 10, 'there are sources to look at');

is_deeply([ grep { (join '', (split /\n/, $content{$_})[0 .. 1]) !~ /SPDX-License-Identifier: Apache-2\.0/ }
    grep { $content{$_} =~ /\n.*\n/ } @source ], [], 'each source begins with the licence');
is_deeply([ grep { $content{$_} =~ /\t/ } @source ], [], 'no source has a tab');
is_deeply([ grep { $content{$_} =~ /[ \t]+$/m } @text ], [], 'no file has blanks at the end of a line');
is_deeply([ grep { $content{$_} !~ /\n\z/ } grep { length $content{$_} } @text ], [],
    'each file ends with a line break');
# sspi.h has all names of Windows in one file, as on Windows.
is_deeply([ grep { $_ ne 'core/include/sspi.h' && ($content{$_} =~ tr/\n//) > FILE_LINES } @source ], [],
    'no source is longer than ' . FILE_LINES . ' lines');
is_deeply([ grep { my $f = $_; grep { length > 100 } split /\n/, $content{$f} }
    grep { /\.[ch]\z/ } @source ], [], 'no line of C is longer than 100 columns');
is_deeply([ grep { m{^\s*//|\bTODO\b|\bFIXME\b}m } map { /\.[ch]\z/ ? $content{$_} : () } @source ], [],
    'C has no // comment, no TODO and no FIXME');

# A function begins and ends with a line that has only a brace in the first column.
my @long;
for my $file (grep { /\.c\z/ } @source) {
    my ($start, $n) = (undef, 0);
    for my $line (split /\n/, $content{$file}) {
        $n++;
        $start = $n if $line eq '{';
        if ($line eq '}' && defined $start) {
            push @long, "$file:$start: " . ($n - $start + 1) if $n - $start + 1 > FUNCTION_LINES;
            $start = undef;
        }
    }
}
is_deeply(\@long, [], 'no function is longer than ' . FUNCTION_LINES . ' lines');

for my $script (grep { is_script($_) && !/\.t\z/ } @source) {
    ok(-x "$root/$script", "$script has its run bit");
    my @check = $content{$script} =~ /\A#!.*perl/ ? ('perl', "-I$root/t/lib", '-c') : $content{$script} =~ /\A#!.*bash/
        ? ('bash', '-n') : ('sh', '-n');
    my $r = run([ @check, "$root/$script" ]);
    is($r->{rc}, 0, "$script parses") or diag($r->{err});
}

SKIP: {
    # Other versions format differently.
    skip 'clang-format-14 is not installed', 1 if run([qw(clang-format-14 --version)])->{rc} != 0;
    my @c = map { "$root/$_" } grep { /\.[ch]\z/ } @source;
    my $r = run([ qw(clang-format-14 --dry-run -Werror --style=file), @c ]);
    is($r->{rc}, 0, 'clang-format-14 would change nothing')
        or diag(join "\n", (grep { /error:|warning:/ } split /\n/, $r->{err})[0 .. 9]);
}

done_testing;
