#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The man page and the completion of each program that is installed: they know the options of --help and no others,
# the page has no fault of form, and its examples run.
use strict;
use warnings;

use File::Basename qw(basename);
use FindBin;
use JSON::PP qw(decode_json);
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir build_dir scratch_dir is_root slurp run);
use SSPI::Test::Commands;

# The programs as the build installs them: path in the build directory by name.
my %program = map { basename($_->{filename}[0]) => $_->{filename}[0] }
    grep { $_->{installed} && $_->{type} eq 'executable' }
    @{decode_json(run([ 'meson', 'introspect', '--targets', build_dir() ])->{out})};
is_deeply([ sort map { basename($_, '.1') } glob(root_dir() . '/docs/man/*.1') ], [ sort keys %program ],
    'each program has a man page, and each man page a program');

# True if the command exists and runs.
sub has { my (@command) = @_; return run([@command])->{rc} == 0 }

sub words { my ($text) = @_; return join ' ', split ' ', $text }

# Tests that the page has no fault.
sub page_is_clean {
    my ($page) = @_;
    SKIP: {
        skip 'mandoc is not installed', 2 if !has('mandoc', '-Tlint', '-W', 'fatal', $page);
        my $lint = run([ qw(mandoc -Tlint -W warning), $page ]);
        is($lint->{rc}, 0, 'mandoc finds no fault') or diag($lint->{out}, $lint->{err});
        my $name = basename($page, '.1');
        my $shown = run([ qw(mandoc -Tascii -O width=200), $page ])->{out} =~ s/.\x08//gr;
        my ($usage) = run([ $program{$name}, '--help' ])->{out} =~ /\Ausage: (.*?)\n\n/s;
        my ($synopsis) = $shown =~ /^SYNOPSIS\n(.*?)\n\n/ms;
        is(words($synopsis), words($usage), 'the synopsis is the usage of --help');
    }
    SKIP: {
        skip 'man is not installed', 1 if !has('man', '--version');
        my $man = run([ qw(man --warnings -E UTF-8 -l -Tutf8 -Z), $page ], env => { LC_ALL => 'C.UTF-8', MANWIDTH => 80 });
        is($man->{err}, '', 'man prints it without a warning');
    }
    return;
}

# Tests that the completion offers these words, for the last of the words of a command line.
sub completes {
    my ($name, $line, $want, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $r = run([ 'bash', '-c', '. "$1"; shift; read -r _ _ _ _ function _ < <(complete -p "$1") || exit 1; '
        . '"${function}" "$2" "${@: -1}" "${@: -2:1}"; printf "%s\n" "${COMPREPLY[@]}"', 'bash',
        root_dir() . '/tools/completion.bash', $name, $program{$name}, @$line ]);
    return is_deeply([ split /\n/, $r->{out} ], $want, $what) || diag($r->{err});
}

for my $name (sort keys %program) {
    subtest $name => sub {
        my $page = root_dir() . "/docs/man/$name.1";
        my $source = slurp($page);
        my $help = run([ $program{$name}, '--help' ])->{out};
        my @options = $help =~ /^  (-[^ ]+) /mg;
        is_deeply([ map { '-' . (s/\AFl /-/r =~ s/ .*//r) } $source =~ /^\.It Fl (.*)/mg ], \@options,
             'the page lists the options of --help');
        is_deeply([ grep { $source !~ /^\.Sh \Q$_\E$/m } 'ENVIRONMENT', 'FILES', 'EXIT STATUS', 'EXAMPLES', 'SEE ALSO',
            'SECURITY CONSIDERATIONS' ], [], 'it has all sections');
        page_is_clean($page);
        my $dir = scratch_dir($name);
        for my $line ($source =~ /^\$ (.*)/mg) {
            SKIP: {
                skip 'only root can give files to a group', 1 if $line =~ /\Achgrp / && !is_root();
                shown_command_works($dir, $line, 'an example runs');
            }
        }
        completes($name, ['-'], \@options, 'bash completes the options');
        completes($name, ['--v'], [ grep { /\A--v/ } @options ], 'bash completes a part of an option');
        completes($name, [''], [], 'bash completes an operand as a file');
    };
}

subtest 'bash completes algorithms' => sub {
    my @algorithms = qw(SHA-256 SHA-512-256 MD5 NT);
    completes('sspi-passwd', [ '-a', '' ], \@algorithms, 'all of them');
    completes('sspi-passwd', [ '-a', 'MD5,SHA-5' ], ['MD5,SHA-512-256'], 'the last one of a list');
    my $dir = scratch_dir('algorithms');
    shown_command_works($dir, "sspi-passwd -c -r Intranet -a $_ $_.users alice", 'sspi-passwd knows it') for @algorithms;
};

done_testing;
