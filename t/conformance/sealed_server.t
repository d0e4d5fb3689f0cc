# SPDX-License-Identifier: Apache-2.0
# The unchanged example conf-examples/sspi/sealed_server.c: GSSAPI clients log in over a socket and
# exchange messages with it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir build_dir scratch_dir slurp spew run spawn free_port wait_until);
use SSPI::Test::Gss qw(ntlm_env ntlm_mechanism);
use SSPI::Test::KDC;

my ($server, $client) = map { build_dir() . "/t/conformance/$_" } qw(sealed_server sealed_client);
my $source = slurp(root_dir() . '/conf-examples/sspi/sealed_server.c');
cmp_ok($source =~ tr/\n//, '<', 150, 'the example is short');
is_deeply([ $source =~ /#include "([^"]+)"/g ], ['sspi.h'], 'and includes only sspi.h');

my $dir = scratch_dir('sealed');
my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
spew("$dir/users", "Alice:Corp:NT:a4f49c406510bdcab6824ee7c30fd852\n");

sub start {
    my ($package, %env) = @_;
    my $port = free_port();
    my $out = "$dir/$package.out";
    my $pid = spawn([ SSPI::Test::lifeline(), $server, $port, $package ], env => \%env, out => $out);
    SSPI::Test::on_end(sub { SSPI::Test::stop_process($pid, 'TERM') });
    wait_until(sub { SSPI::Test::can_connect($port) }) or die 'the server does not listen: ' . slurp($out);
    return { port => $port, out => $out };
}

# Waits until the server's output matches, and returns the output.
sub said {
    my ($s, $words) = @_;
    wait_until(sub { slurp($s->{out}) =~ $words });
    return slurp($s->{out});
}

sub talk {
    my ($s, $env, $lines, @args) = @_;
    return run([ $client, $s->{port}, @args ], env => $env, stdin => $lines)->{out};
}

my $long = 'x' x 60000;
for my $case ([ Kerberos => 'krb5' ], [ Negotiate => 'spnego' ], [ Negotiate => 'krb5' ]) {
    my ($package, $mechanism) = @$case;
    my $s = start($package, %{$kdc->{env}}, KRB5_KTNAME => $kdc->{keytab}, KRB5RCACHENAME => "file2:$dir/rcache");
    is(talk($s, $alice, "hello\nsealed world\n$long\n", $mechanism), uc "hello\nsealed world\n$long\n",
        "$package, client $mechanism: sealed messages go both ways");
    like(said($s, qr/is here.*ended/s), qr/^alice\@SSPI\.TEST is here\nended with 0x80090318$/m, 'the server has the name');
    is(talk($s, $alice, "hello\n!altered\nnever\n", $mechanism), "HELLO\nclosed\n", 'an altered message ends the connection');
    like(said($s, qr/0x8009030f/), qr/^ended with 0x8009030f$/m, 'with SEC_E_MESSAGE_ALTERED');
    is(talk($s, $alice, "\n", $mechanism), "closed\n", 'an unsealed message ends it as well');
    like(said($s, qr/0x8009030a/), qr/^ended with 0x8009030a$/m, 'with SEC_E_QOP_NOT_SUPPORTED');
}

SKIP: {
    skip 'gss-ntlmssp is not installed', 3 if !defined ntlm_mechanism();
    my %env = (ntlm_env(), NETBIOS_COMPUTER_NAME => 'CLIENT', NETBIOS_DOMAIN_NAME => 'CORP');
    my $s = start('NTLM', SSPI_USER_FILE => "$dir/users");
    is(talk($s, \%env, "hello\n$long\n", 'ntlm', 'CORP\\alice', 'Password'), uc "hello\n$long\n",
        'NTLM: sealed messages go both ways');
    like(said($s, qr/is here/), qr/^Corp\\Alice is here$/m, 'the server has the name');
    talk($s, \%env, "hello\n", 'ntlm', 'CORP\\alice', 'wrong');
    like(said($s, qr/0x8009030c/), qr/^ended with 0x8009030c$/m, 'a wrong password is SEC_E_LOGON_DENIED');
}

done_testing;
