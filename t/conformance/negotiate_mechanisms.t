# SPDX-License-Identifier: Apache-2.0
# Makes a realm, configures MIT's GSSAPI to find gss-ntlmssp with a password, writes a user file, and runs
# negotiate_mechanisms.c with them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use SSPI::Test qw(build_dir slurp spew);
use SSPI::Test::Gss qw(ntlm_env spnego_ends_ntlm);
use SSPI::Test::KDC;

my $program = $ENV{SSPI_NEGOTIATE_MECHANISMS} // build_dir() . '/t/conformance/negotiate_mechanisms';
if (!-x $program) {
    print "1..0 # SKIP $program is not built (cmocka is missing)\n";
    exit 0;
}
my %ntlm = ntlm_env();
if (!%ntlm) {
    print "1..0 # SKIP gss-ntlmssp is not installed; tools/setup --clients installs it\n";
    exit 0;
}
if (!spnego_ends_ntlm()) {
    print "1..0 # SKIP this version of MIT Kerberos does not end NTLM in SPNEGO\n";
    exit 0;
}

my $kdc = SSPI::Test::KDC->new;
my $dir = $kdc->{dir};
spew("$dir/users", "Alice:Corp:NT:a4f49c406510bdcab6824ee7c30fd852\n");
my %alice = %{$kdc->login('alice')};
my %env = (%alice, %ntlm,
    NTLM_USER_FILE => spew("$dir/passwords", "CORP:alice:Password\n", 0600),
    SSPI_TEST_CACHE => $alice{KRB5CCNAME}, SSPI_TEST_NO_CACHE => $kdc->env_without_ticket->{KRB5CCNAME},
    SSPI_TEST_KEYTAB => $kdc->{keytab}, SSPI_TEST_USERS => "$dir/users",
    KRB5RCACHENAME => "file2:$dir/rcache", CMOCKA_MESSAGE_OUTPUT => 'TAP');
my $pid = SSPI::Test::spawn([$program], env => \%env, out => "$dir/tap", timeout => 60);
waitpid $pid, 0;
my $status = $?;
print slurp("$dir/tap");
exit($status == 0 ? 0 : 1);
