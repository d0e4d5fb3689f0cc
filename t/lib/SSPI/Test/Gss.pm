# SPDX-License-Identifier: Apache-2.0
# A Kerberos initiator whose tokens a test assembles itself, with any channel binding and as SPNEGO
# exchanges of several legs. It needs the program gss_client of the build.
package SSPI::Test::Gss;
use strict;
use warnings;

use Digest::SHA qw(sha256);
use Exporter qw(import);
use IPC::Open2 qw(open2);
use MIME::Base64 qw(decode_base64 encode_base64);
use SSPI::Test qw(build_dir run scratch_dir slurp spew);

our @EXPORT_OK = qw(end_point_binding negotiate_value negotiate_token ntlm_env ntlm_mechanism spnego_ends_ntlm
    spnego_init spnego_response oid);

# Returns a value for GSS_MECH_CONFIG with which MIT's GSSAPI has the mechanism of gss-ntlmssp, also
# if /etc/gss does not list it. Returns undef if gss-ntlmssp is not installed.
sub ntlm_mechanism {
    my ($plugin) = glob $ENV{SSPI_GSS_NTLMSSP} // '/usr/lib/*/gssntlmssp/gssntlmssp.so';
    return undef if !defined $plugin || !-e $plugin;
    return spew(scratch_dir('mechanism') . '/mech', "gssntlmssp_v1 1.3.6.1.4.1.311.2.2.10 $plugin\n");
}

# True if a client can log in by gss-ntlmssp within MIT's SPNEGO. Since version 1.21, that client refuses an answer that
# has the state accept-completed and a MIC, but no token. NTLM has no token for that answer.
sub spnego_ends_ntlm {
    my ($major, $minor) = run([qw(krb5-config --version)])->{out} =~ / (\d+)\.(\d+)/ or return 1;
    return $major == 1 && $minor < 21;
}

# Returns the environment of a program that logs in with gss-ntlmssp, or an empty list if that is
# not installed. The sanitizers ignore leaks of gss-ntlmssp itself.
sub ntlm_env {
    my $mechanism = ntlm_mechanism() // return;
    my $leaks = spew(scratch_dir('leaks') . '/leaks', "leak:gssntlmssp.so\n");
    return (GSS_MECH_CONFIG => $mechanism, ASAN_OPTIONS => 'fast_unwind_on_malloc=0',
        LSAN_OPTIONS => "suppressions=$leaks:print_suppressions=0");
}

# The application data of tls-server-end-point (RFC 5929 4.1) for a certificate signed with SHA-256.
sub end_point_binding {
    my ($certificate_file) = @_;
    my ($text) = slurp($certificate_file) =~ /-----BEGIN CERTIFICATE-----(.*?)-----END/s
        or die "no certificate in $certificate_file\n";
    return 'tls-server-end-point:' . sha256(decode_base64($text));
}

# Options: env (what a realm's login returned), service (HTTP), host, binding (octets), bare (the Kerberos
# mechanism without SPNEGO around it). The first token is in `token`.
sub new {
    my ($class, %o) = @_;
    my @command = (build_dir() . '/t/integration/gss_client', $o{bare} ? 'kerberos' : 'spnego',
        ($o{service} // 'HTTP') . '@' . ($o{host} // 'localhost'), defined $o{binding} ? unpack('H*', $o{binding}) : ());
    my %env = %{$o{env}};
    local @ENV{keys %env} = values %env;
    delete @ENV{grep { !defined $env{$_} } keys %env};
    my $self = bless {}, $class;
    $self->{pid} = open2($self->{out}, $self->{in}, @command);
    $self->{token} = $self->_read;
    return $self;
}

sub _read {
    my ($self) = @_;
    my $line = readline $self->{out};
    die "gss_client made no token\n" if !defined $line;
    chomp $line;
    return pack 'H*', $line;
}

# The first token of another context.
sub again {
    my ($self) = @_;
    print { $self->{in} } "again\n";
    $self->{in}->flush;
    return $self->{token} = $self->_read;
}

sub mic {
    my ($self, $message) = @_;
    print { $self->{in} } 'mic ', unpack('H*', $message), "\n";
    $self->{in}->flush;
    return $self->_read;
}

# Returns the next token for the acceptor's token. Dies if the initiator does not accept that token.
sub answer {
    my ($self, $token) = @_;
    print { $self->{in} } 'token ', unpack('H*', $token), "\n";
    $self->{in}->flush;
    return $self->_read;
}

# Returns the first token of another exchange of the same client, bound to these octets, or unbound
# without them.
sub another {
    my ($self, $binding) = @_;
    print { $self->{in} } 'new ', unpack('H*', $binding // ''), "\n";
    $self->{in}->flush;
    return $self->_read;
}

sub DESTROY {
    my ($self) = @_;
    return if !$self->{pid};
    local $?;
    close $self->{in};
    close $self->{out};
    waitpid $self->{pid}, 0;
    return;
}

# Converts between tokens and header values.
sub negotiate_value { my ($token) = @_; return 'Negotiate ' . encode_base64($token, '') }

sub negotiate_token {
    my ($value) = @_;
    return defined $value && $value =~ /\ANegotiate (\S+)\z/ ? decode_base64($1) : undef;
}

# The header value of one fresh token.
sub header { my ($class, %o) = @_; return negotiate_value($class->new(%o)->{token}) }

# ---- SPNEGO (RFC 4178 4.2) in DER ----

my %oid = (
    kerberos => "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02",
    ntlm => "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a",
    spnego => "\x2b\x06\x01\x05\x05\x02",
);

sub _tlv {
    my ($tag, $content) = @_;
    my $n = length $content;
    my $size = $n < 128 ? chr $n : $n < 256 ? "\x81" . chr $n : "\x82" . pack 'n', $n;
    return chr($tag) . $size . $content;
}

sub oid { my ($name) = @_; return _tlv(0x06, $oid{$name}) }

# The list of mechanisms, which the MIC covers.
sub mechanism_list { return _tlv(0x30, join '', map { oid($_) } @_) }

# NegTokenInit with these mechanisms (names), and optionally a token for the first of them.
sub spnego_init {
    my ($mechanisms, $token) = @_;
    my $fields = _tlv(0xa0, mechanism_list(@$mechanisms));
    $fields .= _tlv(0xa2, _tlv(0x04, $token)) if defined $token;
    return _tlv(0x60, oid('spnego') . _tlv(0xa0, _tlv(0x30, $fields)));
}

# NegTokenResp of a client.
sub spnego_response {
    my ($token, $mic) = @_;
    my $fields = defined $token ? _tlv(0xa2, _tlv(0x04, $token)) : '';
    $fields .= _tlv(0xa3, _tlv(0x04, $mic)) if defined $mic;
    return _tlv(0xa1, _tlv(0x30, $fields));
}

1;
