#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The server refuses a right Digest header with a used count by stale=true, so that an honest client
# continues without a prompt. An attacker who replays the header is never granted.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json);
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(digest_challenges digest_header user_line);
use SSPI::Test::Login;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $realm = 'counts';
my $users = spew(scratch_dir('users') . '/users', user_line('alice', $realm, 'pw') . user_line('bob', $realm, 'pw'), 0644);
my %digest = (packages => 'Digest', realm => $realm, digest_user_file => $users, digest_algorithm => 'MD5');
my %server_config = (locations => [
    { path => '/p/', %digest },
    { path => '/int/', %digest, digest_qop => 'auth auth-int' },
    { path => '/status', sspi => 'off', apache => 'SetHandler sspi-status', nginx => 'sspi_status;' },
]);

sub login { my ($server, $path) = @_; return SSPI::Test::Login->new($server->client, $path, user => 'alice', password => 'pw') }
sub sent { my ($server, $path, $header, %o) = @_; return scalar $server->client->raw([ $path, close => 1, authorization => $header, %o ]) }

sub counters { my ($server) = @_; return decode_json($server->client->get('/status?format=json')->body) }

parts 'used counts', \%server_config,
    'an honest client continues' => sub {
        my ($server) = @_;
        my $login = login($server, '/p/');
        my $header = $login->header;
        granted(sent($server, '/p/', $header), { user => 'alice' }, 'a request');
        my $before = counters($server);
        $server->new_log;
        my $again = sent($server, '/p/', $header);
        stale($again, 'a request that a proxy repeats is refused');
        logged($server, 'REPLAY', qr/\b00000001\b/, qr/"alice"/);
        my $after = counters($server);
        is_deeply({ map { $_ => $after->{$_} - $before->{$_} } qw(refused replayed) }, { refused => 1, replayed => 1 }, 'the server counts the replay');
        my ($challenge) = digest_challenges($again->challenges);
        isnt($challenge->{nonce}, $login->nonce, 'the answer has a new nonce');
        granted(sent($server, '/p/', digest_header($challenge, user => 'alice', password => 'pw', uri => '/p/')),
            { user => 'alice' }, 'the client continues with it');
        granted(sent($server, '/p/', $login->header), { user => 'alice' }, 'the old nonce is valid for other counts');
    },
    'an attacker who replays a header is never granted' => sub {
        my ($server) = @_;
        my $login = login($server, '/p/');
        my $seen = $login->header;
        granted(sent($server, '/p/', $seen), { user => 'alice' }, 'the header that the attacker saw');
        my $next;
        for my $round (1 .. 3) {
            my $answer = sent($server, '/p/', $seen);
            stale($answer, "the header, round $round");
            ($next) = digest_challenges($answer->challenges);
        }
        my ($response) = $seen =~ /response="(\w+)"/;
        my %as_seen = (user => 'alice', password => 'guess', uri => '/p/', set => { response => $response });
        not_stale(sent($server, '/p/', digest_header($next, %as_seen)), 'its response with the new nonce');
        not_stale(sent($server, '/p/', $login->header(nc => 2, %as_seen)), 'its response with the next count');
        not_stale(sent($server, '/p/', $login->header(nc => 1, password => $_)), "a guess at the used count: $_") for qw(guess PW);
        not_stale(sent($server, '/p/', $login->header(nc => 1, user => 'nobody')), 'an unknown user at the used count');
        not_stale(sent($server, '/p/', $login->header(nc => 1), method => 'OPTIONS'), 'another method at the used count');
        granted(sent($server, '/p/', $login->header(nc => 2)), { user => 'alice' }, 'the right response is accepted');
    },
    'with a body' => sub {
        my ($server) = @_;
        my $login = login($server, '/int/');
        my $header = $login->header(body => 'pay 1');
        my $post = sub {
            return scalar $server->client->raw($server->client->request_text('/int/', headers => ['Content-Length: 5'],
                close => 1, authorization => $header) . $_[0]);
        };
        granted($post->('pay 1'), { user => 'alice' }, 'a request with its body');
        stale($post->('pay 1'), 'the same request again is refused');
        stale($post->('pay 9'), 'with another body, which is not read');
    };

done_testing;
