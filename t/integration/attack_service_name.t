#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The service name of a ticket is clear text, and the client can rewrite it. A ticket is for the
# service whose key decrypts it, with any name.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Gss qw(negotiate_value spnego_init);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;
use SSPI::Test::Ticket qw(ticket_service ticket_with_service);

my $kdc = SSPI::Test::KDC->new(principals => [ 'HTTP/other.test', 'http/localhost' ]);
my $alice = $kdc->login('alice');
my %negotiate = (packages => 'Negotiate', realm => 'r',
    keytab => $kdc->make_keytab('both.keytab', 'HTTP/localhost', 'HTTP/other.test'));
my %lower_case = (%negotiate, keytab => $kdc->make_keytab('case.keytab', 'HTTP/localhost', 'http/localhost'));
my %upper_case = (%negotiate, keytab => $kdc->{keytab});
my %localhost = (service_name => 'HTTP/localhost');

# A location, and one that redirects internally to it.
sub location_pair {
    my ($path, %o) = @_;
    my $target = delete $o{to};
    return { path => $path, %o, apache => "FallbackResource $target/index.html", nginx => "try_files /none $target/index.html;" }
        if $target;
    return { path => "$path/", %o };
}
my %server_config = (env => $kdc->server_env, locations => [
    location_pair('/any', %negotiate),
    location_pair('/localhost', %negotiate, %localhost),
    location_pair('/other', %negotiate, service_name => 'HTTP/other.test'),
    location_pair('/any-stays', %negotiate, connection_auth => 'all'),
    location_pair('/localhost-stays', %negotiate, %localhost, connection_auth => 'all'),
    location_pair('/redirect-any/', %negotiate, to => '/any'),
    location_pair('/redirect-localhost/', %negotiate, to => '/localhost'),
    location_pair('/case', %lower_case, %localhost),
    location_pair('/case-one-key', %upper_case, %localhost),
]);

# ---- tickets ----

# The service is SERVICE/HOST. `clear` is the clear text that replaces it, if any.
sub ticket {
    my ($form, $service, %clear) = @_;
    my ($type, $host) = split m{/}, $service;
    my $token = SSPI::Test::Gss->new(env => $alice, bare => 1, service => $type, host => $host)->{token};
    $token = ticket_with_service($token, %clear) if %clear;
    return negotiate_value($form eq 'bare' ? $token : spnego_init(['kerberos'], $token));
}
my %as_localhost = (name => [qw(HTTP localhost)]);
my %as_other = (name => [qw(HTTP other.test)]);
my @forms = ('bare', 'in SPNEGO');

# Checks that the answer is for alice, and that the variable and the log name this service.
sub is_for {
    my ($server, $answer, $service, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($log, $granted) = ($server->new_log, message_id('GRANTED'));
    my ($logged) = $log =~ /\b$granted\b.*?\bservice: ([^;]*);/;
    return is_deeply([ $answer->status, $answer->user, $answer->header('X-Sspi-Target'), $logged ],
        [ 200, 'alice@SSPI.TEST', "$service\@SSPI.TEST", "$service\@SSPI.TEST" ], $name) || diag($answer->brief, "\n", $log);
}

parts 'the service of a ticket', \%server_config,
    'is rewritten as meant' => sub {
        my $token = SSPI::Test::Gss->new(env => $alice, bare => 1, host => 'other.test')->{token};
        is(ticket_service($token), 'HTTP/other.test@SSPI.TEST', 'a ticket of the KDC');
        is(ticket_service(ticket_with_service($token, %as_localhost)), 'HTTP/localhost@SSPI.TEST', 'another name');
        is(ticket_service(ticket_with_service($token, realm => 'X' x 300)), 'HTTP/other.test@' . 'X' x 300, 'another realm');
        is(ticket_with_service($token, %as_other), $token, 'its own name');
    },
    'is that of the key, for the page and the log' => sub {
        my ($server) = @_;
        for my $form (@forms) {
            my $get = sub { return $server->connection->get('/any/', authorization => ticket($form, @_)) };
            is_for($server, $get->('HTTP/localhost'), 'HTTP/localhost', "$form: a ticket for localhost");
            is_for($server, $get->('HTTP/other.test'), 'HTTP/other.test', "$form: a ticket for other.test");
            is_for($server, $get->('HTTP/other.test', %as_localhost), 'HTTP/other.test', "$form: one for other.test that says localhost");
            is_for($server, $get->('HTTP/localhost', %as_other), 'HTTP/localhost', "$form: one for localhost that says other.test");
        }
    },
    'is that of the key where services are listed' => sub {
        my ($server) = @_;
        for my $form (@forms) {
            my %want = ('HTTP/localhost' => '/localhost/', 'HTTP/other.test' => '/other/');
            for my $service (sort keys %want) {
                for my $path (sort values %want) {
                    my $right = $path eq $want{$service};
                    $server->new_log;
                    my $a = $server->connection->get($path, authorization => ticket($form, $service));
                    is($a->status, $right ? 200 : 401, "$form: a ticket for $service at $path");
                    next if $right;
                    $server->new_log;
                    $a = $server->connection->get($path, authorization => ticket($form, $service, $path eq '/other/' ? %as_other : %as_localhost));
                    refused($a, 401, "$form: a ticket for $service that is rewritten for $path");
                    is(scalar(message_lines($server)), 1, 'the log has one line about the ticket');
                }
            }
        }
    },
    'is that of the key for a login that stays' => sub {
        my ($server) = @_;
        for my $form (@forms) {
            my %want = ('a ticket for localhost' => [ 200, 'HTTP/localhost' ], 'a ticket for other.test' => [ 401, 'HTTP/other.test' ],
                'one for other.test that says localhost' => [ 401, 'HTTP/other.test', %as_localhost ]);
            for my $name (sort keys %want) {
                my ($status, @ticket) = @{$want{$name}};
                my $connection = $server->connection;
                is($connection->get('/any-stays/', authorization => ticket($form, @ticket))->status, 200, "$form: $name logs in");
                my $again = $connection->get('/any-stays/');
                is_deeply([ $again->status, $again->header('X-Sspi-Target') ], [ 200, "$ticket[0]\@SSPI.TEST" ], 'the login stays');
                my $a = $connection->get('/localhost-stays/');
                is($a->status, $status, "then at the location for localhost: $status") or diag($a->brief);
            }
        }
    },
    'is that of the key after an internal redirect' => sub {
        my ($server) = @_;
        for my $form (@forms) {
            my $get = sub { my ($path, @ticket) = @_; $server->new_log; return $server->connection->get("$path/nothing", authorization => ticket($form, @ticket)) };
            is_for($server, $get->('/redirect-any', 'HTTP/other.test', %as_localhost), 'HTTP/other.test', "$form: to a location for any service");
            granted($get->('/redirect-localhost', 'HTTP/localhost'), { user => 'alice@SSPI.TEST' }, "$form: a ticket for localhost");
            for my $case ([ 'a ticket for other.test' ], [ 'a ticket that says localhost', %as_localhost ]) {
                my ($name, @clear) = @$case;
                # httpd's answer still names the user of the first location.
                my $a = $get->('/redirect-localhost', 'HTTP/other.test', @clear);
                is($a->status, 401, "$form: $name") or diag($a->brief);
                unlike($a->body, qr/page of/, 'the client does not get the page');
            }
        }
    },
    'has the realm of the key' => sub {
        my ($server) = @_;
        for my $form (@forms) {
            my $a = $server->connection->get('/any/', authorization => ticket($form, 'HTTP/localhost', realm => 'EVIL.TEST'));
            unlike(join(' ', $a->header('X-Sspi-Target'), $server->new_log =~ /service: ([^;]*);/g), qr/EVIL/, "$form: another realm in clear text");
        }
    },
    'may differ in case' => sub {
        my ($server) = @_;
        for my $form (@forms) {
            my %alice = (user => 'alice@SSPI.TEST');
            granted($server->connection->get('/case/', authorization => ticket($form, 'HTTP/localhost')), \%alice, "$form: HTTP/localhost");
            granted($server->connection->get('/case/', authorization => ticket($form, 'http/localhost')), \%alice,
                "$form: http/localhost with a key of its own");
            # Active Directory has one account and one key for both.
            granted($server->connection->get('/case-one-key/', authorization => ticket($form, 'HTTP/localhost', name => [qw(http localhost)])),
                \%alice, "$form: http/localhost with the same key");
            refused($server->connection->get('/case-one-key/', authorization => ticket($form, 'http/localhost')), 401,
                "$form: http/localhost whose key is not in the keytab");
        }
    };

done_testing;
