#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The service that a client names: the principal of a ticket, NTLM's target name, or Digest's
# service-name. The server compares it with the list of accepted names.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Binding;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $fixture = SSPI::Test::Binding->new;
# Kerberos would need keys for these names.
my %named = (mechanisms => 'ntlm', keytab => undef, channel_binding => 'require', service_name => 'HTTP/www.example.org HTTP/web HTTP/www.example.org:8443');
my %any = (%named, service_name => 'HTTP/');
my @naming_schemes = grep { !/Kerberos/ } @schemes;
my %server_config = $fixture->server_config(
    { path => '/named/', %named },
    { path => '/named-allow/', %named, channel_binding => 'allow' },
    { path => '/named-none/', %named, channel_binding => 'none' },
    { path => '/unchecked/', %named, extended_protection => 'no-service-name-check' },
    { path => '/any/', %any },
    { path => '/any-dotless/', %any, extended_protection => 'allow-dotless-spn' },
    { path => '/named-dotless/', %named, extended_protection => 'allow-dotless-spn' },
    { path => '/all/', %named, service_name => '*' },
    { path => '/default/', channel_binding => 'require' },
    { path => '/proxy/', %named, extended_protection => 'proxy' },
    { path => '/mixed/', %named, extended_protection => 'proxy proxy-cohosting' },
    { path => '/proxy-unchecked/', %named, extended_protection => 'proxy no-service-name-check' },
    { path => '/host/', channel_binding => 'require', service_name => 'HTTP/localhost' },
    { path => '/other/', channel_binding => 'require', service_name => 'HTTP/other.test' },
    { path => '/other-unchecked/', channel_binding => 'require', service_name => 'HTTP/other.test',
        extended_protection => 'no-service-name-check' },
    { path => '/case/', channel_binding => 'require', service_name => 'HTTP/LocalHost' },
    { path => '/realm/', channel_binding => 'require', service_name => 'HTTP/localhost@SSPI.TEST' },
);

# Logs in by both schemes whose clients name a service: name => outcome.
sub names_come_out {
    my ($server, $path, %want) = @_;
    for my $scheme (@naming_schemes) {
        for my $target (sort keys %want) {
            $fixture->comes_out($server, $want{$target}, "$path, $scheme: " . ($target eq '' ? 'an empty name' : $target), $scheme,
                $server->tls_connection, $path, 'right', binding_of('rsa'), target => $target);
        }
    }
    return;
}

my ($listed, $port) = ('HTTP/www.example.org', 'HTTP/www.example.org:8443');

parts 'names from clients', \%server_config,
    'are compared with the list' => sub {
        my ($server) = @_;
        names_come_out($server, '/named/', $listed => 'bound', 'http/WWW.Example.ORG' => 'bound', 'HTTP/www.example.net' => 'WRONG_SERVICE',
            'HTTP/example.org' => 'WRONG_SERVICE', 'HTTP/www.example.org.' => 'WRONG_SERVICE', "cifs/www.example.org" => 'WRONG_SERVICE',
            'www.example.org' => 'WRONG_SERVICE', 'HTTP/' => 'WRONG_SERVICE', '' => 'bound');
    },
    'a port is part of a name' => sub {
        names_come_out($_[0], '/named/', $port => 'bound', 'HTTP/www.example.org:443' => 'WRONG_SERVICE');
        names_come_out($_[0], '/any/', $port => 'bound');
    },
    'without a dot' => sub {
        my ($server) = @_;
        names_come_out($server, '/named/', 'HTTP/web' => 'bound', 'HTTP/WEB' => 'bound', 'HTTP/intranet' => 'WRONG_SERVICE');
        names_come_out($server, '/any/', 'HTTP/intranet' => 'WRONG_SERVICE', 'HTTP/intranet.example.org' => 'bound', 'HTTP/localhost' => 'bound');
        names_come_out($server, '/any-dotless/', 'HTTP/intranet' => 'bound', 'cifs/intranet' => 'WRONG_SERVICE');
        names_come_out($server, '/named-dotless/', 'HTTP/intranet' => 'WRONG_SERVICE');
        names_come_out($server, '/default/', 'HTTP/intranet' => 'bound');
    },
    'are checked where the location checks names' => sub {
        my ($server) = @_;
        my $foreign = 'HTTP/www.example.net';
        names_come_out($server, '/named-none/', $foreign => 'unbound', 'cifs/web' => 'unbound');
        names_come_out($server, '/named-allow/', $foreign => 'WRONG_SERVICE', '' => 'bound');
        names_come_out($server, '/unchecked/', $foreign => 'bound', 'cifs/web' => 'bound');
        names_come_out($server, '/all/', $foreign => 'bound');
        names_come_out($server, '/proxy/', $foreign => 'WRONG_SERVICE', $listed => 'unbound', '' => 'WRONG_SERVICE');
        names_come_out($server, '/mixed/', $foreign => 'WRONG_SERVICE', $listed => 'unbound', '' => 'WRONG_SERVICE');
        names_come_out($server, '/proxy-unchecked/', $foreign => 'unbound', '' => 'unbound');
    },
    'stand in the log beside the accepted names, and in the variable' => sub {
        my ($server) = @_;
        for my $scheme (@naming_schemes) {
            my $login = sub {
                return $fixture->login($scheme, $server->tls_connection, '/named/', 'right', binding_of('rsa'), target => $_[0]);
            };
            is($login->($listed)->header('X-Sspi-Target'), $listed, "$scheme: SSPI_TARGET");
            $server->new_log;
            refused($login->('HTTP/evil.example.org'), 401, "$scheme: another name");
            logged($server, 'WRONG_SERVICE', 'HTTP/evil.example.org', 'HTTP/www.example.org, HTTP/web');
            refused($login->('HTTP/intranet'), 401, "$scheme: a name without a dot");
            logged($server, 'WRONG_SERVICE', 'HTTP/intranet', 'allow-dotless-spn', 'HTTP/web');
        }
    },
    'of tickets are compared as well' => sub {
        my ($server) = @_;
        for my $scheme (grep { /Kerberos/ } @schemes) {
            my %want = (
                '/host/' => [ 'bound', 'WRONG_SERVICE' ],
                '/case/' => [ 'bound', 'WRONG_SERVICE' ],
                '/realm/' => [ 'bound', 'WRONG_SERVICE' ],
                '/other/' => [ 'WRONG_SERVICE', 'bound' ],
                '/default/' => [ 'bound', 'bound' ],
                # A ticket is only for the service that it names, also where IIS would not check the
                # name.
                '/other-unchecked/' => [ 'WRONG_SERVICE', 'bound' ],
            );
            for my $path (sort keys %want) {
                my @hosts = qw(localhost other.test);
                for my $i (0, 1) {
                    $fixture->comes_out($server, $want{$path}[$i], "$path, $scheme: a ticket for $hosts[$i]", $scheme,
                        $server->tls_connection, $path, 'right', binding_of('rsa'), ticket_host => $hosts[$i]);
                }
            }
            $server->new_log;
            my $a = $fixture->login($scheme, $server->tls_connection, '/other/', 'right', binding_of('rsa'));
            refused($a, 401, "$scheme: another name");
            logged($server, 'WRONG_SERVICE', 'HTTP/localhost@SSPI.TEST', qr{HTTP/other\.test\b});
        }
    };

done_testing;
