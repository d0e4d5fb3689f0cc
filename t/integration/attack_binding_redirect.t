#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# An internal redirect leads from a location without a candidate, or without comparison, to one that
# compares. The result of the first location must not count at the second one.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Binding;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $fixture = SSPI::Test::Binding->new;
my ($front) = SSPI::Test::Server::certificate('front');
my %policy = (
    off => { sspi => 'off' },
    none => { channel_binding => 'none' },
    allow => { channel_binding => 'allow' },
    require => { channel_binding => 'require' },
    exporter => { channel_binding => 'allow', channel_binding_type => 'tls-exporter' },
    unique => { channel_binding => 'allow', channel_binding_type => 'tls-unique' },
    proxy => { channel_binding => 'require', extended_protection => 'proxy' },
    cohosting => { channel_binding => 'require', extended_protection => 'proxy proxy-cohosting' },
    'front-allow' => { channel_binding => 'allow', channel_binding_certificate => $front },
    'require-exporter' => { channel_binding => 'require', channel_binding_type => 'tls-exporter' },
);

# The internal redirects of the servers: for a missing file, by an error page or a rewrite rule, and
# to an index file.
my %way = (
    fallback => [ 'FallbackResource %s', 'try_files /none %s;', 'nothing' ],
    rewrite => [ "RewriteEngine on\nRewriteRule ^ %s [L]", 'error_page 404 = %s;', 'nothing' ],
    index => [ 'DirectoryIndex %s', 'index %s;', '' ],
);
my @targets = qw(allow require);
my @firsts = qw(off none allow exporter unique proxy cohosting front-allow require-exporter);

sub redirect {
    my ($first, $way, $to) = @_;
    my %how = (apache => sprintf($way{$way}[0], "/$to/index.html"), nginx => sprintf($way{$way}[1], "/$to/index.html"));
    # Options are not allowed where the module is off.
    my %off = $first eq 'off' ? (map { $_ => undef } keys %{$fixture->{location}}) : ();
    return { path => "/$way-$first-$to/", %off, %{$policy{$first}}, %how };
}
my %server_config = $fixture->server_config(
    (map { { path => "/$_/", %{$policy{$_}} } } @targets),
    (map { my $first = $_; map { my $way = $_; map { redirect($first, $way, $_) } @targets } sort keys %way } @firsts),
);
my @without_ems = (version => '1.2', ems => 0);

# Returns the last answer to a login at a location that leads to another one.
sub login {
    my ($server, $scheme, $first, $way, $to, $says, $binding, @tls) = @_;
    my $connection = $server->tls_connection(@tls);
    my $path = "/$way-$first-$to/$way{$way}[2]";
    $binding = $connection->{$binding} // die "no $binding\n" if $binding =~ /\A(?:exporter|unique)\z/;
    $server->new_log;
    return $fixture->login($scheme, $connection, $path, $says, $binding);
}

# Logs in by each scheme and each kind of redirect. `want` is a status.
sub each_scheme {
    my ($server, $first, $to, $says, $binding, $want, @tls) = @_;
    for my $way (sort keys %way) {
        for my $scheme (@schemes) {
            my $name = "$scheme, $way from $first to $to: $says";
            my $a = login($server, $scheme, $first, $way, $to, $says, $binding, @tls) or do { fail("$name: no answer"); next };
            my $shown = $a->body =~ m{page of /$to/} ? 1 : 0;
            is_deeply([ $a->status, $shown ], [ $want, $want == 200 ? 1 : 0 ], $name) or diag(join "\n", $a->brief, message_lines($server));
        }
    }
    return;
}

my ($own, $relay) = (binding_of('rsa'), binding_of('relay'));

parts 'internal redirects', \%server_config,
    'from a location that has nothing to compare' => sub {
        my ($server) = @_;
        for my $to (@targets) {
            each_scheme($server, 'exporter', $to, 'right', $relay, 401, @without_ems);
            each_scheme($server, 'unique', $to, 'right', $relay, 401, version => '1.3');
        }
        # A client that names no channel is accepted if the location allows it.
        each_scheme($server, 'exporter', 'allow', 'silent', $own, 200, @without_ems);
        each_scheme($server, 'exporter', 'require', 'silent', $own, 401, @without_ems);
        each_scheme($server, 'unique', 'allow', 'silent', $own, 200, version => '1.3');
    },
    'from a location that compares nothing' => sub {
        my ($server) = @_;
        for my $to (@targets) {
            each_scheme($server, $_, $to, 'right', $relay, 401) for qw(none proxy cohosting);
            # In this case only the second location evaluates the login.
            each_scheme($server, 'off', $to, 'right', $relay, 401);
            each_scheme($server, 'off', $to, 'right', $own, 200);
        }
    },
    'from a location that compares the same' => sub {
        my ($server) = @_;
        for my $to (@targets) {
            each_scheme($server, 'allow', $to, 'right', $relay, 401);
            each_scheme($server, 'allow', $to, 'right', $own, 200);
        }
        each_scheme($server, 'allow', 'require', 'silent', $own, 401);
    },
    'from a location that compares with other certificates' => sub {
        my ($server) = @_;
        for my $to (@targets) {
            each_scheme($server, 'front-allow', $to, 'right', binding_of('front'), 401);
            each_scheme($server, 'require-exporter', $to, 'right', 'exporter', 401);
        }
    };

done_testing;
