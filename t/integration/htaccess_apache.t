#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# httpd reads an .htaccess file with each request. Its options must leave no memory behind.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use List::Util qw(sum);
use Test::More;
use SSPI::Test qw(run slurp);
use SSPI::Test::KDC;
use SSPI::Test::Scenario;

use constant {
    REQUESTS_TO_SETTLE => 5000,
    REQUESTS => 30000,
    # In KiB. A pointer that each request leaves behind would take more, in arrays that double their
    # size.
    GROWTH_LIMIT => 400,
};

plan skip_all => 'the sanitizers keep freed memory' if $ENV{SSPI_PRELOAD};

my $kdc = SSPI::Test::KDC->new;
my %server_config = (env => $kdc->server_env, on => 'apache', apache_head => "StartServers 1\nServerLimit 1\nMaxRequestWorkers 32\nSSPIKeytab $kdc->{keytab}\n",
    files => { '/p/index.html' => "page\n",
        '/p/.htaccess' => "AuthType SSPI\nSSPIChannelBinding allow\nSSPIMechanisms kerberos\nRequire valid-user\n" });

# Returns the private memory of all children: of those that serve requests and of the one that runs
# scripts.
sub memory_of {
    my ($server) = @_;
    my @children = split ' ', slurp("/proc/$server->{pid}/task/$server->{pid}/children");
    return sum(map { slurp("/proc/$_/status") =~ /^RssAnon:\s+(\d+)/m } @children) // die "no children\n";
}

sub ask {
    my ($server, $n) = @_;
    my $r = run([ qw(curl -s -o /dev/null -w %{http_code}\n), "http://localhost:$server->{http}/p/?[1-$n]" ]);
    my %came;
    $came{$_}++ for split ' ', $r->{out};
    return is_deeply(\%came, { 401 => $n }, "$n requests are challenged");
}

scenario 'requests to a location with an .htaccess file', \%server_config, sub {
    my ($server) = @_;
    ask($server, REQUESTS_TO_SETTLE);
    my $settled = memory_of($server);
    ask($server, REQUESTS);
    my $grown = memory_of($server) - $settled;
    cmp_ok($grown, '<', GROWTH_LIMIT, "the memory grew by $grown of $settled KiB");
};

done_testing;
