# SPDX-License-Identifier: Apache-2.0
# Makes a realm for msdocs_negotiate.c and runs it there.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use SSPI::Test qw(build_dir slurp spew);
use SSPI::Test::KDC;

my $program = build_dir() . '/t/conformance/' . ($ARGV[0] // 'msdocs_negotiate');
if (!-x $program) {
    print "1..0 # SKIP $program is not built (cmocka is missing)\n";
    exit 0;
}

my $kdc = SSPI::Test::KDC->new;
my $dir = $kdc->{dir};
# alice is mapped to the local account nobody, which may read the realm's configuration.
my $conf = slurp("$dir/krb5.conf");
$conf =~ s/^(\[libdefaults\]\n)/$1    forwardable = true\n/m;
$conf =~ s/(SSPI\.TEST = \{\n)/$1        auth_to_local = RULE:[1:\$1](^alice\$)s\/.*\/nobody\/\n        auth_to_local = DEFAULT\n/;
spew("$dir/krb5.conf", $conf);
chmod 0755, $dir;
$kdc->make_keytab('host.keytab', 'host/localhost');
SSPI::Test::must_run(['ktutil'], env => $kdc->{env}, stdin => <<"COMMANDS");
addent -password -p HTTP/localhost\@SSPI.TEST -k 1 -e aes256-cts-hmac-sha1-96
not the right one
wkt $dir/forged.keytab
quit
COMMANDS

my %env = (%{$kdc->login('alice')}, SSPI_TEST_REALM => $dir,
    KRB5RCACHENAME => "file2:$dir/rcache", CMOCKA_MESSAGE_OUTPUT => 'TAP');
my $pid = SSPI::Test::spawn([$program], env => \%env, out => "$dir/tap", timeout => 120);
waitpid $pid, 0;
my $status = $?;
print slurp("$dir/tap");
exit($status == 0 ? 0 : 1);
