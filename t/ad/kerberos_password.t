#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Passwords that a domain controller verifies by Kerberos: names, groups, accounts, armor.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(encode);
use Test::More;
use SSPI::Test qw(slurp);
use SSPI::Test::AD;
use SSPI::Test::KerberosPassword;

my $program = password_program();
plan skip_all => "$program is not built" if !-x $program;
my $reason = SSPI::Test::AD::skip_reason();
plan skip_all => $reason if defined $reason;

my $ad = SSPI::Test::AD->new;
my $realm = SSPI::Test::AD::REALM;

# Verifies one password. Options: keytab, client (for FAST), trace.
sub login {
    my ($user, $password, %opt) = @_;
    return verify_password($user, $password, env => { %{$ad->{env}}, KRB5_TRACE => $opt{trace} },
        args => [ $opt{keytab} // $ad->{keytab}, 'localhost', $opt{client} // '-', $realm ]);
}

sub granted {
    my ($name, $login, $user) = @_;
    is($login->{status}, 'SEC_E_OK', "$name is a login") or diag(explain($login));
    is($login->{name}, encode('UTF-8', "$user\@$realm"), "... of $user");
    return;
}

my $password = SSPI::Test::AD::PASSWORD;
my $wrong = wrong_password();

# ---- groups ----
for my $user (qw(alice bob)) {
    my $login = login($user, $password);
    granted("the password of $user", $login, $user);
    is($login->{target}, "HTTP/localhost\@$realm", '... at our service');
    is($login->{sid}[0], $ad->sid(user => $user), '... with the SID of the user');
    my %has = map { $_ => 1 } @{$login->{sid}};
    for my $group (qw(web-team web-all web-local)) {
        my $sid = $ad->sid(group => $group);
        $user eq 'alice' ? ok($has{$sid}, "... in $group") : ok(!$has{$sid}, "... not in $group");
    }
}

# ---- names ----
granted('a name in capital letters', login('ALICE', $password), 'alice');
granted('a name with the realm in small letters', login("Alice\@\L$realm\E", $password), 'alice');
granted('a name in UTF-8', login("j\xe4s\xf8n", $password), "j\xe4s\xf8n");
granted('that name in capital letters', login("J\xc4S\xd8N", $password), "j\xe4s\xf8n");
$ad->set_upn('bob', "robert\@$realm");
refused('the UPN of a user with another name', login('robert', $password), 'WRONG_PASSWORD',
    qr/^robert is another name of user bob\@\Q$realm\E: log in as that user$/);
granted('the name of that user', login('bob', $password), 'bob');
refused("the server's own account", login('DC$', $password), 'WRONG_PASSWORD', qr/not the name of a user/);
refused('the account of the KDC', login('krbtgt', $password), 'WRONG_PASSWORD', $wrong);

# ---- accounts ----
refused('a wrong password', login('alice', 'x'), 'WRONG_PASSWORD', $wrong);
refused('an unknown user', login('mallory', 'x'), 'WRONG_PASSWORD', $wrong);
refused('a disabled account', login('carol', $password), 'ACCOUNT_LOCKED', qr/account of user carol is locked, disabled/);
refused('a password that must be changed', login('dave', $password), 'PASSWORD_EXPIRED', qr/of user dave .*must be changed/);
$ad->tool(qw(user create ended), $password);
$ad->tool(qw(user setexpiry ended --days=-1));
refused('an account that has ended', login('ended', $password), 'ACCOUNT_LOCKED', qr/account of user ended is locked/);
$ad->tool(qw(user create locked), $password);
$ad->tool(qw(domain passwordsettings set --account-lockout-threshold=2));
refused("the wrong password $_ of 2", login('locked', 'x'), 'WRONG_PASSWORD', $wrong) for 1, 2;
refused('a locked account', login('locked', $password), 'ACCOUNT_LOCKED', qr/account of user locked is locked/);

# ---- armor ----
my $trace = "$ad->{dir}/trace";
granted('a password, where the SPN is no client of the KDC,', login('alice', $password, client => '+', trace => $trace), 'alice');
unlike(slurp($trace), qr/FAST armor key/, '... without armor');
my $machine = "$ad->{dir}/machine.keytab";
$ad->tool(qw(domain exportkeytab), "--principal=$_", $machine) for 'HTTP/localhost', 'DC$';
unlink $trace;
granted('a password, where the keytab has the account of the machine,',
    login('alice', $password, keytab => $machine, client => '+', trace => $trace), 'alice');
like(slurp($trace), qr/FAST armor key/, '... with armor');
refused('a wrong password with armor', login('alice', 'x', keytab => $machine, client => '+'), 'WRONG_PASSWORD', $wrong);

done_testing;
