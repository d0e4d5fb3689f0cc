#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Digest bound to its TLS channel, as Windows' clients do it, under each policy.
use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir slurp spew);
use SSPI::Test::Digest qw(digest_challenges user_line);
use SSPI::Test::Gss qw(end_point_binding);
use SSPI::Test::Login;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my ($realm, $new_realm) = ('bound', 'without MD5');
my $users = spew(scratch_dir('users') . '/users', join('', map { user_line('alice', $realm, 'pw', $_) } qw(SHA-256 MD5))
    . user_line('alice', $new_realm, 'pw', 'SHA-256'), 0644);
my %digest = (packages => 'Digest', realm => $realm, digest_user_file => $users);
my %alice = (user => 'alice', password => 'pw');
my %bound = (user => 'alice', bound => '1');
my %unbound = (user => 'alice', bound => '0');
my %server_config = (certificates => [qw(rsa ec)], locations => [
    (map { { path => "/$_/", %digest, channel_binding => $_ } } qw(none allow require)),
    { path => '/default/', %digest },
    { path => '/chosen/', %digest, channel_binding => 'require', digest_algorithm => 'SHA-256 MD5-sess' },
    { path => '/new/', %digest, realm => $new_realm, channel_binding => 'require' },
    { path => '/elsewhere/', %digest, channel_binding => 'allow', service_name => 'HTTP/www.example.org' },
    { path => '/elsewhere-required/', %digest, channel_binding => 'require', service_name => 'HTTP/www.example.org' },
    { path => '/elsewhere-unchecked/', %digest, channel_binding => 'none', service_name => 'HTTP/www.example.org' },
    { path => '/named/', %digest, channel_binding => 'require', service_name => 'HTTP/www.example.org HTTP/localhost' },
    { path => '/int/', %digest, channel_binding => 'require', digest_qop => 'auth-int' },
]);

# The directive channel-binding for application data of a binding: MD5 over RFC 2744's structure.
sub bound { my ($application) = @_; return md5_hex(pack('V4 V', (0) x 4, length $application) . $application) }

my %right = map { $_ => bound(end_point_binding((SSPI::Test::Server::certificate($_))[0])) } qw(rsa ec);
my $wrong = bound('tls-server-end-point:' . 'x' x 32);
my $zeros = '0' x 32;
my $service = 'HTTP/localhost';

sub directives {
    my ($service_name, $binding, $dirs) = @_;
    $dirs //= 'service-name,channel-binding';
    return qq(, hashed-dirs="$dirs", service-name="$service_name", channel-binding="$binding");
}

sub cnonce { my (@values) = @_; return '+Upgraded+v1' . md5_hex(join ':', @values) . '0123456789abcdef' x 2 }

# Returns the arguments of digest_header() for a client that binds itself.
sub binding {
    my ($binding, $service_name) = @_;
    $service_name //= $service;
    return (cnonce => cnonce($service_name, $binding), raw => directives($service_name, $binding));
}

# A client that trusts both certificates of the server.
my $trusted = spew(scratch_dir('trusted') . '/both.pem', join '', map { slurp((SSPI::Test::Server::certificate($_))[0]) } qw(rsa ec));
sub client { my ($server) = @_; return $server->client->with(ca => $trusted) }

# Returns a function that sends what a client says about its channel to this location, and returns
# the answer.
sub client_of {
    my ($server, $path, @o) = @_;
    my $c = client($server);
    my $login = SSPI::Test::Login->new($c, $path, %alice, tls => 1, @o);
    return sub {
        my ($says, %request) = @_;
        return $c->get($path, tls => 1, authorization => $login->header(@$says), %request);
    };
}

# An attacker on the path changes what the client said, but does not know its password.
my %forged = (
    'the directives are removed' => [ cnonce => cnonce($service, $right{rsa}) ],
    'the right directives are added for a client that sent none' => [ raw => directives($service, $right{rsa}) ],
    'the right binding replaces another one' => [ cnonce => cnonce($service, $wrong), raw => directives($service, $right{rsa}) ],
    'another service replaces the right one' => [ cnonce => cnonce('HTTP/www.example.org', $right{rsa}), raw => directives($service, $right{rsa}) ],
    'the cnonce does not cover the binding' => [ cnonce => cnonce($service), raw => directives($service, $right{rsa}, 'service-name') ],
    'no service name' => [ cnonce => cnonce($service, $right{rsa}),
        raw => qq(, hashed-dirs="service-name,channel-binding", channel-binding="$right{rsa}") ],
    'the cnonce covers another order' => [ cnonce => cnonce($service, $right{rsa}),
        raw => directives($service, $right{rsa}, 'channel-binding,service-name') ],
    'another version' => [ cnonce => cnonce($service, $right{rsa}) =~ s/v1/v2/r, raw => directives($service, $right{rsa}) ],
);

sub check_policy {
    my ($server, $policy, @want) = @_;
    my $get = client_of($server, "/$policy/", algorithm => 'MD5');
    my %said = (silent => [], zeros => [ binding($zeros) ], wrong => [ binding($wrong) ], right => [ binding($right{rsa}) ]);
    my $i = 0;
    for my $says (qw(silent zeros wrong right)) {
        my ($bound, $message) = @{$want[ $i++ ]};
        $server->new_log;
        my $answer = $get->($said{$says});
        if (!$message) {
            granted($answer, { user => 'alice', package => 'Digest', bound => $bound }, "$policy, $says");
            next;
        }
        not_stale($answer, "$policy, $says: refused");
        logged($server, $message);
    }
    return;
}

parts 'Digest and channel bindings', \%server_config,
    'policy none compares no binding' => sub { check_policy($_[0], 'none', (['0']) x 4) },
    'allow refuses wrong bindings, and clients that say that there is no channel' => sub {
        check_policy($_[0], 'allow', ['0'], [ undef, 'MISSING_BINDING' ], [ undef, 'BAD_BINDING' ], ['1']);
    },
    'require accepts only right bindings' => sub {
        check_policy($_[0], 'require', [ undef, 'MISSING_BINDING' ], [ undef, 'MISSING_BINDING' ], [ undef, 'BAD_BINDING' ], ['1']);
    },
    'allow is the default' => sub { check_policy($_[0], 'default', ['0'], [ undef, 'MISSING_BINDING' ], [ undef, 'BAD_BINDING' ], ['1']) },
    'changed directives are refused under every policy' => sub {
        my ($server) = @_;
        for my $policy (qw(none allow require)) {
            my $get = client_of($server, "/$policy/", algorithm => 'MD5');
            for my $name (sort keys %forged) {
                $server->new_log;
                not_stale($get->($forged{$name}), "$policy: $name");
                logged($server, 'BAD_BINDING');
            }
            not_stale($get->([ binding($right{rsa}), password => 'wrong' ]), "$policy: a wrong password");
            logged($server, 'WRONG_PASSWORD');
        }
    },
    'a nonce without its prefix is not valid' => sub {
        my ($server) = @_;
        my $c = client($server);
        my $login = SSPI::Test::Login->new($c, '/allow/', %alice, tls => 1);
        like($login->nonce, qr/\A\+Upgraded\+v1/, 'the prefix says that the server accepts bindings');
        my $stripped = $login->with(nonce => $login->nonce =~ s/\A\+Upgraded\+v1//r);
        stale($c->get('/allow/', tls => 1, authorization => $stripped->header), 'the prefix is removed, so that the client sends no binding');
    },
    'the variables have the binding and the service' => sub {
        my ($server) = @_;
        my $get = client_of($server, '/require/', algorithm => 'MD5-sess');
        for my $name ($service, 'HTTP/LOCALHOST') {
            my $answer = $get->([ binding($right{rsa}, $name) ]);
            granted($answer, { user => 'alice', mechanism => 'MD5-sess', bound => '1' }, $name);
            is($answer->header('X-Sspi-Target'), $name, 'SSPI_TARGET');
        }
        my $order = 'channel-binding,service-name';
        granted($get->([ cnonce => cnonce($right{rsa}, $service), raw => directives($service, $right{rsa}, $order) ]),
            \%bound, 'the client hashes in the other order');
        granted($get->([ binding($right{ec}) ]), \%bound, "the server's other certificate");
        my $answer = $get->([ binding($right{rsa}) ], args => ['--http2']);
        granted($answer, \%bound, 'over HTTP/2');
        is($answer->{version}, '2', 'indeed');
    },
    'a service that is not accepted is refused' => sub {
        my ($server) = @_;
        for my $path ('/elsewhere/', '/elsewhere-required/') {
            my $get = client_of($server, $path, algorithm => 'MD5');
            $server->new_log;
            not_stale($get->([ binding($right{rsa}) ]), "$path: a client that names localhost");
            logged($server, 'WRONG_SERVICE', 'HTTP/localhost');
            granted($get->([ binding($right{rsa}, 'HTTP/www.example.org') ]), \%bound, "$path: the accepted service");
            $server->new_log;
            not_stale($get->([ binding($wrong, 'HTTP/www.example.org') ]), "$path: the accepted service with a wrong channel");
            logged($server, 'BAD_BINDING');
        }
        my $silent = client_of($server, '/elsewhere/', algorithm => 'MD5');
        granted($silent->([]), \%unbound, 'a client that names no service is granted if channel binding is optional');
        my $unchecked = client_of($server, '/elsewhere-unchecked/', algorithm => 'MD5');
        granted($unchecked->([ binding($right{rsa}) ]), \%unbound, 'the name is not verified if the binding is not compared');
        my $get = client_of($server, '/named/', algorithm => 'MD5');
        granted($get->([ binding($right{rsa}, $_) ]), \%bound, "$_, one of several accepted services") for $service, 'HTTP/LocalHost';
        my $any = client_of($server, '/require/', algorithm => 'MD5');
        granted($any->([ binding($right{rsa}, 'HTTP/any.example.net') ]), \%bound, 'by default any HTTP service');
        not_stale($any->([ binding($right{rsa}, 'host/localhost') ]), 'another service class is refused');
    },
    'require offers the algorithms that Windows knows, unless a list is configured' => sub {
        my ($server) = @_;
        my $c = client($server);
        my $offers = sub { return [ map { $_->{algorithm} } digest_challenges($c->get($_[0], tls => 1)->challenges) ] };
        is_deeply($offers->('/require/'), [qw(MD5-sess MD5)], 'MD5-sess first');
        is_deeply($offers->('/allow/'), [qw(SHA-256 MD5)], 'by default MD5 is not preferred where no binding is required');
        is_deeply($offers->('/chosen/'), [qw(SHA-256 MD5-sess)], 'a configured list');
        is_deeply($offers->('/new/'), ['SHA-256'], 'users without MD5');
        for my $case ('/chosen/ SHA-256', '/chosen/ MD5-sess', '/new/ SHA-256', '/require/ MD5-sess', '/require/ MD5') {
            my ($path, $algorithm) = split / /, $case;
            my $get = client_of($server, $path, algorithm => $algorithm);
            granted($get->([ binding($right{rsa}) ]), { %bound, mechanism => $algorithm }, "$path: $algorithm, bound by MD5");
            not_stale($get->([]), "$path: $algorithm, not bound");
        }
        my $get = client_of($server, '/int/', algorithm => 'MD5-sess');
        granted($get->([ binding($right{rsa}), body => '' ]), \%bound, 'with auth-int');
        not_stale($get->([ binding($wrong), body => '' ]), 'with auth-int, not bound');
    },
    'a wrong binding does not use up a count' => sub {
        my ($server) = @_;
        my $get = client_of($server, '/require/', algorithm => 'MD5-sess');
        not_stale($get->([ binding($wrong), nc => 1 ]), 'a response with a wrong binding is refused');
        granted($get->([ binding($right{rsa}), nc => 1 ]), \%bound, 'the right response with the same count is granted');
        stale($get->([ binding($right{rsa}), nc => 1 ]), 'the count works only once');
    },
    'a plain connection has no channel' => sub {
        my ($server) = @_;
        my $c = client($server);
        my $plain = SSPI::Test::Login->new($c, '/allow/', %alice, algorithm => 'MD5');
        granted($c->get('/allow/', authorization => $plain->header), \%unbound, 'allow: silent');
        granted($c->get('/allow/', authorization => $plain->header(binding($zeros))), \%unbound, 'allow: a client that rightly says that it has no channel');
        my $claimed = $c->get('/allow/', authorization => $plain->header(binding($right{rsa})));
        isnt($claimed->bound, '1', 'allow: the server does not accept a binding there');
        my $login = SSPI::Test::Login->new($c, '/require/', %alice, tls => 1);
        $server->new_log;
        for my $says ([], [ binding($zeros) ], [ binding($right{rsa}) ]) {
            refused($c->get('/require/', authorization => $login->header(@$says)), 403, 'require: forbidden');
            logged($server, 'TLS_REQUIRED');
        }
    };

done_testing;
