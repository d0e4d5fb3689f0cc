#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# NTLM and Kerberos by HTTP clients that are not part of this project, over HTTP and HTTPS: with the
# right and a wrong password, and at locations that offer schemes that a client does not know.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Clients qw(ask client_can clients_here);
use SSPI::Test::Curl qw(curl_binds);
use SSPI::Test::KDC;
use SSPI::Test::Parts;
use SSPI::Test::Scenario qw(message_id message_lines);
use SSPI::Test::WindowsFixture qw(gss_ntlm_env ntlm_login ticket windows_server_config);

my $kdc = SSPI::Test::KDC->new;

my $kerberos = '200 alice@SSPI.TEST Kerberos';
my $ntlm = '200 CORP\\alice NTLM';
my $no = '401  ';
# The client reports an error of its own, because it does not accept the server's token.
my $gone = '0  ';

# The logins of each client. `has`: its credentials. `ticket` or `gss`: the environment that it
# needs. `at`: the result at
# each location. `line`: the log message at a location. `wrong`: locations for a wrong password.
# `http2`: the client uses HTTP/2 and the server makes it use HTTP/1.1. `bound`: the result where
# clients must bind themselves to the TLS channel, or a function of the server that returns it. Two values are one for HTTP and one for HTTPS. A
# client does not try a scheme that it does not know, so there is no log line.
my @clients = (
    { name => 'curl, NTLM', client => 'curl with NTLM', has => [ntlm_login()],
        at => { ntlm => $ntlm, windows => $ntlm, negotiate => $no, kerberos => $no },
        # The client sends NTLM's header also if the server did not ask for it.
        line => { negotiate => 'NOT_OFFERED', kerberos => 'NOT_OFFERED' },
        wrong => [qw(ntlm windows)], bound => $no },
    { name => 'curl, Kerberos', client => 'curl', has => [ticket()], ticket => 1,
        at => { ntlm => $no, windows => $kerberos, negotiate => $kerberos, kerberos => $kerberos },
        line => { ntlm => 'NOT_OFFERED' }, bound => sub { by_curl(@_) ? $kerberos : $no } },
    { name => 'gss-ntlmssp', client => 'gss-ntlmssp', has => [ticket()], gss => 1,
        at => { ntlm => $no, windows => $ntlm, negotiate => $ntlm, kerberos => $no },
        line => { ntlm => 'NOT_OFFERED', kerberos => 'NOT_OFFERED' }, wrong => [qw(negotiate windows)],
        bound => sub { by_curl(@_) ? $ntlm : $no } },
    { name => 'java, NTLM', client => 'java', has => [ntlm_login()],
        at => { ntlm => $ntlm, windows => $ntlm, negotiate => $no, kerberos => $no },
        wrong => [qw(ntlm)], bound => $no },
    { name => 'java, Kerberos', client => 'java', has => [ticket()], ticket => 1,
        at => { ntlm => $no, windows => $kerberos, negotiate => $kerberos, kerberos => $kerberos },
        bound => $kerberos },
    { name => 'ntlm_auth', client => 'ntlm_auth', has => [ntlm_login()],
        # The client says that it has no TLS, which the server accepts if no binding is required.
        at => { ntlm => [ $ntlm, $no ], windows => [ $ntlm, $no ], negotiate => [ $ntlm, $no ],
            kerberos => $no, unbound => $ntlm },
        line => { kerberos => 'NOT_OFFERED', map { $_ => [ undef, 'MISSING_BINDING' ] }
            qw(ntlm windows negotiate) },
        wrong => [qw(ntlm negotiate)], bound => $no },
    { name => 'requests-kerberos', client => 'requests-kerberos', has => [ticket()], ticket => 1,
        at => { ntlm => $no, windows => $kerberos, negotiate => $kerberos, kerberos => $kerberos },
        bound => sub { client_can('requests-kerberos', 'bind') ? $kerberos : $no } },
    { name => 'requests-ntlm', client => 'requests-ntlm', has => [ntlm_login()],
        # The client treats Negotiate as another name of NTLM.
        at => { ntlm => $ntlm, windows => $ntlm, negotiate => $ntlm, kerberos => $gone },
        line => { kerberos => 'NOT_OFFERED' }, wrong => [qw(ntlm negotiate)], bound => $ntlm },
    { name => 'soup, NTLM', client => 'soup', has => [ntlm_login()], http2 => 1,
        at => { ntlm => $ntlm, windows => $ntlm, negotiate => $no, kerberos => $no },
        wrong => [qw(ntlm)], bound => $no },
    { name => 'soup, Kerberos', client => 'soup', has => [ticket()], ticket => 1,
        at => { ntlm => $no, windows => $kerberos, negotiate => $kerberos, kerberos => $kerberos },
        bound => $gone },
    # The client knows only NTLMv1, which the server refuses with any password.
    { name => 'wget, NTLM', client => 'wget', has => [ntlm_login()],
        at => { ntlm => $no, windows => $no, negotiate => $no, kerberos => $no },
        line => { ntlm => 'UNSUPPORTED', windows => 'UNSUPPORTED' } },
);

# True if curl binds itself to the channel.
sub by_curl { my ($server) = @_; return curl_binds($server->client(env => $kdc->login('alice')), '/kerberos/') }

sub client_of {
    my ($known, $server, $password) = @_;
    my $env = $known->{gss} ? gss_ntlm_env($kdc, $password)
        : $known->{ticket} ? ($known->{env} //= $kdc->login('alice')) : $kdc->env_without_ticket;
    return $server->client(env => $env);
}

# Runs sessions at locations, over HTTP and HTTPS. Returns the result of each session, and the log
# lines by their message names.
sub come_by {
    my ($known, $server, $password, @sessions) = @_;
    my @login = @{$known->{has}};
    @login = ntlm_login($password) if defined $password && !$known->{gss};
    my @said = ask($known->{client}, client_of($known, $server, $password),
        map { { @login, %$_ } } @sessions);
    my @came = map { join ' | ', map { "$_->{status} $_->{user} $_->{mechanism}" } @$_ } @said;
    return (\@came, \@said, [message_lines($server)]);
}

sub both { return map { ($_, { %$_, tls => 1 }) } @_ }

# Returns the value for a session: of two values, that of its scheme.
sub value_of { my ($value, $session) = @_; return ref $value ? $value->[ $session->{tls} ? 1 : 0 ] : $value }

sub named { my ($session) = @_; return "$session->{location} over " . ($session->{tls} ? 'HTTPS' : 'HTTP') }

# Counts log lines of refusals by the names of their messages: { name => how many }. Sending a
# client back to HTTP/1.1 is not a refusal.
sub tally {
    my (@lines) = @_;
    my %name = map { message_id($_) => $_ }
        qw(NOT_OFFERED UNSUPPORTED WRONG_PASSWORD MISSING_BINDING DOWNGRADED);
    my %n;
    $n{/(SSPI-\d+)/ && $name{$1} // $_}++ for @lines;
    delete $n{DOWNGRADED};
    return \%n;
}

# Tests all logins of one client with its right credentials.
sub sessions {
    my ($known, $server) = @_;
    my %at = %{$known->{at}};
    my %line = %{$known->{line} // {}};
    my $bound = ref $known->{bound} ? $known->{bound}->($server) : $known->{bound};
    if (defined $bound) {
        $at{bound} = [ undef, $bound ];
        $line{bound} = 'MISSING_BINDING' if $bound !~ /\A200/;
    }
    return grep { defined $_->{want} } map {
        my $session = $_;
        my ($want, $line) = map { value_of($_->{$session->{location}}, $session) } \%at, \%line;
        # A client that was granted is granted again.
        +{ %$session, want => $want, line => $line, times => ($want // '') =~ /\A200/ ? 2 : 1 }
    } both(map { { path => "/$_/", location => $_ } } sort keys %at);
}

sub logs_in {
    my ($known, $server) = @_;
    my @sessions = sessions($known, $server);
    my %want;
    $want{$_->{line}}++ for grep { $_->{line} } @sessions;
    my ($came, $said, $lines) = come_by($known, $server, undef, @sessions);
    for my $i (0 .. $#sessions) {
        my $session = $sessions[$i];
        is($came->[$i], join(' | ', ($session->{want}) x $session->{times}), named($session))
            or diag(explain($said->[$i]));
    }
    my $back = message_id('DOWNGRADED');
    ok(scalar(grep { /$back/ } @$lines), 'the client uses HTTP/2') if $known->{http2};
    my $tally = tally(@$lines);
    # Some clients try several times.
    my $missing = $want{MISSING_BINDING} // 0;
    $tally->{MISSING_BINDING} = $missing if ($tally->{MISSING_BINDING} // 0) > $missing;
    is_deeply($tally, \%want, 'each refusal is one log line') or diag(@$lines);
    return;
}

sub fails {
    my ($known, $server) = @_;
    my @sessions = both(map { { path => "/$_/" } } @{$known->{wrong}});
    my ($came, $said, $lines) = come_by($known, $server, 'wrong', @sessions);
    is_deeply($came, [ ($no) x @sessions ], 'a wrong password is refused') or diag(explain($said));
    my $tally = tally(@$lines);
    # Some clients try again.
    cmp_ok(delete $tally->{WRONG_PASSWORD} // 0, '>=', scalar @sessions, 'each attempt is one log line');
    is_deeply($tally, {}, 'the log has no other line');
    return;
}

my %here = map { $_ => 1 } clients_here(do { my %n = map { $_->{client} => 1 } @clients; sort keys %n });

parts 'clients', { windows_server_config($kdc) }, map {
    my $known = $_;
    ("$known->{name}" => sub {
        my ($server) = @_;
        logs_in($known, $server);
        fails($known, $server) if $known->{wrong};
    })
} grep { $here{$_->{client}} } @clients;

done_testing;
