#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SPNEGO exchanges of several legs. They belong to one HTTP/1.1 connection.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Gss qw(negotiate_token negotiate_value spnego_init spnego_response);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my %negotiate = (packages => 'Negotiate', keytab => $kdc->{keytab}, realm => 'r');
my %alice = (user => 'alice@SSPI.TEST');
my %server_config = (
    env => $kdc->server_env,
    locations => [
        { path => '/p/', %negotiate },
        { path => '/host/', %negotiate, service_name => 'host/localhost' },
        { path => '/optional/', %negotiate, sspi => 'optional' },
    ],
);

sub initiator { return SSPI::Test::Gss->new(env => $alice, bare => 1) }

# The client lists its mechanism first, and sends a token only after the server has accepted the
# mechanism.
my $opening = negotiate_value(spnego_init(['kerberos']));
my $ntlm_opening = negotiate_value(spnego_init([qw(ntlm kerberos)], "NTLMSSP\0\1\0\0\0" . "\0" x 24));
sub reply { return negotiate_value(spnego_response(@_)) }

# A leg whose answer asks for the next one.
sub asks_for_more {
    my ($answer, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @lines = $answer->challenges;
    ok($answer->status == 401 && @lines == 1 && defined negotiate_token($lines[0]) && $answer->user eq '', $name)
        or diag($answer->brief);
    return negotiate_token($lines[0]);
}

parts 'Negotiate in several legs', \%server_config,
    'an exchange of two legs works on one connection' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $second = reply(initiator()->{token});
        my ($first, $last, $after) = $c->raw([ '/p/', authorization => $opening ],
            [ '/p/', authorization => $second ], ['/p/']);
        asks_for_more($first, 'the first leg asks for the second with one line that has a token');
        granted($last, \%alice, 'the second leg is granted');
        refused($after, 401, 'the exchange leaves no login on the connection');
        is_deeply([ message_lines($server) ], [], 'the log has no refusal');
        my ($replay_1, $replay_2) = $c->raw([ '/p/', authorization => $opening ], [ '/p/', authorization => $second ]);
        asks_for_more($replay_1, 'the same first leg again');
        refused($replay_2, 401, 'its ticket works once');
        logged($server, 'REPLAY');
    },
    'the server asks a client that prefers NTLM for Kerberos' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $list = SSPI::Test::Gss::mechanism_list(qw(ntlm kerberos));
        my $initiator = initiator();
        my ($first, $last) = $c->raw([ '/p/', authorization => $ntlm_opening ],
            [ '/p/', authorization => reply($initiator->{token}, $initiator->mic($list)) ]);
        asks_for_more($first, 'the answer to NTLM asks for Kerberos');
        granted($last, \%alice, 'a ticket with a MIC over the list of mechanisms is granted');
        $initiator = initiator();
        ($first, $last) = $c->raw([ '/p/', authorization => $ntlm_opening ],
            [ '/p/', authorization => reply($initiator->{token}, $initiator->mic("$list ")) ]);
        $server->new_log;
        asks_for_more($first, 'another time');
        refused($last, 401, 'a MIC over another list is refused, because the list was changed');
    },
    'legs belong together: same connection, same location, right order' => sub {
        my ($server) = @_;
        my $c = $server->client;
        asks_for_more(scalar($c->raw([ '/p/', authorization => $opening ])), 'a first leg');
        $server->new_log;
        refused(scalar($c->raw([ '/p/', authorization => reply(initiator()->{token}) ])), 401,
            'the second leg on another connection');
        is(scalar(message_lines($server)), 1, 'the log has one line about the refused leg');
        my ($first, $elsewhere) = $c->raw([ '/p/', authorization => $opening ],
            [ '/host/', authorization => reply(initiator()->{token}) ]);
        asks_for_more($first, 'a first leg');
        refused($elsewhere, 401, 'the second leg at a location for another service');
        my ($abandoned, $anew, $end) = $c->raw([ '/p/', authorization => $opening ],
            [ '/p/', authorization => $opening ], [ '/p/', authorization => reply(initiator()->{token}) ]);
        asks_for_more($abandoned, 'a first leg');
        asks_for_more($anew, 'the client may begin again');
        granted($end, \%alice, 'the client may complete the new exchange');
        my ($begun, $one_leg, $late) = $c->raw([ '/p/', authorization => $opening ],
            [ '/p/', authorization => SSPI::Test::Gss->header(env => $alice) ],
            [ '/p/', authorization => reply(initiator()->{token}) ]);
        asks_for_more($begun, 'a first leg');
        granted($one_leg, \%alice, 'an exchange of one leg instead');
        refused($late, 401, 'the old exchange has ended then');
    },
    'an unfinished exchange has no user, also where credentials are optional' => sub {
        my ($server) = @_;
        my ($first, $last) = $server->client->raw([ '/optional/', authorization => $opening ],
            [ '/optional/', authorization => reply(initiator()->{token}) ]);
        asks_for_more($first, 'the first leg is not an anonymous request');
        granted($last, \%alice, 'the second leg has the user');
    },
    'the answer to the scheme without a token is the list of mechanisms' => sub {
        my ($server) = @_;
        my ($first, $last) = $server->client->raw([ '/p/', authorization => 'Negotiate' ],
            [ '/p/', authorization => SSPI::Test::Gss->header(env => $alice) ]);
        my $token = asks_for_more($first, 'the answer has a token');
        like($token, qr/\A\x60/, 'the token is a NegTokenInit');
        granted($last, \%alice, 'the exchange continues');
    },
    'over HTTP/2 the server makes a client with several legs use HTTP/1.1' => sub {
        my ($server) = @_;
        my $c = $server->client;
        for my $case ([ 'Kerberos', $opening ], [ 'NTLM before Kerberos', $ntlm_opening ]) {
            my ($name, $value) = @$case;
            my $a = $c->get('/p/', tls => 1, args => ['--http2'], authorization => $value);
            is($a->{version}, '1.1', "$name: the client uses HTTP/1.1");
            logged($server, 'DOWNGRADED');
            asks_for_more($a, "$name: the answer asks for the second leg");
        }
        granted($c->get('/p/', tls => 1, args => ['--http2'],
            authorization => SSPI::Test::Gss->header(env => $alice)), \%alice, 'one leg is granted');
    },
    'NTLM inside Negotiate is not offered' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $ntlm = "NTLMSSP\0\1\0\0\0" . "\0" x 24;
        for my $case ([ 'bare', $ntlm ], [ 'in SPNEGO', spnego_init(['ntlm'], $ntlm) ]) {
            my ($name, $token) = @$case;
            my ($a, $next) = $c->raw([ '/p/', authorization => negotiate_value($token) ], ['/p/']);
            refused($a, 401, $name);
            is_deeply([ $a->challenges ], ['Negotiate'], "$name: with a bare challenge");
            logged($server, 'NOT_OFFERED', 'NTLM');
            is($next->status, 401, "$name: the connection continues");
        }
    };

done_testing;
