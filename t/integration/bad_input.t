#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Input that no honest client sends. Both servers refuse it, log it once, and keep working.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(digest_challenges digest_header user_line);
use SSPI::Test::Scenario;

use MIME::Base64 qw(encode_base64);

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my ($user, $password, $realm) = ('alice', 'wonder land', 'r');
my $users = spew(scratch_dir('users') . '/users', user_line($user, $realm, $password), 0644);
my %server_config = (
    env => $kdc->server_env,
    locations => [
        { path => '/neg/', packages => 'Negotiate', keytab => $kdc->{keytab}, realm => $realm },
        { path => '/dig/', packages => 'Digest', realm => $realm, digest_user_file => $users },
        { path => '/both/', packages => 'Negotiate Digest', keytab => $kdc->{keytab},
            realm => $realm, digest_user_file => $users },
    ],
);

# A good request must still work after each bad one.
sub alive {
    my ($server, $name) = @_;
    my $a = $server->client->get('/dig/', digest => "$user:$password");
    return granted($a, { user => $user }, $name // 'a good request works after it');
}

# Each case: name, path, Authorization value, accepted statuses, words of the log line
my $good = SSPI::Test::Client->can('negotiate_header');
my @tokens = (
    ['base64 with a foreign character', 'Negotiate YII*AAAA', [400, 401], 'base64'],
    ['base64 cut off', 'Negotiate YIIAA', [400, 401], 'base64'],
    ['base64 with = in the middle', 'Negotiate YI==IAAA', [400, 401], 'base64'],
    ['two tokens', 'Negotiate YIIA YIIA', [400, 401], '.'],
    ['a token of an unknown mechanism', 'Negotiate ' . encode_base64('hello world', ''), [400, 401], '.'],
    ['an empty DER', 'Negotiate ' . encode_base64("\x60\x00", ''), [400, 401], '.'],
    ['DER longer than the token', 'Negotiate ' . encode_base64("\x60\x82\xff\xff\x06\x09", ''), [400, 401], '.'],
    ['DER with a length of 4 GiB', 'Negotiate ' . encode_base64("\x60\x84\xff\xff\xff\xff\x06\x09", ''), [400, 401], '.'],
    ['an NTLM token where only Kerberos runs', 'Negotiate ' . encode_base64("NTLMSSP\0\1\0\0\0" . "\0" x 24, ''),
        [401], '.'],
    ['a token over 64 KiB', 'Negotiate ' . encode_base64("\x60" x 65537, ''), [400, 401], '.'],
    ['a scheme that is not offered', 'Bearer abcdef', [401], 'scheme|Bearer'],
    ['a scheme that is the beginning of Negotiate', 'Nego YIIA', [401], 'scheme|Nego'],
    ['a scheme that begins with Negotiate', 'Negotiates YIIA', [401], 'scheme|Negotiates'],
    ['Basic', 'Basic YWxpY2U6d29uZGVyIGxhbmQ=', [401], 'scheme|Basic'],
    ['two credentials in one header', 'Negotiate YIIA, Negotiate YIIA', [400, 401], '.'],
    ['an empty header', '', [400, 401], undef],
    ['only a comma', ',', [400, 401], undef],
    ['bytes that are not UTF-8', "Negotiate \xff\xfe\x80", [400, 401], '.'],
    ['a tab instead of a blank', "Negotiate\tYIIA", [400, 401], '.'],
);

# httpd itself closes the connection after every 400 (ap_set_keepalive), and no module can keep it.
sub goes_on {
    my ($server, $name, $answer, $next) = @_;
    return if $server->kind eq 'apache' && $answer && $answer->status == 400;
    return is($next && $next->status, 401, "$name: the connection continues");
}

scenario 'bad Negotiate headers', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    my $bob = $c->negotiate_header;
    my ($b64) = $bob =~ /(\S+)\z/;
    my $bytes = MIME::Base64::decode_base64($b64);
    my @cut = map { [ "a ticket cut at $_", 'Negotiate ' . encode_base64(substr($bytes, 0, $_), ''), [400, 401], '.' ] }
        1, 2, 10, 40, int(length($bytes) / 2), length($bytes) - 1;
    my $flipped = $bytes;
    substr($flipped, -40, 1) ^= "\x01";
    push @cut, ['a ticket with one bit changed', 'Negotiate ' . encode_base64($flipped, ''), [401], '.'];
    for my $case (@tokens, @cut) {
        my ($name, $value, $statuses, $words) = @$case;
        $server->new_log;
        my ($a, $next) = $c->raw([ '/neg/', authorization => $value ], ['/neg/']);
        ok($a && (grep { $a->status == $_ } @$statuses), $name) or diag($a ? $a->brief : 'no answer');
        next if !defined $words || !$a;
        goes_on($server, $name, $a, $next);
        my $new = $server->new_log;
        my @lines = grep { /SSPI-\d{3}\b/ } split /\n/, $new;
        is(scalar @lines, 1, "$name: one line in the log") or diag($new);
        like($lines[0] // '', qr/$words/i, "$name: the line names the reason");
        unlike($new, qr/[^\x09\x0a\x20-\x7e]/, "$name: the log has only printable characters");
    }
    alive($server);
    granted($server->client(env => $alice)->get('/neg/', negotiate => 1), { user => 'alice@SSPI.TEST' },
        'a good ticket works after it');
};

scenario 'a second Authorization header is refused, and nothing of it is used', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    my ($first, $second) = map { $c->negotiate_header } 1, 2;
    my $a = $c->raw($c->request_text('/neg/', headers => [ map { "Authorization: $_" } $first, $second ]));
    is($a->status, 400, 'two tickets in two headers');
    granted($c->get('/neg/', authorization => $first), { user => 'alice@SSPI.TEST' },
        'neither ticket was used up');
    my ($challenge) = digest_challenges($c->get('/dig/')->challenges);
    my @d = map { digest_header($challenge, user => $user, password => $password, uri => '/dig/', nc => $_) } 1, 2;
    $a = $c->raw($c->request_text('/dig/', headers => [ map { "Authorization: $_" } @d ]));
    is($a->status, 400, 'two Digest headers');
    $a = $c->raw($c->request_text('/dig/', headers => [ "Authorization: $d[0]", 'Authorization: Basic YTpi' ]));
    is($a->status, 400, 'Digest and Basic');
    $a = $c->get('/dig/', authorization => "$d[0], $d[1]");
    is($a->status, 400, 'joined by a comma');
    alive($server);
};

scenario 'bad Digest headers', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    my $nc = 0;
    my ($challenge) = digest_challenges($c->get('/dig/')->challenges);
    my $make = sub { return digest_header($challenge, user => $user, password => $password, uri => '/dig/', nc => ++$nc, @_) };
    granted($c->get('/dig/', authorization => $make->()), { user => $user }, 'the header of these tests is good');
    my @cases = (
        ['an unbalanced quote', $make->(raw => ', x="y'), [400]],
        ['a quote in a token', $make->(raw => ', x=y"z'), [400]],
        ['a directive without a value', $make->(raw => ', x='), [400]],
        ['a directive without =', $make->(raw => ', x'), [400]],
        ['an escape at the end', $make->(raw => ', x="\\'), [400]],
        ['two usernames', $make->(raw => ', username="bob"'), [400]],
        ['two nonces, one with other case', $make->(raw => ', Nonce="abc"'), [400]],
        ['two unknown directives of one name', $make->(raw => ', x=1, x=2'), [400, 401]],
        ['no directives', 'Digest', [400, 401]],
        ['only commas', 'Digest ,,,,', [400, 401]],
        (map { ["no $_", $make->(set => { $_ => undef }), [400, 401]] } qw(username realm nonce uri response cnonce nc)),
        ['no qop with a count', $make->(set => { qop => undef }), [400, 401]],
        ['the uri of another page', $make->(uri => '/neg/'), [400, 401]],
        ['a uri that was changed after the response was computed', $make->(set => { uri => '/dig/x' }), [400, 401]],
        ['a nonce that the server did not make', $make->(computed => { nonce => 'dcd98b7102dd2f0e8b11d0f600bfb0c093' }), [401]],
        ['a nonce with one letter changed', $make->(computed => { nonce => change($challenge->{nonce}) }), [401]],
        ['a nonce with additional octets', $make->(computed => { nonce => $challenge->{nonce} . 'A' }), [401]],
        ['an empty nonce', $make->(computed => { nonce => '' }), [400, 401]],
        ['a very long nonce', $make->(computed => { nonce => 'A' x 20000 }), [400, 401]],
        ['another realm', $make->(set => { realm => 'other' }), [400, 401]],
        ['a count of 0', $make->(computed => { nc => '00000000' }), [400, 401]],
        ['a count of 7 digits', $make->(computed => { nc => '0000009' }), [400, 401]],
        ['a count of 9 digits', $make->(computed => { nc => '000000009' }), [400, 401]],
        ['a count that is not a number', $make->(computed => { nc => '0000000g' }), [400, 401]],
        ['an unknown qop', $make->(computed => { qop => 'auth-conf' }), [400, 401]],
        ['a qop that is not offered', $make->(computed => { qop => 'auth-int' }), [400, 401]],
        ['an unknown algorithm', $make->(set => { algorithm => 'SHA-1' }), [400, 401]],
        ['a -sess algorithm', $make->(set => { algorithm => 'MD5-sess' }), [400, 401]],
        ['a short response', $make->(set => { response => 'abc' }), [400, 401]],
        ['a long response', $make->(set => { response => 'a' x 4000 }), [400, 401]],
        ['an empty response', $make->(set => { response => '' }), [400, 401]],
        ['a response that is not hexadecimal', $make->(set => { response => 'z' x 32 }), [400, 401]],
        ['an empty user', $make->(set => { username => '' }), [400, 401]],
        ['a very long user name', $make->(set => { username => 'a' x 20000 }), [400, 401]],
        ['a user with bytes that are not UTF-8', $make->(set => { username => "al\xffice" }), [400, 401]],
        ['a user with a colon', $make->(set => { username => 'al:ice' }), [400, 401]],
        ['a user with @', $make->(set => { username => 'alice@SSPI.TEST' }), [400, 401]],
        ['a hashed user', $make->(raw => ', userhash=true'), [400, 401]],
        ['username and username*', $make->(raw => q(, username*=UTF-8''alice)), [400, 401]],
        ['1000 directives', $make->(raw => join('', map { ", x$_=1" } 1 .. 1000)), [400]],
    );
    for my $case (@cases) {
        my ($name, $value, $statuses) = @$case;
        $server->new_log;
        my ($a, $next) = $c->raw([ '/dig/', authorization => $value ], ['/dig/']);
        ok($a && (grep { $a->status == $_ } @$statuses), $name) or diag($a ? $a->brief : 'no answer');
        goes_on($server, $name, $a, $next);
        my $new = $server->new_log;
        my @lines = grep { /SSPI-\d{3}\b/ } split /\n/, $new;
        is(scalar @lines, 1, "$name: one line in the log") or diag($new);
        unlike($new, qr/[^\x09\x0a\x20-\x7e]/, "$name: the log has only printable characters");
    }
    # RFC 7616 3.4: an unrecognized parameter is ignored.
    granted($c->get('/dig/', authorization => $make->(raw => ', x="y z", future=1')), { user => $user },
        'unknown directives are ignored');
    granted($c->get('/dig/', authorization => $make->(raw => ' , ,, ')), { user => $user },
        'empty list elements are ignored');
    alive($server);
};

sub change {
    my ($nonce) = @_;
    substr($nonce, 5, 1) = substr($nonce, 5, 1) eq 'A' ? 'B' : 'A';
    return $nonce;
}

scenario 'bytes that break HTTP itself do not reach a page', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    for my $path ('/neg/', '/dig/') {
        my $a = $c->raw($c->request_text($path, authorization => "Negotiate YI\0IA"));
        ok(!$a || $a->status == 400 || $a->status == 401, "a NUL at $path");
        $a = $c->raw($c->request_text($path, authorization => "Digest username=\"a\0b\""));
        ok(!$a || $a->status == 400 || $a->status == 401, "a NUL in Digest at $path");
    }
    alive($server);
};

scenario 'nothing of a request is echoed in the answer or unescaped in the log', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    my ($challenge) = digest_challenges($c->get('/dig/')->challenges);
    my $evil = 'x"><script>alert(1)</script>';
    $server->new_log;
    my $a = $c->raw([ '/dig/', authorization => digest_header($challenge, user => $evil, password => 'x', uri => '/dig/') ]);
    is($a->status, 401, 'refused');
    unlike(join("\n", $a->body, map { "@$_" } @{$a->{headers}}), qr/script/, 'the answer does not contain the text of the request');
    for my $forged ("a\x1b[2J", "a\x7fb", 'a\nSSPI-999 forged') {
        $a = $c->raw([ '/dig/', authorization => digest_header($challenge, user => $forged, password => 'x', uri => '/dig/') ]);
        isnt($a && $a->status, 200, 'refused');
    }
    unlike($server->new_log, qr/[\x00-\x08\x0b-\x1f\x7f-\xff]/, 'control characters are escaped in the log');
    alive($server);
};

done_testing;
