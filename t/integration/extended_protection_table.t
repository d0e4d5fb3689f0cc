#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The table of docs/extended-protection.md is right: each cell is a login by each scheme on each
# server. With SSPI_WRITE_TABLE in the environment, this test writes the table.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir slurp spew);
use SSPI::Test::Binding;
use SSPI::Test::Scenario;
use SSPI::Test::Tls;

my $fixture = SSPI::Test::Binding->new;
my $page = root_dir() . '/docs/extended-protection.md';
my ($front) = SSPI::Test::Server::certificate('front');
my %service = (service_name => 'HTTP/localhost');
my %elsewhere = (target => 'HTTP/other.test', ticket_host => 'other.test');

# The clients: their way to the server, and what they say.
my %client = (
    direct => [
        [ 'bound to the certificate of that end', 'tls', 'right', 'rsa' ],
        [ 'bound to another certificate: a relay', 'tls', 'wrong', 'rsa' ],
        [ 'says that it uses no TLS', 'tls', 'zeros', 'rsa' ],
        [ 'does not support channel bindings', 'tls', 'silent', 'rsa' ],
        [ 'bound, but names another service', 'tls', 'right', 'rsa', %elsewhere ],
    ],
    front => [
        [ 'bound to the certificate of that end', 'front', 'right', 'front' ],
        [ 'bound to another certificate: a relay', 'front', 'wrong', 'front' ],
        [ 'says that it uses no TLS', 'front', 'zeros', 'front' ],
        [ 'does not support channel bindings', 'front', 'silent', 'front' ],
        [ 'bound, but names another service', 'front', 'right', 'front', %elsewhere ],
    ],
    mixed => [
        [ 'through the front end: bound to any TLS connection', 'front', 'right', 'front' ],
        [ 'plain HTTP: says that it uses no TLS', 'plain', 'zeros', 'front' ],
        [ 'does not support channel bindings', 'plain', 'silent', 'front' ],
        [ 'names another service', 'plain', 'zeros', 'front', %elsewhere ],
    ],
);
my @tables = (
    { name => 'direct', title => 'at this server', options => {}, clients => 'direct' },
    { name => 'front', title => 'at a load balancer with this certificate', clients => 'front',
        options => { channel_binding_certificate => $front } },
    { name => 'proxy', title => 'at a front end whose certificate is not known here', clients => 'front',
        options => { extended_protection => 'proxy' } },
    { name => 'mixed', title => 'mixed: plain HTTP, and a load balancer', clients => 'mixed',
        options => { extended_protection => 'proxy proxy-cohosting' } },
);

sub connection {
    my ($server, $way, $port) = @_;
    return $way eq 'plain' ? $server->connection
        : $server->tls_connection($way eq 'front' ? (port => $port) : ());
}

# ---- cells ----

my %short = (bound => '200, bound', unbound => '200', (map { $_ => '401' } qw(BAD_BINDING MISSING_BINDING WRONG_SERVICE)));
my @families = ([ 'Kerberos', qr/Kerberos/ ], [ 'NTLM', qr/NTLM/ ], [ 'Digest', qr/Digest/ ]);

# The outcomes of all schemes, in one cell.
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
        my ($title, $way, $says, $certificate, %login) = @$_;
        my @cells = map {
            my $path = "/$table->{name}-$_/";
            my %got;
            for my $scheme (@schemes) {
                $server->new_log;
                my $answer = $fixture->login($scheme, connection($server, $way, $port), $path, $says, binding_of($certificate), %login);
                $got{$scheme} = SSPI::Test::Binding::outcome($server, $answer);
            }
            cell(\%got);
        } @policies;
        [ $title, @cells ];
    } @{$client{$table->{clients}}};
}

# The options beside the policy and the service name.
sub configuration {
    my ($table) = @_;
    my %o = %{$table->{options}};
    $o{channel_binding_certificate} = 'front-end.pem' if $o{channel_binding_certificate};
    return '' if !%o;
    my ($key) = keys %o;
    my ($apache, $nginx) = SSPI::Test::Options::option_names($key);
    return ", `$apache $o{$key}` (`$nginx $o{$key};`)";
}

# Makes one table. Configurations with the same outcomes share a column.
sub text_of {
    my (@groups) = @_;
    my @texts;
    for (@groups) {
        my ($table, @rows) = @$_;
        my $title = $table->{title} . configuration($table);
        my $text = join '', map { '| | ' . join(' | ', @$_) . " |\n" } @rows;
        if (@texts && $texts[-1]{text} eq $text) { push @{$texts[-1]{titles}}, $title }
        else { push @texts, { text => $text, titles => [$title] } }
    }
    return join '', "| TLS ends | client | none | allow | require |\n| --- | --- | --- | --- | --- |\n",
        map { my $titles = join '; or ', @{$_->{titles}}; $_->{text} =~ s/\A\| /| $titles /r } @texts;
}

# ---- the page ----

my ($begin, $end) = ("<!-- outcomes: made by t/integration/extended_protection_table.t -->\n", "<!-- end of outcomes -->\n");
my @locations = map {
    my $table = $_;
    map { { path => "/$table->{name}-$_/", channel_binding => $_, %{$table->{options}}, %service } } @policies;
} @tables;

scenario 'the table of Extended Protection is right', { $fixture->server_config(@locations) }, sub {
    my ($server) = @_;
    my $port = SSPI::Test::Tls::front_end('front', $server->{http}, 'plain');
    my $text = text_of(map { [ $_, rows($server, $_, $port) ] } @tables);
    my ($before, $there, $after) = slurp($page) =~ /\A(.*?\Q$begin\E)(.*?)(\Q$end\E.*)\z/s or die "$page has no place for it\n";
    if ($ENV{SSPI_WRITE_TABLE}) {
        spew($page, $before . $text . $after);
        $there = $text;
    }
    is($text, $there, 'the table is that of docs/extended-protection.md') or diag('SSPI_WRITE_TABLE=1 writes it');
};

done_testing;
