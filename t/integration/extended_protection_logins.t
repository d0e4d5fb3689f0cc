#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The compared channel of a login: where requirements demand it, and where a location accepts or
# refuses a login that its connection keeps.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Binding;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;
use SSPI::Test::Tls;

my $fixture = SSPI::Test::Binding->new;
my ($x, $y) = map { (SSPI::Test::Server::certificate($_))[0] } qw(front second-front);
my %server_config = $fixture->server_config(
    (map { { path => "/$_/", channel_binding => $_ } } @policies),
    { path => '/exporter/', channel_binding => 'require', channel_binding_type => 'tls-exporter' },
    { path => '/proxy/', channel_binding => 'require', extended_protection => 'proxy' },
    { path => '/proxy-allow/', channel_binding => 'allow', extended_protection => 'proxy' },
    { path => '/proxy-bound/', channel_binding => 'require', extended_protection => 'proxy', require => ['channel-bound'] },
    (map { { path => "/x-$_/", channel_binding => $_, channel_binding_certificate => $x } } qw(allow require)),
    (map { { path => "/y-$_/", channel_binding => $_, channel_binding_certificate => $y } } qw(allow require)),
    { path => '/x-and-y/', channel_binding => 'require', channel_binding_certificate => "$x $y" },
    (map { { path => "/bound-$_/", channel_binding => $_, require => ['channel-bound'] } } @policies),
    { path => '/bound-alice/', require => [ 'user CORP\\\\alice digest:alice alice@SSPI.TEST', 'channel-bound' ] },
    { path => '/bound-bob/', require => [ 'user digest:bob', 'channel-bound' ] },
    { path => '/bound-optional/', sspi => 'optional', require => ['channel-bound'] },
);
my $own = binding_of('rsa');

# Returns a connection with an NTLM login from `path`.
sub logged_in {
    my ($server, $connection, $path, $says, $want, $binding) = @_;
    $fixture->comes_out($server, $want, "a login at $path: $says", 'NTLM', $connection, $path, $says, $binding // $own);
    return $connection;
}

# Sends requests without credentials on the connection of a login. `want` maps each path to bound,
# unbound, or a status.
sub gets {
    my ($server, $connection, @wanted) = @_;
    while (my ($path, $want) = splice @wanted, 0, 2) {
        $server->new_log;
        my $a = $connection->get($path);
        if ($want =~ /\A\d+\z/) { is($a->status, $want, "then $path: $want") or diag($a->brief) }
        else { is(SSPI::Test::Binding::outcome($server, $a), $want, "then $path: $want") }
    }
    return;
}

parts 'the compared channel of a login', \%server_config,
    'is demanded by requirements' => sub {
        my ($server) = @_;
        for my $scheme (@schemes) {
            for my $path ('/bound-allow/', '/bound-require/', '/bound-alice/', '/bound-optional/') {
                $fixture->comes_out($server, 'bound', "$path, $scheme: bound", $scheme, $server->tls_connection, $path, 'right', $own);
            }
            for my $path ('/bound-allow/', '/bound-alice/', '/bound-optional/') {
                my $a = $fixture->login($scheme, $server->tls_connection, $path, 'silent', $own);
                is($a->status, 403, "$path, $scheme: silent") or diag($a->brief);
            }
            for my $case ([ '/bound-none/', 'right' ], [ '/bound-bob/', 'right' ], [ '/proxy-bound/', 'right' ]) {
                my $a = $fixture->login($scheme, $server->tls_connection, @$case, $own);
                is($a->status, 403, "$case->[0], $scheme: $case->[1]") or diag($a->brief);
            }
            my $a = $fixture->login($scheme, $server->connection, '/bound-allow/', 'silent', $own);
            is($a->status, 403, "plain HTTP, $scheme") or diag($a->brief);
        }
        is($server->tls_connection->get($_)->status, 401, "$_: without credentials") for qw(/bound-allow/ /bound-alice/);
    },
    'of a login without a binding' => sub {
        my ($server) = @_;
        gets($server, logged_in($server, $server->tls_connection, '/allow/', 'silent', 'unbound'),
            '/allow/' => 'unbound', '/none/' => 'unbound', '/require/' => 401, '/bound-allow/' => 403, '/bound-alice/' => 403,
            '/exporter/' => 401, '/allow/' => 'unbound');
    },
    'of a bound login' => sub {
        my ($server) = @_;
        gets($server, logged_in($server, $server->tls_connection, '/allow/', 'right', 'bound'), '/allow/' => 'bound', '/require/' => 'bound',
            '/bound-allow/' => 'bound', '/bound-alice/' => 'bound', '/none/' => 'unbound', '/exporter/' => 401, '/x-require/' => 'bound');
    },
    'of a login whose channel was not compared' => sub {
        my ($server) = @_;
        gets($server, logged_in($server, $server->tls_connection, '/none/', 'wrong', 'unbound'), '/none/' => 'unbound', '/allow/' => 401,
            '/require/' => 401, '/bound-none/' => 403, '/bound-allow/' => 401, '/proxy/' => 'unbound');
        # Each location compares the client's binding with the channel that is right there.
        gets($server, logged_in($server, $server->tls_connection, '/none/', 'right', 'unbound'), '/none/' => 'unbound', '/allow/' => 'bound',
            '/require/' => 'bound', '/bound-none/' => 403, '/bound-allow/' => 'bound', '/x-allow/' => 'bound', '/exporter/' => 401);
    },
    'of a login that is bound to a front end' => sub {
        my ($server) = @_;
        gets($server, logged_in($server, $server->tls_connection, '/proxy/', 'wrong', 'unbound'), '/proxy/' => 'unbound',
            '/proxy-allow/' => 'unbound', '/require/' => 401, '/allow/' => 401, '/x-allow/' => 401, '/none/' => 'unbound');
        gets($server, logged_in($server, $server->tls_connection, '/proxy-allow/', 'silent', 'unbound'), '/proxy/' => 401,
            '/proxy-allow/' => 'unbound');
    },
    'of a login with another type of binding' => sub {
        my ($server) = @_;
        my $connection = $server->tls_connection;
        gets($server, logged_in($server, $connection, '/exporter/', 'right', 'bound', $connection->{exporter}),
            '/exporter/' => 'bound', '/require/' => 401, '/allow/' => 401);
    },
    'of a login through another front end' => sub {
        my ($server) = @_;
        my $port = SSPI::Test::Tls::front_end('front', $server->{http}, 'plain');
        my $connection = $server->tls_connection(port => $port);
        gets($server, logged_in($server, $connection, '/x-allow/', 'right', 'bound', binding_of('front')),
            '/x-require/' => 'bound', '/y-require/' => 401, '/y-allow/' => 401, '/x-and-y/' => 'bound', '/x-allow/' => 'bound');
        # A location with a front end accepts its own certificate as well.
        gets($server, logged_in($server, $server->tls_connection, '/require/', 'right', 'bound'), '/y-require/' => 'bound');
    };

done_testing;
