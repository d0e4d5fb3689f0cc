#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The tables of docs/extended-protection.md are what happens: each cell is a login of every scheme on
# every server. With SSPI_WRITE_TABLE in the environment they are written anew.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir slurp spew);
use SSPI::Test::Binding;
use SSPI::Test::Connection;
use SSPI::Test::Scenario;
use SSPI::Test::Tls;

my $world = SSPI::Test::Binding->new;
my $page = root_dir() . '/docs/extended-protection.md';
my ($front) = SSPI::Test::Server::certificate('front');
my %service = (service_name => 'HTTP/localhost');
my %elsewhere = (target => 'HTTP/other.test', ticket_host => 'other.test');

# Who comes, how, and what it says.
my %client = (
    direct => [
        [ 'bound to this connection', 'tls', 'right', 'rsa' ],
        [ 'bound to another one: somebody relays', 'tls', 'wrong', 'rsa' ],
        [ 'says that it speaks without TLS', 'tls', 'zeros', 'rsa' ],
        [ 'does not know bindings', 'tls', 'silent', 'rsa' ],
        [ 'bound, but means another service', 'tls', 'right', 'rsa', %elsewhere ],
    ],
    front => [
        [ 'bound to the front end', 'front', 'right', 'front' ],
        [ 'bound to another one: somebody relays', 'front', 'wrong', 'front' ],
        [ 'says that it speaks without TLS', 'front', 'zeros', 'front' ],
        [ 'does not know bindings', 'front', 'silent', 'front' ],
        [ 'bound, but means another service', 'front', 'right', 'front', %elsewhere ],
    ],
    mixed => [
        [ 'through the front end: bound to any TLS connection', 'front', 'right', 'front' ],
        [ 'plain HTTP: says that it speaks without TLS', 'plain', 'zeros', 'front' ],
        [ 'does not know bindings', 'plain', 'silent', 'front' ],
        [ 'means another service', 'plain', 'zeros', 'front', %elsewhere ],
    ],
);
my @tables = (
    { name => 'direct', title => 'TLS ends at this server', options => {}, clients => 'direct' },
    { name => 'front', title => 'TLS ends at a load balancer with this certificate', clients => 'front',
        options => { channel_binding_certificate => $front } },
    { name => 'proxy', title => 'TLS ends at a load balancer whose certificate is not known here', clients => 'front',
        options => { extended_protection => 'proxy' } },
    { name => 'mixed', title => 'Mixed: plain HTTP, and TLS that ends at a load balancer', clients => 'mixed',
        options => { extended_protection => 'proxy proxy-cohosting' } },
);

sub connection {
    my ($server, $way, $port) = @_;
    return $way eq 'plain' ? SSPI::Test::Connection->new($server->client)
        : SSPI::Test::Tls->new($server->client, $way eq 'front' ? (port => $port) : ());
}

# ---- cells ----

my %short = (bound => '200, bound', unbound => '200', (map { $_ => '401' } qw(BAD_BINDING MISSING_BINDING WRONG_SERVICE)));
my @families = ([ 'Kerberos', qr/Kerberos/ ], [ 'NTLM', qr/NTLM/ ], [ 'Digest', qr/Digest/ ]);

# What every scheme got, in one cell.
sub cell {
    my ($by_scheme) = @_;
    my %by_family;
    for my $family (@families) {
        my ($name, $pattern) = @$family;
        my %got = map { ($short{$by_scheme->{$_}} // $by_scheme->{$_}) => 1 } grep { /$pattern/ } @schemes;
        push @{$by_family{join ' or ', sort keys %got}}, $name;
    }
    my @got = sort keys %by_family;
    return @got == 1 ? $got[0] : join '; ', map { "$_ (" . join(', ', @{$by_family{$_}}) . ')' } @got;
}

sub rows {
    my ($server, $table, $port) = @_;
    return map {
        my ($who, $way, $says, $certificate, %login) = @$_;
        my @cells = map {
            my $path = "/$table->{name}-$_/";
            my %got;
            for my $scheme (@schemes) {
                $server->new_log;
                my $answer = $world->login($scheme, connection($server, $way, $port), $path, $says, binding_of($certificate), %login);
                $got{$scheme} = SSPI::Test::Binding::outcome($server, $answer);
            }
            cell(\%got);
        } @policies;
        [ $who, @cells ];
    } @{$client{$table->{clients}}};
}

# The lines of a configuration, of both servers.
sub configuration {
    my ($table) = @_;
    my %o = (%{$table->{options}}, %service);
    $o{service_name} = 'HTTP/www.example.org';
    $o{channel_binding_certificate} = 'front-end.pem' if $o{channel_binding_certificate};
    my @lines = ([ 'SSPIChannelBinding allow', 'sspi_channel_binding allow;' ]);
    for my $key (sort keys %o) {
        my ($apache, $nginx) = SSPI::Test::Options::option_names($key);
        push @lines, [ "$apache $o{$key}", "$nginx $o{$key};" ];
    }
    return map { sprintf "%-52s # %s\n", @$_ } @lines;
}

sub text_of {
    my ($table, @rows) = @_;
    return join '', "## $table->{title}\n\n```\n", configuration($table), "```\n\n",
        "| client | none | allow | require |\n| --- | --- | --- | --- |\n", (map { '| ' . join(' | ', @$_) . " |\n" } @rows), "\n";
}

# ---- the page ----

my ($begin, $end) = ("<!-- tables: made by t/integration/extended_protection_table.t -->\n\n", "<!-- end of tables -->\n");
my @places = map {
    my $table = $_;
    map { { path => "/$table->{name}-$_/", channel_binding => $_, %{$table->{options}}, %service } } @policies;
} @tables;

scenario 'the tables of Extended Protection', { $world->site(@places) }, sub {
    my ($server) = @_;
    my $port = SSPI::Test::Tls::front_end('front', $server->{http}, 'plain');
    my $text = join '', map { text_of($_, rows($server, $_, $port)) } @tables;
    my ($before, $there, $after) = slurp($page) =~ /\A(.*?\Q$begin\E)(.*?)(\Q$end\E.*)\z/s or die "$page has no place for them\n";
    if ($ENV{SSPI_WRITE_TABLE}) {
        spew($page, $before . $text . $after);
        $there = $text;
    }
    is($text, $there, 'are those of docs/extended-protection.md') or diag('SSPI_WRITE_TABLE=1 writes them');
};

done_testing;
