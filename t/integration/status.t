#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The counters as HTML, JSON and Prometheus text, and what they count.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json);
use Test::More;
use SSPI::Test qw(scratch_dir slurp spew);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $users = spew(scratch_dir('users') . '/digest', user_line('alice', 'r', 'pw'), 0644);
my %both = (packages => 'Negotiate Digest', keytab => $kdc->{keytab}, digest_user_file => $users, realm => 'r');
my %server_config = (
    env => $kdc->server_env,
    locations => [
        { path => '/p/', %both },
        { path => '/optional/', %both, sspi => 'optional' },
        { path => '/bob/', %both, require => ['user digest:bob'] },
        { path => '/tls/', %both, channel_binding => 'require' },
        { path => '/status', sspi => 'off', apache => 'SetHandler sspi-status', nginx => 'sspi_status;' },
    ],
);

sub counters {
    my ($server) = @_;
    my $a = $server->client->get('/status?format=json');
    like(scalar $a->header('Content-Type'), qr{\Aapplication/json\b}, 'JSON');
    return decode_json($a->body);
}

# Returns what the requests between two readings counted.
sub counts {
    my ($server, $want, $name, $requests) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $before = counters($server);
    $requests->();
    my $after = counters($server);
    my %more = map { ($after->{$_} - $before->{$_}) ? ($_ => $after->{$_} - $before->{$_}) : () } keys %$after;
    return is_deeply(\%more, $want, $name);
}

scenario 'the results of requests are counted for all workers together', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    counts($server, { challenged => 2 }, 'challenges', sub { $c->get('/p/') for 1 .. 2 });
    counts($server, { anonymous => 1 }, 'an anonymous request', sub { $c->get('/optional/') });
    my $header = $c->negotiate_header;
    counts($server, { granted_kerberos => 1 }, 'a ticket', sub { $c->get('/p/', authorization => $header) });
    counts($server, { refused => 1, replayed => 1 }, 'the same again', sub { $c->get('/p/', authorization => $header) });
    counts($server, { challenged => 1, granted_digest => 1 }, 'a password', sub { $c->get('/p/', digest => 'alice:pw') });
    counts($server, { challenged => 1, refused => 1 }, 'a wrong password', sub { $c->get('/p/', digest => 'alice:no') });
    counts($server, { malformed => 1 }, 'no base64', sub { $c->get('/p/', authorization => 'Negotiate !') });
    my %by_server = (apache => { challenged => 1, granted_digest => 1 }, nginx => { challenged => 1, forbidden => 1 });
    counts($server, $by_server{$server->kind}, 'a user who is not required (httpd decides this itself)',
        sub { $c->get('/bob/', digest => 'alice:pw') });
    counts($server, { refused => 1, binding_missing => 1 }, 'unbound where a binding is required',
        sub { $c->get('/tls/', tls => 1, authorization => $c->negotiate_header) });
    counts($server, { granted_kerberos => 1, unbound => 1 }, 'unbound where a binding is optional',
        sub { $c->get('/p/', tls => 1, authorization => $c->negotiate_header) });
};

scenario 'the page comes in the requested format', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    my $type = sub { return (split /;/, scalar $c->get(@_)->header('Content-Type'))[0] };
    is($type->('/status'), 'text/html', 'HTML');
    is($type->('/status?format=prometheus'), 'text/plain', 'Prometheus by query');
    is($type->('/status', args => [qw(-H Accept:application/json)]), 'application/json', 'JSON by Accept');
    is($type->('/status', args => [qw(-H Accept:text/plain;q=0.5)]), 'text/plain', 'Prometheus by Accept');
    is($type->('/status', args => ['-H', 'Accept: text/html,*/*']), 'text/html', 'a browser gets HTML');
    like($c->get('/status?format=prometheus')->body, qr/^# TYPE sspi_granted_kerberos_total counter\nsspi_granted_kerberos_total \d+$/m,
        'the body has that format');
    my $names = () = slurp(SSPI::Test::root_dir() . '/core/store/store_counters.def') =~ /^STORE_COUNTER\(/mg;
    is(scalar(keys %{counters($server)}), $names, 'the page has every counter');
    my $a = $c->get('/status', method => 'POST', body => 'x');
    is($a->status, 405, 'only GET is accepted');
    # nginx's own modules send no Allow with a 405.
    like(scalar $a->header('Allow'), qr/\bGET\b/, 'Allow names it') if $server->kind eq 'apache';
    is($c->get('/status', args => ['--head'])->status, 200, 'or HEAD');
    is(scalar $c->get('/status')->header('Cache-Control'), 'no-store', 'caches may not keep the page');
};

done_testing;
