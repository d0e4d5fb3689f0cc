# SPDX-License-Identifier: Apache-2.0
# The servers of conf-examples/sspi that log in clients by SASL: a realm and users for them, their
# output about their clients, and the line protocol of sasl_server.c.
package SSPI::Test::Sasl;
use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::INET;
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use SSPI::Test qw(build_dir built scratch_dir slurp spew spawn free_port wait_until);
use SSPI::Test::Gss qw(ntlm_env);
use SSPI::Test::KDC;

our @EXPORT = qw(ENDED INVALID_TOKEN DENIED NO_AUTHORITY ALTERED UNORDERED MISMATCH NO_PACKAGE
    fixture start_server came receive put);

# The statuses with which a server ends the connection of a client. The first one means that the client has left.
use constant {
    ENDED => '80090318', INVALID_TOKEN => '80090308', DENIED => '8009030c', ALTERED => '8009030f',
    UNORDERED => '80090310', NO_AUTHORITY => '80090311', MISMATCH => '80090331', NO_PACKAGE => '80090305',
};

my $fixture;
my @servers;

# Returns the common data of servers and clients: the name of the realm, the environment of a server,
# and environments of clients. The clients have a ticket, no ticket, or NTLM in their GSSAPI (undef if
# that is not installed). The user alice has the password "secret" for DIGEST-MD5 and "Password" for
# NTLM, in the domain CORP. The other users exist only for DIGEST-MD5.
sub fixture {
    return $fixture if $fixture;
    my $dir = scratch_dir('sasl');
    my $kdc = SSPI::Test::KDC->new(principals => ['ldap/localhost']);
    $kdc->make_keytab($kdc->{keytab}, 'ldap/localhost');
    for my $user ([ 'alice', 'secret' ], [ 'jose', 'pässwörd' ], [ 'jösé', 'pässwörd' ],
        [ 'łukasz', 'zażółć' ]) {
        SSPI::Test::must_run([ built('passwd'), '--stdin', (-e "$dir/users" ? () : '-c'), qw(-a MD5 -r), $kdc->REALM,
            "$dir/users", $user->[0] ], stdin => "$user->[1]\n");
    }
    spew("$dir/users", slurp("$dir/users") . "Alice:Corp:NT:a4f49c406510bdcab6824ee7c30fd852\n");
    my %ntlm = ntlm_env();
    my $passwords = spew("$dir/passwords", "CORP:alice:Password\n", 0600);
    $fixture = {
        kdc => $kdc,
        realm => $kdc->REALM,
        server => { %{$kdc->{env}}, KRB5_KTNAME => $kdc->{keytab}, KRB5RCACHENAME => "file2:$dir/rcache",
            SSPI_USER_FILE => "$dir/users" },
        ticket => $kdc->login('alice'),
        nothing => $kdc->env_without_ticket,
        ntlm => %ntlm ? { %{$kdc->env_without_ticket}, %ntlm, NTLM_USER_FILE => $passwords, NETBIOS_COMPUTER_NAME => 'CLIENT',
            NETBIOS_DOMAIN_NAME => 'CORP' } : undef,
    };
    return $fixture;
}

# Starts sasl_server or ldap_server with these words after port and realm.
sub start_server {
    my ($program, @words) = @_;
    my $self = bless { port => free_port(), out => scratch_dir($program) . '/out', read => 0 }, __PACKAGE__;
    my @command = (SSPI::Test::lifeline(), build_dir() . "/t/conformance/$program", $self->{port}, fixture()->{realm}, @words);
    $self->{pid} = spawn(\@command, env => fixture()->{server}, out => $self->{out});
    push @servers, $self;
    SSPI::Test::on_end(sub { $self->stop });
    # This connection is the first client.
    wait_until(sub { SSPI::Test::can_connect($self->{port}) })
        or die "$program does not listen: " . slurp($self->{out});
    $self->said;
    return $self;
}

# Returns the wait status, or undef if the server has ended before.
sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return undef;
    return SSPI::Test::stop_process($pid, 'TERM');
}

# At the end of a test: checks that all servers ran until now.
sub have_served {
    for my $server (@servers) {
        is($server->stop, 15, 'a server ran until the end of the test');
        unlike(slurp($server->{out}), qr/Sanitizer|runtime error/, 'the server has no message of a sanitizer');
    }
    return;
}

# Returns the output about the next client, to the end of that client.
sub said {
    my ($self) = @_;
    my $text;
    wait_until(sub {
        ($text) = substr(slurp($self->{out}), $self->{read}) =~ /\A(.*?^ended with \w+\n)/ms;
        return defined $text;
    }) or die 'the server says: ' . slurp($self->{out});
    $self->{read} += length $text;
    return $text;
}

# Returns a pattern for the output about a client that logged in. Options: user (its verified name),
# for (the identity that it wants to act as), says (its messages), ended.
sub came {
    my ($mechanism, $layer, %o) = @_;
    my %known = ('DIGEST-MD5' => 'alice', NTLM => 'Corp\Alice');
    my $user = $o{user} // $known{$mechanism} // 'alice@SSPI.TEST';
    my $for = $o{for} // '';
    my $says = join '', map { 'says "' . substr($_, 0, 60) . "\"\n" } @{$o{says} // []};
    my $ended = $o{ended} // ENDED;
    return qr/\A\Q$user by $mechanism for "$for", layer $layer, takes \E\d+\n\Q$says\Eended with 0x$ended\n\z/;
}

# ---- lines ----

sub connect {
    my ($self) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}) or die "connect: $!\n";
    $socket->autoflush(1);
    return $socket;
}

# Returns the decoded octets of the next line, or undef at the end.
sub receive {
    my ($from) = @_;
    my $line = readline $from;
    return defined $line && $line =~ /\AS: (.*)$/ ? decode_base64($1) : undef;
}

# Returns false if the reader has closed the connection.
sub put {
    my ($to, $prefix, $octets) = @_;
    local $SIG{PIPE} = 'IGNORE';
    return print {$to} $prefix, encode_base64($octets, ''), "\n";
}

# Sends only these octets as a client. Returns the server's output about this client.
sub hears {
    my ($self, @octets) = @_;
    my $socket = $self->connect;
    local $SIG{PIPE} = 'IGNORE';
    print {$socket} $_ for @octets;
    shutdown $socket, 1;
    local $SIG{ALRM} = sub { die "the server does not close the connection\n" };
    alarm 20;
    1 while read $socket, my $ignored, 65536;
    alarm 0;
    return $self->said;
}

1;
