#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# NTLM verified by winbind: ntlm_winbind.c inside a domain, and Samba's own NTLM client against
# libsspi as several users of this machine.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use IPC::Open2 qw(open2);
use SSPI::Test qw(build_dir run);
use SSPI::Test::AD;
use SSPI::Test::NtlmAuth;

my $dir = build_dir() . '/t/ad';
plan skip_all => "$dir/ntlm_winbind is not built (cmocka is missing)" if !-x "$dir/ntlm_winbind";
my $reason = SSPI::Test::AD::skip_reason();
plan skip_all => $reason if defined $reason;
delete $ENV{SSPI_USER_FILE};

my $ad = SSPI::Test::AD->new;
my ($domain, $password) = (SSPI::Test::AD::DOMAIN, SSPI::Test::AD::PASSWORD);

$ad->set_upn('bob', 'robert.b@ad.sspi.test');
my $unit = run([ "$dir/ntlm_winbind" ], env => { CMOCKA_MESSAGE_OUTPUT => 'TAP' }, timeout => 120);
is($unit->{rc}, 0, 'the package in the domain') or diag($unit->{out}, $unit->{err});

# Starts a program that answers lines.
sub begin {
    my (@argv) = @_;
    my $pid = open2(my $out, my $in, @argv);
    return { pid => $pid, out => $out, in => $in };
}

sub end {
    my ($program) = @_;
    close $program->{in};
    waitpid $program->{pid}, 0;
    return $?;
}

# Returns the acceptor's answer in the form of acceptor.c: { status, token, sid => [], ... }.
sub answer {
    my ($acceptor) = @_;
    my %answer = (sid => []);
    my $out = $acceptor->{out};
    while (defined(my $line = <$out>)) {
        chomp $line;
        return \%answer if $line eq '.';
        my ($key, $value) = split / /, $line, 2;
        if ($key eq 'sid') { push @{$answer{sid}}, $value } else { $answer{$key} = $value }
    }
    return { status => 'the acceptor died' };
}

sub say_to {
    my ($acceptor, $line) = @_;
    local $SIG{PIPE} = 'IGNORE';
    print {$acceptor->{in}} "$line\n";
    $acceptor->{in}->flush;
    return answer($acceptor);
}

sub acceptor {
    my (@argv) = @_;
    my $acceptor = begin(@argv);
    return ($acceptor, answer($acceptor)->{status});
}

# Logs in by Samba's client. Returns the acceptor's last answer.
sub log_in {
    my ($acceptor, $user, %opt) = @_;
    say_to($acceptor, 'new');
    my $client = SSPI::Test::NtlmAuth->new(domain => $domain, user => $user, password => $password, %opt);
    my $challenge = say_to($acceptor, $client->token);
    return $challenge if $challenge->{status} ne 'SEC_I_CONTINUE_NEEDED';
    return say_to($acceptor, $client->token($challenge->{token}));
}

# Integrity needs a MIC, whose key comes only from the domain.
my ($acceptor, $began) = acceptor("$dir/acceptor", 'NTLM', 'integrity');
is($began, 'SEC_E_OK', 'winbind returns its names');
my $alice = log_in($acceptor, 'alice');
is_deeply([ @$alice{qw(status name realm mechanism waits)} ],
    [ 'SEC_E_OK', "$domain\\alice", $domain, 'NTLM', 1 ], 'the right password') or diag(explain($alice));
my %has = map { $_ => 1 } @{$alice->{sid}};
is($alice->{sid}[0], $ad->sid(user => 'alice'), 'her own SID comes first');
ok($has{$ad->sid(group => $_)}, "she is in $_") for qw(web-team web-all web-local);
ok(!$has{$ad->sid(group => 'Domain Admins')}, 'she is not in Domain Admins');
is(scalar keys %has, scalar @{$alice->{sid}}, 'no SID is listed twice');

my %refused = (
    'a wrong password' => [ 'WRONG_PASSWORD', 'alice', password => 'wrong' ],
    'an unknown user' => [ 'NO_SUCH_USER', 'mallory' ],
    'a disabled user' => [ 'ACCOUNT_DISABLED', 'carol' ],
    'a password that must be changed' => [ 'PASSWORD_MUST_CHANGE', 'dave' ],
);
for my $what (sort keys %refused) {
    my ($status, @login) = @{$refused{$what}};
    my $answer = log_in($acceptor, @login);
    is($answer->{status}, 'SEC_E_LOGON_DENIED', $what);
    like($answer->{text}, qr/"\Q$login[0]\E".*\Q$status\E/, "$what: the error names the user and the status");
    ok(!exists $answer->{name}, "$what: no user logged in");
}

my ($spnego, $spnego_began) = acceptor("$dir/acceptor", 'Negotiate', 'integrity');
is($spnego_began, 'SEC_E_OK', 'Negotiate with only NTLM');
my $bob = log_in($spnego, 'bob', spnego => 1);
is_deeply([ @$bob{qw(status name waits)} ], [ 'SEC_E_OK', "$domain\\bob", 1 ], 'NTLM with a MIC in SPNEGO')
    or diag(explain($bob));
is(log_in($spnego, 'bob')->{name}, "$domain\\bob", 'NTLM without SPNEGO');
is(end($spnego), 0, 'the acceptor ends with success');

# Every account may read the names, but only the group may check responses.
my ($stranger, $stranger_began) = acceptor(qw(setpriv --reuid nobody --regid nogroup --clear-groups),
    "$dir/acceptor", 'NTLM');
is($stranger_began, 'SEC_E_OK', 'a process outside winbindd_priv gets the names');
my $forbidden = log_in($stranger, 'alice');
is($forbidden->{status}, 'SEC_E_NO_CREDENTIALS', 'a process outside winbindd_priv cannot check a response');
like($forbidden->{text}, qr/winbindd_priv/, 'the error names the needed group');
is(end($stranger), 0, 'the acceptor ends with success');
my ($member) = acceptor(qw(setpriv --reuid nobody --regid nogroup --groups), SSPI::Test::AD::PRIVILEGED,
    "$dir/acceptor", 'NTLM');
is(log_in($member, 'alice')->{status}, 'SEC_E_OK', 'a process of the group can check it');
is(end($member), 0, 'the acceptor ends with success');

# The acceptor has a connection open, and SIGPIPE would end the acceptor.
$ad->stop;
my $away = log_in($acceptor, 'alice');
is($away->{status}, 'SEC_E_NO_AUTHENTICATING_AUTHORITY', 'without winbind the status is not that of a wrong password');
like($away->{text}, qr/winbindd/, 'the error names winbindd');
my ($early, $early_began) = acceptor("$dir/acceptor", 'NTLM');
is($early_began, 'SEC_E_NO_CREDENTIALS', 'an acceptor without winbind at its start has no credentials');
end($early);
$ad->start;
is(log_in($acceptor, 'alice')->{status}, 'SEC_E_OK', 'winbind is back');
is(end($acceptor), 0, 'the acceptor ends with success');

my @processes = $ad->processes;
cmp_ok(scalar @processes, '>', 5, 'the domain controller has processes');
$ad->stop;
is_deeply([ grep { SSPI::Test::AD::alive($_) } @processes ], [], 'no process is left');
ok(!-e SSPI::Test::AD::PIPE, 'their socket is removed');

done_testing;
