# SPDX-License-Identifier: Apache-2.0
# Passwords that a KDC verifies, and a keytab that proves the KDC.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(build_dir run);
use SSPI::Test::KDC;

my $program = build_dir() . '/t/conformance/kerberos_password';
my $kdc = SSPI::Test::KDC->new(principals => ['HTTP/other']);

# Verifies one password. Returns the lines of the answer: { status, name, reason, text, sid => [] }.
# Options: kdc (whose krb5.conf is used), keytab, host, realms.
sub login {
    my ($user, $password, %opt) = @_;
    my $where = $opt{kdc} // $kdc;
    my $done = run([ $program, $opt{keytab} // $kdc->{keytab}, $opt{host} // '-', @{$opt{realms} // []} ],
        env => { %{$where->{env}}, %{$opt{env} // {}} }, stdin => "$user\t$password\n");
    my %answer = (sid => [], err => $done->{err});
    for my $line (split /\n/, $done->{out}) {
        my ($key, $value) = split / /, $line, 2;
        if ($key eq 'sid') { push @{$answer{sid}}, $value } else { $answer{$key} = $value }
    }
    return \%answer;
}

# Checks that a login is refused for the reason.
sub refused {
    my ($name, $login, $reason, $words) = @_;
    isnt($login->{status}, 'SEC_E_OK', "$name is refused") or return;
    is($login->{reason}, $reason, "... for the reason $reason") or diag(explain($login));
    like($login->{text}, $words, '... and the text says why');
    return;
}

my $alice = login('alice', 'wonder land');
is($alice->{status}, 'SEC_E_OK', 'a right password is a login') or diag(explain($alice));
is($alice->{name}, 'alice@SSPI.TEST', '... of the principal');
is($alice->{target}, 'HTTP/localhost@SSPI.TEST', '... at our service');
is($alice->{proven}, 1, '... which its key proves');
refused('a wrong password', login('alice', 'wonderland'), 'WRONG_PASSWORD', qr/does not know user alice, or the password is wrong/);
refused('an unknown user', login('mallory', 'x'), 'WRONG_PASSWORD', qr/does not know user mallory, or the password is wrong/);

done_testing;
