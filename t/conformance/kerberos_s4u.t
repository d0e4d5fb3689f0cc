# SPDX-License-Identifier: Apache-2.0
# Makes a realm for kerberos_s4u.c, by the commands of docs/delegation.md, and runs it there.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use SSPI::Test qw(build_dir free_port slurp spew);
use SSPI::Test::Examples;
use SSPI::Test::KDC;

my $program = build_dir() . '/t/conformance/kerberos_s4u';
if (!-x $program) {
    print "1..0 # SKIP $program is not built (cmocka is missing)\n";
    exit 0;
}

my $kdc = SSPI::Test::KDC->new(principals => [qw(WEB$ GHOST$ HTTP/backend)]);
my $dir = $kdc->{dir};
my $text = SSPI::Test::Examples::block('docs/delegation.md', 'Delegation in MIT Kerberos', 'sh');
my @commands = $text =~ /^kadmin\.local (.*)$/mg;
die "the page has other commands\n" if @commands != 2;
$kdc->kadmin(map { s{HTTP/www\.example\.com}{HTTP/localhost}r =~ s/\balice\b/bob/r } @commands);
$kdc->make_keytab('machine.keytab', 'HTTP/localhost', 'WEB$');
$kdc->make_keytab('ghost.keytab', 'HTTP/localhost', 'GHOST$');
$kdc->kadmin('delprinc -force GHOST$');

# No process listens on this port.
my $away = slurp("$dir/krb5.conf");
my $port = free_port();
$away =~ s/kdc = 127\.0\.0\.1:\d+/kdc = 127.0.0.1:$port/ or die "no kdc\n";
spew("$dir/away.conf", $away);

my %env = (%{$kdc->login('alice')}, SSPI_TEST_REALM => $dir, CMOCKA_MESSAGE_OUTPUT => 'TAP');
my $pid = SSPI::Test::spawn([$program], env => \%env, out => "$dir/tap", timeout => 120);
waitpid $pid, 0;
my $status = $?;
print slurp("$dir/tap");
exit($status == 0 ? 0 : 1);
