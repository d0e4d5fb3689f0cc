# SPDX-License-Identifier: Apache-2.0
# The clear text of a Kerberos ticket, which an attacker can rewrite: the name and the realm of its
# service (RFC 4120 5.3). The encrypted part is unchanged.
package SSPI::Test::Ticket;
use strict;
use warnings;

use Exporter qw(import);
use SSPI::Test::Gss qw(oid);

our @EXPORT_OK = qw(ticket_service ticket_with_service);

# ---- DER: a list of [ tag, content ] and back ----

sub _elements {
    my ($der) = @_;
    my @elements;
    while (length $der) {
        my ($tag, $size, $at) = (ord(substr $der, 0, 1), ord(substr $der, 1, 1), 2);
        if ($size > 128) {
            my $n = $size - 128;
            $size = 0;
            $size = $size * 256 + ord substr $der, $at++, 1 for 1 .. $n;
        }
        die "broken DER\n" if $at + $size > length $der;
        push @elements, [ $tag, substr $der, $at, $size ];
        $der = substr $der, $at + $size;
    }
    return @elements;
}

sub _der { return join '', map { SSPI::Test::Gss::_tlv(@$_) } @_ }

# Changes the content of the element at the path `tags`, one tag per level. False: it does not
# exist.
sub _change {
    my ($der, $change, $tag, @tags) = @_;
    my @elements = _elements($$der);
    my ($found) = grep { $_->[0] == $tag } @elements or return 0;
    if (@tags) { _change(\$found->[1], $change, @tags) or return 0 }
    else { $found->[1] = $change->($found->[1]) }
    $$der = _der(@elements);
    return 1;
}

# ---- tickets ----

use constant { SEQUENCE => 0x30, AP_REQ => 0x6e, TICKET => 0x61, GENERAL_STRING => 0x1b };
my @ticket = (AP_REQ, SEQUENCE, 0xa3, TICKET, SEQUENCE);
my @realm = (@ticket, 0xa1, GENERAL_STRING);
my @components = (@ticket, 0xa2, SEQUENCE, 0xa1, SEQUENCE);

# Applies `change` to the AP-REQ of a token without SPNEGO (RFC 4121 4.1).
sub _change_ap_req {
    my ($token, $change) = @_;
    my ($frame) = _elements($token);
    my $prefix = oid('kerberos') . "\x01\x00";
    die "no Kerberos token\n" if index($frame->[1], $prefix) != 0;
    my $ap_req = substr $frame->[1], length $prefix;
    $change->(\$ap_req);
    return _der([ $frame->[0], $prefix . $ap_req ]);
}

# Returns the token with the name of another service in clear text. Options: name (components, as [qw(HTTP
# www)]), realm.
sub ticket_with_service {
    my ($token, %o) = @_;
    return _change_ap_req($token, sub {
        my ($ap_req) = @_;
        my $names = _der(map { [ GENERAL_STRING, $_ ] } @{$o{name} // []});
        if ($o{name}) { _change($ap_req, sub { $names }, @components) or die "no name of a service\n" }
        if (defined $o{realm}) { _change($ap_req, sub { $o{realm} }, @realm) or die "no realm\n" }
    });
}

# Returns the service name in a token: HTTP/www@REALM.
sub ticket_service {
    my ($token) = @_;
    my ($name, $realm);
    _change_ap_req($token, sub {
        my ($ap_req) = @_;
        _change($ap_req, sub { $name = join '/', map { $_->[1] } _elements($_[0]); return $_[0] }, @components);
        _change($ap_req, sub { return $realm = $_[0] }, @realm);
    });
    return "$name\@$realm";
}

1;
