# SPDX-License-Identifier: Apache-2.0
# The servers of conf-examples/sspi that log in with SASL: a realm and users for them, what they say of
# their clients, and the lines that sasl_server.c speaks.
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

# How a server ends with a client. The first: it has left.
use constant {
    ENDED => '80090318', INVALID_TOKEN => '80090308', DENIED => '8009030c', ALTERED => '8009030f',
    UNORDERED => '80090310', NO_AUTHORITY => '80090311', MISMATCH => '80090331', NO_PACKAGE => '80090305',
};

my $fixture;
my @servers;

# What servers and clients share: the name of the realm and the environments of a server and of clients with a
# ticket, with nothing, and with NTLM in their GSSAPI (undef: there is none). User alice is known to all: to
# DIGEST-MD5 with the password "secret", to NTLM as of CORP with "Password"; the others to DIGEST-MD5.
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

# Starts sasl_server or ldap_server with these words behind port and realm.
sub start_server {
    my ($program, @words) = @_;
    my $self = bless { port => free_port(), out => scratch_dir($program) . '/out', told => 0 }, __PACKAGE__;
    my @command = (SSPI::Test::lifeline(), build_dir() . "/t/conformance/$program", $self->{port}, fixture()->{realm}, @words);
    $self->{pid} = spawn(\@command, env => fixture()->{server}, out => $self->{out});
    push @servers, $self;
    SSPI::Test::on_end(sub { $self->stop });
    # This connection is a client, too.
    wait_until(sub { SSPI::Test::can_connect($self->{port}) })
        or die "$program does not listen: " . slurp($self->{out});
    $self->said;
    return $self;
}

# Its wait status; undef: it has ended before.
sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return undef;
    return SSPI::Test::stop_process($pid, 'TERM');
}

# At the end of a test: all servers have lived till now.
sub have_served {
    for my $server (@servers) {
        is($server->stop, 15, 'a server has served all its clients');
        unlike(slurp($server->{out}), qr/Sanitizer|runtime error/, 'without a word of a sanitizer');
    }
    return;
}

# What it has said of its next client, to that one's end.
sub said {
    my ($self) = @_;
    my $text;
    wait_until(sub {
        ($text) = substr(slurp($self->{out}), $self->{told}) =~ /\A(.*?^ended with \w+\n)/ms;
        return defined $text;
    }) or die 'the server says: ' . slurp($self->{out});
    $self->{told} += length $text;
    return $text;
}

# What it says of one that logged in. Options: user (as it is known), for (whom it wants to act as), says (its
# messages), ended.
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

# What the next line stands for; undef at the end.
sub receive {
    my ($from) = @_;
    my $line = readline $from;
    return defined $line && $line =~ /\AS: (.*)$/ ? decode_base64($1) : undef;
}

# False where nobody reads it any more.
sub put {
    my ($to, $prefix, $octets) = @_;
    local $SIG{PIPE} = 'IGNORE';
    return print {$to} $prefix, encode_base64($octets, ''), "\n";
}

# What it says of a client that sends these octets and nothing else.
sub hears {
    my ($self, @octets) = @_;
    my $socket = $self->connect;
    local $SIG{PIPE} = 'IGNORE';
    print {$socket} $_ for @octets;
    shutdown $socket, 1;
    local $SIG{ALRM} = sub { die "the server goes on listening\n" };
    alarm 20;
    1 while read $socket, my $ignored, 65536;
    alarm 0;
    return $self->said;
}

1;
