#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A thousand logins on one worker under valgrind: no block leaks, and the memory does not grow.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(slurp);
use SSPI::Test::Gss qw(negotiate_value);
use SSPI::Test::KDC;
use SSPI::Test::Ntlm qw(ntlm_login);
use SSPI::Test::Scenario;
use SSPI::Test::WindowsFixture qw(windows_server_config);

use constant {
    LOGINS => 1000,
    # The number of logins that fill what the server keeps: free lists, caches, and the heap's
    # reserve.
    LOGINS_TO_SETTLE => 200,
    LOGINS_PER_CONNECTION => 50,
    # In KiB, for 800 logins. Half a KiB that each login leaves behind would take more.
    GROWTH_LIMIT => 400,
};

# valgrind does not keep freed blocks, because that would look like growth.
my @valgrind = qw(valgrind --leak-check=full --show-leak-kinds=definite --num-callers=30
    --keep-debuginfo=yes --freelist-vol=0 --log-file=@LOG@);

my $kdc = SSPI::Test::KDC->new;
my $initiator = SSPI::Test::Gss->new(env => $kdc->login('alice'));

# The private memory in KiB, because the shared memory fills up by design.
sub memory_of {
    my ($server) = @_;
    return slurp("/proc/$server->{pid}/status") =~ /^RssAnon:\s+(\d+)/m ? $1 : die "no RssAnon\n";
}

sub by_kerberos {
    my ($connection) = @_;
    my $value = negotiate_value($initiator->again);
    return $connection->get('/windows/', authorization => $value);
}

# NTLM in its own scheme and in SPNEGO, alternately.
sub by_ntlm {
    my ($connection, $n) = @_;
    my ($path, $form) = $n % 2 ? ('/ntlm/', 'NTLM') : ('/windows/', 'first');
    my @answers = ntlm_login($connection, $path, form => $form, password => 'wonder land');
    return $answers[-1];
}

# Returns valgrind's paragraphs about our own code.
sub blamed {
    my ($log) = @_;
    return grep { m{\bngx_http_sspi|\bapache_\w+\.c|mod_sspi|libsspi|\((?:http|ntlm|kerberos|negotiate|sspi)_\w+\.c} }
        split /\n(?:==\d+==\s*\n)+/, $log;
}

my ($have) = grep { -x "$_/valgrind" } split /:/, $ENV{PATH};
plan skip_all => 'valgrind is not installed' if !$have;
plan skip_all => 'valgrind and the sanitizers exclude each other' if $ENV{SSPI_PRELOAD};

my $log = SSPI::Test::scratch_dir('valgrind') . '/log';
s/\@LOG\@/$log/ for @valgrind;

scenario 'memory', { windows_server_config($kdc), before => \@valgrind, one_process => 1, on => 'nginx' }, sub {
    my ($server) = @_;
    my (%came, $connection, $settled);
    for my $n (0 .. LOGINS - 1) {
        $connection = $server->connection if $n % LOGINS_PER_CONNECTION == 0;
        my $answer = $n % 2 ? by_ntlm($connection, $n >> 1) : by_kerberos($connection);
        $came{$answer->status . ' ' . $answer->user}++;
        $settled = memory_of($server) if $n + 1 == LOGINS_TO_SETTLE;
    }
    my $grown = memory_of($server) - $settled;
    is_deeply(\%came, { '200 alice@SSPI.TEST' => LOGINS / 2, '200 CORP\\alice' => LOGINS / 2 },
        'every login is granted');
    cmp_ok($grown, '<', GROWTH_LIMIT, "the memory grew by $grown of $settled KiB");
    $server->stop;
    my $said = slurp($log);
    like($said, qr/ERROR SUMMARY/, 'valgrind has checked');
    is_deeply([ blamed($said) ], [], 'valgrind finds no error and no leak in our code');
};

done_testing;
