# SPDX-License-Identifier: Apache-2.0
# HTTP Digest (RFC 7616) written a second time, for tests: what a client computes, each directive
# replaceable, so that wrong and replayed headers can be made on purpose.
package SSPI::Test::Digest;
use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use Digest::SHA qw(sha256_hex sha512256_hex);
use Exporter qw(import);

our @EXPORT_OK = qw(digest_challenges digest_header digest_quote user_line);

my %hash = (
    'MD5' => \&md5_hex,
    'SHA-256' => \&sha256_hex,
    'SHA-512-256' => \&sha512256_hex,
);

# The line of a user file: `user:realm:hex` for MD5 as htdigest writes it, else with the algorithm.
sub user_line {
    my ($user, $realm, $password, $algorithm) = @_;
    $algorithm //= 'MD5';
    my $hex = $hash{$algorithm}->("$user:$realm:$password");
    return $algorithm eq 'MD5' ? "$user:$realm:$hex\n" : "$user:$realm:$algorithm:$hex\n";
}

# Every Digest challenge among WWW-Authenticate values, each a hash of its directives (lower case).
sub digest_challenges {
    my @found;
    for my $line (@_) {
        next if $line !~ s/\ADigest\s+//i;
        my %d;
        while ($line =~ /\G[\s,]*([\w*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gc) {
            my ($name, $quoted, $token) = (lc $1, $2, $3);
            $quoted =~ s/\\(.)/$1/g if defined $quoted;
            $d{$name} = $quoted // $token;
        }
        push @found, \%d;
    }
    return @found;
}

sub digest_quote { my ($text) = @_; $text =~ s/(["\\])/\\$1/g; return qq("$text") }

my %bare = map { $_ => 1 } qw(algorithm qop nc stale userhash);

# The value of an Authorization header for one challenge. Needs user, password, uri; takes method
# (GET), nc (1), cnonce. `set` replaces directives after the response is computed (undef removes
# one), `computed` replaces them before; `raw` is appended.
sub digest_header {
    my ($challenge, %o) = @_;
    my $h = $hash{$challenge->{algorithm} // 'MD5'};
    my %d = (username => $o{user}, realm => $challenge->{realm}, nonce => $challenge->{nonce},
        uri => $o{uri}, algorithm => $challenge->{algorithm}, opaque => $challenge->{opaque},
        qop => 'auth', nc => sprintf('%08x', $o{nc} // 1), cnonce => $o{cnonce} // 'c29tZSBjbG9ja3M',
        %{$o{computed} // {}});
    my $a1 = $h->("$o{user}:$d{realm}:$o{password}");
    my $a2 = $h->(($o{method} // 'GET') . ":$d{uri}");
    $d{response} = $h->(join ':', $a1, @d{qw(nonce nc cnonce qop)}, $a2);
    %d = (%d, %{$o{set} // {}});
    my @order = qw(username realm nonce uri algorithm qop nc cnonce response opaque);
    my %known = map { $_ => 1 } @order;
    my @names = grep { defined $d{$_} } @order, sort grep { !$known{$_} } keys %d;
    my $text = join ', ', map { "$_=" . ($bare{$_} ? $d{$_} : digest_quote($d{$_})) } @names;
    return "Digest $text" . ($o{raw} // '');
}

1;
