#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Extended Protection for NTLM: the channel that a client is bound to, and the service that the
# client names.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Gss qw(end_point_binding);
use SSPI::Test::Ntlm qw(ntlm_channel ntlm_login ntlm_user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $users = spew(scratch_dir('users') . '/users', ntlm_user_line('alice', 'CORP', 'pw'), 0644);
my %ntlm = (packages => 'NTLM Negotiate', mechanisms => 'ntlm', ntlm_user_file => $users, realm => 'r');
my @policies = qw(none allow require);
my %server_config = (locations => [
    (map { { path => "/$_/", %ntlm, channel_binding => $_ } } @policies),
    (map { { path => "/named-$_/", %ntlm, channel_binding => $_, service_name => 'HTTP/localhost HTTP/other' } } @policies),
]);

my $application = end_point_binding((SSPI::Test::Server::certificate('rsa'))[0]);
my $foreign = $application;
substr($foreign, -1) ^= "\x01";
my @service = (target => 'HTTP/localhost');
# The arguments of a client that says this about its channel.
my %says = (
    nothing => [],
    'no channel' => [ @service, channel => '0' x 32 ],
    'the right channel' => [ @service, channel => ntlm_channel($application) ],
    'another' => [ @service, channel => ntlm_channel($foreign) ],
    # Their channel and service are protected only by a MIC, which these clients do not send.
    'the right channel, without a MIC' => [ @service, channel => ntlm_channel($application), mic => 'none' ],
    'another channel, without a MIC' => [ @service, channel => ntlm_channel($foreign), mic => 'none' ],
);
# For each policy: whether the login is bound, or the message of the refusal.
my %wanted = (
    none => { map { $_ => 0 } keys %says },
    allow => { nothing => 0, 'no channel' => 'MISSING_BINDING', (map { $_ => 1 } grep { /\Athe right/ } keys %says),
        map { $_ => 'BAD_BINDING' } grep { /\Aanother/ } keys %says },
    require => { nothing => 'MISSING_BINDING', 'no channel' => 'MISSING_BINDING',
        (map { $_ => 1 } grep { /\Athe right/ } keys %says), map { $_ => 'BAD_BINDING' } grep { /\Aanother/ } keys %says },
);

sub login {
    my ($server, $path, %how) = @_;
    my $connection = $server->connection(tls => !$how{plain});
    return (ntlm_login($connection, $path, %how))[-1];
}

# Tests that a login comes out as expected: bound, not bound, or refused with that message.
sub comes_out {
    my ($server, $a, $want, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    if ($want =~ /\A\d\z/) { return granted($a, { user => 'CORP\\alice', bound => $want }, $name) }
    refused($a, 401, $name);
    return logged($server, $want);
}

parts 'NTLM and channels', \%server_config,
    (map {
        my $form = $_;
        ("the policy, by $form" => sub {
            my ($server) = @_;
            for my $policy (@policies) {
                for my $said (sort keys %says) {
                    comes_out($server, login($server, "/$policy/", form => $form, @{$says{$said}}),
                        $wanted{$policy}{$said}, "$policy: $said");
                }
            }
        })
    } qw(NTLM only)),
    'a plain connection' => sub {
        my ($server) = @_;
        my @plain = (plain => 1);
        comes_out($server, login($server, '/allow/', @plain), 0, 'allow: nothing');
        comes_out($server, login($server, '/allow/', @plain, @{$says{'no channel'}}), 0, 'allow: no channel, which is true');
        my $a = login($server, '/allow/', @plain, @{$says{'the right channel'}});
        isnt($a->bound, '1', 'allow: the server does not accept a channel there');
        $server->new_log;
        is(login($server, '/require/', @plain, @{$says{'the right channel'}})->status, 403, 'require: forbidden');
    },
    'the service that the client names' => sub {
        my ($server) = @_;
        my @bound = (channel => ntlm_channel($application));
        my @cases = (
            # Each case: the service name; for each policy whether the login is bound, or the
            # message of the refusal
            [ 'HTTP/localhost', 0, 1, 1 ],
            [ 'http/LOCALHOST', 0, 1, 1 ],
            [ 'HTTP/other', 0, 1, 1 ],
            [ 'HTTP/third', 0, ('WRONG_SERVICE') x 2 ],
            [ 'cifs/localhost', 0, ('WRONG_SERVICE') x 2 ],
            [ undef, 0, 1, 1 ], # the channel is sufficient
        );
        for my $case (@cases) {
            my ($target, %want) = ($case->[0], map { $policies[$_] => $case->[ $_ + 1 ] } 0 .. 2);
            for my $policy (@policies) {
                comes_out($server, login($server, "/named-$policy/", @bound, defined $target ? (target => $target) : ()),
                    $want{$policy}, "$policy: " . ($target // 'no name'));
            }
        }
        comes_out($server, login($server, '/require/', @bound, target => 'HTTP/third'), 1, 'any service of class HTTP by default');
        comes_out($server, login($server, '/require/', @bound, target => 'cifs/localhost'), 'WRONG_SERVICE', 'another service class is refused');
    };

done_testing;
