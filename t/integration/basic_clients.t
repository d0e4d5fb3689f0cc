#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Basic by curl, Chromium and Firefox, with a name and a password beyond ASCII, over HTTPS.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir slurp spew wait_until);
use SSPI::Test::Browser;
use SSPI::Test::Clients qw(clients_here);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my ($name, $password) = ("j\xc3\xb6rg", "stra\xc3\x9fe:\xe2\x82\xac\xf0\x9f\x94\x91");
my $users = spew(scratch_dir('users') . '/users', user_line($name, 'r', $password), 0644);
my @here = clients_here(qw(chromium firefox));
my %spec = (locations => [ map { { path => "/$_/", packages => 'Basic', realm => 'r', digest_user_file => $users } } qw(curl chromium firefox) ]);

sub quote { my ($text) = @_; return $text =~ s/([^A-Za-z0-9])/sprintf '%%%02X', ord $1/ger }

parts 'clients', \%spec,
'curl' => sub {
    my ($server) = @_;
    for my $version ('--http1.1', '--http2') {
        granted($server->client->get('/curl/', tls => 1, args => [ $version, '--basic', '--user', "$name:$password" ]), { user => $name, package => 'Basic' }, $version);
        granted($server->client->get('/curl/', tls => 1, args => [ $version, '--anyauth', '--user', "$name:$password" ]), { user => $name, package => 'Basic' }, "$version, after the challenge");
    }
},
map {
    my $browser_name = $_;
    ($browser_name => sub {
        my ($server) = @_;
        my ($certificate) = SSPI::Test::Server::certificate('rsa');
        my $url = 'https://' . quote($name) . ':' . quote($password) . '@localhost:' . $server->port('HTTPS') . "/$browser_name/";
        my $browser = SSPI::Test::Browser->new($browser_name, url => $url, https => $server->port('HTTPS'), certificate => $certificate);
        ok(wait_until(sub { slurp($server->{access_log}) =~ m{ /$browser_name/ \S+ 200 } }, 45), 'the page is granted') or diag($browser->output);
        ok(!grep({ /\Q@{[ message_id('WRONG_PASSWORD') ]}\E/ } split /\n/, $server->log), 'the first password was right');
        $browser->stop;
    })
} @here;

done_testing;
