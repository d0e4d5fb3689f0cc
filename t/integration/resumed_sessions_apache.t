#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# httpd: mod_ssl's session cache works as before. If a certificate is renewed, an older session is
# bound to the certificate that its client saw.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(slurp);
use SSPI::Test::Binding;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;
use SSPI::Test::Server;

my $fixture = SSPI::Test::Binding->new;
my %server_config = ($fixture->server_config(map { { path => "/$_/", channel_binding => $_ } } qw(allow require)), on => 'apache');
my %pem = map { $_ => join '', map { slurp($_) } SSPI::Test::Server::certificate($_) } qw(first renewed);
my $n_sessions = 0;

# Returns a function that opens connections. Each one resumes the session of the one before.
sub connections {
    my ($server, @tls) = @_;
    my @session = (session => "$server->{https}-" . ++$n_sessions);
    return sub {
        my ($handshake) = @_;
        my $connection = $server->tls_connection(@tls, @session);
        is($connection->{handshake}, $handshake, "@tls: the handshake");
        return $connection;
    };
}

sub comes_out {
    my ($server, $connection, $scheme, $certificate, $want, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $fixture->comes_out($server, $want, "$name, $scheme: bound to $certificate", $scheme, $connection, '/require/', 'right', binding_of($certificate));
    # The server sends a TLS 1.3 ticket with the first answer.
    return $connection->get('/');
}

parts 'a session cache', { %server_config, apache_head => "SSLSessionCache shmcb:\@DIR\@/sessions(512000)\nSSLSessionTickets off\n" },
    map {
        my $version = $_;
        ("TLS $version" => sub {
            my ($server) = @_;
            for my $scheme (@schemes) {
                for my $case ([ rsa => 'bound' ], [ relay => 'BAD_BINDING' ]) {
                    my $connect = connections($server, version => $version);
                    comes_out($server, $connect->($_), $scheme, @$case, $_) for qw(new reused reused);
                }
            }
        })
    } qw(1.2 1.3);

# The key of the tickets is the same after a restart.
$server_config{apache_head} = "SSLSessionTicketKeyFile \@DIR\@/ticket.key\nListen 127.0.0.1:\@PORT1\@ https\n";
$server_config{data} = { 'host.pem' => $pem{first}, 'ticket.key' => join '', map { chr } 1 .. 48 };
$server_config{apache} = <<'CONF';
<VirtualHost 127.0.0.1:@PORT1@>
    SSLEngine on
    SSLCertificateFile @DIR@/host.pem
</VirtualHost>
CONF
$server_config{extra_ports} = 1;

parts 'a certificate that is renewed', \%server_config,
    'does not end the sessions of the old certificate' => sub {
        my ($server) = @_;
        my @tls = (port => $server->port('PORT1'));
        my @cases = map { my $version = $_; map { my $scheme = $_; map { [ $version, $scheme, @$_ ] }
            [ first => 'bound' ], [ renewed => 'BAD_BINDING' ], [ relay => 'BAD_BINDING' ] } @schemes } qw(1.2 1.3);
        # If mod_ssl has a ticket key of its own, it issues no further ticket on a resumption. So
        # each case has its own session.
        my @old = map { connections($server, @tls, version => $_->[0]) } @cases;
        comes_out($server, $old[$_]->('new'), $cases[$_][1], 'first', 'bound', 'before') for 0 .. $#cases;
        my @probe = (@tls, version => '1.2', session => "$server->{https}-probe");
        $server->tls_connection(@probe)->get('/');
        $server->add_data('host.pem', $pem{renewed});
        $server->reload;
        SKIP: {
            # Debian 13's does not.
            skip 'this server resumes no session of another certificate', 1
                if $server->tls_connection(@probe)->{handshake} ne 'reused';
            for my $i (0 .. $#cases) {
                my ($version, $scheme, $certificate, $want) = @{$cases[$i]};
                comes_out($server, $old[$i]->('reused'), $scheme, $certificate, $want, 'an old session');
            }
        }
        for my $version (qw(1.2 1.3)) {
            for my $case ([ renewed => 'bound' ], [ first => 'BAD_BINDING' ]) {
                my $new = connections($server, @tls, version => $version);
                comes_out($server, $new->($_), 'NTLM', @$case, "$_, after the reload") for qw(new reused);
            }
        }
    };

done_testing;
