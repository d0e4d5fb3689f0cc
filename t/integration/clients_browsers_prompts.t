#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Chromium and a person who answers its prompts: with an empty name, a name that no user can have, or a
# wrong password. Each time Chromium prompts again.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Browser;
use SSPI::Test::Clients qw(clients_here);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $users = spew(scratch_dir('users') . '/users', user_line('alice', 'r', 'pw', 'SHA-256') . user_line('alice', 'r', 'pw'), 0644);
my %server_config = (locations => [ map { { path => "/$_/", packages => 'Digest', realm => 'r', digest_user_file => $users } }
    qw(empty long wrong right) ]);

# Each case: location, first answer to the prompt, description, log message. Each case has its own
# location, because a browser remembers the credentials of a location.
my @cases = (
    [ 'empty', [ '', '' ], 'an empty name and password', 'WRONG_PASSWORD' ],
    [ 'long', [ 'a' x 300, 'pw' ], 'a name that is too long', 'WRONG_PASSWORD' ],
    [ 'wrong', [ 'alice', 'guess' ], 'a wrong password', 'WRONG_PASSWORD' ],
);

parts 'prompts', \%server_config, map {
    my $name = $_;
    map {
        my ($location, $answer, $what, $message) = @$_;
        ("$name: $what" => sub {
            my ($server) = @_;
            my $browser = SSPI::Test::Browser->new($name, url => 'about:blank', control => 1);
            my $devtools = $browser->devtools;
            $devtools->open_page;
            my ($n, $status) = $devtools->navigate("http://localhost:" . $server->port('HTTP') . "/$location/", $answer, [qw(alice pw)]);
            is($n, 2, 'Chromium prompts a second time') or diag($browser->output);
            is($status, 200, 'Chromium gets the page with the right answer');
            logged($server, $message);
            $browser->stop;
        })
    } @cases
} clients_here('chromium');

done_testing;
