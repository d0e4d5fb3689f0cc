#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Configurations of sessions that cannot work, or where one login ends the session of another.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $dir = scratch_dir('users');
my ($users, $others) = map { spew("$dir/$_", user_line('alice', 'r', 'pw') . user_line('alice', 's', 'pw'), 0644) } qw(users others);
my %kerberos = (packages => 'Negotiate', keytab => $kdc->{keytab}, session => 'on');
my %digest = (packages => 'Digest', digest_user_file => $users, realm => 'r', digest_algorithm => 'MD5', session => 'on');
my %env = (env => $kdc->server_env);

my $way = qr/proves no channel.*(?:SSPIConnectionAuth|sspi_connection_auth) all/;
config_refused 'a session where each login must be bound',
    { %env, locations => [ { path => '/p/', %kerberos, channel_binding => 'require' } ] },
    qr/(?:SSPISession|sspi_session) is on, but (?:SSPIChannelBinding|sspi_channel_binding) require/, $way;
config_refused 'a session of the server around such a location',
    { %env, server_options => { session => 'on' },
        locations => [ { path => '/p/', packages => 'Negotiate', keytab => $kdc->{keytab}, channel_binding => 'require' } ] }, $way;
config_refused 'a session where a requirement says channel-bound',
    { %env, locations => [ { path => '/p/', %kerberos, require => ['channel-bound'] } ] },
    qr/(?:Require sspi-|sspi_require )channel-bound demands/, $way;
config_passes 'a bound location without a session',
    { %env, server_options => { session => 'on' },
        locations => [ { path => '/p/', packages => 'Negotiate', keytab => $kdc->{keytab}, channel_binding => 'require', session => 'off' } ] };

# The configuration test warns, or not.
sub shares {
    my ($name, $warns, @locations) = @_;
    my %spec = (%env, locations => [ map { { path => "/$_/", %{$locations[$_]} } } 0 .. $#locations ]);
    for my $on (qw(apache nginx)) {
        SKIP: {
            skip "$on: not among SSPI_SERVERS", 1 if !wanted($on);
            my $out = config_passes($name, { %spec, on => $on });
            my $id = message_id('SHARED_COOKIE');
            # nginx writes a warning to its terminal and to its log.
            my %line = map { $_ => 1 } $out =~ /\b$id\b.*/g;
            my @lines = keys %line;
            is(scalar @lines, $warns, "$on: $name: warnings") or diag($out);
            like($lines[0], qr/(?:SSPISessionCookie|sspi_session_cookie).*(?:SSPISessionAudience|sspi_session_audience)/,
                "$on: $name: the warning says what to do") if @lines;
        }
    }
    return;
}

shares 'two areas of one audience', 0, \%digest, \%digest;
shares 'two realms', 1, \%digest, { %digest, realm => 's' };
shares 'two user files', 1, \%digest, { %digest, digest_user_file => $others };
shares 'two packages', 1, \%kerberos, \%digest;
shares 'three of them', 1, \%kerberos, \%digest, { %digest, realm => 's' };
shares 'two names', 0, \%kerberos, { %digest, session_cookie => 'digest' };
shares 'two paths', 0, { %kerberos, session_cookie => 'sspi Path=/0/' }, { %digest, session_cookie => 'sspi Path=/1/' };
shares 'one text', 0, { %kerberos, session_audience => 'all' }, { %digest, session_audience => 'all' };
shares 'one area without sessions', 0, \%kerberos, { %digest, session => 'off' };

done_testing();
