#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A relay ends a victim's TLS with a certificate of its own. It forwards the victim's data to the
# server to log in with the victim's credentials.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Binding;
use SSPI::Test::Curl qw(curl_binds);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;
use SSPI::Test::Tls;

my $fixture = SSPI::Test::Binding->new;
my %server_config = $fixture->server_config(
    (map { { path => "/$_/", channel_binding => $_ } } @policies),
    (map { { path => "/exporter-$_/", channel_binding => $_, channel_binding_type => 'tls-exporter' } } qw(allow require)),
    # Where a front end is configured, a relay may be there as well. Then only the service name
    # shows the difference.
    { path => '/proxy/', channel_binding => 'require', extended_protection => 'proxy', service_name => 'HTTP/localhost' },
);
my ($certificate) = SSPI::Test::Server::certificate('relay');

my %port;
sub relay { my ($server) = @_; return $port{$server} //= SSPI::Test::Tls::front_end('relay', $server->{https}, 'tls') }

# The outcome for a victim of each scheme. It gets no part of the page, unless it is granted.
sub victims {
    my ($server, $path, $says, $want, %o) = @_;
    for my $scheme (@{$o{schemes} // \@schemes}) {
        my $connection = $server->tls_connection(port => relay($server), version => '1.3');
        my $binding = $o{type} ? $connection->{$o{type}} : binding_of('relay');
        $server->new_log;
        my $answer = $fixture->login($scheme, $connection, $path, $says, $binding, %{$o{login} // {}});
        is(SSPI::Test::Binding::outcome($server, $answer), $want, "$path, $scheme: $says");
        my $shown = $answer->body =~ /page of/ ? 1 : 0;
        is($shown, $want =~ /bound/ ? 1 : 0, 'and the page is ' . ($shown ? 'shown' : 'not'));
        # The relay has no login either.
        is($connection->get($path)->user, '', 'the relay has no login afterwards') if $want eq 'BAD_BINDING';
    }
    return;
}

parts 'a relay', \%server_config,
    'is refused with the credentials of clients that bind' => sub {
        my ($server) = @_;
        victims($server, "/$_/", 'right', 'BAD_BINDING') for qw(allow require);
        victims($server, "/exporter-$_/", 'right', 'BAD_BINDING', type => 'exporter') for qw(allow require);
    },
    'is refused with the credentials of clients that use no TLS' => sub {
        my ($server) = @_;
        victims($server, "/$_/", 'zeros', 'MISSING_BINDING') for qw(allow require);
    },
    'is refused with the credentials of other clients only by require' => sub {
        my ($server) = @_;
        victims($server, '/require/', 'silent', 'MISSING_BINDING');
        victims($server, '/allow/', 'silent', 'unbound');
        victims($server, '/none/', 'right', 'unbound');
    },
    'is refused behind a front end without a known certificate by the service name' => sub {
        my ($server) = @_;
        my @naming_schemes = (schemes => [ grep { !/Kerberos/ } @schemes ]);
        victims($server, '/proxy/', 'right', 'WRONG_SERVICE', @naming_schemes, login => { target => 'HTTP/relay.example.org' });
        victims($server, '/proxy/', 'right', 'unbound', @naming_schemes);
        victims($server, '/proxy/', 'right', 'WRONG_SERVICE', schemes => [ grep { /Kerberos/ } @schemes ],
            login => { ticket_host => 'other.test' });
    },
    'curl, which binds itself only by Kerberos, if at all' => sub {
        my ($server) = @_;
        my $port = relay($server);
        my $curl = $server->client(env => $fixture->{env})->with(ca => $certificate, https => $port);
        my %by = (negotiate => 1, ntlm => 'CORP\\alice:pw', digest => 'alice:pw');
        my $binds = curl_binds($server->client(env => $fixture->{env}), '/allow/');
        for my $how (sort keys %by) {
            my %want = (allow => $binds && $how eq 'negotiate' ? 401 : 200, require => 401);
            for my $policy (sort keys %want) {
                my $a = $curl->get("/$policy/", tls => 1, $how => $by{$how});
                is($a->status, $want{$policy}, "curl $how, $policy") or diag($a->brief);
            }
        }
    };

done_testing;
