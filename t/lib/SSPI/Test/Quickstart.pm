# SPDX-License-Identifier: Apache-2.0
# Follows docs/quickstart-apache.md and docs/quickstart-nginx.md as a reader does, on a private copy of
# this machine: writes each file, runs each command, and looks for the outputs that the page promises.
package SSPI::Test::Quickstart;
use strict;
use warnings;

use Exporter qw(import);
use Test::More;
use SSPI::Test qw(root_dir build_dir slurp);
use SSPI::Test::Machine;

our @EXPORT_OK = qw(quickstart_steps follow written);

# Returns the command that writes a file.
sub written { my ($file, $text) = @_; return "cat >'$file' <<'END'\n${text}END" }

# Commands that another test runs, or that differ because the build exists.
my $build = build_dir();
my @instead = ([ qr{^apt install .*}, 'true' ], [ qr{^tools/setup .*}, 'true' ],
    [ qr{^meson setup build .* && meson install -C build$}, "meson install -C '$build' --no-rebuild --quiet" ]);

# Returns what a reader of a page does: { command, name, stdin, expected }. Commands read the user's
# password from their standard input. `replace` changes the page's names in its text.
sub quickstart_steps {
    my ($page, $password, $replace) = @_;
    my $text = $replace->(slurp(root_dir() . "/$page"));
    my @steps;
    while ($text =~ /^(?:Write this into `([^`]+)`:\n\n)?```(\w+)\n(.*?)^```$/msg) {
        my ($file, $kind, $block) = ($1, $2, $3);
        if (defined $file) { push @steps, { name => "the file $file", command => written($file, $block) } }
        elsif ($kind eq 'sh') { push @steps, map { { name => $_, command => $_, stdin => "$password\n" } } split /\n/, $block }
        elsif ($kind eq 'text') { $steps[-1]{expected} = [ split /\n/, $block ] }
        else { die "$page: the page does not say what to do with a block of $kind\n" }
    }
    for my $step (@steps) {
        for (@instead) { my ($pattern, $command) = @$_; $step->{command} =~ s/$pattern/$command/ }
    }
    return @steps;
}

# Carries out steps in order and tests their results.
sub follow {
    my ($title, @steps) = @_;
    my @done = SSPI::Test::Machine::run_all(@steps);
    return subtest $title => sub {
        for my $step (@done) {
            my $what = $step->{name} // $step->{command} =~ s/\n.*//sr;
            is($step->{rc}, 0, $what) or diag($step->{out});
            like($step->{out}, qr/\Q$_\E/, "$what: $_") for @{$step->{expected} // []};
            unlike($step->{out}, $step->{unexpected}, "$what: nothing else") if $step->{unexpected};
        }
    };
}

1;
