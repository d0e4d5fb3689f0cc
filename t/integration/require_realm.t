#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Required realms: those of Kerberos exactly, NTLM's domains without case, Digest's with a prefix, so
# that the realms of different schemes are never mistaken for each other.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Ntlm qw(ntlm_login ntlm_user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $dir = scratch_dir('users');
# Digest's realm has the name of the Kerberos realm.
my $users = spew("$dir/users", user_line('alice', 'SSPI.TEST', 'pw'), 0644);
my $nt_users = spew("$dir/nt-users", ntlm_user_line('alice', 'CORP', 'pw'), 0644);
my %all = (packages => 'Negotiate NTLM Digest', mechanisms => 'kerberos ntlm', realm => 'SSPI.TEST',
    keytab => $kdc->{keytab}, digest_user_file => $users, ntlm_user_file => $nt_users);
my @cases = (
    # Each case: lines, schemes whose user is admitted.
    [ ['realm SSPI.TEST'], 'Kerberos' ],
    [ ['realm digest:SSPI.TEST'], 'Digest' ],
    [ ['realm corp'], 'NTLM' ],
    [ ['realm OTHER CORP SSPI.TEST digest:SSPI.TEST'], 'Digest Kerberos NTLM' ],
    [ ['realm sspi.test digest:sspi.test SSPI.TES SSPI.TESTS digest:CORP DIGEST:SSPI.TEST'], '' ],
    [ [ 'realm SSPI.TEST CORP', 'user alice@SSPI.TEST digest:alice' ], 'Kerberos' ],
    [ [ 'realm SSPI.TEST', 'realm CORP' ], '' ],
);
parts 'realms', { env => $kdc->server_env, locations => [ map { { path => "/$_/", %all, require => $cases[$_][0] } } 0 .. $#cases ] },
    (map {
        my $i = $_;
        my ($lines, $pass) = @{$cases[$i]};
        (join('; ', @$lines) => sub {
            my ($server) = @_;
            my $c = $server->client(env => $alice);
            my %answers = (
                Kerberos => $c->get("/$i/", authorization => $c->negotiate_header),
                NTLM => (ntlm_login($server->connection, "/$i/"))[-1],
                Digest => $server->client->get("/$i/", digest => 'alice:pw'),
            );
            my %passes = map { $_ => 1 } split ' ', $pass;
            is($answers{$_}->status, $passes{$_} ? 200 : 403, $_) for sort keys %answers;
        })
    } 0 .. $#cases),
    'the log names the requirement' => sub {
        my ($server) = @_;
        is($server->client->get('/0/', digest => 'alice:pw')->status, 403, 'Digest');
        logged($server, 'NOT_AUTHORIZED', qr/digest:alice/, $server->kind eq 'apache' ? qr/Require/ : qr/"realm SSPI\.TEST"/);
    };

# ---- at start ----
sub with { my ($line, %more) = @_; return { env => $kdc->server_env, locations => [ { path => '/p/', %all, %more, require => [$line] } ] } }
my @directive = { apache => qr/Require sspi-realm/, nginx => qr/sspi_require/ };
config_refused('no realm', with('realm'), @directive);
for my $kind (qw(apache nginx)) {
    my $id = message_id('NO_MATCH');
    my %kerberos = (packages => 'Negotiate', mechanisms => 'kerberos');
    for my $case ([ 'digest:r', \%kerberos, 1 ], [ 'SSPI.TEST', { packages => 'Digest' }, 1 ], [ 'SSPI.TEST', \%kerberos, 0 ],
        [ 'CORP', { packages => 'NTLM', mechanisms => 'ntlm' }, 0 ], [ 'digest:SSPI.TEST', { packages => 'Digest' }, 0 ]) {
        my ($realm, $offered, $warns) = @$case;
        my $out = config_passes("realm $realm where only $offered->{packages} is offered", { %{with("realm $realm", %$offered)}, on => $kind }) // next;
        if ($warns) { like($out, qr/\b$id\b.*realm.*"\Q$realm\E"|\b$id\b.*"\Q$realm\E".*realm/, "$kind: a warning") }
        else { unlike($out, qr/\b$id\b/, "$kind: no warning") }
    }
}

done_testing;
