#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# nginx: bodies of auth-int requests. The handler gets the body whose hash the server compared, in
# whatever way the client sent it.
use strict;
use warnings;

use Fcntl qw(O_NONBLOCK O_RDWR);
use FindBin;
use IO::Select;
use IO::Socket::INET;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Test::More;
use SSPI::Test qw(scratch_dir spawn wait_until free_port);
use SSPI::Test::Bodies;
use SSPI::Test::BodyParts;
use SSPI::Test::Origin;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my %auth_int = auth_int_options();

# ---- applications: they answer with a report of the body, and log each call ----

sub called {
    my ($target, $body) = @_;
    log_call($target);
    return body_report($body);
}

my $http_port = free_port();
my $origin = SSPI::Test::Origin->new($http_port, sub {
    my ($request) = @_;
    my $got = called(@$request{qw(target body)});
    return (404, ['X-First: 1'], $got) if $request->{target} =~ m{\A/again/};
    return (200, ['X-Accel-Redirect: /behind/'], '') if $request->{target} =~ m{\A/(?:late|gone)/};
    return (200, ['Content-Type: text/html'], "part: <!--#include virtual=\"$1\" -->")
        if $request->{target} =~ m{\A/include(/.*)};
    return (200, [], $got);
});

# FastCGI, one request on each connection.
my $fastcgi_port = free_port();
my $fastcgi = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $fastcgi_port, Listen => 64,
    ReuseAddr => 1) // die "listen: $!\n";

sub fastcgi_answer {
    my ($socket) = @_;
    my $body = '';
    while (1) {
        my ($header, $content) = ('', '');
        read($socket, $header, 8) == 8 or return;
        my ($type, $len, $padding) = (unpack 'CCnnCC', $header)[ 1, 3, 4 ];
        read $socket, $content, $len + $padding if $len + $padding;
        next if $type != 5;
        $body .= substr $content, 0, $len;
        last if $len == 0;
    }
    my $text = "Status: 200\r\n\r\n" . called('/fastcgi/', $body);
    print {$socket} pack('CCnnCC', 1, 6, 1, length $text, 0, 0), $text, pack('CCnnCC NN', 1, 3, 1, 8, 0, 0, 0, 0);
    return;
}

my $fastcgi_pid = fork // die "fork: $!\n";
if ($fastcgi_pid == 0) {
    my $parent = getppid;
    $SIG{TERM} = 'DEFAULT';
    while (getppid == $parent) {
        IO::Select->new($fastcgi)->can_read(1) or next;
        my $socket = $fastcgi->accept or next;
        fastcgi_answer($socket);
    }
    POSIX::_exit(0);
}
SSPI::Test::on_end(sub { SSPI::Test::stop_process($fastcgi_pid, 'TERM') });

# ---- the server ----

my $dav = scratch_dir('dav');
chmod 0777, $dav;
my $proxy = "proxy_pass http://127.0.0.1:$http_port;";

sub location {
    my ($path, $nginx, %o) = @_;
    my %options = ($o{sspi} // 'on') eq 'off' ? () : %auth_int;
    return { path => $path, %options, nginx => $nginx, %o };
}

my @storage_locations = (
    location('/proxy/', $proxy),
    location('/only/', "$proxy client_body_in_file_only on;"),
    location('/clean/', "$proxy client_body_in_file_only clean;"),
    location('/single/', "$proxy client_body_in_single_buffer on;"),
    location('/stream/', "$proxy proxy_request_buffering off; proxy_http_version 1.1;"),
    location('/small/', "$proxy client_body_buffer_size 1k;"),
    location('/any/', "$proxy satisfy any; deny all;"),
    location('/mirror/', "$proxy mirror /mirrored/;"),
    location('/fastcgi/', "fastcgi_pass 127.0.0.1:$fastcgi_port; fastcgi_param REQUEST_METHOD \$request_method;"),
);
my %server_config = (on => 'nginx', locations => [
    @storage_locations,
    location('/mirrored/', $proxy, sspi => 'off'),
    location('/dav/', "root $dav; dav_methods PUT; create_full_put_path on;"),
    location('/bob/', $proxy, require => ['user digest:bob']),
    location('/max/', "$proxy client_max_body_size 1000;"),
    location('/again/', "$proxy proxy_intercept_errors on; error_page 404 = \@again;"),
    location('/late/', $proxy, sspi => 'off'),
    location('/gone/', "$proxy proxy_request_buffering off; proxy_http_version 1.1;", sspi => 'off'),
    location('/behind/', 'internal;'),
    location('/front/', "auth_request /check/; $proxy", sspi => 'off'),
    location('/check/', ''),
    location('/include/check/', "$proxy ssi on;", sspi => 'off'),
    location('/include/proxy/', "$proxy ssi on;"),
], nginx => "location \@again { proxy_pass http://127.0.0.1:$http_port; sspi on; sspi_packages Digest; sspi_realm r;\n"
    . "sspi_digest_user_file $auth_int{digest_user_file}; sspi_digest_qop auth-int; }\n");

# A client of the server, and a new nonce for it.
sub client {
    my ($server) = @_;
    my $c = $server->client;
    new_nonce($c, '/proxy/');
    return $c;
}

parts 'bodies', \%server_config,
    'the application gets bodies of each length, in each way' => sub {
        my ($server) = @_;
        my $c = client($server);
        for my $len (0, 1, 16383, 16384, 16385, 300_000, BODY_LIMIT) {
            arrives($c, '/proxy/', $len, $_) for @ways;
        }
    },
    (map {
        my $path = $_->{path};
        ("nginx stores the body as $path configures it" => sub {
            my ($server) = @_;
            my $c = client($server);
            for my $len (0, 1, 1100, 16385, 300_000) {
                arrives($c, $path, $len, $_) for @ways;
            }
        })
    } @storage_locations[ 1 .. $#storage_locations ]),
    webdav_part(client => \&client, dir => sub { return $dav }, lengths => [ 0, 1, 16385, 300_000 ]),
    wrong_body_part(client => \&client, paths => ['/proxy/'], lengths => [ 1, 16385, 300_000 ]),
    'over the limit' => sub {
        my ($server) = @_;
        my $c = client($server);
        my $before = n_calls();
        $server->new_log;
        for my $way (@ways) {
            for my $path ('/proxy/', '/stream/') {
                refused($way{$way}->($c, $path, body(BODY_LIMIT + 1)), 413, "$path, $way");
                logged($server, 'ENTITY_TOO_LARGE');
            }
        }
        for my $way (@ways) {
            refused($way{$way}->($c, '/max/', body(1001)), 413, "over client_max_body_size, $way");
        }
        is_deeply([ message_lines($server) ], [], 'only nginx logs an error about client_max_body_size');
        is(n_calls(), $before, 'the application was not called');
    };

parts 'requests on one connection', \%server_config,
    connection_parts(client => \&client, lengths => [ 0, 100, 16385, 300_000 ], expected => 20_000),
    'a client that disconnects' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $before = n_calls();
        for my $n (1 .. 5) {
            for my $part (0, 1, 17_000, 99_999) {
                my $socket = $c->connect_raw;
                send_all($socket, post_text($c, '/proxy/', body(100_000), no_body => 1) . body($part));
                close $socket;
            }
        }
        ok($server->access_line(qr{POST /proxy/ HTTP/1.1 400}), 'nginx logs 400');
        my $fifo = scratch_dir('fifo') . '/body';
        POSIX::mkfifo($fifo, 0600) && sysopen my $fh, $fifo, O_RDWR | O_NONBLOCK or die "$fifo: $!\n";
        # Compares names, because nginx may remove the files of earlier clients now.
        my %old = map { $_ => 1 } glob "$server->{dir}/temp-client_body/*";
        my $curl = spawn([ qw(curl -q --silent --http2 --request POST --noproxy * --cacert), $c->{ca}, '--upload-file', $fifo,
                '--header', 'Authorization: ' . login('/only/x', 'POST', body(100_000)), $c->url('/only/x', 1) ]);
        my $written = 0;
        ok(wait_until(sub {
            $written += syswrite($fh, substr body(99_999), $written) // 0;
            return grep { !$old{$_} } glob "$server->{dir}/temp-client_body/*";
        }), 'HTTP/2: nginx has a part of the body');
        kill KILL => $curl;
        waitpid $curl, 0;
        ok($server->access_line(qr{POST /only/x HTTP/2.0 4\d\d}), 'nginx logs an error status');
        is(n_calls(), $before, 'the application was not called');
        arrives($c, '/proxy/', 300_000, $_) for @ways;
    };

parts 'a body that was already read', \%server_config,
    'a subrequest gets the body as well' => sub {
        my ($server) = @_;
        my $c = client($server);
        for my $len (100, 300_000) {
            my $a = $way{chunked}->($c, '/include/proxy/', body($len));
            is($a->body, 'part: ' . body_report(body($len)), "$len bytes");
        }
    },
    'an error page gets the body again' => sub {
        my ($server) = @_;
        my $c = $server->client;
        for my $len (100, 300_000) {
            my $before = n_calls();
            my $a = $way{chunked}->($c, '/again/', body($len));
            is($a->body, body_report(body($len)), "$len bytes");
            is(n_calls(), $before + 2, 'both applications were called');
        }
    },
    'a redirect to a protected location' => sub {
        my ($server) = @_;
        my $c = $server->client;
        for my $way (@ways) {
            for my $len (0, 10_000, 300_000) {
                granted($way{$way}->($c, '/late/', body($len)), { user => 'alice' }, "the hash of $len bytes is compared, $way");
                refused($way{$way}->($c, '/late/', body($len), hashed_body => 'x'), 401, 'a wrong body is refused');
            }
            refused($way{$way}->($c, '/late/', body(BODY_LIMIT + 1)), 413, "a body over the limit, $way");
            $server->new_log;
            is($way{$way}->($c, '/gone/', body(300_000))->status, 500, "a body that nginx has passed on, $way");
            has_line($server->new_log, [ 'sspi: ', 'auth-int', qr/\bredirect\b/, 'sspi_digest_qop' ], 'the log says that auth-int does not work after a redirect');
        }
    },
    'a subrequest' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $before;
        for my $way (@ways) {
            my $a = $way{$way}->($c, '/include/check/', body(10_000));
            is($a->body, "part: page of /check/\n", "the hash of a body that was read is compared, $way");
            $a = $way{$way}->($c, '/include/check/', body(10_000), hashed_body => 'x');
            unlike($a->body, qr/page of/, 'a wrong body is refused');
            $server->new_log;
            $before = n_calls();
            is($way{$way}->($c, '/front/', body(10_000))->status, 500, 'a subrequest cannot wait for the rest of the body');
            has_line($server->new_log, [ 'sspi: ', 'auth-int', qr/\bsubrequest\b/, 'sspi_digest_qop' ], 'the log says that auth-int does not work in a subrequest');
            is(n_calls(), $before, 'the application was not called');
        }
        is($way{'Content-Length'}->($c, '/front/', '')->status, 200, 'a request without a body need not wait');
        is(n_calls(), $before + 1, 'the application was called');
    };

done_testing;
