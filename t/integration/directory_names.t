#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The groups of a directory that requirements name: what both servers log at start, that a winbind
# that is away or hangs stops neither the start nor a request, and the limits for header lines. The
# winbind is that of a machine without a domain; t/ad has a domain.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(time);
use SSPI::Test qw(run wait_until);
use SSPI::Test::Scenario;
use SSPI::Test::Winbind;

my $reason = SSPI::Test::Winbind::skip_reason();
plan skip_all => $reason if defined $reason;

my $kdc = SSPI::Test::KDC->new;
my $winbind = SSPI::Test::Winbind->new;
my ($found, $unknown, $limit) = map { message_id($_) } qw(GROUP_RESOLVED GROUP_UNKNOWN HEADER_LIMIT);
my ($admins, $nobody) = ('BUILTIN\\\\Administrators', SSPI::Test::Winbind::DOMAIN . '\\\\nobody');

sub location { my ($path, @groups) = @_; return { path => $path, packages => 'Negotiate', keytab => $kdc->{keytab},
    @groups ? (require => [ map { "group $_" } @groups ]) : () } }

my %config = (
    before => [ $winbind->before ],
    env => $kdc->server_env,
    locations => [ location('/admins/', qq("$admins")), location('/again/', qq("$admins")), location('/nobody/', qq("$nobody")),
        location('/sid/', 'S-1-5-32-545'), { path => '/open/', sspi => 'off' } ],
);

# Returns the lines of a log with this id. nginx also writes them to standard error.
sub lines { my ($text, $id) = @_; return grep { /\b$id\b/ && !/^nginx: / } split /\n/, $text }

# Each answer comes at once.
sub is_fast {
    my ($server, $name) = @_;
    my $began = time;
    is($server->client->get('/admins/')->status, 401, "$name: the request is challenged");
    cmp_ok(time - $began, '<', 3, "$name: it does not wait");
    return;
}

scenario 'names of groups at start', \%config, sub {
    my ($server) = @_;
    my $log = $server->log;
    is(scalar(lines($log, $found)), 1, 'one line for a group that two locations name') or diag($log);
    like((lines($log, $found))[0], qr/\[(?:\w+:)?notice\].*BUILTIN\\{1,2}Administrators is S-1-5-32-544\b/, 'its SID');
    is(scalar(lines($log, $unknown)), 1, 'one line for a name that is not a group');
    like((lines($log, $unknown))[0], qr/\[(?:\w+:)?warn\].*nobody was not found.*not a group.*SID/, 'it says what to do');
    is_fast($server, 'after the start');
    $server->new_log;
    $server->reload;
    is(scalar(lines($server->new_log, $found)), 1, 'a reload asks again');
    is_fast($server, 'after the reload');
};

# Returns the seconds and the output of the server's configuration test.
sub timed_test {
    my ($kind, $name, %change) = @_;
    my $began = time;
    my $out = config_passes($name, { %config, on => $kind, %change });
    return (time - $began, $out);
}

for my $kind (grep { wanted($_) } qw(apache nginx)) {
    my (undef, $out) = timed_test($kind, 'with winbind');
    is(scalar(lines($out, $found)), 1, "$kind: the configuration test tells the SID");

    # Limits for header lines.
    is(scalar(lines($out, $limit)), 0, "$kind: a limit of 96 KiB is enough");
    my %small = (apache_head => "LimitRequestFieldSize 8190\n", nginx => "large_client_header_buffers 4 8k;\n");
    (undef, $out) = timed_test($kind, 'a small limit', %small);
    is(scalar(lines($out, $limit)), 1, "$kind: a small limit is logged once") or diag($out);
    like((lines($out, $limit))[0], $kind eq 'apache' ? qr/notice.*LimitRequestFieldSize.*8190.*set LimitRequestFieldSize 65536/
        : qr/notice.*large_client_header_buffers.*8192.*set large_client_header_buffers 8 64k/, "$kind: it says what is right");
    (undef, $out) = timed_test($kind, 'no group', %small, locations => [ location('/p/') ]);
    is(scalar(lines($out, "$limit|$found|$unknown")), 0, "$kind: without a group nothing is asked");

    # A winbind that hangs.
    $winbind->pause;
    my ($seconds, $hung) = timed_test($kind, 'while winbind hangs');
    $winbind->resume;
    cmp_ok($seconds, '<', 15, "$kind: the configuration test ends"); # two tests of 5 s
    is(scalar(lines($hung, $unknown)), 2, "$kind: no name has a SID") or diag($hung);
    like($_, qr/in time.*start winbind or SSSD/, "$kind: the line says why") for lines($hung, $unknown);
}

# Requests while winbind hangs. The server starts without winbind, so that its workers ask soon.
for my $kind (qw(apache nginx)) {
    $winbind->stop;
    scenario 'winbind is away, then hangs', { %config, on => $kind }, sub {
        my ($server) = @_;
        is(scalar(lines($server->log, $unknown)), 2, 'no name has a SID at start');
        $server->new_log;
        $winbind->start;
        $winbind->pause;
        # Each worker asks again 10 s after the start.
        my ($until, $slowest, %status) = (time + 13, 0);
        while (time < $until) {
            my $began = time;
            $status{$server->client->get('/admins/')->status}++;
            $slowest = time - $began if time - $began > $slowest;
            select undef, undef, undef, 0.2;
        }
        is_deeply([ keys %status ], [401], 'all requests are challenged');
        cmp_ok($slowest, '<', 3, 'no request waits for winbind');
        # A worker of httpd ends although its thread still waits. One of nginx first waits for its threads.
        if ($kind eq 'apache') { $server->replace_workers } else { $server->reload }
        $winbind->resume;
        ok(wait_until(sub { $server->client->get('/admins/'); $server->log =~ /$found.*BUILTIN/ }, 30),
            'the name gets its SID when winbind answers') or diag($server->log);
    };
}

done_testing;
