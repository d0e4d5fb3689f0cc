#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# After requests with Basic, the memory of all processes is searched for the passwords.
use strict;
use warnings;
no warnings 'portable'; # addresses of 64 bits

use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use Test::More;
use SSPI::Test qw(is_root run scratch_dir spew);
use SSPI::Test::Basic qw(basic_header);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Ntlm qw(ntlm_user_line);
use SSPI::Test::Scenario;

plan skip_all => 'the sanitizers keep freed memory' if $ENV{SSPI_PRELOAD};
plan skip_all => 'only root can read the memory of other processes' if !is_root();

# Each pass has a password of its own, and nothing else in a server's memory is like it.
my %password = map { $_ => "Zq7-${_}-Unlikely-Passw0rd-$_" } qw(file nt kdc wrong);
my $kdc = SSPI::Test::KDC->new;
$kdc->kadmin("addprinc -pw $password{kdc} kdc");
my $dir = scratch_dir('users');
my $digest = spew("$dir/digest", user_line('file', 'r', $password{file}), 0644);
my $nt = spew("$dir/nt", ntlm_user_line('nt', 'CORP', $password{nt}), 0644);

my %basic = (packages => 'Basic', realm => 'r', basic_verify => 'file');
my %spec = (env => $kdc->server_env, locations => [
    { path => '/file/', %basic, digest_user_file => $digest }, { path => '/nt/', %basic, ntlm_user_file => $nt },
    { path => '/kdc/', %basic, basic_verify => 'kdc', keytab => $kdc->{keytab} },
]);

sub processes {
    my ($pid) = @_;
    return ($pid, map { processes($_) } split ' ', run([ qw(ps -o pid= --ppid), $pid ])->{out});
}

# Returns how often each of the texts is in the memory of a process.
sub search {
    my ($pid, @texts) = @_;
    my %found;
    open my $maps, '<', "/proc/$pid/maps" or return;
    open my $memory, '<:raw', "/proc/$pid/mem" or return;
    while (<$maps>) {
        my ($start, $end) = /\A(\w+)-(\w+) r\S+ (?!.*\[v)/ or next;
        ($start, $end) = (hex $start, hex $end);
        sysseek $memory, $start, 0 or next;
        my $octets = '';
        while (length $octets < $end - $start) {
            sysread $memory, $octets, $end - $start - length $octets, length $octets or last;
        }
        for my $text (@texts) { $found{$text} += () = $octets =~ /\Q$text\E/g }
    }
    return \%found;
}

# The part of the header's base64 that depends only on the password.
sub encoded { my ($user, $password) = @_; return substr encode_base64("$user:$password", ''), 8, 20 }

scenario 'passwords in memory', \%spec, sub {
    my ($server) = @_;
    my $c = $server->client;
    for my $how ([ '--http1.1' ], [ '--http2' ]) {
        for my $user (qw(file nt kdc)) {
            is($c->get("/$user/", tls => 1, authorization => basic_header("$user:$password{$user}"), args => $how)->status, 200, "@$how: $user");
        }
        is($c->get('/file/', tls => 1, authorization => basic_header("file:$password{wrong}"), args => $how)->status, 401, "@$how: a wrong one");
    }
    $c->get('/', tls => 1) for 1 .. 4; # these connections take memory that the others have left
    my (%plain, %base64);
    for my $pid (processes($server->{pid})) {
        my $found = search($pid, map { ($password{$_}, encoded($_ eq 'wrong' ? 'file' : $_, $password{$_})) } keys %password);
        for my $user (keys %password) {
            $plain{$user} += $found->{$password{$user}} // 0;
            $base64{$user} += $found->{encoded($user eq 'wrong' ? 'file' : $user, $password{$user})} // 0;
        }
    }
    my %none = map { $_ => 0 } keys %password;
    is_deeply(\%plain, \%none, 'no process has a password');
    # httpd's own buffers of a connection keep what was read last (docs/basic.md).
    is_deeply(\%base64, \%none, 'no process has a header of Basic') if $server->kind eq 'nginx';
};

done_testing;
