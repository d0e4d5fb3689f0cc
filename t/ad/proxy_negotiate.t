#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Constrained delegation in a domain for proxied requests: a second protected server sees the user,
# who showed this server a ticket, or logged in by NTLM or Basic.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::AD;
use SSPI::Test::Basic qw(basic_header);
use SSPI::Test::Delegation;
use SSPI::Test::Gss;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

use constant HOST => 'backend.test';

my $reason = SSPI::Test::AD::skip_reason();
plan skip_all => $reason if defined $reason;

my $ad = SSPI::Test::AD->new;
my ($domain, $realm, $password) = (SSPI::Test::AD::DOMAIN, SSPI::Test::AD::REALM, SSPI::Test::AD::PASSWORD);
my $target = 'HTTP/' . HOST;
my $backend = upstream($ad, keytab => $ad->add_service('backend', $target));
$ad->allow_delegation($target);
$ad->tool(qw(user sensitive carol on));
$ad->tool(qw(user enable carol));

my %login = map { $_ => $ad->login($_, forwardable => 1) } qw(alice bob carol);
my $dir = ccache_dir();

my %pass = (apache => "ProxyPass http://127.0.0.1:$backend->{http}/b/",
    nginx => "proxy_pass http://backend/b/;\nproxy_http_version 1.1;\nproxy_set_header Connection \"\";");

sub proxied {
    my ($path, %o) = @_;
    return { path => $path, packages => 'Negotiate', keytab => $ad->{keytab}, delegation => 's4u2proxy', delegation_dir => $dir,
        delegation_target => $target, proxy_negotiate => $target, %pass, %o };
}

my %any = (delegation => 's4u2self s4u2proxy', delegation_realm => $realm);
my %unknown = (delegation_target => 'HTTP/unknown.test', proxy_negotiate => 'HTTP/unknown.test');
my %server_config = (
    env => $ad->server_env,
    group => SSPI::Test::AD::PRIVILEGED,
    nginx_http => "upstream backend { server 127.0.0.1:$backend->{http}; keepalive 16; }",
    locations => [
        proxied('/ticket/'),
        proxied('/any/', %any, packages => 'Negotiate NTLM', mechanisms => 'kerberos ntlm'),
        proxied('/basic/', %any, packages => 'Basic', realm => 'r', basic_require_tls => 'off'),
        proxied('/required/', delegation_required => 'on'),
        proxied('/unknown/', %unknown),
        { path => '/plain/', sspi => 'off', %pass },
    ],
);

# How each kind of user comes.
my %comes = (
    'Kerberos' => sub { my ($server, $user) = @_; return $server->client(env => $login{$user})->get('/ticket/', negotiate => 1) },
    'Kerberos where others may come' => sub { my ($server, $user) = @_; return $server->client(env => $login{$user})->get('/any/', negotiate => 1) },
    'NTLM' => sub {
        my ($server, $user) = @_;
        return $server->client(env => $ad->env_without_ticket)->get('/any/', ntlm => "$domain\\$user:$password");
    },
    'Basic' => sub { my ($server, $user) = @_; return $server->client->get('/basic/', authorization => basic_header("$user:$password")) },
);

# The upstream got one request for each of the users, in this order.
sub sees {
    my (@users) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @requests = upstream_requests($backend, scalar @users);
    is_deeply([ map { "$_->{status} $_->{user}" } @requests ], [ map { "200 $_\@$realm" } @users ], "the upstream sees @users");
    return @requests;
}

# The request is proxied without a login, or not at all.
sub sees_nobody {
    my ($n) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_deeply([ map { $_->{header} } upstream_requests($backend, $n) ], [ ('-') x $n ], "the upstream gets $n requests, without a login");
}

# Logs users in at the upstream itself, over connections that the server keeps.
sub fill_pool {
    my ($server, @users) = @_;
    my $c = $server->connection;
    is($c->get('/plain/', authorization => SSPI::Test::Gss->header(env => $login{$_}, host => HOST))->status, 200, "$_ logs in at the upstream itself")
        for @users;
    sees(@users);
    return;
}

my @users = qw(alice bob alice bob);

parts 'onward in a domain', \%server_config,
    (map {
        my $kind = $_;
        ("two users of $kind alternate" => sub {
            my ($server) = @_;
            upstream_requests($backend, 0);
            fill_pool($server, 'bob', 'alice');
            for my $user (@users) {
                my $a = $comes{$kind}->($server, $user);
                is($a->status, 200, "$user is granted") or diag($a->brief, $server->new_log);
            }
            my %connections = map { $_->{connection} => 1 } sees(@users);
            is(scalar(keys %connections), scalar @users, 'each request has its own connection');
            $server->connection->get('/plain/') for 1 .. 4;
            is_deeply([ grep { $connections{$_->{connection}} } upstream_requests($backend, 4) ], [], 'no other request goes over these connections');
        });
    } sort keys %comes),
    'all kinds of users in turn' => sub {
        my ($server) = @_;
        my @kinds = sort keys %comes;
        $comes{$_}->($server, 'alice'), $comes{$_}->($server, 'bob') for @kinds;
        sees(map { qw(alice bob) } @kinds);
    },
    'users and services that the domain does not delegate' => sub {
        my ($server) = @_;
        is($comes{$_}->($server, 'carol')->status, 502, "a sensitive user of $_: 502") for sort keys %comes;
        sees_nobody(scalar keys %comes);
        my $log = $server->new_log;
        has_line($log, [ message_id('NO_DELEGATION'), $_->[0], 'not forwardable' ], "the log names a user of $_->[1]")
            for [ "carol\@$realm", 'Kerberos' ], [ qr/$domain\\\S*carol/, 'NTLM' ];
        is($server->client(env => $login{alice})->get('/unknown/', negotiate => 1)->status, 502, 'an unknown service: 502');
        sees_nobody(1);
        has_line($server->new_log, [ message_id('NO_DELEGATION'), "alice\@$realm", 'HTTP/unknown.test' ], 'the log names the service');
        is($server->client(env => $login{carol})->get('/required/', negotiate => 1)->status, 403, 'a sensitive user, where tickets are required: 403');
        sees_nobody(0);
    };

done_testing;
