# SPDX-License-Identifier: Apache-2.0
# Makes a realm with the keytabs that negotiate_accept.c needs, and runs negotiate_accept.c in it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use SSPI::Test qw(build_dir);
use SSPI::Test::KDC;

my $program = $ENV{SSPI_NEGOTIATE_ACCEPT} // build_dir() . '/t/conformance/negotiate_accept';
if (!-x $program) {
    print "1..0 # SKIP $program is not built (cmocka is missing)\n";
    exit 0;
}

my $kdc = SSPI::Test::KDC->new(principals => ['HTTP/rotated'], timesync => 1);
my $dir = $kdc->{dir};

sub made_up_keytab {
    my ($name, $etype) = @_;
    SSPI::Test::must_run(['ktutil'], env => $kdc->{env}, stdin => <<"COMMANDS");
addent -password -p HTTP/localhost\@SSPI.TEST -k 1 -e $etype
not the right one
wkt $dir/$name
quit
COMMANDS
    die "ktutil made no $name\n" if !-s "$dir/$name";
    return;
}

made_up_keytab('forged.keytab', 'aes256-cts-hmac-sha1-96');
made_up_keytab('aes128.keytab', 'aes128-cts-hmac-sha1-96');

# The client says that it knows channel bindings, even if it sends none (MS-KILE 3.2.5.8).
my $aware = SSPI::Test::slurp("$dir/krb5.conf");
$aware =~ s/^\[libdefaults\]\n/$&    client_aware_channel_bindings = true\n/m or die "no libdefaults\n";
SSPI::Test::spew("$dir/aware.conf", $aware);

my $alice = $kdc->login('alice');
SSPI::Test::must_run([ 'kvno', 'HTTP/rotated' ], env => $alice);
$kdc->new_keys('HTTP/rotated');
$kdc->make_keytab('rotated.keytab', 'HTTP/rotated');

my %env = (%$alice, SSPI_TEST_REALM => $dir,
    KRB5RCACHENAME => "file2:$dir/rcache", CMOCKA_MESSAGE_OUTPUT => 'TAP');
my $pid = SSPI::Test::spawn([$program], env => \%env, out => "$dir/tap", timeout => 120);
waitpid $pid, 0;
my $status = $?;
print SSPI::Test::slurp("$dir/tap");
exit($status == 0 ? 0 : 1);
