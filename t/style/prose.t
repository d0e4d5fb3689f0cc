#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The language of comments, help, messages and pages: short sentences with a subject.
#
#   perl t/style/prose.t                    runs the test
#   perl t/style/prose.t --list [PATH...]   prints each offence as path:line: kind: text
#   perl t/style/prose.t --count [PATH...]  prints totals
#   perl t/style/prose.t --text [PATH...]   prints every sentence as path:line: kind: text
use strict;
use warnings;

use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Prose qw(prose_files units sentences offences count_prose MAX_WORDS);

# The largest shares of all sentences, in percent, and the largest numbers.
use constant { LONG => 4, BEGINS => 1.5, ALONE => 20, RIDDLES => 0 };

my $root = abs_path($ENV{SSPI_PROSE_ROOT} // "$FindBin::Bin/../..");
my $mode = @ARGV && $ARGV[0] =~ /\A--(list|count|text)\z/ ? $1 : undef;
shift @ARGV if $mode;
my @files = prose_files($root, @ARGV);
binmode $_, ':encoding(UTF-8)' for *STDOUT, *STDERR;

sub percent { my ($part, $whole) = @_; return $whole ? 100 * $part / $whole : 0 }

sub totals {
    my ($count) = @_;
    my $all = $count->{sentences};
    return sprintf "%d sentences: %d over %d words (%.1f %%), %d begin with Who, What, None, Nobody (%.1f %%),"
        . " \"alone\" %d, \"nobody's\", \"none is\", \"whoever\" %d\n", $all, $count->{long}, MAX_WORDS,
        percent($count->{long}, $all), $count->{begins}, percent($count->{begins}, $all), $count->{alone},
        $count->{riddle};
}

if (($mode // '') eq 'list') {
    count_prose($root, \@files, sub {
        my ($path, $kind, $sentence) = @_;
        print "$path:$sentence->{line}: $kind: $sentence->{text}\n";
    });
    exit 0;
}
if (($mode // '') eq 'count') {
    print totals(count_prose($root, \@files));
    exit 0;
}
if (($mode // '') eq 'text') {
    for my $path (@files) {
        open my $in, '<:encoding(UTF-8)', "$root/$path" or die "$path: $!\n";
        my $content = do { local $/; <$in> } // '';
        print map { "$path:$_->{line}: $_->{kind}: $_->{text}\n" } map { sentences($_) } units($path, $content);
    }
    exit 0;
}

# Tests of the rules on texts with known offences.
sub found {
    my ($path, $content) = @_;
    return [ map { my $s = $_; map { "$s->{line} $_" } offences($s) } map { sentences($_) } units($path, $content) ];
}
my $long = join ' ', ('word') x (MAX_WORDS + 1);
is_deeply(found('a.c', "/* One.\n * Nobody comes. */\nint a; /* $long. */\n"), [ '2 begins', '3 long (26 words)' ],
    'the rules hold for comments of C');
is_deeply(found('a.c', "/* Two: $long RFC 5929 3.1, e.g. NTLM. */"), [ '1 long (32 words)' ],
    'a number or an abbreviation ends no sentence');
is_deeply(found('a.def', "X(A, \"none is left\"\n \" of nobody's alone\")"), [ '1 begins', '1 alone', ('1 riddle') x 2 ],
    'the rules hold for texts in tables');
is_deeply(found('core/a.c', 'f("whoever calls it %" PRIu64 " alone"); g("whoever"); /* standalone; let alone */'),
    [ '1 alone', '1 riddle' ], 'the rules hold for messages');
is_deeply(found('a.t', "#!/usr/bin/perl\n# Some text\n# alone.\nx(); # What it is.\n"), [ '2 alone', '4 begins' ],
    'the rules hold for comments of Perl');
is_deeply(found('a.md', "# What is it\n\n| question | file |\n| --- | --- |\n| what it is | none is |\n\n```\nwhoever\n```\n- Who\n"),
    [ '5 begins', '5 riddle', '10 begins' ], 'the rules hold for pages, except for headings and columns of questions');

SKIP: {
    skip 'not a tree that git knows', 4 if !@files;
    my $count = count_prose($root, \@files);
    note(totals($count));
    my $all = $count->{sentences};
    cmp_ok(percent($count->{long}, $all), '<=', LONG, 'few sentences have more than ' . MAX_WORDS . ' words');
    cmp_ok(percent($count->{begins}, $all), '<=', BEGINS, 'few sentences begin with Who, What, None, Nobody');
    cmp_ok($count->{alone}, '<=', ALONE, 'few sentences use another word for "only"');
    cmp_ok($count->{riddle}, '<=', RIDDLES, 'words that the rules forbid are not used');
}

done_testing;
