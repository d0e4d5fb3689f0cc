#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Attack: an attacker on the path removes Kerberos from a client's list of mechanisms, so the client
# logs in by NTLM. The client's mechListMIC covers the list that the client sent. Each attack has a
# twin: the same client without an attacker.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Gss qw(negotiate_value spnego_init spnego_response);
use SSPI::Test::Ntlm qw(ntlm_message ntlm_token ntlm_user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $users = spew(scratch_dir('users') . '/users', ntlm_user_line('alice', 'CORP', 'pw'), 0644);
my %location = (packages => 'Negotiate', mechanisms => 'kerberos ntlm', keytab => $kdc->{keytab},
    ntlm_user_file => $users, realm => 'r');
my %server_config = (env => $kdc->server_env, locations => [ { path => '/p/', %location } ]);

# The flags that clients ask NTLM for: Windows' flags with SIGN and SEAL, with one of them, with
# neither.
my %asked = (both => 'e2088237', signatures => 'e2088217', encryption => 'e2088227', nothing => 'e2088207');

# Logs in: the client lists `sent`, and the server receives `received`. Returns the last answer.
sub login {
    my ($server, $asked, $sent, $received, %how) = @_;
    my ($ntlm, $connection) = (SSPI::Test::Ntlm->new(asked => $asked), $server->connection);
    my $say = sub { return $connection->get('/p/', authorization => negotiate_value(@_)) };
    my $challenge = ntlm_message(ntlm_token($say->(spnego_init($received, $ntlm->{negotiate})), 'Negotiate'));
    my $last = $ntlm->authenticate($challenge);
    my $mic = $ntlm->mic(SSPI::Test::Gss::mechanism_list(@$sent));
    return $say->(spnego_response($last, $how{strips_mic} ? undef : $mic));
}

parts 'a list of mechanisms that was changed', \%server_config,
    'is refused by its MIC' => sub {
        my ($server) = @_;
        for my $name (sort keys %asked) {
            $server->new_log;
            refused(login($server, $asked{$name}, [qw(kerberos ntlm)], ['ntlm']), 401, "Kerberos taken out; client asks for $name");
            logged($server, 'NOT_OFFERED', 'mechListMIC');
            granted(login($server, $asked{$name}, $_, $_), { user => 'CORP\\alice', mechanism => 'NTLM' },
                "@$_ as sent; client asks for $name") for ['ntlm'], [qw(ntlm kerberos)];
        }
    },
    'is refused when its MIC is removed as well' => sub {
        my ($server) = @_;
        for my $name (qw(both signatures)) {
            my $answer = login($server, $asked{$name}, [qw(kerberos ntlm)], ['ntlm'], strips_mic => 1);
            is($answer->status, 401, "client asks for $name: 401");
            is($answer->user, '', "client asks for $name: no user");
        }
    };

done_testing;
