# SPDX-License-Identifier: Apache-2.0
# Runs commands that pages and manuals show to readers, in a directory of the test.
package SSPI::Test::Commands;
use strict;
use warnings;

use Exporter qw(import);
use Test::More;
use SSPI::Test qw(built run);

our @EXPORT = qw(shown_command_works);

# Runs a line in `dir`: there are its files of /etc, and our programs are those of the build. sspi-passwd gets the
# password on its standard input. A user file that -c creates may exist from an earlier line.
sub shown_command_works {
    my ($dir, $line, $where) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($program, @words) = split ' ', $line;
    s{\A/etc/\w+/}{} for @words;
    unlink map { "$dir/$_" } grep { /\.users\z/ } @words if grep { $_ eq '-c' } @words;
    unshift @words, '--stdin'
        if $program eq 'sspi-passwd' && !grep { /\A(?:-D|--stdin|--list|--import|--compile)\z/ } @words;
    $program = built($1) if $program =~ /\Asspi-(\w+)\z/;
    my $r = run([ 'sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', $dir, $program, @words ], stdin => "a password\n");
    return is($r->{rc}, 0, "$where: $line") || diag($r->{out}, $r->{err});
}

1;
