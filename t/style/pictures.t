#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The pictures of docs/pictures/ are made from their sources, pages show all of them, and the status page
# has the rows that its picture shows.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir slurp run);

my $root = root_dir();

SKIP: {
    skip 'dpic is not installed', 1 if run([qw(dpic -h)])->{err} =~ /cannot run/;
    my $r = run([ "$root/tools/pictures", '--check' ]);
    is($r->{rc}, 0, 'the pictures are made from their sources') or diag($r->{out}, $r->{err});
}

my $pages = join '', map { slurp($_) } glob("$root/*.md"), glob("$root/docs/*.md");
my @pictures = map { m{([^/]+)\.svg\z} } glob "$root/docs/pictures/*.svg";
is_deeply([ grep { !-e "$root/docs/pictures/$_.pic" } @pictures ], [], 'each picture has a source');
is_deeply([ grep { $pages !~ m{!\[[^]]+\]\((?:docs/)?pictures/\Q$_\E\.svg\)} } @pictures ], [], 'a page shows each picture, with a text');

my @rows = slurp("$root/docs/pictures/status.pic") =~ /^counter\("([^".]+)", "\d+"\)/mg;
my @counters = slurp("$root/core/store/store_counters.def") =~ /^STORE_COUNTER\(\w+, "\w+", "([^"]+)"\)/mg;
cmp_ok(scalar @rows, '>', 5, 'the rows of the picture are read');
is_deeply(\@rows, [ @counters[ 0 .. $#rows ] ], 'the picture of the status page shows the first counters');

done_testing;
