# SPDX-License-Identifier: Apache-2.0
# A second implementation of HTTP Digest (RFC 7616) for tests. It computes what a client sends. Each
# directive can be replaced, so that tests can send wrong and replayed headers.
package SSPI::Test::Digest;
use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use Digest::SHA qw(sha256_hex sha512256_hex);
use Exporter qw(import);

our @EXPORT_OK = qw(digest_challenges digest_header digest_info digest_quote digest_values user_line
    userhash);

my %hash = (
    'MD5' => \&md5_hex,
    'SHA-256' => \&sha256_hex,
    'SHA-512-256' => \&sha512256_hex,
);

# Returns the hash function of an algorithm, also of a -sess form.
sub _h { my ($algorithm) = @_; return $hash{($algorithm // 'MD5') =~ s/-sess\z//r} }

# Returns the line of a user file: `user:realm:hex` for MD5 like htdigest, otherwise with the
# algorithm.
sub user_line {
    my ($user, $realm, $password, $algorithm) = @_;
    $algorithm //= 'MD5';
    my $hex = $hash{$algorithm}->("$user:$realm:$password");
    return $algorithm eq 'MD5' ? "$user:$realm:$hex\n" : "$user:$realm:$algorithm:$hex\n";
}

# Returns every Digest challenge among WWW-Authenticate values, each as a hash of its directives
# (lower case).
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

# Returns what a client sends instead of the name if userhash is offered (RFC 7616 3.4.4).
sub userhash {
    my ($user, $realm, $algorithm) = @_;
    return _h($algorithm)->("$user:$realm");
}

my %bare = map { $_ => 1 } qw(algorithm qop nc stale userhash username*);

# Returns H(A1) of a login, as used in the response.
sub _hash_a1 {
    my ($h, $o, $d) = @_;
    my $a1 = $h->("$o->{user}:$d->{realm}:$o->{password}");
    return ($d->{algorithm} // '') =~ /-sess\z/ ? $h->("$a1:$d->{nonce}:$d->{cnonce}") : $a1;
}

# Returns the value of an Authorization header for one challenge. Needed: user, password, uri.
# Optional: method (GET), nc (1), cnonce, and body, which makes it qop auth-int. `computed` replaces
# directives before the response is computed, and `set` replaces them afterwards (undef removes
# one). `raw` is appended.
sub digest_header {
    my ($challenge, %o) = @_;
    my $h = _h($challenge->{algorithm});
    my $qop = defined $o{body} ? 'auth-int' : 'auth';
    my %d = (username => $o{user}, realm => $challenge->{realm}, nonce => $challenge->{nonce},
        uri => $o{uri}, algorithm => $challenge->{algorithm}, opaque => $challenge->{opaque},
        qop => $qop, nc => sprintf('%08x', $o{nc} // 1), cnonce => $o{cnonce} // 'c29tZSBjbG9ja3M',
        %{$o{computed} // {}});
    my $a2 = ($o{method} // 'GET') . ":$d{uri}" . (defined $o{body} ? ':' . $h->($o{body}) : '');
    $d{response} = $h->(join ':', _hash_a1($h, \%o, \%d), @d{qw(nonce nc cnonce qop)}, $h->($a2));
    %d = (%d, %{$o{set} // {}});
    my @order = qw(username realm nonce uri algorithm qop nc cnonce response opaque);
    my %known = map { $_ => 1 } @order;
    my @names = grep { defined $d{$_} } @order, sort grep { !$known{$_} } keys %d;
    my $text = join ', ', map { "$_=" . ($bare{$_} ? $d{$_} : digest_quote($d{$_})) } @names;
    return "Digest $text" . ($o{raw} // '');
}

# Returns a function that makes Authorization values for one new nonce of the location `path`, for the
# user alice with the password `pw`. Its arguments are the uri and options of digest_header(). The
# count increases with each value.
sub digest_values {
    my ($client, $path) = @_;
    my ($challenge) = digest_challenges($client->get($path)->challenges);
    my $nc = 0;
    return sub {
        my ($uri, %o) = @_;
        return digest_header($challenge, user => 'alice', password => 'pw', uri => $uri, nc => ++$nc, %o);
    };
}

# Returns the directives of an Authentication-Info value. `right` is true if its rspauth is right
# for the header that digest_header() made of the same arguments (RFC 7616 3.5).
sub digest_info {
    my ($value, $challenge, %o) = @_;
    my $h = _h($challenge->{algorithm});
    my %info;
    while (($value // '') =~ /([\w*-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g) {
        my ($name, $quoted, $token) = (lc $1, $2, $3);
        $quoted =~ s/\\(.)/$1/g if defined $quoted;
        $info{$name} = $quoted // $token;
    }
    return \%info if !defined $info{rspauth};
    my %d = (%$challenge, nc => $info{nc}, cnonce => $info{cnonce});
    my $a2 = ":$o{uri}" . ($info{qop} eq 'auth-int' ? ':' . $h->('') : '');
    my $wanted = $h->(join ':', _hash_a1($h, \%o, \%d), @d{qw(nonce nc cnonce)}, $info{qop},
        $h->($a2));
    $info{right} = $wanted eq $info{rspauth} ? 1 : 0;
    return \%info;
}

1;
