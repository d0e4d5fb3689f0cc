# SPDX-License-Identifier: Apache-2.0
# Scenarios: one configuration, and checks that run against both servers with this configuration.
package SSPI::Test::Scenario;
use strict;
use warnings;

use Exporter qw(import);
use Test::More;
use SSPI::Test;
use SSPI::Test::Apache;
use SSPI::Test::KDC;
use SSPI::Test::Nginx;

our @EXPORT = qw(scenario config_passes config_refused granted refused challenged logged has_line wanted message_id
    message_lines count_messages);

my %class = (apache => 'SSPI::Test::Apache', nginx => 'SSPI::Test::Nginx');

sub _servers {
    my ($on) = @_;
    return $on ? ($on) : qw(apache nginx);
}

# The environment variable SSPI_SERVERS names the servers to test, if a module was left out of the
# build intentionally.
sub wanted {
    my ($kind) = @_;
    return !defined $ENV{SSPI_SERVERS} || grep { $_ eq $kind } split ' ', $ENV{SSPI_SERVERS};
}

# scenario 'name', { options of SSPI::Test::Server, on => one server }, sub { my ($server) = @_; ... }
# Runs one subtest per server. The server's log must have no error at the end.
sub scenario {
    my ($name, $spec, $checks) = @_;
    for my $kind (_servers($spec->{on})) {
        SKIP: {
            skip "$kind: $name: not among SSPI_SERVERS", 1 if !wanted($kind);
            local $Test::Builder::Level = $Test::Builder::Level + 1;
            subtest "$kind: $name" => sub {
                my $server = eval { $class{$kind}->new(%$spec)->start };
                if (!$server) {
                    my $why = $@;
                    fail("$kind starts");
                    diag($why);
                    return;
                }
                eval { $checks->($server); 1 } or do { my $why = $@; fail('the checks run to their end'); diag($why) };
                my @faults = $server->stop;
                is_deeply(\@faults, [], 'the error log has only expected lines')
                    or diag("log: $server->{error_log}");
            };
        }
    }
    return;
}

# The server's configuration test must accept `spec`. Returns the output of the last test.
sub config_passes {
    my ($name, $spec) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $out;
    for my $kind (_servers($spec->{on})) {
        SKIP: {
            skip "$kind: $name: not among SSPI_SERVERS", 1 if !wanted($kind);
            my $r = $class{$kind}->new(%$spec)->test_config;
            is($r->{rc}, 0, "$kind: $name passes") or diag($r->{out});
            $out = $r->{out};
        }
    }
    return $out;
}

# The server's configuration test must refuse `spec`, and its output must match each of the
# patterns.
sub config_refused {
    my ($name, $spec, @patterns) = @_;
    for my $kind (_servers($spec->{on})) {
        SKIP: {
            skip "$kind: $name: not among SSPI_SERVERS", 1 if !wanted($kind);
            subtest "$kind: $name" => sub {
                my $r = $class{$kind}->new(%$spec)->test_config;
                isnt($r->{rc}, 0, "$kind -t fails");
                unlike($r->{out}, qr/Sanitizer|signal/, 'the configuration test does not crash');
                for my $pattern (@patterns) {
                    my $p = ref $pattern eq 'HASH' ? $pattern->{$kind} : $pattern;
                    like($r->{out}, $p, 'the message has the fact');
                }
            };
        }
    }
    return;
}

sub _outcome { my ($name, $outcome) = @_; return defined $name ? "$name: $outcome" : $outcome }

# Tests that the answer is 200 and names the user. `want`: user, and optionally remote_user,
# package, mechanism, bound. The name says what was sent; the test adds the outcome to it.
sub granted {
    my ($answer, $want, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %got = (status => $answer->status, user => $answer->user, remote_user => $answer->remote_user,
        package => $answer->package_name, mechanism => $answer->mechanism, bound => $answer->bound);
    my %want = (status => 200, remote_user => $want->{user}, %$want);
    my %see = map { $_ => $got{$_} } keys %want;
    return is_deeply(\%see, \%want, _outcome($name, "$want{status}, user $want->{user}")) || diag($answer->brief);
}

# Tests that the answer has this status and names no user. A 401 has challenges, another status has
# no challenge. The test adds the outcome to the name.
sub refused {
    my ($answer, $status, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $good = is_deeply(
        { status => $answer->status, user => $answer->user, remote_user => $answer->remote_user,
            challenged => scalar($answer->challenges) ? 1 : 0 },
        { status => $status, user => '', remote_user => '', challenged => $status == 401 ? 1 : 0 },
        _outcome($name, "$status, no user"));
    diag($answer->brief) if !$good;
    return $good;
}

# Tests that the answer is a 401 whose challenges have these schemes: "Negotiate Digest".
sub challenged {
    my ($answer, $schemes, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_deeply([ $answer->status, join ' ', $answer->schemes ], [ 401, $schemes ], $name) || diag($answer->brief);
}

my %message_number;

# The number of a message of core/include/sspi_reasons.def, as "SSPI-115" for REPLAY.
sub message_id {
    my ($name) = @_;
    if (!%message_number) {
        my $table = SSPI::Test::slurp(SSPI::Test::root_dir() . '/core/include/sspi_reasons.def');
        %message_number = $table =~ /^SSPI_REASON\((\w+), (\d+)/mg;
    }
    return 'SSPI-' . ($message_number{$name} // die "no message $name\n");
}

# Returns the log lines about requests (numbers below 200) since the last call, except those about
# logins. For these see login_messages.t.
sub message_lines {
    my ($server) = @_;
    my $granted = message_id('GRANTED');
    return grep { /\bSSPI-1\d\d\b/ && !/\b$granted\b/ } split /\n/, $server->new_log;
}

# Returns whether a line has a fact: a string that the line contains, or a pattern that matches the line.
sub _holds { my ($line, $fact) = @_; return ref $fact ? $line =~ $fact : index($line, $fact) >= 0 }

sub _holds_all { my ($line, @facts) = @_; return !grep { !_holds($line, $_) } @facts }

# Returns how often the server has logged the named message.
sub count_messages {
    my ($server, $name) = @_;
    my $id = message_id($name);
    return scalar(() = $server->log =~ /\b$id\b/g);
}

# Tests that the server has logged one line about a request since the last call: the named message,
# with all of these facts. Facts are ids, names, numbers and directives, so that a test does not
# depend on the wording of a message.
sub logged {
    my ($server, $message, @facts) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @lines = message_lines($server);
    my $id = message_id($message);
    my $good = ok(@lines == 1 && _holds_all($lines[0], qr/$id\b/, @facts),
        "the log says $message" . (@facts ? " with @facts" : ''));
    diag(map { "logged was: $_\n" } @lines, @lines ? () : 'nothing') if !$good;
    return $good;
}

# Tests that one line of a text holds all of these facts.
sub has_line {
    my ($text, $facts, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok(scalar(grep { _holds_all($_, @$facts) } split /\n/, $text), $name)
        || diag("no line holds: @$facts\n$text");
}

1;
