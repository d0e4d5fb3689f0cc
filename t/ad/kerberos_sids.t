#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The SIDs of a PAC from a domain: a ticket of Active Directory, the keytab of a service, no
# winbind.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use IPC::Open2 qw(open2);
use MIME::Base64 qw(encode_base64);
use SSPI::Test qw(build_dir);
use SSPI::Test::AD;
use SSPI::Test::Gss;

my $program = build_dir() . '/t/ad/acceptor';
plan skip_all => "$program is not built" if !-x $program;
my $reason = SSPI::Test::AD::skip_reason();
plan skip_all => $reason if defined $reason;

my $ad = SSPI::Test::AD->new;
local $ENV{KRB5_CONFIG} = $ad->{env}{KRB5_CONFIG};
local $ENV{KRB5_KTNAME} = $ad->{keytab};

# Sends one token to the acceptor. Returns its answer: { status, name, sid => [] }.
sub accepted {
    my ($package, $token) = @_;
    my $pid = open2(my $out, my $in, $program, $package);
    print {$in} encode_base64($token, ''), "\n";
    close $in;
    my %answer = (sid => []);
    while (defined(my $line = <$out>)) {
        chomp $line;
        my ($key, $value) = split / /, $line, 2;
        if ($key eq 'sid') { push @{$answer{sid}}, $value } else { $answer{$key} = $value }
    }
    waitpid $pid, 0;
    return \%answer;
}

for my $user (qw(alice bob)) {
    my $token = SSPI::Test::Gss->new(env => $ad->login($user), bare => 1)->{token};
    my $login = accepted('Kerberos', $token);
    is($login->{status}, 'SEC_E_OK', "$user logs in") or diag(explain($login));
    is($login->{name}, "$user\@" . SSPI::Test::AD::REALM, 'the acceptor has the name');
    is($login->{sid}[0], $ad->sid(user => $user), "the first SID is that of $user");
    my %has = map { $_ => 1 } @{$login->{sid}};
    is(scalar keys %has, scalar @{$login->{sid}}, 'no SID is listed twice');
    for my $group (qw(web-team web-all web-local)) {
        my $sid = $ad->sid(group => $group);
        $user eq 'alice' ? ok($has{$sid}, "$user is in $group") : ok(!$has{$sid}, "$user is not in $group");
    }
    ok($has{$ad->sid(group => 'Domain Users')}, 'the primary group is listed');
    ok(!$has{$ad->sid(group => 'Domain Admins')}, 'no group of other users is listed');
}

done_testing;
