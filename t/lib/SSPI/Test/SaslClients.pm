# SPDX-License-Identifier: Apache-2.0
# SASL clients that log in at the servers of SSPI::Test::Sasl and exchange messages with them. Each
# client is one function:
#
#   my $r = log_in($client, $server, mechanism => ..., layer => ..., ...)
#
# The layer is none, integrity or confidentiality. Further options: cipher (DIGEST-MD5), by_ntlm (GSS-SPNEGO), authzid, user and password (if the
# mechanism needs them), and those of each client. Returns { client, server, says }. `client` is
# "both ways" if the client had that layer and messages went in both directions. Otherwise it is the
# client's output. `server` is the server's output about the client. `says` are the messages that
# the server must have received.
package SSPI::Test::SaslClients;
use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::INET;
use IPC::Open2 qw(open2);
use MIME::Base64 qw(decode_base64 encode_base64);
use SSPI::Test qw(root_dir run);
use SSPI::Test::Sasl;

our @EXPORT = qw(log_in missing authen_sasl);

my %client = (
    'Cyrus' => \&cyrus,
    'ldapsearch' => \&ldapsearch,
    'GNU SASL' => \&gnu_sasl,
    'Java' => \&java,
    'Authen::SASL' => \&authen_sasl,
);
my %ssf = ('rc4-40' => 40, des => 55, 'rc4-56' => 56, '3des' => 112, rc4 => 128);

sub log_in {
    my ($client, $server, %o) = @_;
    local $SIG{PIPE} = 'IGNORE';
    local $SIG{ALRM} = sub { die "$client does not end\n" };
    # The client gets these variables, whatever the caller's environment has.
    local %ENV = (%ENV, %{_env($client, %o)});
    alarm 30;
    my $r = $client{$client}->($server, %o);
    alarm 0;
    return $r;
}

sub _env {
    my ($client, %o) = @_;
    my $env = fixture()->{$o{by_ntlm} ? 'ntlm' : $o{mechanism} =~ /GSS/ || $client eq 'Java' ? 'ticket' : 'nothing'};
    return { map { $_ => $env->{$_} } grep { defined $env->{$_} } keys %$env };
}

sub _found { my ($command) = @_; return grep { -x "$_/$command" } split /:/, $ENV{PATH} }

# Returns the reason why tests with this client are impossible, or undef if they are possible.
sub missing {
    my ($client, %o) = @_;
    return 'gss-ntlmssp is not installed' if $o{by_ntlm} && !fixture()->{ntlm};
    if ($client eq 'Authen::SASL') {
        return eval { require Authen::SASL; require Authen::SASL::Perl::DIGEST_MD5; require GSSAPI; 1 } ? undef
            : 'Authen::SASL or what it needs (libdigest-hmac-perl, libgssapi-perl) is not installed';
    }
    my %command = (Cyrus => 'sasl-sample-client', 'GNU SASL' => 'gsasl', Java => 'java');
    my $command = $command{$client} // $client;
    return "$command is not installed" if !_found($command);
    return undef if $client !~ /Cyrus|ldapsearch/;
    my %module = (GSSAPI => 'gssapiv2', 'GSS-SPNEGO' => 'gssapiv2', 'DIGEST-MD5' => 'digestmd5', NTLM => 'ntlm');
    my $module = "lib$module{$o{mechanism}}.so";
    my ($found) = glob "/usr/lib/*/sasl2/$module";
    return defined $found ? undef : "$module of Cyrus SASL is not installed";
}

# Returns the least and most bits of protection that a program of Cyrus' library may use.
sub _bits {
    my (%o) = @_;
    my ($min, $max) = $o{layer} eq 'none' ? (0, 0) : $o{layer} eq 'integrity' ? (1, 1)
        : defined $o{cipher} ? ($ssf{$o{cipher}}) x 2 : (2, 256);
    return ($min, $max);
}

# Returns whether the bits are those of the wanted layer.
sub _has_bits {
    my ($bits, %o) = @_;
    my ($min, $max) = _bits(%o);
    return defined $bits && $bits >= $min && $bits <= $max;
}

# ---- sasl-sample-client, between pipes ----

# Option change: a function that is called with each line's octets, its direction ("S", "C") and
# number.
sub cyrus {
    my ($server, %o) = @_;
    my ($min, $max) = _bits(%o);
    my @command = ('sasl-sample-client', qw(-s host -n localhost -m), $o{mechanism}, '-b', "min=$min,max=$max");
    push @command, '-a', $o{user} // 'alice', '-r', fixture()->{realm} if $o{mechanism} !~ /GSS/;
    push @command, '-u', $o{authzid} if defined $o{authzid};
    # Without a terminal the client reads the password from the same input as its lines.
    my $pid = open2(my $out, my $in, qw(setsid stdbuf -oL sh -c), 'exec "$@" 2>&1', 'sh', @command);
    my %known = ('DIGEST-MD5' => 'secret', NTLM => 'Password');
    my $password = $o{password} // $known{$o{mechanism}};
    my $change = $o{change} // sub { return $_[0] };
    my $socket = $server->connect;
    my ($seen, $n) = ('', 0);
    CONVERSATION: while (defined(my $octets = receive($socket))) {
        put($in, 'S: ', $change->($octets, 'S', ++$n)) or last;
        # The second line is a challenge, after which a client with a password reads it.
        print {$in} "$password\n" if $n == 2 && defined $password;
        $in->flush;
        my $answer;
        while (!defined $answer) {
            my $line = readline $out // last CONVERSATION;
            $seen .= $line;
            $answer = $1 if $line =~ /\AC: (.*)$/;
        }
        put($socket, 'C: ', $change->(decode_base64($answer), 'C', $n));
    }
    close $in;
    $seen .= $_ while <$out>;
    waitpid $pid, 0;
    shutdown $socket, 1;
    1 while <$socket>;
    my ($bits) = $seen =~ /^SSF: (\d+)$/m;
    my $good = _has_bits($bits, %o) && $seen =~ /^recieved decoded message 'srv message 1'$/m;
    return { client => $good ? 'both ways' : $seen, server => $server->said, says => ['client message 1'] };
}

# ---- ldapsearch ----

# Option maxbuf: the greatest number of octets that the client accepts.
sub ldapsearch {
    my ($server, %o) = @_;
    my ($min, $max) = _bits(%o);
    my $properties = "minssf=$min,maxssf=$max" . (defined $o{maxbuf} ? ",maxbufsize=$o{maxbuf}" : '');
    my @command = ('ldapsearch', '-H', "ldap://localhost:$server->{port}", qw(-N -LLL -o ldif-wrap=no -s base -b), '',
        '-Y', $o{mechanism}, '-O', $properties);
    push @command, '-U', $o{user} // 'alice', '-w', $o{password} // 'secret' if $o{mechanism} !~ /GSS/;
    push @command, '-R', fixture()->{realm} if $o{mechanism} eq 'DIGEST-MD5';
    push @command, '-X', $o{authzid} if defined $o{authzid};
    my $r = run(\@command, env => { LDAPNOINIT => 1 });
    my ($bits) = $r->{err} =~ /^SASL SSF: (\d+)$/m;
    my $server_says = $server->said;
    # The server sends its client what it prints.
    my ($received) = $r->{out} =~ /^description: (.*\n)/m;
    $received = decode_base64($1) if $r->{out} =~ /^description:: (.*)/m;
    my $good = $r->{rc} == 0 && _has_bits($bits, %o) && defined $received && index($server_says, $received) == 0;
    return { client => $good ? 'both ways' : "$r->{err}$r->{out}", server => $server_says, says => [] };
}

# ---- gsasl ----

# Returns a message with its length in front, as a layer sends it, or undef at the end.
sub _frame {
    my ($from) = @_;
    read($from, my $len, 4) == 4 or return undef;
    read($from, my $rest, unpack 'N', $len);
    return $len . $rest;
}

# Plays the server side of IMAP (RFC 3501 6.2.2) to the end of the client's login, with the lines of
# the tested server. Returns whether the client logged in.
sub _imap_login {
    my ($imap, $socket, $n_challenges) = @_;
    print {$imap} "* OK\r\n";
    while (defined(my $line = <$imap>)) {
        my ($tag, $command, $mechanism) = $line =~ /\A(\S+) (\w+) ?(\S*)/ or return 0;
        print {$imap} "* CAPABILITY IMAP4rev1 AUTH=GSSAPI AUTH=DIGEST-MD5\r\n" if $command eq 'CAPABILITY';
        if ($command eq 'AUTHENTICATE') {
            receive($socket);
            put($socket, 'C: ', $mechanism);
            for (1 .. $n_challenges) {
                my $challenge = receive($socket) // return 0;
                print {$imap} '+ ', encode_base64($challenge, ''), "\r\n";
                my $response = <$imap> // return 0;
                put($socket, 'C: ', decode_base64($response));
            }
        }
        print {$imap} "$tag OK\r\n";
        return 1 if $command eq 'AUTHENTICATE';
    }
    return 0;
}

# gsasl does not use a layer between pipes, but it does as a client of IMAP.
sub gnu_sasl {
    my ($server, %o) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "listen: $!\n";
    my %qop = (none => 'qop-auth', integrity => 'qop-int', confidentiality => 'qop-conf');
    my @command = (qw(stdbuf -o0 gsasl --quiet --imap --no-starttls --no-cb --service=host --hostname=localhost),
        '-m', $o{mechanism}, '--connect=127.0.0.1:' . $listener->sockport, "--quality-of-protection=$qop{$o{layer}}");
    push @command, '-a', $o{user} // 'alice', '-p', $o{password} // 'secret', '-r', fixture()->{realm}
        if $o{mechanism} ne 'GSSAPI';
    push @command, '-z', $o{authzid} if defined $o{authzid};
    my $pid = open2(my $out, my $in, qw(sh -c), 'exec "$@" 2>&1', 'sh', @command);
    my $socket = $server->connect;
    my $imap = $listener->accept;
    my $seen = '';
    if (_imap_login($imap, $socket, $o{mechanism} eq 'GSSAPI' ? 3 : 2)) {
        print {$imap} receive($socket) // '';
        print {$in} "hello\n";
        $in->flush;
        put($socket, 'C: ', ($o{layer} ne 'none' ? _frame($imap) : scalar <$imap>) // '');
        my $answer = receive($socket);
        print {$imap} $answer // '';
        # gsasl ends when its input ends, also if there is more to read.
        while (defined $answer && $seen !~ /hello/) { $seen .= <$out> // last }
    }
    close $in;
    close $imap;
    $seen .= $_ while <$out>;
    waitpid $pid, 0;
    close $socket;
    my $good = $seen =~ /^srv message 1hello\r?$/m;
    return { client => $good ? 'both ways' : $seen, server => $server->said, says => ["hello\r\n"] };
}

# ---- Java ----

my ($java, $to_java, $from_java);

# One process runs all cases, which t/clients/SaslClient.java describes. Options: maxbuf, length,
# how, realm.
sub java {
    my ($server, %o) = @_;
    if (!$java) {
        $java = open2($from_java, $to_java, qw(java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData
            -Djavax.security.auth.useSubjectCredsOnly=false -Djdk.sasl.disabledMechanisms=),
            '-Djava.security.krb5.conf=' . fixture()->{kdc}{env}{KRB5_CONFIG},
            root_dir() . '/t/clients/SaslClient.java');
        SSPI::Test::on_end(sub { close $to_java; waitpid $java, 0 });
    }
    my %qop = (none => 'auth', integrity => 'auth-int', confidentiality => 'auth-conf');
    my %c = (port => $server->{port}, mechanism => $o{mechanism}, qop => $qop{$o{layer}}, length => $o{length} // 1);
    @c{qw(user password realm)} = ('alice', 'secret', fixture()->{realm}) if $o{mechanism} eq 'DIGEST-MD5';
    @c{qw(user password realm)} = ('alice', 'Password', 'CORP') if $o{mechanism} eq 'NTLM';
    for my $name (qw(authzid user password realm cipher maxbuf how)) { $c{$name} = $o{$name} if defined $o{$name} }
    print {$to_java} join(' ', map { "$_=$c{$_}" } sort keys %c), "\n";
    $to_java->flush;
    chomp(my $line = <$from_java> // 'nothing');
    return { client => $line eq "$c{qop}, both ways" ? 'both ways' : $line, server => $server->said,
        says => [ 'hello, server', 'x' x $c{length} ] };
}

# ---- Authen::SASL ----

# Runs in this process. Option raw: frames to send instead of messages.
sub authen_sasl {
    my ($server, %o) = @_;
    my %digest = (user => $o{user} // 'alice', pass => $o{password} // 'secret');
    my $client = Authen::SASL->new(mechanism => $o{mechanism}, callback => {
        ($o{mechanism} eq 'DIGEST-MD5' ? %digest : ()), (defined $o{authzid} ? (authname => $o{authzid}) : ()) })
        ->client_new('host', 'localhost');
    my ($min, $max) = _bits(%o);
    $client->property(minssf => $min, maxssf => $max);
    my $socket = $server->connect;
    receive($socket);
    my $first = $client->client_start // '';
    put($socket, 'C: ', $o{mechanism} . (length $first ? "\0$first" : ''));
    # The GSSAPI of Authen::SASL does not detect the end of its login.
    for (1 .. 2) {
        my $challenge = receive($socket) // last;
        my $response = $client->client_step($challenge) // '';
        last if $client->error;
        put($socket, 'C: ', $response);
    }
    my $hear = sub {
        my $octets = receive($socket) // return 'closed';
        return $octets if $o{layer} eq 'none';
        return $client->decode(substr($octets, 4), length($octets) - 4) // 'altered';
    };
    my @says = $o{raw} ? () : ('hello', 'x' x 3000);
    my @heard = ($hear->());
    for my $message (@says) {
        put($socket, 'C: ', $o{layer} eq 'none' ? $message : pack 'N/a*', $client->encode($message, length $message));
        push @heard, $hear->();
    }
    put($socket, 'C: ', $_) for @{$o{raw} // []};
    close $socket;
    my $good = !$client->error && join(' ', @heard) eq join ' ', "srv message 1\0", @says;
    return { client => $good ? 'both ways' : $client->error // "@heard", server => $server->said, says => \@says };
}

1;
