# SPDX-License-Identifier: Apache-2.0
# conf-examples/sspi/sasl_server.c and ldap_server.c with an attacker on the path who changes the
# data, and with input that is not from a client. The servers accept no part of it, and serve the
# next client.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Sasl;
use SSPI::Test::SaslClients;

my $server = start_server('sasl_server');
my $ldap = start_server('ldap_server');

# ---- changes on the path ----

# Runs Cyrus' client, and changes its line of that direction and number.
sub between {
    my ($mechanism, $layer, $direction, $number, $change, %o) = @_;
    return log_in('Cyrus', $server, mechanism => $mechanism, layer => $layer, %o, change => sub {
        my ($octets, @which) = @_;
        return "@which" eq "$direction $number" ? $change->($octets) : $octets;
    });
}

my %lines = (
    GSSAPI => [ [ 'C', 1 ], [ 'S', 2 ], [ 'S', 3 ], [ 'C', 3 ], [ 'S', 4 ], [ 'C', 4 ] ],
    'GSS-SPNEGO' => [ [ 'C', 1 ], [ 'S', 2 ], [ 'S', 3 ], [ 'C', 3 ] ],
    'DIGEST-MD5' => [ [ 'C', 2 ], [ 'S', 3 ], [ 'S', 4 ], [ 'C', 4 ] ],
);
my %empty_line = (GSSAPI => 2, 'GSS-SPNEGO' => 2, 'DIGEST-MD5' => 3);
my %altering = (
    changed => sub { my ($octets) = @_; substr($octets, -3, 1) ^= "\1"; return $octets },
    cut => sub { return substr $_[0], 0, -1 },
);

for my $mechanism (sort keys %lines) {
    SKIP: {
        my $missing = missing('Cyrus', mechanism => $mechanism);
        skip "$mechanism: $missing", 1 if $missing;
        for my $line (@{$lines{$mechanism}}) {
            for my $how (sort keys %altering) {
                my $r = between($mechanism, 'confidentiality', @$line, $altering{$how});
                # The server refuses changed data of the client, and the client leaves after changed
                # data of the server.
                my $status = $line->[0] eq 'C' ? "(?!${\ENDED})\\w+" : ENDED;
                like($r->{server}, qr/\A(?:(?!says).)*^ended with 0x$status\n\z/ms,
                    "$mechanism: line @$line $how: refused");
            }
        }
        my $r = between($mechanism, 'none', 'C', $empty_line{$mechanism}, sub { return 'x' });
        is($r->{server}, "ended with 0x${\INVALID_TOKEN}\n", "$mechanism: an answer that is not expected: refused");
        $r = log_in('Cyrus', $server, mechanism => $mechanism, layer => 'confidentiality');
        is($r->{client}, 'both ways', "$mechanism: the next client is served");
    }
}

SKIP: {
    my $missing = missing('Cyrus', mechanism => 'DIGEST-MD5');
    skip $missing, 1 if $missing;
    for my $case (
        [ 'another identity to act as', DENIED, qr/authzid="bob"/, 'authzid="eve"', authzid => 'bob' ],
        [ 'the identity to act as is removed', DENIED, qr/,authzid="bob"/, '', authzid => 'bob' ],
        [ 'an identity to act as is added', DENIED, qr/(?=,response=)/, ',authzid="eve"' ],
        [ 'another user', DENIED, qr/username="alice"/, 'username="bob"' ],
        [ 'another service', DENIED, qr{digest-uri="host/}, 'digest-uri="ldap/' ],
        [ 'a weaker layer', DENIED, qr/qop=auth-int/, 'qop=auth' ],
        [ 'a stronger layer', DENIED, qr/qop=auth-int/, 'qop=auth-conf,cipher=rc4' ],
        [ 'another count', INVALID_TOKEN, qr/nc=00000001/, 'nc=00000002' ],
        [ 'another nonce', DENIED, qr/,nonce=".../, ',nonce="+++' ],
        [ 'another cnonce', DENIED, qr/cnonce=".../, 'cnonce="+++' ],
        [ 'two users', INVALID_TOKEN, qr/\A/, 'username="bob",' ],
        ) {
        my ($what, $status, $from, $to, %o) = @$case;
        my $changed = 0;
        my $change = sub {
            my ($text) = @_;
            $changed = $text =~ s/$from/$to/;
            return $text;
        };
        my $r = between('DIGEST-MD5', 'integrity', 'C', 2, $change, %o);
        is("$changed: $r->{server}", "1: ended with 0x$status\n", "DIGEST-MD5: $what: refused");
    }
}

# Messages in the wrong order, and changed messages with a right length. Cyrus' sample client cannot
# send them.
SKIP: {
    my $missing = missing('Java');
    skip $missing, 1 if $missing;
    for my $mechanism ('GSSAPI', 'DIGEST-MD5') {
        for my $layer ('integrity', 'confidentiality') {
            my %status = (alter => ALTERED, cut => ALTERED, repeat => UNORDERED, swap => UNORDERED);
            # Digest's ciphers continue from one message to the next.
            @status{qw(repeat swap)} = (ALTERED) x 2 if $mechanism eq 'DIGEST-MD5' && $layer eq 'confidentiality';
            for my $how (sort keys %status) {
                my $r = log_in('Java', $server, mechanism => $mechanism, layer => $layer, how => $how);
                my @heard = $how eq 'repeat' ? 'hello, server' : ();
                like($r->{server}, came($mechanism, $layer, says => \@heard, ended => $status{$how}),
                    "$mechanism, $layer, $how: refused");
            }
        }
    }
}

# ---- after a login ----

# Binds by DIGEST-MD5 with integrity, and sends these octets with the last response.
sub bind_and {
    my ($octets) = @_;
    my $client = Authen::SASL->new(mechanism => 'DIGEST-MD5', callback => { user => 'alice', pass => 'secret' })
        ->client_new('ldap', 'localhost');
    $client->property(minssf => 1, maxssf => 1);
    $client->client_start;
    my $message = sub {
        my $sasl = "\4\x0aDIGEST-MD5" . join '', map { "\4\x82" . pack 'n/a*', $_ } @_;
        my $choice = "\2\1\3\4\0\xa3\x82" . pack 'n/a*', $sasl;
        return "\x30\x82" . pack 'n/a*', "\2\1\1\x60\x82" . pack 'n/a*', $choice;
    };
    my $socket = $ldap->connect;
    print {$socket} $message->();
    my $answer = '';
    while ($answer !~ /algorithm=md5-sess/) { sysread $socket, $answer, 4096, length $answer or last }
    my ($challenge) = $answer =~ /\x87\x84....(.*)/s;
    print {$socket} $message->($client->client_step($challenge)), $octets;
    shutdown $socket, 1;
    1 while read $socket, my $ignored, 65536;
    return $ldap->said;
}

SKIP: {
    my $missing = missing('Authen::SASL');
    skip $missing, 1 if $missing;
    for my $case (
        [ 'nothing', INVALID_TOKEN, '' ],
        [ 'half a length', INVALID_TOKEN, "\0\0\0" ],
        [ 'only a length', ENDED, "\0\0\0\0" ],
        [ 'a short message', ENDED, "\0\0\0\5hello" ],
        [ 'too great a length', INVALID_TOKEN, "\xff\xff\xff\xffhello" ],
        [ 'too small a length', INVALID_TOKEN, "\0\0\0\x28" . 'x' x 41 ],
        [ 'a message in clear', ALTERED, "\0\0\0\x28" . 'x' x 40 ],
        [ '65536 octets', INVALID_TOKEN, "\0\1\0\0" . 'x' x 65536 ],
        ) {
        my ($what, $status, $frame) = @$case;
        my $r = log_in('Authen::SASL', $server, mechanism => 'DIGEST-MD5', layer => 'integrity', raw => [$frame]);
        like($r->{server}, came('DIGEST-MD5' => 'integrity', ended => $status), "a frame: $what: refused");
    }
    my $search = "\x30\5\2\1\2\x63\0";
    for my $case (
        [ 'nothing', ENDED, '' ],
        [ 'a search before the layer', INVALID_TOKEN, $search ],
        [ 'a search in clear in a frame', INVALID_TOKEN, "\0\0\0\7$search" ],
        ) {
        my ($what, $status, $octets) = @$case;
        like(bind_and($octets), came('DIGEST-MD5' => 'integrity', ended => $status),
            "LDAP, a bind and $what: refused");
    }
}

# ---- input that is not from a client ----

for my $case (
    [ 'nothing', ENDED ],
    [ 'half a line', INVALID_TOKEN, 'C: R1NT' ],
    [ 'lines for people', ENDED, "hello\n" x 1000 ],
    [ 'a long line', INVALID_TOKEN, 'x' x 1_000_000 . "\n" ],
    [ 'a long line of base64', INVALID_TOKEN, 'C: ' . 'A' x 1_000_000 . "\n" ],
    [ 'a NUL', INVALID_TOKEN, "C: R1\0NT\n" ],
    [ 'a line that is not base64', INVALID_TOKEN, "C: ****\n" ],
    [ 'base64 without its end', INVALID_TOKEN, "C: R1NTQVB\n" ],
    [ 'base64 with too much padding', INVALID_TOKEN, "C: R===\n" ],
    [ 'no mechanism', NO_PACKAGE, "C: \n" ],
    [ 'only a NUL', NO_PACKAGE, "C: AA==\n" ],
    [ 'another mechanism', NO_PACKAGE, "C: UExBSU4AAGEAYg==\n" ],
    [ 'a long name', NO_PACKAGE, 'C: ' . 'R1NT' x 1000 . "\n" ],
    [ 'only a mechanism', ENDED, "C: R1NTQVBJ\n" ],
    [ 'GSSAPI with nothing, twice', INVALID_TOKEN, "C: R1NTQVBJ\nC: \nC: \n" ],
    [ 'GSSAPI with garbage', INVALID_TOKEN, "C: R1NTQVBJAGdhcmJhZ2U=\n" ],
    [ 'NTLM with garbage', INVALID_TOKEN, "C: TlRMTQBnYXJiYWdl\n" ],
    [ 'GSS-SPNEGO with garbage', INVALID_TOKEN, "C: R1NTLVNQTkVHTwBnYXJiYWdl\n" ],
    [ 'DIGEST-MD5 with garbage', INVALID_TOKEN, "C: RElHRVNULU1ENQ==\nC: Z2FyYmFnZQ==\n" ],
    ) {
    my ($what, $status, @octets) = @$case;
    is($server->hears(@octets), "ended with 0x$status\n", "$what: refused");
}

my $bind = "\x30\x16\2\1\1\x60\x11\2\1\3\4\0\xa3\x0a\4\x08";    # and a mechanism of 8 octets
for my $case (
    [ 'nothing', ENDED ],
    [ 'no message', INVALID_TOKEN, 'x' ],
    [ 'half a message', ENDED, "\x30\x10\2\1" ],
    [ 'a long one', INVALID_TOKEN, "\x30\x84\x7f\xff\xff\xff", 'x' x 200_000 ],
    [ 'an indefinite length', INVALID_TOKEN, "\x30\x80", "\2\1\1" x 70_000 ],
    [ 'a length of five octets', INVALID_TOKEN, "\x30\x85\0\0\0\0\5", "\2\1\1" x 70_000 ],
    [ 'no operation', INVALID_TOKEN, "\x30\3\2\1\1" ],
    [ 'a value that is longer', INVALID_TOKEN, "\x30\5\2\1\1\x60\5" ],
    [ 'a search without a bind', INVALID_TOKEN, "\x30\5\2\1\1\x63\0" ],
    [ 'a bind by password', ENDED, "\x30\x0c\2\1\1\x60\7\2\1\3\4\0\x80\0" ],
    [ 'another mechanism', NO_PACKAGE, $bind . 'CRAM-MD5' ],
    ) {
    my ($what, $status, @octets) = @$case;
    is($ldap->hears(@octets), "ended with 0x$status\n", "LDAP: $what: refused");
}
is($ldap->hears("\x30\5\2\1\1\x42\0"), "ended with 0x00000000\n", 'LDAP: an unbind ends the connection without an error');

SSPI::Test::Sasl::have_served();
done_testing;
