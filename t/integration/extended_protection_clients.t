#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Extended Protection with clients that are not part of this project: clients that bind themselves
# to their channel and clients that do not, each directly, through a front end, and through a relay.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir slurp spew);
use SSPI::Test::Binding;
use SSPI::Test::Clients qw(ask client_can clients_here);
use SSPI::Test::Curl qw(curl_binds);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;
use SSPI::Test::Tls;

my $fixture = SSPI::Test::Binding->new;
my %windows = (packages => 'Negotiate NTLM');
my ($front) = SSPI::Test::Server::certificate('front');
my %server_config = $fixture->server_config(
    (map { { path => "/$_/", %windows, channel_binding => $_ } } @policies),
    { path => '/bound/', %windows, require => ['channel-bound'] },
    { path => '/front/', %windows, channel_binding => 'require', channel_binding_certificate => $front },
    (map { { path => "/proxy-$_/", %windows, channel_binding => $_, extended_protection => 'proxy' } } qw(allow require)),
);
$server_config{http2} = 0; # NTLM cannot run over it

my %ticket = (user => '', password => '', kerberos => 1);
my %password = (user => 'CORP\\alice', password => 'pw');
# `binds`: the client binds itself to the certificate that it sees. `names`: it names the service
# that it means. Other clients do neither. The value is 1 or a function of the server that returns it.
my $curl_binds = sub { curl_binds($_[0]->client(env => $fixture->{env}), '/allow/') };
my $requests_binds = sub { client_can('requests-kerberos', 'bind') };
my @clients = (
    { name => 'java, Kerberos', client => 'java', %ticket, binds => 1, names => 1 },
    { name => 'requests-ntlm', client => 'requests-ntlm', %password, binds => 1,
        names => sub { client_can('requests-ntlm', 'name') } },
    { name => 'java, NTLM', client => 'java', %password },
    { name => 'requests-kerberos', client => 'requests-kerberos', %ticket,
        binds => $requests_binds, names => $requests_binds },
    { name => 'curl, Kerberos', client => 'curl', %ticket, binds => $curl_binds, names => $curl_binds },
    { name => 'curl, NTLM', client => 'curl with NTLM', %password },
    { name => 'soup, NTLM', client => 'soup', %password },
);

# The clients trust every certificate of these tests.
my $trusted = spew(scratch_dir('trusted') . '/all.pem', join '', map { slurp((SSPI::Test::Server::certificate($_))[0]) }
    qw(rsa ec relay front));

# Runs all cases of one client together, because some clients take long to start. A case is [ the
# server that ends TLS, URL, expected result ]. A refusal is 401, or 0 if the client reports an
# error of its own, so each refusal must have its log line.
sub gets {
    my ($known, $server, @cases) = @_;
    my $client = $server->client->with(ca => $trusted, env => $known->{kerberos} ? $fixture->{env} : $fixture->{kdc}->env_without_ticket);
    $server->new_log;
    my @said = ask($known->{client}, $client, map { { path => $_->[1], tls => 1, map { $_ => $known->{$_} } qw(user password) } } @cases);
    my $user = $known->{kerberos} ? 'alice@SSPI.TEST' : 'CORP\\alice';
    for my $i (0 .. $#cases) {
        my ($where, $url, $wanted) = @{$cases[$i]};
        my $answer = $said[$i][-1];
        my $got = $answer->{status} == 200 ? "200 $answer->{user}" : $answer->{status} || 401;
        is($got, $wanted == 200 ? "200 $user" : $wanted, "$where, " . $url =~ s{\A\w+://[^/]+}{}r . ": $wanted")
            or diag(explain($said[$i]));
    }
    my $refusals = join '|', map { message_id($_) } qw(BAD_BINDING MISSING_BINDING WRONG_SERVICE);
    my @lines = grep { /$refusals/ } message_lines($server);
    cmp_ok(scalar @lines, '>=', scalar(grep { $_->[2] == 401 } @cases), 'refusals are logged') or diag(@lines);
    return;
}

sub at { my ($where, $base, %want) = @_; return map { [ $where, "$base$_", $want{$_} ] } sort keys %want }

my %here = map { $_ => 1 } clients_here(do { my %n = map { $_->{client} => 1 } @clients; sort keys %n });
@clients = grep { $here{$_->{client}} } @clients;

parts 'clients that are not part of this project', \%server_config, map {
    my $known = $_;
    ($known->{name} => sub {
        my ($server) = @_;
        my ($binds, $names) = map { ref $_ ? $_->($server) : $_ } @$known{qw(binds names)};
        my $relay = SSPI::Test::Tls::front_end('relay', $server->{https}, 'tls');
        my $in_front = SSPI::Test::Tls::front_end('front', $server->{http}, 'plain');
        gets($known, $server,
            at('directly', '', '/none/' => 200, '/allow/' => 200, '/require/' => $binds ? 200 : 401, '/bound/' => $binds ? 200 : 403),
            at('relayed', "https://localhost:$relay", '/allow/' => $binds ? 401 : 200, '/require/' => 401, '/front/' => 401),
            at('front ends and relays', "https://localhost:$in_front", '/front/' => $binds ? 200 : 401, '/proxy-allow/' => 200,
                '/proxy-require/' => $names ? 200 : 401));
    })
} @clients;

parts 'a certificate with ECDSA', { %server_config, certificates => ['ec'] }, map {
    my $known = $_;
    ($known->{name} => sub {
        my ($server) = @_;
        my $binds = ref $known->{binds} ? $known->{binds}->($server) : $known->{binds};
        gets($known, $server, at('directly', '', '/require/' => $binds ? 200 : 401, '/bound/' => $binds ? 200 : 403));
    })
} grep { $_->{binds} } @clients if grep { $_->{binds} } @clients;

done_testing;
