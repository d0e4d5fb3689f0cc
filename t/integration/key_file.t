#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The key file: which files the configuration test refuses, and what happens when the file changes.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(is_root scratch_dir spew wait_until);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $dir = scratch_dir('keys');
my ($first, $second) = map { my $n = $_; join '', map { sprintf '%02x', ($n * 37 + $_ * 11) % 256 } 0 .. 31 } 1, 2;
my $users = spew("$dir/users", user_line('alice', 'r', 'pw'), 0644);
my $n_files = 0;

sub keys_file { my ($text, $mode) = @_; return spew("$dir/keys" . ++$n_files, $text, $mode // 0600) }

sub server_config {
    my ($file, %location) = @_;
    return { locations => [ { path => '/p/', packages => 'Digest', realm => 'r', digest_user_file => $users, %location } ],
        apache_head => "SSPIKeyFile $file\n", nginx_http => "sspi_key_file $file;" };
}

my %directive = (apache => qr/SSPIKeyFile: /, nginx => qr/sspi_key_file: /);
sub refused_file {
    my ($name, $file, @says) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return config_refused($name, server_config($file), \%directive, qr/\Q$file\E/, @says);
}

config_passes('a key file', server_config(keys_file("# ours\n$first\n$second\n")));
config_passes('a key file of mode 0640', server_config(keys_file("$first\n", 0640)));
config_passes('a key file with a session', server_config(keys_file("$first\n"), session => 'on', session_require_tls => 'off'));
for my $mode (0604, 0602, 0644, 0666) {
    my $octal = sprintf '%04o', $mode;
    refused_file("a key file of mode $octal", keys_file("$first\n", $mode), qr/\b$octal\b/, qr/chmod 0600/, qr/\b0640\b/);
}
refused_file('a key file that does not exist', "$dir/none", qr/No such file/);
refused_file('a key file without a key', keys_file("# none\n"), qr/no key/, qr/sspi-key -c/);
refused_file('a line that is not a key', keys_file("$first\noops\n"), qr/:2: /, qr/64 hexadecimal digits/);
refused_file('a short key', keys_file(substr($first, 2) . "\n"), qr/:1: /, qr/64 hexadecimal digits/);
refused_file('a key that stands twice', keys_file("$first\n$second\n$first\n"), qr/:3: .*line 1\b/);
config_refused('a key file in a virtual host', { %{server_config(keys_file("$first\n"))}, on => 'apache',
    apache_head => "<VirtualHost *:1>\nSSPIKeyFile $dir/keys1\n</VirtualHost>" }, qr/SSPIKeyFile/, qr/VirtualHost/);

# ---- a file that changes ----

my ($file, $other_file) = map { keys_file("$first\n") } 1, 2;

# Replaces the file in one step. Only the workers' group can read the new file.
sub replace_keys {
    my ($server, $path, $text, $mode) = @_;
    spew("$path.new", $text, $mode // 0640);
    my ($worker) = $server->workers;
    chown -1, (stat "/proc/$worker")[5], "$path.new" or die "$path.new: $!\n" if is_root();
    rename "$path.new", $path or die "$path: $!\n";
    return;
}

# Sends requests until a worker logs this message about the file. Returns the line.
sub logs {
    my ($server, $path, $what, $name) = @_;
    my $id = message_id($what);
    my $log = '';
    my $found = wait_until(sub { $server->connection->get('/p/'); $log .= $server->new_log; $log =~ /\b$id\b.*\Q$path\E/ });
    ok($found, $name) or diag($log);
    return $log =~ /^(.*\b$id\b.*)$/m ? $1 : '';
}

parts 'a key file that changes', server_config($file, session => 'on', session_require_tls => 'off'),
    'the start' => sub {
        my ($server) = @_;
        my $opened = message_id('OPENED');
        like($server->log, qr/\b$opened\b.*\bkey file \Q$file\E read/, 'the log says that the file was read');
    },
    'a new key is read again' => sub {
        my ($server) = @_;
        replace_keys($server, $file, "$first\n$second\n");
        logs($server, $file, 'RELOADED', 'a worker reads the file');
    },
    'a wrong file changes nothing' => sub {
        my ($server) = @_;
        replace_keys($server, $file, "$first\n$second\nwrong\n");
        my $line = logs($server, $file, 'NOT_RELOADED', 'a worker refuses the file');
        like($line, qr/:3: not a key/, 'the log names the line');
        replace_keys($server, $file, "$first\n", 0644);
        $line = logs($server, $file, 'NOT_RELOADED', 'a worker refuses a file that all accounts can read');
        like($line, qr/\b0644\b/, 'the log names the mode');
        replace_keys($server, $file, "$second\n$first\n");
        logs($server, $file, 'RELOADED', 'a worker reads the file that is right again');
    },
    'no key is in the log' => sub {
        my ($server) = @_;
        unlike($server->log, qr/\Q${\substr $_, 8, 16}\E/, 'no part of a key') for $first, $second;
    };

scenario 'a key file without sessions is not checked', { %{server_config($other_file)} }, sub {
    my ($server) = @_;
    replace_keys($server, $other_file, "wrong\n");
    # The server checks files at most once a second, so it checks the user file, too.
    spew("$users.new", user_line('alice', 'r', 'new'), 0644);
    rename "$users.new", $users or die "$users: $!\n";
    logs($server, $users, 'RELOADED', 'a worker reads the user file');
    unlike($server->log, qr/\Q$other_file\E changed/, 'no worker reads the key file');
    replace_keys($server, $other_file, "$first\n"); # for the other server
};

done_testing;
