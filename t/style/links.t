#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The links of all pages, and of the site that tools/site makes of them. Links within the project have a
# target. Links to other sites have the right form. No test connects to them.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Find;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir scratch_dir slurp run);

my $root = root_dir();
my @pages = map { substr $_, length "$root/" } glob("$root/*.md"), glob("$root/docs/*.md"), glob("$root/docs/decisions/*.md"), "$root/contrib/README.md", "$root/t/README.md";

# Returns the anchor of a heading, as GitHub makes it.
sub anchor { my ($heading) = @_; return lc($heading =~ s/\[([^]]*)\]\([^)]*\)/$1/gr =~ s/[^\w\- ]//gr =~ tr/ /-/r) }

# Returns the text of a page without its blocks of code.
sub prose { my ($page) = @_; return slurp("$root/$page") =~ s/^```.*?^```$//gmsr }

# True for an address on another site that needs no protocol without encryption.
sub is_foreign { my ($link) = @_; return $link =~ m{\Ahttps://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/[\w./~%+&=?:\@-]*)?(?:#[\w.:/-]+)?\z} }

for my $page (@pages) {
    my @broken;
    for my $link (prose($page) =~ /\]\(([^)\s]+)\)/g) {
        next if is_foreign($link);
        my ($path, $part) = $link =~ /\A([^#]*)(?:#(.*))?\z/;
        my $target = $path eq '' ? "$root/$page" : dirname("$root/$page") . "/$path";
        my $found = -e $target;
        $found = grep { anchor($_) eq $part } prose(substr abs_path($target), length "$root/") =~ /^#+ (.*)$/mg if $found && defined $part;
        push @broken, $link if !$found;
    }
    is_deeply(\@broken, [], "the links of $page have a target");
}

my @listed = prose('docs/README.md') =~ /^- \[[^]]+\]\(([^)]+)\)/mg;
my %times;
$times{$_}++ for @listed;
is_deeply([ grep { ($times{$_} // 0) != 1 } map { s{\Adocs/}{}r } grep { m{\Adocs/(?!README)[^/]*\z} } @pages ], [],
    'docs/README.md has one line for each page of docs/');

# Returns the pages of the site in `dir`: path => text.
sub site {
    my ($dir) = @_;
    my %html;
    find({ no_chdir => 1, wanted => sub { $html{substr $_, length "$dir/"} = slurp($_) if -f } }, $dir);
    return \%html;
}

SKIP: {
    skip 'pandoc is not installed', 6 if run([qw(pandoc --version)])->{rc} != 0;
    my @site = map {
        my ($n, %env) = @$_;
        my $dir = scratch_dir("site-$n") . '/html';
        my $made = run([ "$root/tools/site", $dir ], env => \%env, timeout => 240);
        is($made->{rc}, 0, "tools/site makes the site in the time zone $env{TZ}") or diag($made->{out}, $made->{err});
        site($dir);
    } [ 1, TZ => 'UTC', LC_ALL => 'C.UTF-8' ], [ 2, TZ => 'Asia/Tokyo', LC_ALL => 'POSIX' ];
    my ($html, $again) = @site;
    is_deeply([ grep { ($again->{$_} // '') ne $html->{$_} } sort keys %$html ], [], 'the site has the same octets each time');

    my (@broken, @foreign);
    for my $page (grep { /\.html\z/ } sort keys %$html) {
        push @foreign, "$page: $1" while $html->{$page} =~ /<(script|iframe|style|link rel="stylesheet" href="(?!(?:\.\.\/)*style\.css"))/g;
        while ($html->{$page} =~ /<(\w+)\b[^>]*? (?:href|src)="([^"]*)"/g) {
            my ($element, $link) = ($1, $2);
            if ($link =~ /\A\w+:/) {
                push @foreign, "$page: $link" if $element ne 'a' || !is_foreign($link =~ s/&amp;/&/gr);
                next;
            }
            my ($path, $part) = $link =~ /\A([^#]*)(?:#(.*))?\z/;
            my $target = $path eq '' ? $page : join '/', grep { $_ ne '.' } dirname($page), $path;
            1 while $target =~ s{(?:\A|(?<=/))(?!\.\./)[^/]+/\.\./}{};
            $target =~ s{\A\./}{};
            push @broken, "$page: $link"
                if !defined $html->{$target} || defined $part && $html->{$target} !~ / id="\Q$part\E"/;
        }
    }
    is_deeply(\@broken, [], 'every link of the site has a target');
    is_deeply(\@foreign, [], 'the site loads nothing from other sites, and has no script');
    unlike($html->{'style.css'}, qr/url\(|\@import/, 'the style sheet loads nothing');
}

done_testing;
