# SPDX-License-Identifier: Apache-2.0
# Lets MIT's GSSAPI find gss-ntlmssp, writes a user file, and runs message_exchange.c with both.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use SSPI::Test qw(build_dir scratch_dir slurp spew);

my $program = $ENV{SSPI_MESSAGE_EXCHANGE} // build_dir() . '/t/conformance/message_exchange';
if (!-x $program) {
    print "1..0 # SKIP $program is not built (cmocka is missing)\n";
    exit 0;
}
my ($plugin) = $ENV{SSPI_GSS_NTLMSSP} // glob '/usr/lib/*/gssntlmssp/gssntlmssp.so';
if (!defined $plugin || !-e $plugin) {
    print "1..0 # SKIP gss-ntlmssp is not installed\n";
    exit 0;
}

my $dir = scratch_dir('ntlm');
spew("$dir/mech", "gssntlmssp_v1 1.3.6.1.4.1.311.2.2.10 $plugin\n");
spew("$dir/users", "Alice:Corp:NT:a4f49c406510bdcab6824ee7c30fd852\n");
spew("$dir/krb5.conf", "[libdefaults]\n    default_realm = NOWHERE.TEST\n    dns_lookup_kdc = false\n");
# With sanitizers: what gss-ntlmssp itself never frees is no matter here.
spew("$dir/leaks", "leak:gssntlmssp.so\n");
my %env = (ASAN_OPTIONS => 'fast_unwind_on_malloc=0', LSAN_OPTIONS => "suppressions=$dir/leaks:print_suppressions=0",
    GSS_MECH_CONFIG => "$dir/mech", SSPI_TEST_USERS => "$dir/users", SSPI_TEST_REALM => undef,
    KRB5_CONFIG => "$dir/krb5.conf", KRB5CCNAME => "FILE:$dir/none",
    NETBIOS_COMPUTER_NAME => 'CLIENT', NETBIOS_DOMAIN_NAME => 'CORP', CMOCKA_MESSAGE_OUTPUT => 'TAP');
my $pid = SSPI::Test::spawn([$program], env => \%env, out => "$dir/tap", timeout => 60);
waitpid $pid, 0;
my $status = $?;
print slurp("$dir/tap");
exit($status == 0 ? 0 : 1);
