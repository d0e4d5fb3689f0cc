#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Tens of thousands of requests with sessions do not let the memory of a server grow.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(slurp);
use SSPI::Test::Scenario;
use SSPI::Test::Session;

use constant {
    REQUESTS => 24_000,
    # The number of requests that fill what the server keeps: the heap's reserve, pools of threads.
    REQUESTS_TO_SETTLE => 8_000,
    REQUESTS_PER_CONNECTION => 800,
    # In KiB, for 16000 requests. 64 octets that each of them leaves behind would take more.
    GROWTH_LIMIT => 800,
};

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my %here = (packages => 'Negotiate', keytab => $kdc->{keytab}, session => 'on', session_require_tls => 'off');

# The private memory of all processes in KiB, because the shared memory fills up by design.
sub memory_of {
    my ($server) = @_;
    my $sum = 0;
    for my $pid ($server->{pid}, $server->workers) { $sum += $1 if slurp("/proc/$pid/status") =~ /^RssAnon:\s+(\d+)/m }
    return $sum;
}

# The paths that clients request in turn, with the cookie that they send, and the right answer.
sub rounds {
    my ($cookie) = @_;
    return (
        [ '/p/', $cookie, '200 alice@SSPI.TEST' ],
        [ '/p/', "first=1; $cookie; last=2", '200 alice@SSPI.TEST' ],
        [ '/optional/', $cookie, '200 alice@SSPI.TEST' ],
        [ '/p/', 'a=b; ' . ($cookie =~ s/.{8}\z/AAAAAAAA/r), '401 ' ],
    );
}

plan skip_all => 'the sanitizers keep freed memory' if $ENV{SSPI_PRELOAD};

scenario 'memory', {
    env => $kdc->server_env, one_process => 1,
    # One process with few threads, whose heaps are soon as large as they become.
    apache_head => "StartServers 1\nServerLimit 1\nThreadsPerChild 4\nThreadLimit 4\nMaxRequestWorkers 4\nMinSpareThreads 1\nMaxSpareThreads 4\n",
    locations => [
        { path => '/p/', %here },
        { path => '/optional/', %here, sspi => 'optional' },
    ],
}, sub {
    my ($server) = @_;
    my $cookie = set_by_login($server->client(env => $alice)->get('/p/', negotiate => 1), 'a login');
    my @rounds = rounds($cookie);
    my (%came, $connection, $settled);
    for my $n (0 .. REQUESTS - 1) {
        $connection = $server->connection if $n % REQUESTS_PER_CONNECTION == 0;
        my ($path, $sent, $wanted) = @{$rounds[ $n % @rounds ]};
        my $answer = $connection->get($path, headers => ["Cookie: $sent"]);
        my $came = defined $answer ? $answer->status . ' ' . $answer->user : 'closed';
        $came{$came eq $wanted ? 'right' : "$path: $came"}++;
        $settled = memory_of($server) if $n + 1 == REQUESTS_TO_SETTLE;
    }
    my $grown = memory_of($server) - $settled;
    is_deeply(\%came, { right => REQUESTS }, 'every answer is right');
    cmp_ok($grown, '<', GROWTH_LIMIT, "the memory grew by $grown of $settled KiB");
};

done_testing;
