#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Making and rotating key files with sspi-key, as administrators run it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(is_root);
use SSPI::Test::Tool 'key';

my $key = qr/[0-9a-f]{64}/;

# A key of the test, which is valid.
sub key_of { my ($n) = @_; return join '', map { sprintf '%02x', ($n * 37 + $_ * 11) % 256 } 0 .. 31 }

# Writes a file of mode 0600.
sub keys_file {
    my ($text, $mode) = @_;
    unlink 'f'; # its mode may be 0400
    put('f', $text);
    chmod $mode // 0600, 'f';
    return;
}

sub done {
    my ($name, @arguments) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($status, $out, $err) = tool('', @arguments);
    is($status, 0, "$name: done") or diag($err);
    is($out . $err, '', "$name: no message");
    is_deeply(leftovers(), [], "$name: no temporary file");
    return;
}

subtest 'help, version, usage' => sub {
    my ($status, $out) = tool('', '--help');
    is($status, 0);
    like($out, qr/^usage: sspi-key -c FILE\n/);
    like($out, qr/chmod 640/, 'the help says how a worker can read a new file');
    ($status, $out) = tool('', '--version');
    is($status, 0);
    like($out, qr/^sspi-key \d+\.\d+\.\d+$/);
    fails('no arguments', 2, qr/name -c, --add or --rotate/, '');
    fails('only a file', 2, qr/name -c, --add or --rotate/, '', 'f');
    fails("$_ without a file", 2, qr/^sspi-key: $_ needs one file/, '', $_) for qw(-c --add --rotate);
    fails("$_ with two files", 2, qr/^sspi-key: $_ needs one file/, '', $_, 'f', 'g') for qw(-c --add --rotate);
    fails("@$_", 2, qr/^sspi-key: \Q$_->[0]\E and \Q$_->[1]\E do not go together/, '', @$_, 'f')
        for [ '-c', '--add' ], [ '--add', '--rotate' ], [ '--rotate', '-c' ];
    fails('an unknown option', 2, qr/invalid option|unrecognized/, '', '-x', 'f');
    ok(!-e 'f', 'no file was made');
};

subtest 'a new file' => sub {
    fails('--add without a file', 1, qr/^sspi-key: f does not exist; -c creates it$/, '', '--add', 'f');
    my $mask = umask 0;
    done('-c', '-c', 'f');
    umask $mask;
    like(get('f'), qr/\A$key\n\z/, 'the file has one key');
    is(mode('f'), '600');
    fails('-c again', 1, qr/^sspi-key: f exists already; .*--add/, '', '-c', 'f');
    done('another file', '-c', 'g');
    isnt(get('g'), get('f'), 'each key is new');
    unlink 'g';
    symlink 'nothing', 'dangling' or die;
    my ($status, undef, $err) = tool('', '-c', 'dangling');
    is($status, 1);
    like($err, qr/exists already/, 'sspi-key does not write through a dangling symbolic link');
    ok(!-e 'nothing');
    fails('a folder that does not exist', 1, qr/cannot write beside/, '', '-c', 'none/f');
};

subtest 'a new key only opens' => sub {
    keys_file("# ours\n" . key_of(1) . "\n\n");
    done('--add', '--add', 'f');
    like(get('f'), qr/\A# ours\n${\key_of(1)}\n\n$key\n\z/, 'the new key is the last one, and nothing else changed');
    keys_file(key_of(1));
    done('a last line without its end', '--add', 'f');
    like(get('f'), qr/\A${\key_of(1)}\n$key\n\z/, 'the new key has a line of its own');
    keys_file(join '', map { key_of($_) . "\n" } 1 .. 15);
    done('the sixteenth key', '--add', 'f');
    fails('the seventeenth key', 1, qr/^sspi-key: f has 16 keys.*--rotate/, '', '--add', 'f');
};

# Rotates a file of these lines. A number stands for a key.
sub rotates {
    my ($name, $before, $after) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $text = sub { return join '', map { my $line = $_; $line =~ s/\A(\d+)/key_of($1)/e; "$line\n" } @{$_[0]} };
    keys_file($text->($before));
    done($name, '--rotate', 'f');
    is(get('f'), $text->($after), "$name: the new order");
    return;
}

subtest 'a rotation' => sub {
    rotates('two keys', [ 1, 2 ], [ 2, 1 ]);
    rotates('three keys', [ 1, 2, 3 ], [ 3, 1, 2 ]);
    rotates('four keys', [ 1 .. 4 ], [ 4, 1, 2, 3 ]);
    rotates('five keys', [ 1 .. 5 ], [ 5, 1, 2, 3 ]);
    rotates('sixteen keys', [ 1 .. 16 ], [ 16, 1, 2, 3 ]);
    rotates('comments', [ '# a', 1, '', '# b', 2, '# c', 3, 4, '# d', 5, '# e' ],
        [ '# a', 5, 1, '', '# b', 2, '# c', 3, '# d', '# e' ]);
    rotates('other line ends', [ "1\r", "2\r" ], [ "2\r", "1\r" ]);
    keys_file(key_of(1) . "\n" . key_of(2));
    done('a last line without its end', '--rotate', 'f');
    is(get('f'), key_of(2) . "\n" . key_of(1) . "\n", 'each key has a line of its own');
    keys_file(key_of(1) . "\n");
    fails('one key', 1, qr/^sspi-key: f has only one key; add a key with --add/, '', '--rotate', 'f');
};

subtest 'a key lives for four rotations' => sub {
    unlink 'f';
    done('-c', '-c', 'f');
    my ($first) = get('f') =~ /($key)/;
    for my $n (1 .. 4) {
        like(get('f'), qr/^$first$/m, "before rotation $n the file has the first key");
        done('--add', '--add', 'f');
        my ($new) = get('f') =~ /($key)\n\z/;
        done('--rotate', '--rotate', 'f');
        like(get('f'), qr/\A$new\n/, 'the new key seals');
    }
    unlike(get('f'), qr/$first/, 'the first key is gone');
    is(scalar(() = get('f') =~ /$key/g), 4, 'four keys are left');
};

subtest 'a wrong file is not changed' => sub {
    for my $action ('--add', '--rotate') {
        keys_file(key_of(1) . "\nwrong\n" . key_of(2) . "\n");
        fails("$action: a line", 1, qr/^sspi-key: f:2: not a key; .*64 hexadecimal digits/, '', $action, 'f');
        keys_file(join '', map { key_of($_) . "\n" } 1, 2, 1);
        fails("$action: a key twice", 1, qr/^sspi-key: f:3: the key of line 1 again/, '', $action, 'f');
        keys_file("# none\n");
        fails("$action: no key", 1, qr/^sspi-key: f: no key/, '', $action, 'f');
        keys_file(key_of(1) . "\n" . ('#' x 99 . "\n") x 200);
        fails("$action: a large file", 1, qr/^sspi-key: f: larger than 16 KiB/, '', $action, 'f');
        for my $mode (0604, 0602, 0644) {
            keys_file(key_of(1) . "\n" . key_of(2) . "\n", $mode);
            fails(sprintf("$action: mode %04o", $mode), 1, qr/^sspi-key: f: has mode 0\d\d\d, .*chmod 0600/, '', $action, 'f');
        }
        fails("$action: a directory", 1, qr/^sspi-key: \. is not a regular file; name a key file/, '', $action, '.');
    }
    keys_file(key_of(1) . "\n" . '#' x 99 . "\n" . ('#' x 99 . "\n") x 162);
    fails('no space for another key', 1, qr/^sspi-key: f would be larger than 16 KiB/, '', '--add', 'f');
};

subtest 'no key is in a message' => sub {
    keys_file(key_of(1) . "\n" . key_of(2) . "0\n");
    my (undef, $out, $err) = tool('', '--add', 'f');
    unlike($out . $err, qr/[0-9a-f]{8}/);
};

subtest 'mode, owner and symbolic links are kept' => sub {
    for my $mode (0640, 0400, 0660) {
        keys_file(key_of(1) . "\n", $mode);
        done(sprintf('mode %04o', $mode), '--add', 'f');
        is(mode('f'), sprintf '%o', $mode);
    }
    chmod 0600, 'f';
    symlink 'f', 'link' or die;
    done('through a link', '--rotate', 'link');
    ok(-l 'link', 'the link is still there');
    is(scalar(() = get('f') =~ /$key/g), 2, 'the file behind it has changed');
    unlink 'link';
    SKIP: {
        skip 'only root can give files away', 2 if !is_root();
        chown 1, 2, 'f' or die;
        done('of another owner', '--rotate', 'f');
        is(join(':', (stat 'f')[ 4, 5 ]), '1:2', 'owner and group');
        chown 0, 0, 'f';
    }
};

subtest 'runs at the same time lose no key' => sub {
    unlink 'f';
    done('-c', '-c', 'f');
    my ($first) = get('f') =~ /($key)/;
    put('in', '');
    my @children = map { start($program, '--add', 'f') } 1 .. 12;
    for my $child (@children) { waitpid $child, 0; is($?, 0) }
    my @keys = get('f') =~ /^($key)$/mg;
    is(scalar @keys, 13, 'all keys are there');
    is(scalar(keys %{{ map { $_ => 1 } @keys }}), 13, 'and different');
    is($keys[0], $first, 'the first key still seals');
    is_deeply(leftovers(), []);
};

done_testing;
