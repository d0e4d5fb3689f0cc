#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A SPNEGO exchange changes its location between the leg that compares the channel and the last leg
# (mechListMIC). The comparison of one location must not count at another one.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Binding;
use SSPI::Test::Gss qw(negotiate_token negotiate_value spnego_init spnego_response);
use SSPI::Test::Ntlm qw(ntlm_channel ntlm_message);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $fixture = SSPI::Test::Binding->new;
my ($front) = SSPI::Test::Server::certificate('front');
my %front = (channel_binding_certificate => $front);
my %policy = (
    none => { channel_binding => 'none' },
    allow => { channel_binding => 'allow' },
    require => { channel_binding => 'require' },
    'front-allow' => { channel_binding => 'allow', %front },
    'front-require' => { channel_binding => 'require', %front },
    'proxy-require' => { channel_binding => 'require', extended_protection => 'proxy' },
    exporter => { channel_binding => 'allow', channel_binding_type => 'tls-exporter' },
);
# The server offers one mechanism, which the client does not list first, so a mechListMIC is needed.
my %server_config = $fixture->server_config(map {
    my $name = $_;
    map { { path => "/$_-$name/", %{$policy{$name}}, packages => 'Negotiate', realm => undef, digest_user_file => undef, mechanisms => $_,
            $_ eq 'ntlm' ? (keytab => undef) : (ntlm_user_file => undef) } } qw(kerberos ntlm)
} sort keys %policy);
my %user = (kerberos => 'alice@SSPI.TEST', ntlm => 'CORP\\alice');
my %list = (kerberos => [qw(ntlm kerberos)], ntlm => [qw(kerberos ntlm)]);

# ---- exchanges ----

# Returns the token of an answer that asks for the next leg.
sub asks {
    my ($answer) = @_;
    my @lines = $answer->challenges;
    my $token = $answer->status == 401 && @lines == 1 ? negotiate_token($lines[0]) : undef;
    return $token // die 'no next leg is asked for: ' . $answer->brief . "\n";
}

# Runs the exchange at `path` up to the leg with the client's credentials. Returns the header of the
# last leg.
my %up_to_credentials = (
    kerberos => sub {
        my ($connection, $path, $binding) = @_;
        my $client = SSPI::Test::Gss->new(env => $fixture->{env}, bare => 1, binding => $binding);
        asks($connection->get($path, authorization => negotiate_value(spnego_init($list{kerberos}, 'for the first'))));
        asks($connection->get($path, authorization => negotiate_value(spnego_response($client->{token}))));
        return negotiate_value(spnego_response(undef, $client->mic(SSPI::Test::Gss::mechanism_list(@{$list{kerberos}}))));
    },
    ntlm => sub {
        my ($connection, $path, $binding) = @_;
        my $client = SSPI::Test::Ntlm->new(target => 'HTTP/localhost', channel => ntlm_channel($binding));
        asks($connection->get($path, authorization => negotiate_value(spnego_init($list{ntlm}))));
        my $challenge = asks($connection->get($path, authorization => negotiate_value(spnego_response($client->{negotiate}))));
        my $last = $client->authenticate(ntlm_message($challenge));
        asks($connection->get($path, authorization => negotiate_value(spnego_response($last))));
        return negotiate_value(spnego_response(undef, $client->mic(SSPI::Test::Gss::mechanism_list(@{$list{ntlm}}))));
    },
);

# Returns the answer to the last leg at `to`, after all others at `from`.
sub exchange {
    my ($server, $mechanism, $from, $to, $certificate, @tls) = @_;
    my $connection = $server->tls_connection(@tls);
    my $last = $up_to_credentials{$mechanism}->($connection, "/$mechanism-$from/", binding_of($certificate));
    return $connection->get("/$mechanism-$to/", authorization => $last);
}

my @attacks = (
    # The credentials are for a location that accepts the certificate's channel, the last leg is for
    # another location.
    [ 'front-require', 'require', 'front' ],
    [ 'front-require', 'allow', 'front' ],
    [ 'front-allow', 'require', 'front' ],
    [ 'proxy-require', 'require', 'relay' ],
    [ 'proxy-require', 'allow', 'relay' ],
    [ 'proxy-require', 'front-require', 'relay' ],
    [ 'none', 'require', 'relay' ],
    [ 'none', 'allow', 'relay' ],
);
my @right = (
    [ 'front-require', 'front' ], [ 'front-allow', 'front' ], [ 'proxy-require', 'relay' ], [ 'none', 'relay' ],
    [ 'require', 'rsa' ], [ 'allow', 'rsa' ],
);

parts 'legs at two locations', \%server_config,
    map {
        my $mechanism = $_;
        (
            "$mechanism: all legs at one location" => sub {
                my ($server) = @_;
                for my $case (@right) {
                    my ($at, $certificate) = @$case;
                    granted(exchange($server, $mechanism, $at, $at, $certificate), { user => $user{$mechanism} }, "at $at, bound to $certificate");
                }
            },
            "$mechanism: the last leg elsewhere" => sub {
                my ($server) = @_;
                for my $case (@attacks) {
                    my ($from, $to, $certificate) = @$case;
                    my $name = "from $from to $to, bound to $certificate";
                    my $a = eval { exchange($server, $mechanism, $from, $to, $certificate) } or do { fail("$name: $@"); next };
                    refused($a, 401, $name);
                    unlike($a->body, qr/page of/, 'the client does not get the page');
                }
            },
            "$mechanism: nothing to compare, then the last leg elsewhere" => sub {
                my ($server) = @_;
                # The first location may refuse the client already.
                for my $to (qw(allow require)) {
                    my $a = eval { exchange($server, $mechanism, 'exporter', $to, 'relay', version => '1.2', ems => 0) };
                    ok(!$a || $a->status == 401, "to $to") or diag($a->brief);
                }
            },
        )
    } qw(kerberos ntlm);

done_testing;
