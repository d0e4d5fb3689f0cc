# SPDX-License-Identifier: Apache-2.0
# Makes a realm whose service accepts session keys of several kinds, and runs message_exchange.c
# there.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use SSPI::Test qw(build_dir slurp);
use SSPI::Test::KDC;

my $program = $ENV{SSPI_MESSAGE_EXCHANGE} // build_dir() . '/t/conformance/message_exchange';
if (!-x $program) {
    print "1..0 # SKIP $program is not built (cmocka is missing)\n";
    exit 0;
}

my $kdc = SSPI::Test::KDC->new(allow_rc4 => 1);
my $dir = $kdc->{dir};
my $enctypes = 'aes256-cts-hmac-sha1-96 aes256-cts-hmac-sha384-192 arcfour-hmac';
$kdc->kadmin(qq(setstr HTTP/localhost session_enctypes "$enctypes"));
my $alice = $kdc->login('alice');
my %env = (%$alice, SSPI_TEST_REALM => $dir,
    KRB5RCACHENAME => "file2:$dir/rcache", CMOCKA_MESSAGE_OUTPUT => 'TAP');
my $pid = SSPI::Test::spawn([$program], env => \%env, out => "$dir/tap", timeout => 120);
waitpid $pid, 0;
my $status = $?;
print slurp("$dir/tap");
exit($status == 0 ? 0 : 1);
