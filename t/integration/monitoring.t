#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The files of docs/monitoring.md: Prometheus accepts the job and the rules, its parser reads the status
# page, and fail2ban's filter finds the clients with wrong passwords in the logs of both servers.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(run scratch_dir slurp spew);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Examples;
use SSPI::Test::Scenario;

my $dir = scratch_dir('files');

# Returns the block of text that begins with a pattern, as a file.
sub file {
    my ($name, $heading, $pattern) = @_;
    my ($text) = grep { /\A$pattern/ } SSPI::Test::Examples::section('docs/monitoring.md', $heading) =~ /^```text\n(.*?)^```$/msg;
    return spew("$dir/$name", $text // die "$heading has no block $pattern\n");
}

sub here { my ($program) = @_; return run([ 'sh', '-c', 'command -v "$1"', 'sh', $program ])->{rc} == 0 }

my $promtool = here('promtool');
my $fail2ban = here('fail2ban-regex');

SKIP: {
    skip 'promtool of the package prometheus is not installed', 2 if !$promtool;
    for ([ 'config', file('prometheus.yml', 'Prometheus', 'scrape_configs:') ], [ 'rules', file('rules.yml', 'Prometheus', 'groups:') ]) {
        my $r = run([ 'promtool', 'check', @$_ ]);
        is($r->{rc}, 0, "promtool check $_->[0]") or diag($r->{out}, $r->{err});
    }
}

my $filter = slurp(file('sspi.conf', 'fail2ban', '\[Definition\]'));
my $users = spew(scratch_dir('users') . '/users', user_line('alice', 'site', 'pw'), 0644);
my %digest = (packages => 'Digest', realm => 'site', digest_user_file => $users);

scenario 'monitoring', { locations => [ { path => '/p/', %digest },
        { path => '/status', sspi => 'off', apache => 'SetHandler sspi-status', nginx => 'sspi_status;' } ] }, sub {
    my ($server) = @_;
    my $c = $server->client;
    is($c->get('/p/', digest => 'alice:wrong')->status, 401, 'a wrong password');
    is($c->get('/p/', digest => 'alice:pw')->status, 200, 'a right one');
    SKIP: {
        skip 'promtool of the package prometheus is not installed', 1 if !$promtool;
        my $r = run([qw(promtool check metrics)], stdin => $c->get('/status?format=prometheus')->body);
        is($r->{rc}, 0, 'Prometheus reads the status page') or diag($r->{out}, $r->{err});
    }
    # The expressions of the filter, with Perl's form of an address.
    my @lines = grep { /\bSSPI-\d+\b/ } split /\n/, $server->log;
    my @patterns = map { s/<ADDR>/(127\\.0\\.0\\.1)/r } $filter =~ /^(?:failregex =)?\s+(\^.*)$/mg;
    is(scalar @patterns, 2, 'the filter has an expression for each server');
    my @found = grep { my $line = $_; grep { $line =~ /$_/ } @patterns } @lines;
    is(scalar @found, 1, 'the filter finds the wrong password, and no other line') or diag(explain(\@lines));
    SKIP: {
        skip 'fail2ban is not installed', 1 if !$fail2ban;
        my $r = run([ 'sh', '-c', 'mkdir "$1/f2b" && cp -r /etc/fail2ban/. "$1/f2b" && cp "$1/sspi.conf" "$1/f2b/filter.d" && fail2ban-regex -c "$1/f2b" "$2" sspi; rm -r "$1/f2b"',
                'sh', $dir, $server->{error_log} ]);
        like($r->{out}, qr/^Failregex: 1 total$/m, 'so does fail2ban') or diag($r->{out}, $r->{err});
    }
};

done_testing;
