#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What survives a reload (a graceful restart), and what a failed reload does not change.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use Test::More;
use SSPI::Test qw(scratch_dir spew wait_until);
use SSPI::Test::Digest qw(digest_challenges digest_values user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $users = spew(scratch_dir('users') . '/users', user_line('alice', 'r', 'pw'), 0644);
my %both = (packages => 'Negotiate Digest', keytab => $kdc->{keytab}, realm => 'r', digest_user_file => $users);
my @locations = ({ path => '/p/', %both });
my %server_config = (env => $kdc->server_env, locations => \@locations, apache_head => "SSPIStateSize 1m\n",
    nginx_http => 'sspi_state_size 1m;');

# Reloads with a changed configuration and waits until all old workers have ended.
sub change {
    my ($server, %change) = @_;
    $server->write_config(%change);
    $server->replace_workers;
    return;
}

sub resize {
    my ($server, $size) = @_;
    return change($server, apache_head => "SSPIStateSize $size\n", nginx_http => "sspi_state_size $size;");
}

# Returns a function that makes the header value with a count of one new nonce.
sub digests {
    my ($client) = @_;
    my $value = digest_values($client, '/p/');
    return sub { my ($nc, $path) = @_; return $value->($path // '/p/', nc => $nc) };
}

sub works {
    my ($server, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $c = $server->client(env => $alice);
    return is_deeply([ map { $_->user } $c->get('/p/', digest => 'alice:pw'), $c->get('/p/', negotiate => 1) ],
        [ 'alice', 'alice@SSPI.TEST' ], $name);
}

parts 'reload', \%server_config,
    'nonces, counts and used tickets survive several reloads' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my $digest = digests($c);
        my $ticket = $c->negotiate_header;
        granted($c->get('/p/', authorization => $digest->(5)), { user => 'alice' }, 'a count before');
        granted($c->get('/p/', authorization => $ticket), { user => 'alice@SSPI.TEST' }, 'a ticket before');
        for my $round (1 .. 3) {
            $server->reload;
            my @again = $c->raw(map { [ '/p/', authorization => $_ ] } $digest->(5), $ticket, $digest->(10 + $round));
            is_deeply([ map { $_->status } @again ], [ 401, 401, 200 ],
                "reload $round: used credentials stay used, the next count is granted");
        }
        granted($c->get('/p/', authorization => $digest->(1)), { user => 'alice' }, 'a count that was left out is still accepted');
    },
    'a state of another size begins again, and clients need not ask for the password' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $digest = digests($c);
        granted($c->get('/p/', authorization => $digest->(1)), { user => 'alice' }, 'before');
        resize($server, '2m');
        my $answer = $c->get('/p/', authorization => $digest->(2));
        refused($answer, 401, 'an old nonce is refused');
        is_deeply([ map { $_->{stale} } digest_challenges($answer->challenges) ], ['true'], 'the answer says stale');
        works($server, 'new nonces work');
        my $fresh = digests($c);
        granted($c->get('/p/', authorization => $fresh->(1)), { user => 'alice' }, 'a nonce of the new state');
        $server->reload;
        granted($c->get('/p/', authorization => $fresh->(2)), { user => 'alice' }, 'a nonce of the new state is valid after a reload with the same size');
        refused($c->get('/p/', authorization => $fresh->(1)), 401, 'its counts stay used');
    },
    'protection can be removed and restored' => sub {
        my ($server) = @_;
        my $c = $server->client;
        change($server, locations => []);
        is($c->get('/p/')->status, 200, 'removed');
        change($server, locations => \@locations);
        refused($c->get('/p/'), 401, 'restored');
        works($server, 'right credentials are granted');
    },
    'requests in flight are not lost' => sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my $digest = digests($c);
        # The answers are larger than the buffers of all sockets, so they are not completely written
        # at the reload.
        my $size = 24_000_000;
        $server->add_file('/p/large.html', 'x' x $size);
        my @values = ((map { $digest->($_, '/p/large.html') } 1, 2), map { $c->negotiate_header } 1, 2);
        my @sockets = map { $c->connect_raw } @values;
        for my $i (0 .. $#values) {
            syswrite $sockets[$i], $c->request_text('/p/large.html', authorization => $values[$i], close => 1);
        }
        my @begun = map { sysread $_, my $part, 100; $part } @sockets;
        $server->reload;
        my @during = $c->parallel(map { [ '/p/', authorization => $digest->($_) ] } 3 .. 22);
        is(scalar(grep { $_->status == 200 } @during), 20, 'later requests are served');
        my $n_complete = 0;
        for my $i (0 .. $#sockets) {
            my ($n, $part) = (length $begun[$i]);
            while (my $got = sysread $sockets[$i], $part, 1 << 20) { $n += $got }
            $n_complete++ if $begun[$i] =~ m{\AHTTP/1\.1 200} && $n > $size;
        }
        is($n_complete, scalar @values, 'requests in flight are answered');
    },
    'the test of a wrong configuration does not affect the running server' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $digest = digests($c);
        granted($c->get('/p/', authorization => $digest->(1)), { user => 'alice' }, 'before');
        $server->write_config(locations => [ { path => '/p/', %both, keytab => '/nonexistent/http.keytab' } ]);
        isnt($server->test_config->{rc}, 0, 'a keytab that does not exist');
        $server->write_config(locations => \@locations, nginx_http => 'sspi_state_size 3m;', apache_head => 'SSPIStateSize 3m');
        is($server->test_config->{rc}, 0, 'another size of the state, which is valid but not used');
        granted($c->get('/p/', authorization => $digest->(2)), { user => 'alice' }, 'the nonce is still valid');
        refused($c->get('/p/', authorization => $digest->(1)), 401, 'its counts stay used');
        works($server, 'new logins work');
    };

# httpd ends if it restarts with a wrong configuration. Therefore apachectl tests the configuration
# before.
scenario 'a reload that fails changes nothing', { %server_config, on => 'nginx',
    allow_log => qr/still could not bind|bind\(\) to|nonexistent/ }, sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    my $digest = digests($c);
    my $ticket = $c->negotiate_header;
    granted($c->get('/p/', authorization => $digest->(1)), { user => 'alice' }, 'before');
    granted($c->get('/p/', authorization => $ticket), { user => 'alice@SSPI.TEST' }, 'a ticket before');
    my $n_failed = 0;
    my $fails = sub {
        my ($pattern) = @_;
        my $before = () = $server->log =~ /$pattern/g;
        kill HUP => $server->{pid};
        return ok(wait_until(sub { scalar(() = $server->log =~ /$pattern/g) > $before }), "nginx says $pattern");
    };
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 1) or die "listen: $!\n";
    my $taken = 'server { listen 127.0.0.1:' . $listener->sockport . '; }';
    my @cases = (
        [ 'a keytab that does not exist', qr{sspi_keytab.*nonexistent},
            locations => [ { path => '/p/', %both, keytab => '/nonexistent/http.keytab' } ] ],
        [ 'a port that is taken, found after the state was taken over', qr/still could not bind/,
            locations => \@locations, nginx_http => "sspi_state_size 1m; $taken" ],
        [ 'a port that is taken, found after a new state was made', qr/still could not bind/,
            nginx_http => "sspi_state_size 2m; $taken" ],
    );
    my $nc = 1;
    for my $case (@cases) {
        my ($name, $pattern, %change) = @$case;
        $server->write_config(%change);
        $fails->($pattern);
        granted($c->get('/p/', authorization => $digest->(++$nc)), { user => 'alice' }, "$name: the nonce is still valid");
        refused($c->get('/p/', authorization => $digest->(1)), 401, "$name: its counts stay used");
        refused($c->get('/p/', authorization => $ticket), 401, "$name: a used ticket stays used");
        works($server, "$name: new logins work");
    }
    resize($server, '4m');
    works($server, 'the next good reload works');
};

done_testing;
