# SPDX-License-Identifier: Apache-2.0
# Passwords that a KDC verifies, by the program t/conformance/kerberos_password.
package SSPI::Test::KerberosPassword;
use strict;
use warnings;

use Encode qw(encode);
use Exporter qw(import);
use Test::More;
use SSPI::Test qw(build_dir run);

our @EXPORT = qw(password_program password_answer verify_password refused wrong_password);

sub password_program { return build_dir() . '/t/conformance/kerberos_password' }

# Returns the lines of an answer: { status, name, reason, text, sid => [] }.
sub password_answer {
    my ($out) = @_;
    my %answer = (sid => []);
    for my $line (split /\n/, $out) {
        my ($key, $value) = split / /, $line, 2;
        if ($key eq 'sid') { push @{$answer{sid}}, $value } else { $answer{$key} = $value }
    }
    return \%answer;
}

# Verifies one password. Options: env, args (keytab, host, client for FAST, realms). `user` and
# `password` may have several lines.
sub verify_password {
    my ($user, $password, %opt) = @_;
    my $done = run([ password_program(), @{$opt{args}} ], env => $opt{env}, stdin => encode('UTF-8', "$user\t$password\n"));
    diag($done->{err}) if $done->{err} ne '';
    return password_answer($done->{out});
}

# What the text says about a wrong password.
sub wrong_password { return qr/^the KDC does not know user \S+, or the password is wrong$/ }

sub refused {
    my ($name, $login, $reason, $words) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    isnt($login->{status}, 'SEC_E_OK', "$name is refused") or return;
    is($login->{reason}, $reason, "... for the reason $reason") or diag(explain($login));
    like($login->{text}, $words, '... and the text says why');
    return;
}

1;
