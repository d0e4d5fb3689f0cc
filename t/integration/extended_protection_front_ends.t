#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# TLS that ends before the server: at front ends whose certificates the server knows, at others, and
# at locations with both kinds of traffic. The options are those of IIS.
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
my ($front, $other) = map { (SSPI::Test::Server::certificate($_))[0] } qw(front second-front);
my @locations = (
    (map { { path => "/front-$_/", channel_binding => $_, channel_binding_certificate => $front } } @policies),
    { path => '/both-fronts/', channel_binding => 'require', channel_binding_certificate => "$front $other" },
    (map { { path => "/proxy-$_/", channel_binding => $_, extended_protection => 'proxy' } } @policies),
    (map { { path => "/mixed-$_/", channel_binding => $_, extended_protection => 'proxy proxy-cohosting' } } @policies),
);
my %server_config = $fixture->server_config(@locations);

# The ways of a request: the server that ends its TLS, and the connection to the tested server.
my %port; # by way, of one server at a time
sub way {
    my ($server, $way) = @_;
    return $server->connection if $way eq 'plain HTTP';
    return $server->tls_connection if $way eq 'direct TLS';
    my ($certificate, $next) = split / by /, $way;
    my $port = $next eq 'tls' ? $server->{https} : $server->{http};
    $port{"$port $way"} //= SSPI::Test::Tls::front_end($certificate, $port, $next);
    return $server->tls_connection(port => $port{"$port $way"});
}

# Logs in by each scheme at `path` on one way. `want` has the outcome for each kind of client.
sub each_scheme {
    my ($server, $path, $way, $binding, %want) = @_;
    for my $scheme (@schemes) {
        for my $says (grep { defined $want{$_} } @says) {
            $fixture->comes_out($server, $want{$says}, "$path, $way: $scheme, $says", $scheme, way($server, $way), $path, $says, $binding);
        }
    }
    return;
}

my %granted = map { $_ => 'unbound' } @says;
my ($front_binding, $own) = map { binding_of($_) } qw(front rsa);

parts 'front ends', \%server_config,
    'a front end whose certificate is known' => sub {
        my ($server) = @_;
        for my $policy (@policies) {
            my %want = map { $_ => wanted_outcome($policy, $_) } @says;
            each_scheme($server, "/front-$policy/", 'front by plain', $front_binding, %want);
        }
        my %want = map { $_ => wanted_outcome('require', $_) } @says;
        each_scheme($server, '/front-require/', 'front by tls', $front_binding, right => 'bound', wrong => 'BAD_BINDING');
    },
    'clients that connect directly' => sub {
        my ($server) = @_;
        each_scheme($server, '/front-require/', 'direct TLS', $own, right => 'bound', silent => 'MISSING_BINDING');
        each_scheme($server, '/front-require/', 'plain HTTP', $own, right => 'BAD_BINDING', silent => 'MISSING_BINDING');
        each_scheme($server, '/front-allow/', 'plain HTTP', $own, zeros => 'MISSING_BINDING', silent => 'unbound');
    },
    'a front end whose certificate is not known' => sub {
        my ($server) = @_;
        for my $next (qw(plain tls)) {
            each_scheme($server, '/front-require/', "second-front by $next", binding_of('second-front'),
                right => 'BAD_BINDING', silent => 'MISSING_BINDING');
        }
        each_scheme($server, '/both-fronts/', 'second-front by plain', binding_of('second-front'), right => 'bound');
        each_scheme($server, '/both-fronts/', 'front by plain', $front_binding, right => 'bound');
    },
    'a front end without a configured certificate: proxy' => sub {
        my ($server) = @_;
        my @way = ('front by plain', $front_binding);
        each_scheme($server, '/proxy-none/', @way, %granted);
        # Every channel is accepted, but no channel is compared.
        each_scheme($server, '/proxy-allow/', @way, %granted, zeros => 'MISSING_BINDING');
        each_scheme($server, '/proxy-require/', @way, right => 'unbound', wrong => 'unbound', map { $_ => 'MISSING_BINDING' } qw(zeros silent));
        # The server's own channel is only one of the accepted channels.
        each_scheme($server, '/proxy-require/', 'direct TLS', $own, right => 'unbound', silent => 'MISSING_BINDING');
    },
    'mixed with plain HTTP: proxy-cohosting' => sub {
        my ($server) = @_;
        each_scheme($server, "/mixed-$_/", 'front by plain', $front_binding, right => 'unbound', zeros => 'unbound') for @policies;
        each_scheme($server, "/mixed-$_/", 'plain HTTP', $front_binding, zeros => 'unbound') for @policies;
    },
    'a Kerberos token works once, also at locations that compare other channels' => sub {
        my ($server) = @_;
        for my $case ([ '/proxy-require/', 'unbound' ], [ '/mixed-require/', 'unbound' ], [ '/both-fronts/', 'bound' ]) {
            my ($path, $want) = @$case;
            for my $bare (0, 1) {
                my $ticket = $fixture->ticket(bare => $bare, channel => $front_binding);
                my @outcomes = map {
                    $server->new_log;
                    SSPI::Test::Binding::outcome($server, way($server, $_)->get($path, authorization => $ticket))
                } 'front by plain', 'front by plain', 'direct TLS';
                is_deeply(\@outcomes, [ $want, 'REPLAY', 'REPLAY' ], $path . ($bare ? ', bare' : ''));
            }
        }
    },
    'clients that name no service, where only the name is checked' => sub {
        my ($server) = @_;
        for my $case ([ 'proxy', 'front by plain' ], [ 'mixed', 'plain HTTP' ]) {
            my ($flag, $way) = @$case;
            for my $scheme (grep { /NTLM/ } @schemes) {
                $fixture->comes_out($server, $_->[1], "$flag-$_->[0], $scheme", $scheme, way($server, $way), "/$flag-$_->[0]/", 'wrong',
                    $front_binding, target => undef) for [ none => 'unbound' ], [ allow => 'unbound' ], [ require => 'WRONG_SERVICE' ];
            }
        }
        for my $scheme (@schemes) {
            $fixture->comes_out($server, 'unbound', "mixed-allow: $scheme", $scheme, way($server, 'plain HTTP'), '/mixed-allow/', 'silent');
            $fixture->comes_out($server, $scheme =~ /Kerberos/ ? 'unbound' : 'WRONG_SERVICE', "mixed-require: $scheme", $scheme,
                way($server, 'plain HTTP'), '/mixed-require/', 'silent');
        }
    };

done_testing;
