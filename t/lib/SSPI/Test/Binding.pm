# SPDX-License-Identifier: Apache-2.0
# Extended Protection: for each scheme one client that says about its channel what a test wants, and
# the outcome of its login in one word.
package SSPI::Test::Binding;
use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use Exporter qw(import);
use Test::More;
use SSPI::Test qw(scratch_dir slurp spew);
use SSPI::Test::Digest qw(digest_challenges digest_header user_line);
use SSPI::Test::Gss qw(end_point_binding negotiate_value);
use SSPI::Test::KDC;
use SSPI::Test::Ntlm qw(ntlm_channel ntlm_login ntlm_user_line);
use SSPI::Test::Scenario;
use SSPI::Test::Server;
use SSPI::Test::Tls;

our @EXPORT = qw(binding_of @schemes @says @policies wanted_outcome);

our @schemes = ('Kerberos', 'Kerberos in SPNEGO', 'NTLM', 'NTLM in SPNEGO', 'Digest');
our @policies = qw(none allow require);

# A client names the right channel, names another channel, says that it has no channel, or says
# nothing.
our @says = qw(right wrong zeros silent);

# tls-server-end-point of one of the certificates of SSPI::Test::Server.
sub binding_of { my ($name) = @_; return end_point_binding((SSPI::Test::Server::certificate($name))[0]) }

# Makes the users of all schemes, and the options of a location that accepts them.
sub new {
    my ($class) = @_;
    my $dir = scratch_dir('binding-users');
    my $kdc = SSPI::Test::KDC->new(principals => ['HTTP/other.test']);
    my $users = spew("$dir/users", ntlm_user_line('alice', 'CORP', 'pw') . user_line('alice', 'r', 'pw'), 0644);
    my $self = bless { kdc => $kdc, env => $kdc->login('alice') }, $class;
    $self->{location} = { packages => 'Negotiate NTLM Digest', mechanisms => 'kerberos ntlm', realm => 'r',
        keytab => $kdc->make_keytab('bound.keytab', 'HTTP/localhost', 'HTTP/other.test'), ntlm_user_file => $users,
        digest_user_file => $users };
    # A client that supports bindings says so if it has no channel (MS-KILE 2.2.10).
    my $aware = spew("$dir/krb5.conf", slurp($self->{env}{KRB5_CONFIG})
        =~ s/^\[libdefaults\]\n/[libdefaults]\n    client_aware_channel_bindings = true\n/mr, 0644);
    $self->{aware_env} = { %{$self->{env}}, KRB5_CONFIG => $aware };
    return $self;
}

# Returns options of a server with these locations. Each location is a hash of SSPI::Test::Options,
# in which undef removes an option.
sub server_config {
    my ($self, @locations) = @_;
    my @complete = map { my %o = (%{$self->{location}}, %$_); +{ map { $_ => $o{$_} } grep { defined $o{$_} } keys %o } } @locations;
    return (env => $self->{kdc}->server_env, locations => \@complete,
        nginx_http => 'ssl_protocols TLSv1.2 TLSv1.3;'); # its default has no TLS 1.3
}

# ---- clients ----

# Returns the client's channel as octets of application data. It is undef for a client that says
# nothing, and '' for one that says that there is no channel.
sub _channel {
    my ($says, $application) = @_;
    return undef if $says eq 'silent';
    return '' if $says eq 'zeros';
    return $application if $says eq 'right';
    my $wrong = $application;
    substr($wrong, -1) ^= "\x01";
    return $wrong;
}

# Returns a header with a new ticket. One initiator serves all tickets of a kind, because its start
# takes long. MIT Kerberos gives all authenticators that a process makes within a second the time of
# the first one. An authenticator that is older than the server would be too old for its memory of
# replays. So each server needs new initiators.
sub ticket {
    my ($self, %o) = @_;
    my $zeros = defined $o{channel} && $o{channel} eq '';
    my $service = $o{service_host} // 'localhost';
    my $key = join ' ', $o{bare} ? 1 : 0, $zeros ? 1 : 0, $service;
    my $n_started = SSPI::Test::Server::n_started();
    %$self = (%$self, initiator => {}, n_started => $n_started) if ($self->{n_started} // -1) != $n_started;
    my $client = $self->{initiator}{$key} //= SSPI::Test::Gss->new(env => $zeros ? $self->{aware_env} : $self->{env},
        bare => $o{bare}, host => $service);
    return negotiate_value($client->another($zeros ? undef : $o{channel}));
}

sub _ticket_login {
    my ($self, $connection, $path, $channel, $o, $bare) = @_;
    return $connection->get($path, authorization => $self->ticket(bare => $bare, channel => $channel,
        service_host => $o->{ticket_host}));
}

sub _ntlm {
    my ($connection, $path, $channel, $o, $form) = @_;
    my %what = (form => $form);
    $what{channel} = $channel eq '' ? '0' x 32 : ntlm_channel($channel) if defined $channel;
    my $target = exists $o->{target} ? $o->{target} : defined $channel ? 'HTTP/localhost' : undef;
    $what{target} = $target if defined $target;
    return (ntlm_login($connection, $path, %what))[-1];
}

# Returns the arguments of digest_header() for this channel, in the extension of Windows' clients.
sub digest_says {
    my ($channel, $target) = @_;
    return () if !defined $channel;
    my $hash = $channel eq '' ? '0' x 32 : md5_hex(pack('V4 V', (0) x 4, length $channel) . $channel);
    return (cnonce => '+Upgraded+v1' . md5_hex("$target:$hash") . '0123456789abcdef' x 2,
        raw => qq(, hashed-dirs="service-name,channel-binding", service-name="$target", channel-binding="$hash"));
}

sub digest_value {
    my ($answer, $path, $channel, $target) = @_;
    my ($challenge) = digest_challenges($answer->challenges) or return undef;
    return digest_header($challenge, user => 'alice', password => 'pw', uri => $path,
        digest_says($channel, $target // 'HTTP/localhost'));
}

sub _digest {
    my ($connection, $path, $channel, $o) = @_;
    my $asked = $connection->get($path);
    my $value = digest_value($asked, $path, $channel, $o->{target}) // return $asked;
    return $connection->get($path, authorization => $value);
}

# Returns the last answer to a login at `path`. Options: target (the service that the client names,
# or undef for no name), ticket_host (the host of the ticket's service). The default target is
# HTTP/localhost, or no name if the client says nothing.
sub login {
    my ($self, $scheme, $connection, $path, $says, $application, %o) = @_;
    my $channel = _channel($says, $application);
    return $self->_ticket_login($connection, $path, $channel, \%o, 1) if $scheme eq 'Kerberos';
    return $self->_ticket_login($connection, $path, $channel, \%o, 0) if $scheme eq 'Kerberos in SPNEGO';
    return _ntlm($connection, $path, $channel, \%o, 'NTLM') if $scheme eq 'NTLM';
    return _ntlm($connection, $path, $channel, \%o, 'first') if $scheme eq 'NTLM in SPNEGO';
    return _digest($connection, $path, $channel, \%o);
}

# ---- outcomes ----

# Returns "bound", "unbound", or the message of the refusal, as BAD_BINDING. NO_CANDIDATE is
# followed by the status, because the client or the server may have caused it: "NO_CANDIDATE 403".
# Any other result is described in full.
sub outcome {
    my ($server, $answer) = @_;
    return 'no answer' if !$answer;
    my @lines = message_lines($server);
    my %id = map { message_id($_) => $_ } qw(BAD_BINDING MISSING_BINDING WRONG_SERVICE TLS_REQUIRED NO_CANDIDATE
        NOT_AUTHORIZED REPLAY);
    my @messages = map { /\b(SSPI-1\d\d)\b/ ? $id{$1} // $1 : () } @lines;
    my $known = $answer->user =~ /\A(?:alice|alice\@SSPI\.TEST|CORP\\alice)\z/;
    return ('unbound', 'bound')[ $answer->bound ] if $answer->status == 200 && $known && !@messages && $answer->bound =~ /\A[01]\z/;
    my $anonymous = $answer->user eq '' && $answer->remote_user eq '';
    my %status = (BAD_BINDING => 401, MISSING_BINDING => 401, WRONG_SERVICE => 401, TLS_REQUIRED => 403,
        NO_CANDIDATE => $answer->status == 403 ? 403 : 500, NOT_AUTHORIZED => 403, REPLAY => 401);
    return $messages[0] . ($messages[0] eq 'NO_CANDIDATE' ? ' ' . $answer->status : '') if @messages == 1 && $anonymous && $answer->status == ($status{$messages[0]} // 0)
        && ($answer->status != 401 || $answer->challenges);
    return join ' ', $answer->brief, @lines;
}

# Tests that a login has this outcome. Takes the arguments of login().
sub comes_out {
    my ($self, $server, $want, $name, @login) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $server->new_log;
    return is(outcome($server, $self->login(@login)), $want, "$name: $want");
}

# The table of Extended Protection for a known channel: the outcome by policy and by what the client
# says.
my %table = (
    none => { right => 'unbound', wrong => 'unbound', zeros => 'unbound', silent => 'unbound' },
    allow => { right => 'bound', wrong => 'BAD_BINDING', zeros => 'MISSING_BINDING', silent => 'unbound' },
    require => { right => 'bound', wrong => 'BAD_BINDING', zeros => 'MISSING_BINDING', silent => 'MISSING_BINDING' },
);
sub wanted_outcome { my ($policy, $says) = @_; return $table{$policy}{$says} }

1;
