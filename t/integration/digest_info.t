#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Authentication-Info: rspauth, by which the server proves its identity, and the next nonce before
# the old one expires.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(time);
use SSPI::Test qw(scratch_dir spew wait_until);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Login;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $realm = 'info';
my @bases = qw(MD5 SHA-256 SHA-512-256);
my @six = map { ($_, "$_-sess") } @bases;
my $users = spew(scratch_dir('users') . '/users', join('', map { user_line('alice', $realm, 'pw', $_) } @bases), 0644);
my %digest = (packages => 'Digest', realm => $realm, digest_user_file => $users);
my %alice = (user => 'alice', password => 'pw');
my $lifetime_s = 4;
my %server_config = (locations => [
    { path => '/p/', %digest, digest_algorithm => "@six" },
    { path => '/int/', %digest, digest_algorithm => "@six", digest_qop => 'auth-int' },
    { path => '/brief/', %digest, digest_algorithm => 'SHA-256', digest_nonce_lifetime => "${lifetime_s}s" },
    { path => '/missing/', %digest, digest_algorithm => 'SHA-256', apache => 'ErrorDocument 404 /missing.html',
        nginx => 'error_page 404 /missing.html;' },
], files => { '/missing.html' => "missing\n", '/p/below/index.html' => "below\n" });

# The answer has one Authentication-Info, whose rspauth is right for this request.
sub proves {
    my ($login, $answer, $want, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $info = $login->info($answer, uri => $want->{uri} // $login->{fixed}{uri});
    my %got = (status => $answer->status, lines => scalar(() = $answer->header('Authentication-Info')),
        map { $_ => $info->{$_} } qw(right qop nc cnonce nextnonce));
    my %want = (status => 200, lines => 1, right => 1, qop => 'auth', nc => sprintf('%08x', $login->{nc}),
        cnonce => 'c29tZSBjbG9ja3M', nextnonce => undef, %$want);
    delete $want{uri};
    return is_deeply(\%got, \%want, $name);
}

parts 'Authentication-Info', \%server_config,
    'it has a right rspauth by each algorithm' => sub {
        my ($server) = @_;
        my $c = $server->client;
        for my $algorithm (@six) {
            my $login = SSPI::Test::Login->new($c, '/p/', %alice, algorithm => $algorithm);
            proves($login, $c->get('/p/', authorization => $login->header), {}, $algorithm);
            proves($login, $c->get('/p/', authorization => $login->header(nc => 0xab, cnonce => 'a "b\\')),
                { cnonce => 'a "b\\' }, "$algorithm: a cnonce to be escaped");
            my $integrity = SSPI::Test::Login->new($c, '/int/', %alice, algorithm => $algorithm);
            # The server sends the header before the body of the answer, so its rspauth cannot cover
            # the body.
            proves($integrity, $c->get('/int/', authorization => $integrity->header(body => '')), {}, "$algorithm: after auth-int");
            proves($integrity, $c->get('/int/', args => ['--head'], authorization => $integrity->header(body => '', method => 'HEAD')),
                { qop => 'auth-int' }, "$algorithm: after auth-int for HEAD, where the body is empty");
        }
    },
    'it comes with every answer to the user' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my %login = map { $_ => SSPI::Test::Login->new($c, $_, %alice, algorithm => 'SHA-256') } qw(/p/ /missing/);
        my $l = $login{'/p/'};
        my $get = sub {
            my ($path, @o) = @_;
            return $c->get($path, @o, authorization => $l->header(uri => $path));
        };
        proves($l, $get->('/p/nothing'), { status => 404, uri => '/p/nothing' }, 'a page that does not exist');
        my $page = $get->('/p/');
        my $modified = $page->header('Last-Modified');
        proves($l, $c->get('/p/', args => ['--head'], authorization => $l->header(method => 'HEAD')), {}, 'HEAD');
        proves($l, $get->('/p/', args => [ '--header', "If-Modified-Since: $modified" ]), { status => 304 }, 'an unchanged page');
        proves($l, $get->('/p/', args => [ '--range', '0-3' ]), { status => 206 }, 'a part of a page');
        proves($l, $get->('/p/', tls => 1, args => ['--http2']), {}, 'HTTP/2');
        proves($l, $get->('/p/?a=b', tls => 1), { uri => '/p/?a=b' }, 'HTTPS, with a query');
        proves($l, scalar $c->raw([ '/p/', close => 1, authorization => $l->header ]), {}, 'HTTP/1.1 that ends the connection');
        proves($l, $get->('/p/below'), { status => 301, uri => '/p/below' }, 'a redirection');
        my $m = $login{'/missing/'};
        proves($m, $c->get('/missing/x', authorization => $m->header(uri => '/missing/x')), { status => 404, uri => '/missing/x' },
            'a 404 with a page of its own');
    },
    'it comes with no other answer' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $login = SSPI::Test::Login->new($c, '/p/', %alice);
        my $used = $login->header(nc => 1);
        $c->get('/p/', authorization => $used);
        my @answers = ($c->get('/p/'), map { $c->get('/p/', authorization => $_) } $used, $login->header(password => 'no'),
            $login->header(nc => 2, set => { opaque => 'x' }), 'Digest a=');
        push @answers, $c->get('/', authorization => $login->header(nc => 3, uri => '/'));
        is_deeply([ map { [ $_->status, $_->header('Authentication-Info') ] } @answers ],
            [ [401], [401], [401], [401], [400], [200] ], 'challenges, refusals, and pages without authentication');
    },
    'the next nonce comes in time, and works at once' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my ($login, $next, $early_offers, $late_silences);
        # A round without a request in the last quarter of the lifetime shows nothing.
        for my $round (1 .. 5) {
            my $before = time;
            $login = SSPI::Test::Login->new($c, '/brief/', %alice);
            my $after = time;
            wait_until(sub {
                my $sent = time;
                my $answer = $c->raw([ '/brief/', close => 1, authorization => $login->header ]);
                my $got = time;
                return 1 if $answer->status != 200;
                $next = $login->info($answer)->{nextnonce};
                # By the server's clock, the nonce is at least as old as one of these values and at
                # most as old as the other.
                $early_offers++ if $next && $got - $before < 0.75 * $lifetime_s - 0.05;
                $late_silences++ if !$next && $sent - $after > 0.75 * $lifetime_s + 0.05;
                return $next;
            }, 2 * $lifetime_s);
            last if $next;
        }
        ok(defined $next, 'the next nonce came') or return;
        is($early_offers, undef, 'the next nonce does not come before three quarters of the lifetime');
        is($late_silences, undef, 'the next nonce does not come much later');
        my $new = $login->with(nonce => $next);
        isnt($next, $login->nonce, 'the next nonce differs from the first');
        granted($c->get('/brief/', authorization => $new->header(nc => 2)), { user => 'alice' }, 'some clients continue their count with it');
        granted($c->get('/brief/', authorization => $new->header(nc => 1)), { user => 'alice' }, 'some clients begin at 1');
        refused($c->get('/brief/', authorization => $new->header(nc => 2)), 401, 'each count of it works once');
        my $late = wait_until(sub {
            my $answer = $c->raw([ '/brief/', close => 1, authorization => $login->header ]);
            return $answer->status == 200 ? undef : $answer;
        });
        stale($late, 'the old nonce expires');
        granted($c->get('/brief/', authorization => $new->header(nc => 3)), { user => 'alice' }, 'the new nonce is still valid');
    };

done_testing;
