#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# nginx: error_page may pass a refused request to an upstream. nginx must send a body that it announces,
# because otherwise the upstream reads the next request on its connection as the body.
use strict;
use warnings;

use FindBin;
use IO::Socket::INET;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Test::More;
use SSPI::Test qw(scratch_dir slurp spew wait_until);
use SSPI::Test::Ntlm qw(ntlm_user_line ntlm_value);
use SSPI::Test::Scenario;

use constant BODY => 4000;

my $seen = scratch_dir('seen') . '/seen';
my $first = ntlm_value('NTLM', SSPI::Test::Ntlm->new->{negotiate});
my $passed = 'proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";';
# Freed memory has no useful value, so that its use is seen.
my %server_config = (on => 'nginx', one_process => 1, extra_ports => 1,
    env => { MALLOC_PERTURB_ => 112 },
    data => { users => ntlm_user_line('alice', 'CORP', 'pw') },
    nginx_http => 'upstream up { server 127.0.0.1:@PORT1@; keepalive 4; }',
    locations => [
        { path => '/p/', packages => 'NTLM', mechanisms => 'ntlm', ntlm_user_file => '@DIR@/users', realm => 'r',
            nginx => 'error_page 400 401 = @login;' },
        { path => '/again/', packages => 'NTLM', mechanisms => 'ntlm', ntlm_user_file => '@DIR@/users', realm => 'r',
            nginx => 'error_page 401 /again/refused;' },
        { path => '/open/', sspi => 'off', nginx => $passed },
    ],
    nginx => "location \@login { $passed }");

sub note_seen { my ($text) = @_; open my $fh, '>>', $seen or die; syswrite $fh, $text; close $fh; return }

# Answers each head at once, and then reads the number of octets that the head announces as the
# body.
sub converse {
    my ($socket) = @_;
    my ($data, $body) = ('', 0);
    alarm 60;
    do {
        while (1) {
            my $taken = substr $data, 0, $body, '';
            $body -= length $taken;
            note_seen("body $1\n") if $taken =~ /([A-Z]+ \S+)/;
            last if $body || $data !~ s/\A(.*?)\r\n\r\n//s;
            my $head = $1;
            ($body) = $head =~ /^Content-Length: (\d+)/mi;
            $body //= 0;
            note_seen('head ' . ($head =~ /\A(\S+ \S+)/)[0] . "\n");
            syswrite $socket, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nlogin\n";
        }
    } while sysread $socket, $data, 65536, length $data;
    return;
}

sub upstream {
    my ($port) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 8, ReuseAddr => 1)
        // die "listen: $!\n";
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    $SIG{TERM} = 'DEFAULT';
    $SIG{CHLD} = 'IGNORE';
    alarm 120;
    while (my $socket = $listener->accept) {
        next if fork;
        converse($socket);
        POSIX::_exit(0);
    }
    POSIX::_exit(0);
}

scenario 'an error page of an upstream', \%server_config, sub {
    my ($server) = @_;
    my $pid = upstream($server->port('PORT1'));
    my @cases = (
        [ 'NTLM leg that waits for 100', "Authorization: $first", 'Expect: 100-continue' ],
        [ 'header that is not NTLM', 'Authorization: NTLM ???' ],
        [ 'header that is not NTLM and waits for 100', 'Authorization: NTLM ???', 'Expect: 100-continue' ],
        [ 'leg', "Authorization: $first" ],
        [ 'request without credentials' ],
    );
    for my $case (@cases) {
        my ($name, @headers) = @$case;
        spew($seen, '', 0666);
        my $attacker = $server->connection;
        $attacker->send($attacker->{client}->request_text('/p/', method => 'POST',
            headers => [ @headers, 'Content-Length: ' . BODY ]));
        # A server that does not wait for the body has passed on the request by now.
        wait_until(sub { slurp($seen) =~ /^head POST/m }, 1);
        is($server->client->get('/open/other')->status, 200, "$name: another client is served");
        unlike(slurp($seen), qr/^body/m, 'the request of the other client is not read as a body');
        $attacker->send('x' x BODY);
        ok(wait_until(sub { slurp($seen) =~ m{^head POST /p/}m }), 'the refused request comes with its body');
        $attacker->close;
    }
    kill TERM => $pid;
    waitpid $pid, 0;
    my $again = $server->connection;
    $again->send($again->{client}->request_text('/again/', method => 'POST',
        headers => [ "Authorization: $first", 'Expect: 100-continue', 'Content-Length: ' . BODY ]));
    $again->send('x' x BODY);
    my $text = '';
    while ($text !~ m{</html>\r\n\z}) { sysread($again->{socket}, $text, 65536, length $text) or last }
    is_deeply([ $text =~ m{^HTTP/1\.1 (\d+)}mg ], [ 100, 401 ], 'an error page that is protected itself: the body is asked for once');
    is($again->get('/again/')->status, 401, 'the connection stays usable after the refusal');
};

done_testing;
