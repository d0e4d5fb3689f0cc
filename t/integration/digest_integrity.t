#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# qop auth-int: the response covers the body. An application gets exactly that body, or is not
# called.
use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use Test::More;
use SSPI::Test qw(free_port scratch_dir slurp spew);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Login;
use SSPI::Test::Origin;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $realm = 'integrity';
my $dir = scratch_dir('files');
my @algorithms = qw(SHA-256 MD5-sess SHA-512-256);
my $users = spew("$dir/users", join('', map { user_line('alice', $realm, 'pw', $_) } qw(SHA-256 MD5 SHA-512-256)), 0644);
my $limit = 1000;
my %digest = (packages => 'Digest', realm => $realm, digest_user_file => $users, digest_algorithm => "@algorithms",
    digest_qop => 'auth-int');
my %login = (user => 'alice', password => 'pw');
my %alice = (user => 'alice');

# The application. It answers with a report of the request, and writes the report to a file.
my $trace = spew("$dir/trace", '');
sub request_report { my ($method, $target, $body) = @_; return "$method $target " . length($body) . ' ' . sha256_hex($body) }
my $origin = SSPI::Test::Origin->new(free_port(), sub {
    my ($request) = @_;
    my $report = request_report(@$request{qw(method target body)});
    open my $to, '>>', $trace or die "$trace: $!\n";
    syswrite $to, "$report\n";
    return (200, ['Content-Type: text/plain'], $report);
});

# A location that leads to the application.
sub location {
    my ($path, %o) = @_;
    my $url = "http://127.0.0.1:$origin->{port}$path";
    return { path => $path, %digest, apache => "ProxyPass $url", nginx => "proxy_pass $url;", %o };
}

my $n_seen = 0;
sub ran {
    my @all = split /\n/, slurp($trace);
    my @new = @all[ $n_seen .. $#all ];
    $n_seen = @all;
    return \@new;
}

my %server_config = (locations => [
    location('/int/'),
    location('/either/', digest_qop => 'auth auth-int', digest_entity_limit => $limit),
    location('/auth/', digest_qop => 'auth'),
    location('/limit/', digest_entity_limit => $limit),
    location('/none/', digest_entity_limit => 0),
    location('/brief/', digest_nonce_lifetime => '1s', digest_entity_limit => $limit),
]);

# ---- ways to send a body ----

sub head {
    my ($c, $path, $value, @lines) = @_;
    return $c->request_text($path, method => 'POST', authorization => $value, headers => \@lines);
}

sub with_length { my ($c, $path, $value, $body) = @_; return head($c, $path, $value, 'Content-Length: ' . length $body) . $body }
sub post { my ($c) = @_; return scalar $c->raw(with_length(@_)) }

sub chunked {
    my ($c, $path, $value, $body) = @_;
    my @parts = $body =~ /(.{1,30011})/gs;
    return head($c, $path, $value, 'Transfer-Encoding: chunked')
        . join('', map { sprintf "%x\r\n%s\r\n", length, $_ } @parts) . "0\r\n\r\n";
}

# Sends the body when the server asks for it. Returns the answer, and whether the server asked.
sub expecting {
    my ($c, $path, $value, $body) = @_;
    my $socket = $c->connect_raw;
    my ($data, $asked) = ('', 0);
    my $more = sub {
        IO::Select->new($socket)->can_read(30) or die "no answer within 30 seconds\n";
        return sysread $socket, $data, 65536, length $data;
    };
    syswrite $socket, head($c, $path, $value, 'Content-Length: ' . length $body, 'Expect: 100-continue');
    while ($data !~ /\r\n\r\n/) { $more->() or die "closed without an answer\n" }
    if ($data =~ s{\AHTTP/1\.1 100 .*?\r\n\r\n}{}s) {
        $asked = 1;
        syswrite $socket, $body;
    }
    # Does not read to the end of the connection, because servers wait before they close it.
    while (1) {
        my $answer = SSPI::Test::Response->complete($data) || !$more->() && SSPI::Test::Response->at_end($data);
        return ($answer, $asked) if $answer;
    }
}

sub http_2 {
    my ($c, $path, $value, $body, @more) = @_;
    my $file = spew("$dir/body", $body);
    return $c->get($path, tls => 1, method => 'POST', authorization => $value, args => [ '--http2', '--data-binary', "\@$file", @more ]);
}

my %way = (
    'Content-Length' => \&post,
    'chunks' => sub { my ($c) = @_; return scalar $c->raw(chunked(@_)) },
    '100-continue' => sub { return (expecting(@_))[0] },
    'HTTP/2' => sub { return http_2(@_) },
    'HTTP/2 without a length' => sub { return http_2(@_, '--header', 'Transfer-Encoding: chunked') },
);

# ---- the tests ----

parts 'auth-int', \%server_config,
    (map {
        my $way = $_;
        ("a body that comes by $way" => sub {
            my ($server) = @_;
            my $c = $server->client;
            my $login = SSPI::Test::Login->new($c, '/int/', %login, method => 'POST');
            # The sizes go beyond nginx's buffer of a body, and beyond the part that is kept in
            # memory.
            for my $size (0, 5, 20_000, 200_000) {
                my $body = substr('0123456789abc' x 20_000, 0, $size);
                ran();
                my $answer = $way{$way}->($c, '/int/', $login->header(body => $body), $body);
                granted($answer, \%alice, "$size octets: the right body");
                is_deeply(ran(), [ request_report('POST', '/int/', $body) ], "$size octets: the application got it");
                next if !$size;
                my $wrong = $body;
                substr($wrong, $size / 2, 1) = '!';
                $server->new_log;
                not_stale($way{$way}->($c, '/int/', $login->header(body => $body), $wrong), "$size octets: one octet is changed");
                logged($server, 'WRONG_PASSWORD', 'body');
                is_deeply(ran(), [], "$size octets: no application was called");
            }
        });
    } sort keys %way),
    'each algorithm' => sub {
        my ($server) = @_;
        my $c = $server->client;
        for my $algorithm (@algorithms) {
            my $login = SSPI::Test::Login->new($c, '/int/', %login, algorithm => $algorithm, method => 'POST');
            granted(post($c, '/int/', $login->header(body => 'x'), 'x'), { %alice, mechanism => $algorithm }, $algorithm);
            refused(post($c, '/int/', $login->header(body => 'x'), 'y'), 401, "$algorithm: another body");
        }
    },
    'a request without a body has the hash of an empty body' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $login = SSPI::Test::Login->new($c, '/int/', %login);
        granted($c->get('/int/', authorization => $login->header(body => '')), \%alice, 'GET');
        granted($c->get('/int/', tls => 1, args => ['--http2'], authorization => $login->header(body => '')), \%alice, 'GET by HTTP/2');
        granted($c->get('/int/', args => ['--head'], authorization => $login->header(body => '', method => 'HEAD')), \%alice, 'HEAD');
        ran();
        refused($c->get('/int/', authorization => $login->header(body => 'x')), 401, 'GET, with a header for a body');
        refused(post($c, '/int/', $login->header(body => '', method => 'POST'), 'x'), 401, 'a body, with a header for an empty body');
        is_deeply(ran(), [], 'no application was called');
    },
    'only the offered qop is accepted' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $send = sub {
            my ($path, @o) = @_;
            my $login = SSPI::Test::Login->new($c, $path, %login, method => 'POST');
            return post($c, $path, $login->header(@o), 'text');
        };
        $server->new_log;
        for my $case ([ '/int/', 'qop auth where only auth-int is offered' ],
            [ '/auth/', 'auth-int where it is not offered', body => 'text' ]) {
            my ($path, $name, @o) = @$case;
            not_stale($send->($path, @o), $name);
            logged($server, 'NOT_OFFERED', 'qop');
        }
        granted($send->('/either/', body => 'text'), \%alice, 'both: auth-int');
        granted($send->('/either/'), \%alice, 'both: auth');
        not_stale($send->('/either/', body => 'another'), 'both: auth-int with another body');
        not_stale($send->('/either/', set => { qop => 'auth-int' }), 'a response for auth with the directive auth-int');
        not_stale($send->('/either/', body => 'text', set => { qop => 'auth' }), 'a response for auth-int with the directive auth');
    },
    'the entity limit' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my ($at, $beyond) = ('x' x $limit, 'x' x ($limit + 1));
        my $login = SSPI::Test::Login->new($c, '/limit/', %login, method => 'POST');
        for my $way (sort keys %way) {
            granted($way{$way}->($c, '/limit/', $login->header(body => $at), $at), \%alice, "$way: exactly the limit");
            ran();
            $server->new_log;
            my $a = $way{$way}->($c, '/limit/', $login->header(body => $beyond), $beyond);
            # mod_http2 sometimes resets the stream of a body that was not read before it sends the
            # answer.
            if ($way =~ m{HTTP/2} && $server->kind eq 'apache' && $a->status == 0) {
                ok($server->access_line(qr{ /limit/ \S+ 413 }), "$way: one octet beyond, a reset for the client");
            } else {
                refused($a, 413, "$way: one octet beyond");
            }
            logged($server, 'ENTITY_TOO_LARGE', qr/\b1000\b/, $server->kind eq 'nginx' ? 'sspi_digest_entity_limit' : 'SSPIDigestEntityLimit');
            is_deeply(ran(), [], "$way: no application was called");
        }
        refused(post($c, '/limit/', undef, $beyond), 401, 'a request without credentials is challenged');
        my $either = SSPI::Test::Login->new($c, '/either/', %login, method => 'POST');
        granted(post($c, '/either/', $either->header, $beyond), \%alice, 'qop auth has no limit');
        my $none = SSPI::Test::Login->new($c, '/none/', %login, method => 'POST');
        granted(post($c, '/none/', $none->header(body => ''), ''), \%alice, 'a limit of 0: no body');
        refused(post($c, '/none/', $none->header(body => 'x'), 'x'), 413, 'a limit of 0: one octet');
    },
    'a header works for one body, and once' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $login = SSPI::Test::Login->new($c, '/int/', %login, method => 'POST');
        my $header = $login->header(body => 'pay 1');
        ran();
        not_stale(post($c, '/int/', $header, 'pay 9'), 'another body before the right one');
        is_deeply(ran(), [], 'no application was called');
        granted(post($c, '/int/', $header, 'pay 1'), \%alice, 'the refused body did not use the count');
        is_deeply(ran(), [ request_report('POST', '/int/', 'pay 1') ], 'the application got the right body');
        $server->new_log;
        for my $body ('pay 1', 'pay 9', 'x' x 50_000) {
            my ($answer, $asked) = expecting($c, '/int/', $header, $body);
            stale($answer, 'again, with ' . length($body) . ' octets');
            logged($server, 'REPLAY');
            is($asked, 0, 'a used count is refused before the server asks for the body');
        }
        not_stale(post($c, '/int/', $login->header(body => 'x', method => 'PUT'), 'x'), 'a header for PUT');
        refused(post($c, '/int/', $login->header(body => 'x', uri => '/int/other'), 'x'), 400, 'a header for another uri');
        is_deeply(ran(), [], 'no application was called');
    },
    'the server refuses a wrong header before it reads the body' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $login = SSPI::Test::Login->new($c, '/limit/', %login, method => 'POST');
        my $foreign = $login->with(nonce => $login->nonce =~ tr/A-Z/B-ZA/r);
        my $large = 'x' x 50_000;
        my @cases = (
            [ 'a foreign nonce', $foreign->header(body => $large), 401, 'STALE_NONCE' ],
            [ 'another uri', $login->header(body => $large, uri => '/'), 400, 'WRONG_URI' ],
            [ 'a quality of protection that is not offered', $login->header, 401, 'NOT_OFFERED' ],
            [ 'a header that breaks the grammar', 'Digest nonce=', 400, 'MALFORMED' ],
            [ 'a length beyond the limit', $login->header(body => $large), 413, 'ENTITY_TOO_LARGE' ],
        );
        for my $case (@cases) {
            my ($name, $header, $status, $message) = @$case;
            $server->new_log;
            my ($answer, $asked) = expecting($c, '/limit/', $header, $large);
            refused($answer, $status, $name);
            logged($server, $message);
            is($asked, 0, "$name: the server did not ask for the body");
        }
        my $late = SSPI::Test::Login->new($c, '/brief/', %login, method => 'POST');
        my $send = sub { return expecting($c, '/brief/', $late->header(body => 'x'), 'x') };
        ok(SSPI::Test::wait_until(sub { my ($answer) = $send->(); return $answer->status != 200 }),
            'a nonce expires');
        # Tries again, because the nonce may have expired while its body was on the way.
        my ($answer, $asked) = $send->();
        stale($answer, 'the answer says stale');
        is($asked, 0, 'the nonce is refused before the server asks for the body');
    },
    'the connection continues after a body' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $login = SSPI::Test::Login->new($c, '/int/', %login, method => 'POST');
        for my $send (\&with_length, \&chunked) {
            my @o = map { $login->header(body => $_) } qw(first second third);
            my @posts = ([ $o[0], 'first' ], [ $o[1], 'wrong!' ], [ $o[0], 'first' ], [ $o[2], 'third' ]);
            my @answers = $c->raw((map { $send->($c, '/int/', @$_) } @posts),
                [ '/int/', authorization => $login->header(body => '', method => 'GET') ]);
            is_deeply([ map { $_ ? $_->status : 'closed' } @answers ], [ 200, 401, 401, 200, 200 ], 'right, wrong, replayed and right bodies, then no body');
            is($answers[3]{body} =~ /POST \S+ 5 (\w+)/ && $1, sha256_hex('third'), 'each request has its own body');
        }
    };

scenario 'a program gets the body as well', { on => 'apache', locations => [
    { path => '/programs/', %digest, apache => "Options +ExecCGI\nSetHandler cgi-script" },
], files => { '/programs/sum' => "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nsha256sum\n" } }, sub {
    my ($server) = @_;
    my $c = $server->client;
    chmod 0755, "$server->{dir}/docroot/programs/sum";
    my $login = SSPI::Test::Login->new($c, '/programs/sum', %login, method => 'POST');
    for my $size (7, 200_000) {
        my $body = 'y' x $size;
        for my $send (\&with_length, \&chunked) {
            my $answer = $c->raw($send->($c, '/programs/sum', $login->header(body => $body), $body));
            granted($answer, \%alice, "$size octets");
            like($answer->body, qr/\b\Q${\ sha256_hex($body)}\E\b/, 'the program got the same body');
        }
    }
};

done_testing;
