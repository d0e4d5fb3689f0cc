#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The spelling of all pages, by aspell's British dictionary. words.txt has the words that it does not know.
#
#   perl t/style/spelling.t           runs the test
#   perl t/style/spelling.t --list    prints the unknown words of each page
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir slurp run);

my $root = root_dir();
my @pages = map { substr $_, length "$root/" } glob("$root/*.md"), glob("$root/docs/*.md"), glob("$root/docs/decisions/*.md"), "$root/contrib/README.md", "$root/t/README.md";
my @known = split /\n/, slurp("$FindBin::Bin/words.txt");
my %known = map { lc, 1 } @known;

# Returns the prose of a page: no code, targets of links, comments, names of files and directives. It also leaves
# out what looks like an address or the name of a user.
sub plain {
    my ($text) = @_;
    $text =~ s/^```.*?^```$//gms;
    $text =~ s/<!--.*?-->//gs;
    $text =~ s/`+[^`]*`+/ /g;
    $text =~ s/\[[\w.-]*\]\([^)]*\)|\]\([^)]*\)/ /g;
    $text =~ s{\S*[\w)]\.\w\S*|\S*[\w-]/\S*|\S*[_\@\\=&\$<>~|:]+\w\S*|\S*\d\S*}{ }g;
    return $text;
}

# Returns the words of a page that the dictionary does not have.
sub unknown {
    my ($text) = @_;
    my $r = run([qw(aspell --lang=en_GB --encoding=utf-8 --ignore=2 list)], stdin => plain($text));
    die "aspell: $r->{err}" if $r->{rc} != 0;
    my %seen;
    # The dictionary has no words in capitals, such as names of protocols, and no words like mixedCase.
    return sort grep { !$seen{$_}++ && !/\A[A-Z]{2,}s?(?:'s)?\z|[a-z][A-Z]|\A[A-Z]{2,}[a-z]/ } split /\n/, $r->{out};
}

plan skip_all => 'aspell and its British dictionary are not installed'
    if run([qw(aspell --lang=en_GB list)], stdin => "word\n")->{rc} != 0;

for my $page (@pages) {
    my @unknown = unknown(slurp("$root/$page"));
    my @wrong = grep { !$known{lc s/'s\z//r} } @unknown;
    if (@ARGV && $ARGV[0] eq '--list') { print "$page: @wrong\n" if @wrong }
    else { is_deeply(\@wrong, [], "the words of $page are in the dictionary or in t/style/words.txt") }
}
exit 0 if @ARGV;

is_deeply([ unknown("The keytab's sentense is `worng`, see nginx.conf.") ], [ "keytab's", 'sentense' ], 'a wrong word is found');
is_deeply(\@known, [ sort @known ], 'words.txt is sorted');

done_testing;
