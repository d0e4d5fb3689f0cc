# SPDX-License-Identifier: Apache-2.0
# Clients of the tests: curl, a raw socket for requests that curl cannot send, and headers of curl
# that no server has received.
package SSPI::Test::Client;
use strict;
use warnings;

use File::Temp qw(tempdir);
use File::Path qw(remove_tree);
use IO::Select;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64 decode_base64);
use SSPI::Test qw(run slurp spawn free_port);
use SSPI::Test::Curl qw(curl_has);
use SSPI::Test::Response;

# Options: http, https: ports; ca: certificate to trust; env: the environment of a realm's login;
# host: the name in raw requests (localhost).
sub new { my ($class, %self) = @_; return bless { %self }, $class }

# Returns the same client with other properties, such as `env` of another user.
sub with { my ($self, %change) = @_; return (ref $self)->new(%$self, %change) }

sub url {
    my ($self, $path, $tls) = @_;
    return $path if $path =~ m{\Ahttps?://};
    return ($tls ? "https://localhost:$self->{https}" : "http://localhost:$self->{http}") . $path;
}

# Runs curl once. Options: tls, args (list), and abbreviations: negotiate, digest =>
# 'user:password', ntlm => 'DOMAIN\user:password', authorization => header value, method, body. Returns the last
# answer. Its field `all` has all answers.
sub get {
    my ($self, $path, %o) = @_;
    return $self->_ntlm_login($path, %o) if defined $o{ntlm} && !curl_has('NTLM');
    my $dir = tempdir('sspi-curl-XXXXXX', TMPDIR => 1);
    my @args = @{$o{args} // []};
    push @args, qw(--negotiate --user :) if $o{negotiate};
    push @args, '--digest', '--user', $o{digest} if defined $o{digest};
    push @args, '--ntlm', '--user', $o{ntlm} if defined $o{ntlm};
    push @args, '--header', "Authorization: $o{authorization}" if defined $o{authorization};
    push @args, '--request', $o{method} if defined $o{method};
    push @args, '--data-binary', $o{body} if defined $o{body};
    push @args, '--http1.1' if !grep { /\A--http/ } @args;
    my $paths = ref $path ? $path : [ $path ];
    my @urls = map { ($self->url($_, $o{tls}), '--output', "$dir/body") } @$paths;
    my $r = run([ qw(curl -q --silent --show-error --verbose --path-as-is --max-time 60),
            '--noproxy', $o{proxied} ? '' : '*',
            '--resolve', "localhost:$self->{http}:127.0.0.1",
            '--resolve', "localhost:$self->{https}:127.0.0.1",
            '--cacert', $self->{ca}, '--dump-header', "$dir/headers",
            '--write-out', '%{http_version} %{num_connects}\n', @args, @urls ],
        env => $self->{env});
    my $answer = SSPI::Test::Response->from_text(slurp("$dir/headers"), slurp("$dir/body"));
    $answer->{sent} = [ $r->{err} =~ /^> ([^\r\n]+)\r?$/mg ];
    $answer->{curl_rc} = $r->{rc};
    $answer->{curl_error} = join "\n", grep { /\Acurl: / } split /\n/, $r->{err};
    $answer->{runs} = [ split /\n/, $r->{out} ];
    remove_tree($dir);
    return $answer;
}

# Logs in by the client of SSPI::Test::Ntlm. Like curl, it does not bind itself to the TLS channel.
sub _ntlm_login {
    my ($self, $path, %o) = @_;
    require SSPI::Test::Connection;
    require SSPI::Test::Ntlm;
    my ($domain, $user, $password) = $o{ntlm} =~ /\A(?:(.*?)\\)?(.*?):(.*)\z/s;
    my ($first, @more) = ref $path ? @$path : $path;
    my $connection = SSPI::Test::Connection->new($self, tls => $o{tls});
    my @all = SSPI::Test::Ntlm::ntlm_login($connection, $first, domain => $domain // '', user => $user,
        password => $password, request => { map { defined $o{$_} ? ($_ => $o{$_}) : () } qw(method body) });
    push @all, map { $connection->get($_) } @more;
    my $last = $all[-1];
    $last->{all} = \@all;
    return $last;
}

# ---- raw requests, plain connections ----

sub connect_raw {
    my ($self) = @_;
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{http}, Timeout => 10)
        // die "connect: $!\n";
}

# Returns the text of a request. `headers` is a list of complete lines.
sub request_text {
    my ($self, $path, %o) = @_;
    my @lines = (($o{method} // 'GET') . " $path HTTP/1.1", "Host: " . ($self->{host} // 'localhost') . ":$self->{http}",
        @{$o{headers} // []});
    push @lines, "Authorization: $o{authorization}" if defined $o{authorization};
    push @lines, 'Connection: close' if $o{close};
    return join("\r\n", @lines) . "\r\n\r\n";
}

# Reads one answer with its body from a connection. Returns undef if the server closed the
# connection without an answer.
sub read_answer {
    my ($socket) = @_;
    my $data = '';
    my $select = IO::Select->new($socket);
    while (1) {
        my $complete = SSPI::Test::Response->complete($data);
        return $complete if $complete;
        if (!$select->can_read(30)) { die "no answer within 30 seconds\n" }
        my $n = sysread $socket, $data, 65536, length $data;
        return SSPI::Test::Response->at_end($data) if !$n;
    }
}

# Sends requests one after the other on one connection. Each is a text or [path, options]. Returns a
# list of answers, with undef for each answer that did not come because the server closed the
# connection.
sub raw {
    my ($self, @requests) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $socket = $self->connect_raw;
    my @answers;
    for my $request (@requests) {
        my $text = ref $request ? $self->request_text(@$request) : $request;
        my $sent = 0;
        while ($sent < length $text) {
            my $n = syswrite $socket, $text, length($text) - $sent, $sent or last;
            $sent += $n;
        }
        push @answers, read_answer($socket);
    }
    return wantarray ? @answers : $answers[0];
}

# Sends all requests at the same time, each on its own connection. Returns the answers in the order
# of the requests.
sub parallel {
    my ($self, @requests) = @_;
    my @sockets = map { $self->connect_raw } @requests;
    for my $i (0 .. $#requests) {
        my ($path, %o) = @{$requests[$i]};
        syswrite $sockets[$i], $self->request_text($path, %o, close => 1);
    }
    return map { read_answer($_) } @sockets;
}

# ---- headers ----

# Returns a new Authorization value of curl for a service of localhost. No server has received it.
# Options: service (HTTP), bare (the Kerberos token without SPNEGO around it), args (of curl).
sub negotiate_header {
    my ($self, %o) = @_;
    my $port = free_port();
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1,
        ReuseAddr => 1) // die "listen: $!\n";
    my $pid = spawn([ qw(curl -q --silent --max-time 20 --negotiate --user : --noproxy *),
            '--resolve', "localhost:$port:127.0.0.1", '--service-name', $o{service} // 'HTTP', @{$o{args} // []},
            "http://localhost:$port/" ], env => $self->{env});
    my $header;
    # curl may send a request without credentials first.
    for (1 .. 2) {
        last if !IO::Select->new($listener)->can_read(20);
        my $socket = $listener->accept;
        my $text = '';
        while ($text !~ /\r\n\r\n/) { sysread($socket, $text, 65536, length $text) or last }
        ($header) = $text =~ /^Authorization: ([^\r\n]+)/m;
        my $ask = $header ? '' : "WWW-Authenticate: Negotiate\r\n";
        syswrite $socket, "HTTP/1.1 401 x\r\n${ask}Content-Length: 0\r\nConnection: close\r\n\r\n";
        close $socket;
        last if $header;
    }
    waitpid $pid, 0;
    die "curl made no Negotiate header\n" if !$header;
    return $o{bare} ? 'Negotiate ' . encode_base64(bare_token($header), '') : $header;
}

# Returns the Kerberos token inside a SPNEGO token (RFC 4121 4.1: 60 length OID 0100 AP-REQ).
sub bare_token {
    my ($header) = @_;
    my $spnego = decode_base64($header =~ /\ANegotiate\s+(\S+)/ ? $1 : die "no token in $header\n");
    my $oid = "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00";
    my $at = index $spnego, $oid;
    die "no Kerberos token within\n" if $at < 4;
    my $size = unpack 'n', substr $spnego, $at - 2, 2;
    return substr $spnego, $at - 4, $size + 4;
}

1;
