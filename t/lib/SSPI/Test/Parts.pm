# SPDX-License-Identifier: Apache-2.0
# Scenarios of several parts on one server. A server for each part would take longer than all the
# checks.
package SSPI::Test::Parts;
use strict;
use warnings;

use Exporter qw(import);
use Test::More;
use SSPI::Test::Scenario;

our @EXPORT = qw(parts);

# parts 'name', { as for scenario }, 'name of a part' => sub { my ($server) = @_; ... }, ...
# Each part is a subtest. If one part dies, the others still run. All parts use the same server, so they share its
# state, such as used nonces and tickets. A part begins with an empty new_log().
sub parts {
    my ($name, $spec, @parts) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return scenario($name, $spec, sub {
        my ($server) = @_;
        for (my $i = 0; $i < @parts; $i += 2) {
            my ($part, $checks) = @parts[ $i, $i + 1 ];
            $server->new_log;
            subtest $part => sub {
                eval { $checks->($server); 1 } or do { my $why = $@; fail('the checks run to their end'); diag($why) };
            };
        }
    });
}

1;
