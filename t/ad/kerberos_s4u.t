#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A service gets tickets in the names of users, after the commands of docs/keytabs.md and docs/delegation.md. The
# domain allows it only what an administrator allowed.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(build_dir run);
use SSPI::Test::AD;
use SSPI::Test::Examples;

my $reason = SSPI::Test::AD::skip_reason();
plan skip_all => $reason if defined $reason;

my $ad = SSPI::Test::AD->new;
my $realm = SSPI::Test::AD::REALM;
my $keytab = "$ad->{dir}/www.keytab";
my ($service, $target) = ('HTTP/www.example.org', 'HTTP/backend.example.com');

# Runs samba-tool as the page prints it, with the test's realm, account and keytab.
sub run_command {
    my ($command) = @_;
    $command =~ s{EXAMPLE\.ORG}{$realm};
    $command =~ s{\bhttpd\b}{www};
    $command =~ s{/etc/\S+\.keytab}{$keytab};
    my ($tool, @words) = split ' ', $command;
    is($tool, 'samba-tool', $command);
    return $ad->tool(@words);
}

my @make = SSPI::Test::Examples::commands('docs/keytabs.md', 'A domain of Samba');
my @commands = SSPI::Test::Examples::commands('docs/delegation.md', 'Delegation in Samba');

# Asks for a ticket as the service. Returns the status and the text. Options: `login`, the
# environment of a user who logs in, otherwise S4U2Self; `target`; `client`.
sub delegate {
    my ($user, %o) = @_;
    my $cache = "$ad->{dir}/delegated";
    unlink $cache;
    my $name = $user =~ /@/ ? $user : "$user\@$realm";
    my $r = run([ build_dir() . '/t/ad/delegate', $keytab, $o{client} // '', $o{login} ? $service : '', $name,
            $o{target} // $target, "FILE:$cache" ], env => $o{login} // $ad->env_without_ticket, timeout => 60);
    die "delegate: $r->{out}$r->{err}\n" if $r->{rc} != 0;
    chomp $r->{out};
    return $r->{out};
}

# Returns the cache's user and its services.
sub cache {
    my $list = run([ 'klist', '-c', "FILE:$ad->{dir}/delegated" ], env => $ad->{env})->{out};
    return [ $list =~ /^Default principal: (\S+)/m, $list =~ /^\d\S+ \S+\s+\S+ \S+\s+(\S+)$/mg ];
}

sub delegates {
    my ($name, $user, %o) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(delegate($user, %o), 'SEC_E_OK ', "$name: a ticket");
    return is_deeply(cache(), [ "$user\@$realm", ($o{target} // $target) . "\@$realm" ], "$name: that of $user");
}

sub refused {
    my ($name, $status, $text, $user, %o) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    like(delegate($user, %o), qr/\A\Q$status\E .*$text/, "$name: $status");
    return ok(!-e "$ad->{dir}/delegated", "$name: no cache");
}

my @not_forwardable = ('SEC_E_DELEGATION_POLICY', 'is not forwardable');

# The backend of the page.
$ad->add_service('backend', $target);

my ($rename, @allow) = @commands;
is_deeply([ scalar @make, scalar @allow ], [ 3, 2 ], 'the pages have the commands');
run_command($_) for @make;
refused('a principal that is no user principal name', 'SEC_E_LOGON_DENIED',
    qr/HTTP\/www\.example\.org\@\Q$realm\E \(.*SSPIClientPrincipal/, 'alice');
run_command($rename);

my %login = map { $_ => $ad->login($_, forwardable => 1) } qw(alice bob);
my $unforwardable = $ad->login('alice');
refused('no target is allowed', 'SEC_E_DELEGATION_POLICY',
    qr/does not let HTTP\/www\.example\.org\@\Q$realm\E delegate alice\@\Q$realm\E to/, 'alice', login => $login{alice});
refused('no target is allowed, and the service is not trusted', @not_forwardable, 'alice');

run_command($allow[0]);
delegates('the ticket of a login', $_, login => $login{$_}) for qw(alice bob alice);
refused('a ticket that is not forwardable', @not_forwardable, 'alice', login => $unforwardable);
refused('a service that is not trusted to name users', @not_forwardable, 'alice');
refused('the ticket of another user', 'SEC_E_WRONG_PRINCIPAL', qr/that of alice\@\Q$realm\E for/, 'bob', login => $login{alice});

run_command($allow[1]);
delegates('S4U2Self', $_) for qw(alice bob);
is(delegate('alice', target => "$target\@$realm"), 'SEC_E_OK ', 'a target with its realm');
refused('an unknown target', 'SEC_E_TARGET_UNKNOWN', qr/does not know the target/, 'alice', target => 'HTTP/unknown.example.com');
refused('a target that is not allowed', 'SEC_E_DELEGATION_POLICY', qr/does not let/, 'alice', target => 'HTTP/localhost');
refused('an unknown user', 'SEC_E_DELEGATION_POLICY', qr/does not know the user/, 'nobody');
refused('a disabled user', 'SEC_E_DELEGATION_POLICY', qr/no ticket of carol/, 'carol');
refused('a service as the user', 'SEC_E_INVALID_PARAMETER', qr/one part/, 'HTTP/localhost');

# Samba 4.17 does not know the group Protected Users.
$ad->tool(qw(user sensitive bob on));
refused('S4U2Self of a sensitive user', @not_forwardable, 'bob');
refused('a login of a sensitive user', @not_forwardable, 'bob', login => $ad->login('bob', forwardable => 1));

# Another principal of the same account. The domain exports it into the same keytab.
$ad->tool(qw(domain exportkeytab --principal=www), $keytab);
delegates('the name of the account', 'alice', client => 'www');

$ad->stop;
refused('no KDC', 'SEC_E_NO_AUTHENTICATING_AUTHORITY', qr/the KDC does not answer/, 'alice');

done_testing;
