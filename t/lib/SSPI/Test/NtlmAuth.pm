# SPDX-License-Identifier: Apache-2.0
# Samba's NTLM client, ntlm_auth: one login, bare or in SPNEGO.
package SSPI::Test::NtlmAuth;
use strict;
use warnings;

use Encode qw(encode);
use IPC::Open2 qw(open2);

# Options: domain, user, password, spnego.
sub new {
    my ($class, %opt) = @_;
    my $protocol = $opt{spnego} ? 'gss-spnego-client' : 'ntlmssp-client-1';
    local $ENV{LC_ALL} = 'C.UTF-8';
    my $pid = open2(my $out, my $in, 'ntlm_auth', "--helper-protocol=$protocol", "--domain=$opt{domain}",
        '--username=' . encode('UTF-8', $opt{user}), "--password=$opt{password}");
    my $self = bless { pid => $pid, out => $out, in => $in }, $class;
    # With this feature the client gets a key and sends a MIC.
    $self->_ask('SF NTLMSSP_FEATURE_SESSION_KEY NTLMSSP_FEATURE_SIGN');
    return $self;
}

sub _ask {
    my ($self, $line) = @_;
    print { $self->{in} } "$line\n";
    $self->{in}->flush;
    return readline($self->{out}) // '';
}

# Returns the token of a leg in base64. The first leg needs no challenge, later legs need the
# server's token.
sub token {
    my ($self, $challenge) = @_;
    my $answer = $self->_ask(defined $challenge ? "TT $challenge" : 'YR');
    return $answer =~ /\A(?:YR|KK|AF) (\S+)/ ? $1 : die "ntlm_auth: $answer\n";
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $!);
    close $self->{in};
    waitpid $self->{pid}, 0;
    return;
}

1;
