#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# nginx makes an HTTP/2 client use HTTP/1.1, and the client may do anything meanwhile. nginx resets each
# stream once, other streams continue, and the number of resets of a connection is limited.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(wait_until);
use SSPI::Test::Http2 qw(HTTP_1_1_REQUIRED);
use SSPI::Test::Ntlm qw(ntlm_user_line ntlm_value);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

# The limit of ngx_http_sspi_http2.c
use constant RESETS => 128;
# More than all buffers between a server and a client hold.
use constant LARGE => 40_000_000;

my $first = ntlm_value('NTLM', SSPI::Test::Ntlm->new->{negotiate});
my @first = (authorization => $first);
my $back = 'reset ' . HTTP_1_1_REQUIRED;
my %ntlm = (packages => 'NTLM', mechanisms => 'ntlm', ntlm_user_file => '@DIR@/users', realm => 'r');
my %server_config = (on => 'nginx', data => { users => ntlm_user_line('alice', 'CORP', 'pw') },
    locations => [
        { path => '/ntlm/', %ntlm },
        { path => '/any/', %ntlm, nginx => "satisfy any;\nallow all;" },
        { path => '/checked/', sspi => 'off', nginx => 'auth_request /ntlm/;' },
        { path => '/page/', sspi => 'off', nginx => "ssi on;" },
        { path => '/mirrored/', sspi => 'off', nginx => 'mirror /ntlm/;' },
        { path => '/error/', %ntlm, nginx => 'error_page 401 403 444 500 /open/;' },
        { path => '/open/', sspi => 'off' },
    ],
    extra_ports => 1, nginx => "listen 127.0.0.1:\@PORT1\@ http2;\n",
    files => { '/page/p.html' => 'head <!--#include virtual="/ntlm/" --> foot' });

sub connection { my ($server) = @_; return SSPI::Test::Http2->new($server->client) }

# Checks that no worker has ended.
sub the_same_workers {
    my ($server, $checks) = @_;
    my @before = sort $server->workers;
    $checks->();
    is_deeply([ sort $server->workers ], \@before, 'no worker has ended');
    return;
}

parts 'clients that are sent back', \%server_config,
    'a stream is reset, and others of its connection continue' => sub {
        my ($server) = @_;
        my $c = connection($server);
        is_deeply([ $c->ends($c->ask('/ntlm/')) ], [401], 'a request without credentials gets an answer');
        is_deeply([ $c->ends(map { $c->ask(@$_) } ['/ntlm/', @first], ['/open/'], ['/ntlm/', @first], ['/ntlm/']) ],
            [ $back, 200, $back, 401 ], 'several requests at once get their own answers');
        ok($server->access_line(qr{GET /ntlm/ HTTP/2.0 444 user=-?\z}), 'the log has status 444');
        is(count_messages($server, 'DOWNGRADED'), 2, 'the log has a line for each of them');
    },
    'at every kind of location' => sub {
        my ($server) = @_;
        my $c = connection($server);
        is_deeply([ $c->ends($c->ask('/checked/', @first)) ], [$back], 'auth_request');
        is_deeply([ $c->ends($c->ask('/error/', @first)) ], [$back], 'error pages');
        is_deeply([ $c->ends($c->ask('/any/', @first)) ], [$back], 'a client whose address is enough is sent back if it sends credentials');
        is_deeply([ $c->ends($c->ask('/any/')) ], [200], 'a client whose address is enough is not sent back without credentials');
        is_deeply([ $c->ends($c->ask('/page/p.html', @first)) ], [200], 'a client is not sent back after the answer has begun');
        is_deeply([ $c->ends($c->ask('/mirrored/', @first)) ], [200], 'a mirrored subrequest does not send the client back');
    },
    'bodies' => sub {
        my ($server) = @_;
        my $c = connection($server);
        my $stream = $c->ask('/ntlm/', @first, method => 'POST', open => 1);
        is_deeply([ $c->ends($stream) ], [$back], 'a request is reset before its body has arrived');
        $c->send_data($stream, 'x' x 10_000) for 1 .. 5;
        $c->send_data($stream, '', 1);
        is_deeply([ $c->ends($c->ask('/open/')) ], [200], 'nginx discards the body');
        ($stream, my $text) = $c->request('/ntlm/', @first, method => 'POST', open => 1);
        $c->send($text);
        $c->send_data($stream, 'x' x 10_000, 1);
        is_deeply([ $c->ends($stream, $c->ask('/open/')) ], [ $back, 200 ], 'a request is reset with its body');
        $stream = $c->ask('/ntlm/', @first, method => 'POST', open => 1);
        $c->reset($stream);
        is_deeply([ $c->ends($c->ask('/open/')) ], [200], 'both sides reset it');
    },
    'without TLS the server may not support HTTP/1.1' => sub {
        my ($server) = @_;
        my $a = $server->client->get("http://127.0.0.1:" . $server->port('PORT1') . '/ntlm/', @first,
            args => ['--http2-prior-knowledge']);
        is_deeply([ $a->{version}, $a->status, $a->challenges ], [ 2, 401 ], 'NTLM is not offered over HTTP/2');
    },
    'a client that does not read' => sub {
        my ($server) = @_;
        $server->add_file('/open/large', 'x' x LARGE);
        the_same_workers($server, sub {
            for my $how (qw(reads closes resets)) {
                my ($c, $n) = (connection($server), count_messages($server, 'DOWNGRADED'));
                my $large = $c->ask('/open/large');
                # The server has sent a part, so it sends until its buffers are full.
                1 while $c->frame->{type} ne 'DATA';
                my @asked = map { $c->ask('/ntlm/', @first) } 1 .. 3;
                ok(wait_until(sub { count_messages($server, 'DOWNGRADED') == $n + 3 }), "$how: the requests are refused");
                $c->reset($_) for $how eq 'resets' ? @asked : ();
                if ($how eq 'closes') { $c->close; next }
                my @reset = $how eq 'resets' ? () : @asked;
                is_deeply([ $c->ends($large, @reset) ], [ 200, map { $back } @reset ], 'the client gets all data in the end');
                is_deeply([ $c->ends($c->ask('/open/'), $c->ask('/ntlm/', @first)) ], [ 200, $back ], 'the connection stays usable after the refusals');
            }
        });
    },
    'a client that keeps asking' => sub {
        my ($server) = @_;
        my $c = connection($server);
        is_deeply([ grep { $_ ne $back } map { $c->ends($c->ask('/ntlm/', @first)) } 1 .. RESETS ], [], 'each request is reset up to the limit');
        $server->new_log;
        is_deeply([ $c->ends($c->ask('/ntlm/', @first)) ], [401], 'after the limit the answer is 401');
        has_line($server->new_log, [ message_id('LEGS'), 'HTTP/2' ], 'the log says the reason');
        is_deeply([ $c->ends($c->ask('/open/')) ], [200], 'its connection stays usable');
        my $other = connection($server);
        is_deeply([ $other->ends($other->ask('/ntlm/', @first)) ], [$back], 'another connection is another client');
    },
    'all at once' => sub {
        my ($server) = @_;
        the_same_workers($server, sub {
            for my $n (1 .. 20) {
                my $c = connection($server);
                my @requests = map { [ $c->request('/ntlm/', @first) ] } 1 .. 100;
                $c->send(join '', map { $_->[1] } @requests);
                next if $n % 2;
                is_deeply([ grep { $_ ne $back } $c->ends(map { $_->[0] } @requests) ], [], 'each is reset');
            }
        });
        is($server->client->get('/open/')->status, 200, 'the server still answers');
    };

done_testing;
