#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Optional credentials: a request without credentials, or with those of a scheme that is not offered, is
# anonymous. Right credentials name the user, and wrong ones are refused.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(digest_values user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $users = spew(scratch_dir('users') . '/users', user_line('alice', 'r', 'pw') . user_line('bob', 'r', 'pw'), 0644);
my %both = (packages => 'Negotiate Digest', keytab => $kdc->{keytab}, realm => 'r', digest_user_file => $users);
my %server_config = (
    env => $kdc->server_env,
    locations => [
        { path => '/optional/', %both, sspi => 'optional',
            apache => 'SetEnvIf X-Evil (.+) SSPI_USER=$1 REMOTE_USER=$1' },
        { path => '/must/', %both },
        { path => '/tls/', %both, sspi => 'optional', require_tls => 'on' },
        { path => '/first/', %both, packages => 'Negotiate', sspi => 'optional',
            apache => 'FallbackResource /must/index.html', nginx => 'try_files /none /must/index.html;' },
        { path => '/named/', %both, sspi => 'optional', require => ['user digest:bob alice@SSPI.TEST'] },
    ],
);

sub anonymous {
    my ($answer, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_deeply([ $answer->status, $answer->user, $answer->remote_user, $answer->package_name,
        $answer->challenges ], [ 200, '', '', '' ], $name);
}

parts 'optional', \%server_config,
    'a request without credentials is anonymous' => sub {
        my ($server) = @_;
        my $c = $server->client;
        anonymous($c->get('/optional/'), 'HTTP');
        anonymous($c->get('/optional/', tls => 1, args => ['--http2']), 'HTTP/2');
        is($c->get('/optional/nothing')->status, 404, 'a missing page is 404');
        ok($server->access_line(qr{ /optional/ \S+ 200 user=-?\z}), 'the access log has no user');
        is_deeply([ message_lines($server) ], [], 'the log has no refusal');
    },
    'each request of a connection has the user of its own credentials' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my $digest = digest_values($c, '/must/');
        my $get = sub { return [ '/optional/', @_ ] };
        my @answers = $c->raw($get->(), $get->(authorization => $c->negotiate_header), $get->(),
            $get->(authorization => $digest->('/optional/')), $get->());
        is_deeply([ map { [ $_->status, $_->user, $_->remote_user ] } @answers ],
            [ map { [ 200, $_, $_ ] } '', 'alice@SSPI.TEST', '', 'alice', '' ], 'in turn');
    },
    # As on IIS, where anonymous and Windows authentication are both on: such credentials are for the
    # application.
    'credentials of a scheme that is not offered are anonymous' => sub {
        my ($server) = @_;
        my $c = $server->client;
        anonymous(scalar($c->raw([ '/optional/', authorization => $_ ])), $_)
            for 'Basic YWxpY2U6cHc=', 'Bearer abc.def', 'basic YWxpY2U6cHc=', 'NTLM TlRMTVNTUAABAAAA', 'Unknown';
        is_deeply([ message_lines($server) ], [], 'the log has no refusal');
        refused(scalar($c->raw([ '/named/', authorization => 'Basic YWxpY2U6cHc=' ])), 401, 'such credentials are refused where users are named');
        $server->new_log;
        refused(scalar($c->raw([ '/must/', authorization => 'Basic YWxpY2U6cHc=' ])), 401, 'such credentials are refused where a user is required');
        logged($server, 'NOT_OFFERED', 'Basic');
    },
    'but they name the user after a redirect to a location that offers it' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my $digest = digest_values($c, '/must/');
        refused($c->get('/first/x'), 401, 'a location that requires a user');
        granted($c->get('/first/x', authorization => $digest->('/first/x')), { user => 'alice' }, 'takes Digest');
        refused($c->get('/first/x', authorization => $digest->('/first/x', password => 'no')), 401, 'a wrong password is refused');
        refused($c->get('/first/x', authorization => 'Bearer abc'), 401, 'another scheme is refused');
        granted($c->get('/first/x', negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a used ticket is refused');
    },
    'wrong credentials are refused, as at a location that demands them' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my $digest = digest_values($c, '/must/');
        my $used = $digest->('/optional/');
        my $ticket = $c->negotiate_header;
        granted($c->get('/optional/', authorization => $used), { user => 'alice' }, 'a Digest header');
        granted($c->get('/optional/', authorization => $ticket), { user => 'alice@SSPI.TEST' }, 'a ticket');
        $server->new_log;
        my @cases = (
            [ 'a wrong password', $digest->('/optional/', password => 'no'), 401, 'WRONG_PASSWORD' ],
            [ 'an unknown user', $digest->('/optional/', user => 'eve'), 401, 'WRONG_PASSWORD' ],
            [ 'a used Digest header', $used, 401, 'REPLAY' ],
            [ 'a used ticket', $ticket, 401, 'REPLAY' ],
            [ 'a broken token', 'Negotiate YII*', 400, 'MALFORMED' ],
            [ 'a broken Digest header', 'Digest username="', 400, 'MALFORMED' ],
            [ 'the uri of another page', $digest->('/must/'), 400, 'WRONG_URI' ],
            [ 'an empty header', '', 400, 'MALFORMED' ],
        );
        for my $case (@cases) {
            my ($name, $value, $status, $message) = @$case;
            refused(scalar($c->raw([ '/optional/', authorization => $value ])), $status, $name);
            logged($server, $message);
        }
    },
    'a client cannot choose its user name' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my @headers = map { ('--header', "$_: root") } qw(X-Evil SSPI-User SSPI_USER Remote-User REMOTE_USER X-Remote-User);
        anonymous($c->get('/optional/', args => \@headers), 'by headers');
        my $digest = digest_values($c, '/must/');
        granted($c->get('/optional/', args => \@headers, authorization => $digest->('/optional/')), { user => 'alice' },
            'a header does not change the verified user');
        anonymous($c->get('/optional/', args => [ @headers, qw(--basic --user root:root) ]), 'Basic names no user');
    },
    'TLS can be required of anonymous requests as well' => sub {
        my ($server) = @_;
        my $c = $server->client;
        refused($c->get('/tls/'), 403, 'plain');
        anonymous($c->get('/tls/', tls => 1), 'HTTPS');
    },
    'an anonymous request is refused where users are named' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my $digest = digest_values($c, '/must/');
        refused($c->get('/named/'), 401, 'no credentials');
        granted($c->get('/named/', authorization => $digest->('/named/', user => 'bob')), { user => 'bob' }, 'a named user');
        granted($c->get('/named/', negotiate => 1), { user => 'alice@SSPI.TEST' }, 'another one');
        is($c->get('/named/', authorization => digest_values($c, '/must/')->('/named/'))->status, 403, 'a user who is not named');
    };

scenario 'Require decides about anonymous requests', { on => 'apache', locations => [
    { path => '/both/', packages => 'Digest', realm => 'r', digest_user_file => $users,
        apache => "SSPIOptional on" },
] }, sub {
    my ($server) = @_;
    my $c = $server->client;
    refused($c->get('/both/'), 401, 'Require valid-user beside SSPIOptional demands a user');
    granted($c->get('/both/', digest => 'alice:pw'), { user => 'alice' }, 'a user who is admitted');
};

done_testing;
