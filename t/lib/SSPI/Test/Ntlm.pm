# SPDX-License-Identifier: Apache-2.0
# NTLM logins that a test assembles: each message by itself, right or wrong, in the scheme NTLM,
# bare in Negotiate, or within SPNEGO. It needs the program ntlm_client of the build.
package SSPI::Test::Ntlm;
use strict;
use warnings;

use Digest::MD5 qw(md5);
use Encode qw(decode encode);
use Exporter qw(import);
use MIME::Base64 qw(decode_base64 encode_base64);
use SSPI::Test qw(build_dir run);
use SSPI::Test::Gss;

our @EXPORT_OK = qw(ntlm_user_line ntlm_channel ntlm_login ntlm_value ntlm_token ntlm_message);

# The hash of a password (MS-NLMP 3.3.1): MD4, which only OpenSSL's legacy provider has.
my %hash;
sub nt_hash {
    my ($password) = @_;
    return $hash{$password} //= do {
        my $r = run([ qw(openssl dgst -md4 -provider legacy -provider default -r) ],
            stdin => encode('UTF-16LE', decode('UTF-8', $password)));
        $r->{out} =~ /\A([0-9a-f]{32})\b/ ? $1 : die "no MD4: $r->{err}\n";
    };
}

# Returns the line of a user file.
sub ntlm_user_line { my ($user, $domain, $password) = @_; return "$user:$domain:NT:" . nt_hash($password) . "\n" }

# MsvAvChannelBindings of application data (MS-NLMP 2.2.2.1): the MD5 of a gss_channel_bindings_struct
# without addresses.
sub ntlm_channel { my ($data) = @_; return unpack 'H*', md5("\0" x 16 . pack('V', length $data) . $data) }

sub _client {
    my (@arguments) = @_;
    open my $out, '-|', build_dir() . '/t/integration/ntlm_client', @arguments or die "ntlm_client: $!\n";
    my @octets = map { chomp; pack 'H*', $_ } <$out>;
    close $out or die "ntlm_client: exit code $?\n";
    return @octets;
}

# ---- messages ----

# The NEGOTIATE message is always the same.
my %negotiate;

# Options: user (alice), domain (CORP), password (pw), asked (flags of NEGOTIATE, hex), and those of
# ntlm_client: flags, mic, channel, target, late, kind.
sub new {
    my ($class, %o) = @_;
    my $self = bless { user => 'alice', domain => 'CORP', password => 'pw', %o }, $class;
    $self->{negotiate} = $negotiate{$o{asked} // ''} //= (_client('negotiate', defined $o{asked} ? $o{asked} : ()))[0];
    return $self;
}

# Returns AUTHENTICATE for a CHALLENGE.
sub authenticate {
    my ($self, $challenge) = @_;
    my %wish = (%$self, hash => nt_hash($self->{password}));
    # `kind` may replace the names, so it is the last argument.
    my @names = sort { ($a eq 'kind') <=> ($b eq 'kind') || $a cmp $b }
        grep { defined $wish{$_} } qw(user domain hash flags mic channel target late kind);
    my ($token, $key) = _client('authenticate', unpack('H*', $self->{negotiate}), unpack('H*', $challenge),
        map { "$_=$wish{$_}" } @names);
    $self->{key} = $key;
    # Both sides have the flag KEY_EXCHANGE.
    $self->{exchanges} = unpack('x20 V', $challenge) & unpack('x60 V', $token) & 0x40000000;
    return $token;
}

# Returns the client's MIC over these octets, after authenticate().
sub mic {
    my ($self, $message) = @_;
    my ($mic) = _client('mic', unpack('H*', $self->{key}), unpack('H*', $message),
        $self->{exchanges} ? () : 'plain');
    return $mic;
}

# ---- header values ----

sub ntlm_value { my ($scheme, $token) = @_; return "$scheme " . encode_base64($token, '') }

# Returns the token of the answer's only challenge of this scheme, or undef.
sub ntlm_token {
    my ($answer, $scheme, $header) = @_;
    my ($text) = map { /\A\Q$scheme\E (\S+)\z/ ? $1 : () } $answer->header($header // 'WWW-Authenticate');
    return defined $text ? decode_base64($text) : undef;
}

# Returns the NTLM message of a token: the complete token, or within SPNEGO the content of an OCTET
# STRING.
sub ntlm_message {
    my ($token) = @_;
    my $at = index $token // '', "NTLMSSP\0";
    return $token if $at == 0;
    return undef if $at < 4;
    my $before = substr $token, $at - 4, 4;
    my $size = $before =~ /\x04\x82(..)\z/s ? unpack('n', $1)
        : $before =~ /\x04\x81(.)\z/s ? ord $1 : $before =~ /\x04(.)\z/s ? ord $1 : die "no OCTET STRING\n";
    return substr $token, $at, $size;
}

# ---- whole logins ----

# How tokens are sent: the scheme, and the mechanisms of a SPNEGO list, if a list is sent.
my %form = (
    NTLM => ['NTLM'],
    bare => ['Negotiate'],
    only => [ 'Negotiate', ['ntlm'] ],
    first => [ 'Negotiate', [qw(ntlm kerberos)] ],
    second => [ 'Negotiate', [qw(kerberos ntlm)] ],
);

# Logs in at `path` of a connection. Returns a list of all answers, which ends with the first answer
# without a challenge. `how` has the options of new(), and
#   form      NTLM, bare, only, first, second
#   list_mic  right, none, wrong: the MIC of the last token in SPNEGO
#   request   options of every request
#   proxy     the login is for a proxy
sub ntlm_login {
    my ($connection, $path, %how) = @_;
    my $ntlm = __PACKAGE__->new(%how);
    my ($scheme, $mechanisms) = @{$form{$how{form} // 'NTLM'}};
    my ($name, $asks) = $how{proxy} ? qw(Proxy-Authorization Proxy-Authenticate) : qw(Authorization WWW-Authenticate);
    my @answers;
    my $say = sub {
        my ($token) = @_;
        my %o = %{$how{request} // {}};
        $o{headers} = [ @{$o{headers} // []}, "$name: " . ntlm_value($scheme, $token) ];
        push @answers, $connection->get($path, %o);
        return $answers[-1] ? ntlm_token($answers[-1], $scheme, $asks) : undef;
    };
    my $reply = !$mechanisms ? $say->($ntlm->{negotiate})
        : $mechanisms->[0] eq 'ntlm' ? $say->(SSPI::Test::Gss::spnego_init($mechanisms, $ntlm->{negotiate}))
        : $say->(SSPI::Test::Gss::spnego_init($mechanisms));
    # The server chose NTLM, for which the client has not sent a token yet.
    if ($mechanisms && $mechanisms->[0] ne 'ntlm' && defined $reply) {
        $reply = $say->(SSPI::Test::Gss::spnego_response($ntlm->{negotiate}));
    }
    my $challenge = ntlm_message($reply);
    return @answers if !defined $challenge;
    my $last = $ntlm->authenticate($challenge);
    if ($mechanisms) {
        my $mic_kind = $how{list_mic} // 'right';
        my $mic = $mic_kind eq 'none' ? undef : $ntlm->mic(SSPI::Test::Gss::mechanism_list(@$mechanisms));
        substr($mic, 5, 1) ^= "\x01" if $mic_kind eq 'wrong';
        $last = SSPI::Test::Gss::spnego_response($last, $mic);
    }
    $say->($last);
    return @answers;
}

1;
