# SPDX-License-Identifier: Apache-2.0
# NTLM like npm's axios-ntlm, which Bruno contains. It asks only for OEM, and chooses the encoding of
# names only by the OEM bit of CHALLENGE. It has neither MIC nor session key.
package SSPI::Test::AxiosNtlm;
use strict;
use warnings;

use Digest::MD5 qw(md5);
use Encode qw(decode encode);
use Exporter qw(import);
use SSPI::Test::Ntlm qw(ntlm_token ntlm_value);

our @EXPORT_OK = qw(axios_login);

# OEM, REQUEST_TARGET, NTLM, ALWAYS_SIGN, EXTENDED_SECURITY.
use constant { ASKED => 0x00088206, OEM => 2, NEGOTIATE_LEN => 32, AUTHENTICATE_LEN => 64 };

sub _wide { my ($text) = @_; return encode('UTF-16LE', decode('UTF-8', $text)) }

# One octet a character, as Node.js writes 'ascii'.
sub _narrow { my ($text) = @_; return encode('ISO-8859-1', decode('UTF-8', $text)) }

sub _hmac {
    my ($key, $octets) = @_;
    my $block = $key . "\0" x (64 - length $key);
    return md5(($block ^ "\x5c" x 64) . md5(($block ^ "\x36" x 64) . $octets));
}

sub _field { my ($len, $offset) = @_; return pack 'v v V', $len, $len, $offset }

# Returns the content of a field of CHALLENGE.
sub _field_content { my ($token, $at) = @_; my ($len, $offset) = unpack "x$at v x2 V", $token; return substr $token, $offset, $len }

sub _negotiate {
    my ($o) = @_;
    my ($domain, $host) = map { _narrow($_) } $o->{domain} // '', 'client';
    return "NTLMSSP\0" . pack('V V', 1, ASKED) . _field(length $domain, length $domain ? NEGOTIATE_LEN : 0)
        . _field(length $host, NEGOTIATE_LEN + length $domain) . $domain . $host;
}

sub _authenticate {
    my ($o, $challenge) = @_;
    my $flags = unpack 'x20 V', $challenge;
    my $write = $flags & OEM ? \&_narrow : \&_wide;
    my $target = _field_content($challenge, 12);
    my $domain = $o->{domain}
        // encode('UTF-8', decode($flags & OEM ? 'ISO-8859-1' : 'UTF-16LE', $target));
    my $key = _hmac(pack('H*', SSPI::Test::Ntlm::nt_hash($o->{password})),
        encode('UTF-16LE', uc(decode('UTF-8', $o->{user})) . decode('UTF-8', $domain)));
    my $filetime = (time + 11644473600) * 10_000_000;
    my $temp = pack('V V V V', 0x0101, 0, $filetime & 0xFFFFFFFF, $filetime >> 32) . 'nonce  8' . "\0" x 4
        . _field_content($challenge, 40) . "\0" x 4;
    my $server = substr $challenge, 24, 8;
    my @fields = (_hmac($key, $server . 'nonce  8') . 'nonce  8', _hmac($key, $server . $temp) . $temp,
        map { $write->($_) } $domain, $o->{user}, 'client');
    my $offset = AUTHENTICATE_LEN;
    my $head = "NTLMSSP\0" . pack('V', 3);
    for my $field (@fields) {
        $head .= _field(length $field, $offset);
        $offset += length $field;
    }
    return join '', $head, _field(0, 0), pack('V', $flags), @fields;
}

# Logs in at `path` of a connection. Options: user, password, domain (default: that of CHALLENGE).
# Returns the list of all answers; it ends with the first one without a challenge.
sub axios_login {
    my ($connection, $path, %o) = @_;
    my @answers = $connection->get($path);
    for my $message (\&_negotiate, \&_authenticate) {
        my $challenge = ntlm_token($answers[-1], 'NTLM');
        last if $message == \&_authenticate && !defined $challenge;
        push @answers, $connection->get($path, authorization => ntlm_value('NTLM', $message->(\%o, $challenge)));
    }
    return @answers;
}

1;
