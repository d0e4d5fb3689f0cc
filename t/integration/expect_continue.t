#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Expect: 100-continue with an NTLM leg. The exchange needs its connection, so the server asks for a
# small body, drops it, and keeps the connection.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Curl qw(curl_with_ntlm);
use SSPI::Test::Ntlm qw(ntlm_token ntlm_user_line ntlm_value);
use SSPI::Test::Origin;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $users = spew(scratch_dir('users') . '/users', ntlm_user_line('alice', 'CORP', 'pw'), 0644);
my %ntlm = (packages => 'NTLM', mechanisms => 'ntlm', ntlm_user_file => $users, realm => 'r');
my %corp_alice = (user => 'CORP\\alice');

# A client that sends its body only after a 100. Returns whether it got a 100, and the final answer;
# undef if the server closed the connection before.
sub careful {
    my ($connection, $path, $body, @headers) = @_;
    $connection->send($connection->{client}->request_text($path, method => 'POST',
        headers => [ 'Expect: 100-continue', 'Content-Length: ' . length $body, @headers ]));
    my $head = '';
    while ($head !~ /\r\n\r\n\z/) { sysread($connection->{socket}, $head, 1, length $head) or return (0, undef) }
    my ($status) = $head =~ m{\AHTTP/1\.1 (\d+)};
    if ($status == 100) {
        $connection->send($body);
        return (1, $connection->answer);
    }
    my ($length) = $head =~ /^Content-Length: (\d+)/mi;
    my $text = '';
    while (length $text < $length) { sysread($connection->{socket}, $text, $length - length $text, length $text) or last }
    return (0, SSPI::Test::Response->complete($head . $text));
}

sub login {
    my ($server, $body) = @_;
    my $connection = $server->connection;
    my $ntlm = SSPI::Test::Ntlm->new;
    my ($asked, $first) = careful($connection, '/p/', $body, 'Authorization: ' . ntlm_value('NTLM', $ntlm->{negotiate}));
    return ($asked, $first) if !$first || $first->status != 401;
    my $last = $ntlm->authenticate(ntlm_token($first, 'NTLM'));
    return ($asked, $first, (careful($connection, '/p/', $body, 'Authorization: ' . ntlm_value('NTLM', $last)))[1]);
}

parts 'Expect: 100-continue', { extra_ports => 1, locations => [
        { path => '/p/', %ntlm, apache => "ProxyPass http://127.0.0.1:\@PORT1\@/\nProxy100Continue off",
            nginx => 'proxy_pass http://127.0.0.1:@PORT1@/; client_max_body_size 64m;' },
    ] },
    'without a body' => sub {
        my ($server) = @_;
        my $application = application($server);
        my ($asked, $first, $last) = login($server, '');
        is_deeply([ $asked, $first->status, $first->header('Connection') // '' ], [ 0, 401, $server->kind eq 'nginx' ? 'keep-alive' : '' ],
            'the server asks for no body');
        granted($last, \%corp_alice, 'the login succeeds');
    },
    'with a small body' => sub {
        my ($server) = @_;
        my $application = application($server);
        for my $size (1, 2000, 65536) {
            my ($asked, $first, $last) = login($server, 'x' x $size);
            is($asked, 1, "$size octets are asked for");
            is($first->status, 401, 'the first leg');
            granted($last, \%corp_alice, 'the login succeeds');
            like($last->body, qr/got $size\b/, 'with the body');
        }
    },
    'with a large body' => sub {
        my ($server) = @_;
        my $application = application($server);
        my ($asked, $first) = login($server, 'x' x 65537);
        is_deeply([ $asked, $first->status ], [ 0, 401 ], 'the server does not ask for a body without credentials');
    },
    curl_with_ntlm('by curl' => sub {
        my ($server) = @_;
        my $application = application($server);
        my $c = $server->client;
        for my $size (0, 10, 3_000_000) {
            my $body = spew(scratch_dir('body') . "/$size", 'x' x $size);
            for my $how ([], [qw(--anyauth)]) {
                my $a = $c->get('/p/', args => [ qw(--ntlm --user CORP\\alice:pw --header), 'Expect: 100-continue',
                    '--data-binary', "\@$body", @$how ]);
                granted($a, \%corp_alice, "$size octets @$how") or diag(map { $_->brief } @{$a->{all}});
                like($a->body, qr/got $size\b/, 'the request is granted');
            }
        }
    });

sub application {
    my ($server) = @_;
    return SSPI::Test::Origin->new($server->port('PORT1'), sub {
        my ($request) = @_;
        return (200, ['Content-Type: text/plain'], 'got ' . length($request->{body}) . "\n");
    });
}

done_testing;
