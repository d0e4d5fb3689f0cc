# SPDX-License-Identifier: Apache-2.0
# Bodies of auth-int requests: their contents, the ways to send them, and raw connections for
# requests that curl cannot send. All requests are from the user `alice` with the password `pw`.
package SSPI::Test::Bodies;
use strict;
use warnings;

use Digest::SHA qw(sha256 sha256_hex);
use Exporter qw(import);
use IO::Select;
use Test::More;
use SSPI::Test qw(scratch_dir spew slurp run);
use SSPI::Test::Digest qw(digest_challenges digest_header);
use SSPI::Test::Response;

our @EXPORT = qw(body body_file body_report new_nonce login %way @ways arrives answers send_all post_text get_text
    chunks statuses);

# Returns a body of that length. It is the same for each length, and has many parts that look like
# HTTP.
my $noise = join '', map { sha256($_) . "\r\n0\r\n\r\nGET / HTTP/1.1\r\n" } 1 .. 9000;
sub body {
    my ($len) = @_;
    $noise .= $noise while length $noise < $len;
    return substr $noise, 0, $len;
}

my ($files, %file);
sub body_file {
    my ($body) = @_;
    $files //= scratch_dir('bodies');
    my $name = sha256_hex($body);
    return $file{$name} //= spew("$files/$name", $body, 0644);
}

# Returns the answer of the tests' applications to this body.
sub body_report { my ($body) = @_; return length($body) . ' ' . sha256_hex($body) }

# Takes a new nonce from `path` for the requests that follow.
my ($challenge, $nc);
sub new_nonce {
    my ($c, $path) = @_;
    my @challenges = digest_challenges($c->get($path)->challenges);
    ($challenge, $nc) = ($challenges[0], 0);
    return;
}

# Returns the Authorization value of the next request, with this body.
sub login {
    my ($path, $method, $body) = @_;
    return digest_header($challenge, user => 'alice', password => 'pw', uri => $path, method => $method,
        nc => ++$nc, body => $body);
}

# ---- ways to send a body ----

# $way{...}->($client, $path, $body). Options: `method` (POST), `headers` (a list of lines), and
# `hashed_body` (the body whose hash the client sends, if it differs from the body).
sub _curl_way {
    my ($tls, @args) = @_;
    return sub {
        my ($c, $path, $body, %o) = @_;
        my $method = $o{method} // 'POST';
        return $c->get($path, method => $method, tls => $tls, authorization =>
            login($path, $method, $o{hashed_body} // $body), args => [ @args, '--header', 'Content-Type: a/b',
            (map { ('--header', $_) } @{$o{headers} // []}), '--data-binary', '@' . body_file($body) ]);
    };
}

# curl does not know the length of its standard input.
sub _h2_without_length {
    my ($c, $path, $body, %o) = @_;
    my $method = $o{method} // 'POST';
    my $dir = scratch_dir('h2');
    my $r = run([ qw(curl -q --silent --show-error --http2 --upload-file - --max-time 60 --noproxy *), '--request', $method,
            '--cacert', $c->{ca}, '--dump-header', "$dir/headers", '--output', "$dir/body",
            (map { ('--header', $_) } 'Authorization: ' . login($path, $method, $o{hashed_body} // $body),
                @{$o{headers} // []}), $c->url($path, 1) ], stdin => $body);
    my $a = SSPI::Test::Response->from_text(slurp("$dir/headers"), slurp("$dir/body"));
    $a->{curl_error} = $r->{err};
    return $a;
}

our %way = (
    'Content-Length' => _curl_way(0),
    'chunked' => _curl_way(0, '--header', 'Transfer-Encoding: chunked'),
    'Expect' => _curl_way(0, '--header', 'Expect: 100-continue'),
    'HTTP/2' => _curl_way(1, '--http2'),
    'HTTP/2 without length' => \&_h2_without_length,
);
our @ways = sort keys %way;

# Tests that the application at `path` gets a body of that length unchanged.
sub arrives {
    my ($c, $path, $len, $way, %o) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $body = body($len);
    my $a = $way{$way}->($c, $path, $body, %o);
    return is_deeply([ $a->status, $a->user, $a->body ], [ 200, 'alice', body_report($body) ], "$len bytes, $way")
        || diag($a->brief);
}

# ---- raw connections ----

# Returns the next `n` answers of a connection, or fewer if the connection ends.
sub answers {
    my ($socket, $n) = @_;
    my ($data, @answers) = ('');
    while (@answers < $n) {
        if ($data =~ /\A(HTTP.*?\r\n\r\n)/s) {
            my $len = length($1) + ($1 =~ /^Content-Length: (\d+)/mi ? $1 : 0);
            if (length $data >= $len) {
                # An answer "100 Continue" has neither length nor body.
                push @answers, SSPI::Test::Response->at_end(substr $data, 0, $len, '');
                next;
            }
        }
        IO::Select->new($socket)->can_read(30) or die "no answer within 30 seconds\n";
        sysread($socket, $data, 65536, length $data) or last;
    }
    return @answers;
}

sub send_all {
    my ($socket, $text) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $sent = 0;
    while ($sent < length $text) { $sent += syswrite($socket, $text, length($text) - $sent, $sent) // last }
    return;
}

# Returns the text of a POST. Options: hashed_body, headers, chunked; no_body omits the body.
sub post_text {
    my ($c, $path, $body, %o) = @_;
    my @lines = $o{chunked} ? 'Transfer-Encoding: chunked' : 'Content-Length: ' . length $body;
    return $c->request_text($path, method => 'POST', authorization => login($path, 'POST', $o{hashed_body} // $body),
        headers => [ @lines, @{$o{headers} // []} ])
        . ($o{no_body} ? '' : $o{chunked} ? chunks($body) . "0\r\n\r\n" : $body);
}

sub get_text { my ($c, $path) = @_; return $c->request_text($path, authorization => login($path, 'GET', '')) }

# Returns all chunks except the last one, which is empty.
sub chunks {
    my ($body) = @_;
    my $text = '';
    for (my $at = 0; $at < length $body; $at += 5000) {
        my $piece = substr $body, $at, 5000;
        $text .= sprintf("%x\r\n", length $piece) . "$piece\r\n";
    }
    return $text;
}

sub statuses { return [ map { $_->status } @_ ] }

1;
