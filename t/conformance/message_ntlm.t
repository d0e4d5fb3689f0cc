# SPDX-License-Identifier: Apache-2.0
# Configures MIT's GSSAPI with gss-ntlmssp, writes a user file, and runs message_exchange.c with
# both.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use SSPI::Test qw(build_dir scratch_dir slurp spew);
use SSPI::Test::Gss qw(ntlm_env spnego_ends_ntlm);

my $program = $ENV{SSPI_MESSAGE_EXCHANGE} // build_dir() . '/t/conformance/message_exchange';
if (!-x $program) {
    print "1..0 # SKIP $program is not built (cmocka is missing)\n";
    exit 0;
}
my %ntlm = ntlm_env();
if (!%ntlm) {
    print "1..0 # SKIP gss-ntlmssp is not installed\n";
    exit 0;
}
if (!spnego_ends_ntlm()) {
    print "1..0 # SKIP this version of MIT Kerberos does not end NTLM in SPNEGO\n";
    exit 0;
}

my $dir = scratch_dir('ntlm');
spew("$dir/users", "Alice:Corp:NT:a4f49c406510bdcab6824ee7c30fd852\n");
spew("$dir/krb5.conf", "[libdefaults]\n    default_realm = NOWHERE.TEST\n    dns_lookup_kdc = false\n");
my %env = (%ntlm, SSPI_TEST_USERS => "$dir/users", SSPI_TEST_REALM => undef,
    KRB5_CONFIG => "$dir/krb5.conf", KRB5CCNAME => "FILE:$dir/none",
    NETBIOS_COMPUTER_NAME => 'CLIENT', NETBIOS_DOMAIN_NAME => 'CORP', CMOCKA_MESSAGE_OUTPUT => 'TAP');
my $pid = SSPI::Test::spawn([$program], env => \%env, out => "$dir/tap", timeout => 60);
waitpid $pid, 0;
my $status = $?;
print slurp("$dir/tap");
exit($status == 0 ? 0 : 1);
