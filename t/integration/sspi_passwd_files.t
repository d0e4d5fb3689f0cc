#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Whole user files with sspi-passwd: listing, importing, and compiling to a database.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::MD5 qw(md5_hex);
use Digest::SHA qw(sha256_hex);
use Test::More;
use SSPI::Test::Passwd;

use constant MANY => 200_000;

my ($x, $y, $z) = map { $_ x 32 } 'a', 'b', 'c';
my $xx = $x x 2;

sub one_user { return "alice:realm:SHA-256:@{[sha256_hex('alice:realm:secret')]}\nalice:realm:@{[md5_hex('alice:realm:secret')]}\n" }

sub verify {
    my ($file, $password, $user, $realm) = @_;
    return (passwd("$password\n", '--verify', '--stdin', '-r', $realm // 'realm', $file, $user))[0];
}

subtest 'sspi-passwd is not linked with Kerberos' => sub {
    my ($status, $out) = run('', 'ldd', $program);
    is($status, 0);
    like($out, qr/libcrypto/);
    unlike($out, qr/gssapi|krb5/);
};

subtest 'list' => sub {
    put('f', "# users\nbob:realm:$x\nalice:other:NT:$x\nbob:realm:SHA-512-256:$xx\nalice:realm:md5:$x\r\n"
        . "alice::$x\nalice:other:sha-256:$xx\nbob:realm:NT:$x\nJo\xcc\x88rg:realm:$x");
    my @lines = ("bob\trealm\tSHA-512-256,MD5,NT\n", "alice\tother\tSHA-256,NT\n", "alice\trealm\tMD5\n",
        "alice\t\tMD5\n", "Jo\xcc\x88rg\trealm\tMD5\n");
    my @cases = (
        [ 'all', [ 'f' ], 0 .. 4 ],
        [ 'a user', [ 'f', 'alice' ], 1, 2, 3 ],
        [ 'a realm', [ '-r', 'realm', 'f' ], 0, 2, 4 ],
        [ 'the empty realm', [ '-r', '', 'f' ], 3 ],
        [ 'both', [ '-r', 'other', 'f', 'alice' ], 1 ],
        [ 'another spelling', [ 'f', "J\xc3\xb6rg" ], 4 ],
    );
    for (@cases) {
        my ($name, $arguments, @want) = @$_;
        is_deeply([ passwd('', '--list', @$arguments) ], [ 0, join('', @lines[@want]), '' ], $name);
    }
    fails('an unknown user', 1, qr/^sspi-passwd: f has no user eve$/, '', '--list', 'f', 'eve');
    fails('an unknown realm', 1, qr/^sspi-passwd: f has no user in realm Realm$/, '', '--list', '-r', 'Realm', 'f');
    fails('no file', 1, qr/^sspi-passwd: g does not exist$/, '', '--list', 'g');
    put('f', "alice:realm:$x\nbob:realm:$x\nalice:realm:MD5:$y\n");
    fails('a second line', 1, qr/^sspi-passwd: f:3: .*\bsecond\b/, '', '--list', 'f');
    put('f', "alice:realm:$x\nbob\n");
    fails('a bad line', 1, qr/^sspi-passwd: f:2: .*\buser:realm:hash\b/, '', '--list', 'f');
    put('f', '');
    is_deeply([ passwd('', '--list', 'f') ], [ 0, '', '' ], 'an empty file');
    SKIP: {
        skip 'no /dev/full', 2 if !-w '/dev/full';
        put('f', "alice:realm:$x\n");
        my ($status, undef, $err) = run('', 'sh', '-c', 'exec "$@" >/dev/full', 'sh', $program, '--list', 'f');
        is($status, 1, 'an output that cannot be written');
        like($err, qr/cannot write the output/);
    }
};

subtest 'import' => sub {
    put('f', "# ours\r\nalice:realm:$x\r\nbob:realm:$x\nalice:realm:SHA-256:$xx\nalice:other:$x");
    chmod 0640, 'f';
    put('h', "carol:realm:$z\r\nalice:realm:$y\n\n# theirs\nbob:realm:NT:$y\nalice:realm:MD5:$z\n");
    fails('a second line', 1, qr/^sspi-passwd: h:6: .*\bsecond\b/, '', '--import', 'h', 'f');
    put('h', "carol:realm:$z\r\nalice:realm:$y\n\n# theirs\nbob:realm:NT:$y");
    is_deeply([ passwd('', '--import', 'h', 'f') ], [ 0, "added 2, replaced 1\n", '' ]);
    is(get('f'), "# ours\r\nalice:realm:$y\nbob:realm:$x\nalice:realm:SHA-256:$xx\nalice:other:$x\n"
        . "carol:realm:$z\nbob:realm:NT:$y\n", 'replaced in place, added at the end');
    is(mode('f'), '640', 'mode kept');
    my $all = get('f');
    is_deeply([ passwd('', '--import', 'h', 'f') ], [ 0, "added 0, replaced 3\n", '' ], 'the same import again');
    is(get('f'), $all, 'the same import again does not change the file');

    put('h', "dave:realm:$x\ndave:realm:x\n");
    fails('a bad line in the imported file', 1, qr/^sspi-passwd: h:2: .*\b32\b/, '', '--import', 'h', 'f');
    put('h', "dave:realm:$x\n");
    put('f', "alice:realm:$x\nbob\n");
    fails('a bad line in the user file', 1, qr/^sspi-passwd: f:2: .*\buser:realm:hash\b/, '', '--import', 'h', 'f');
    fails('no imported file', 1, qr/^sspi-passwd: g does not exist$/, '', '--import', 'g', 'f');
    fails('no user file', 1, qr/^sspi-passwd: g does not exist; -c creates it$/, '', '--import', 'h', 'g');
    fails('-c with an existing file', 1, qr/f exists already; leave -c out/, '', '-c', '--import', 'h', 'f');
    is_deeply([ passwd('', '-c', '--import', 'h', 'g') ], [ 0, "added 1, replaced 0\n", '' ], '-c creates the file');
    is(get('g'), "dave:realm:$x\n");
    is(mode('g'), '600');

    put('h', "Jo\xcc\x88rg:realm:$x\nJ\xc3\xb6rg:realm:$y\n");
    my ($status, $out, $err) = passwd('', '--import', 'h', 'g');
    is($status, 0);
    like($err, qr/^sspi-passwd: note: 1 name of h is not in Unicode's form C.*set .* again$/, 'a name whose hash no client sends');
    is(get('g'), "dave:realm:$x\n" . get('h'), 'the name is imported unchanged');
};

subtest 'htdigest' => sub {
    plan skip_all => 'htdigest (apache2-utils) is not installed' if !found('htdigest');
    unlink 'f', 'h';
    is((run("secret\nsecret\n", 'env', 'htdigest', '-c', 'h', 'realm', 'alice'))[0], 0);
    is_deeply([ passwd('', '-c', '--import', 'h', 'f') ], [ 0, "added 1, replaced 0\n", '' ]);
    is(verify('f', 'secret', 'alice'), 0, 'the imported password is right');
    is(verify('f', 'Secret', 'alice'), 1);
};

subtest 'compile' => sub {
    put('f', one_user() . "# x\n\nUser:Domain:NT:$x\nbob:other:$x\r\ncarol::$y");
    my ($status, $out, $err) = passwd('', '--compile', 'd', 'f');
    is($status, 0) or diag $err;
    is($out, '');
    is($err, "sspi-passwd: note: 1 NT line was left out; NTLM reads the user file itself\n");
    is(mode('d'), '600', 'a new one is its owner\'s');
    is_deeply(leftovers(), [], 'there is no other file beside the database');
    my @verified = passwd("secret\n", '--verify', '--stdin', '-r', 'realm', 'cdb:d', 'alice');
    is_deeply(\@verified, [ 0, "SHA-256\tright\nMD5\tright\n", '' ], 'the password is right in the database');
    @verified = passwd("Secret\n", '--verify', '--stdin', '-r', 'realm', 'cdb:d', 'alice');
    is_deeply(\@verified, [ 1, '', join '', map { "sspi-passwd: cdb:d: the $_ line has another password\n" } qw(SHA-256 MD5) ],
        'another password is wrong');
    my $list = "alice\trealm\tSHA-256,MD5\nbob\tother\tMD5\ncarol\t\tMD5\n";
    is_deeply([ passwd('', '--list', 'cdb:d') ], [ 0, $list, '' ], 'a list of the database');
    is_deeply([ passwd('', '--list', '-r', '', 'cdb:d') ], [ 0, "carol\t\tMD5\n", '' ], 'of a realm');
    is_deeply([ passwd('', '--list', 'cdb:d', 'bob') ], [ 0, "bob\tother\tMD5\n", '' ], 'of a user');
    fails('an unknown user', 1, qr/^sspi-passwd: cdb:d has no user eve$/, '', '--list', 'cdb:d', 'eve');
    for ([ 'alice', 'other' ], [ 'User', 'Domain' ], [ 'eve', 'realm' ]) {
        fails("@$_", 1, qr/^sspi-passwd: cdb:d has no user $_->[0] in realm $_->[1]$/, "secret\n", '--verify', '--stdin',
            '-r', $_->[1], 'cdb:d', $_->[0]);
    }
    fails('no database', 1, qr/^sspi-passwd: .*g/, "x\n", '--verify', '--stdin', '-r', 'realm', 'cdb:g', 'alice');
    fails('a text', 1, qr/^sspi-passwd: .*f/, "x\n", '--verify', '--stdin', '-r', 'realm', 'cdb:f', 'alice');
};

subtest 'a database is replaced in one step' => sub {
    put('f', one_user());
    is((passwd('', '--compile', 'cdb:d', 'f'))[0], 0, 'with the name as in a configuration');
    ok(!-e 'cdb:d');
    chmod 0640, 'd';
    chown 12345, 23456, 'd' if $> == 0;
    my @before = stat 'd';
    my $old = get('d');
    put('f', "alice:realm:@{[md5_hex('alice:realm:new')]}\n");
    is((passwd('', '--compile', 'd', 'f'))[0], 0);
    my @after = stat 'd';
    is_deeply([ @after[2, 4, 5] ], [ @before[2, 4, 5] ], 'the file keeps its mode, owner and group');
    isnt($after[1], $before[1], 'by another file');
    is(verify('cdb:d', 'new', 'alice'), 0);

    my $new = get('d');
    my @bad = (
        [ 'a bad line', "alice:realm:$x\nbob:realm:x\n", qr/^sspi-passwd: f:2: .*\b32\b/ ],
        [ 'a second line', "alice:realm:$x\n\nalice:realm:MD5:$y\n", qr/^sspi-passwd: f:3: .*\bsecond\b/ ],
        [ 'a long line', "alice:realm:$x\n" . 'a' x 1025, qr/^sspi-passwd: f:2: .*\b1024\b/ ],
        [ 'a very long line', "alice:realm:$x\n" . 'a' x 100000, qr/^sspi-passwd: f:2: .*\b65536\b/ ],
    );
    for (@bad) {
        my ($name, $text, $want) = @$_;
        put('f', $text);
        fails($name, 1, $want, '', '--compile', 'd', 'f');
        is(get('d'), $new, "$name: the database is as it was");
        fails("$name, no database yet", 1, $want, '', '--compile', 'nothing', 'f');
        ok(!-e 'nothing', "$name: no database was created");
    }
    put('f', one_user());
    fails('itself', 2, qr/^sspi-passwd: f\b.*\bitself\b/, '', '--compile', 'f', 'f');
    fails('a directory', 1, qr/is not a regular file/, '', '--compile', '.', 'f');
    fails('no directory', 1, qr/cannot write beside no\/d: No such file/, '', '--compile', 'no/d', 'f');
    fails('no user file', 1, qr/^sspi-passwd: g2 does not exist$/, '', '--compile', 'd', 'g2');
    symlink 'd', 'link' or die;
    is((passwd('', '--compile', 'link', 'f'))[0], 0);
    ok(-l 'link', 'a symbolic link stays a symbolic link');
    is(verify('cdb:d', 'secret', 'alice'), 0, 'its target is replaced');
};

# The passwords of the first and the last user and of two in the middle are known.
sub many_users {
    open my $to, '>:raw', 'many' or die;
    print {$to} map { "user$_:realm:" . ($_ % (MANY / 2) < 2 ? md5_hex("user$_:realm:secret$_") : $x) . "\n" } 1 .. MANY;
    close $to or die;
    return 'many';
}

subtest 'very many users' => sub {
    my $file = many_users();
    is_deeply([ passwd('', '--compile', 'd', $file) ], [ 0, '', '' ], 'compiles without a message');
    for my $n (1, MANY / 2, MANY / 2 + 1, MANY) {
        is(verify('cdb:d', "secret$n", "user$n"), 0, "user$n is in the database");
        is(verify('cdb:d', 'secret', "user$n"), 1);
    }
    for my $listed ($file, 'cdb:d') {
        my ($status, $out) = passwd('', '--list', $listed);
        is($status, 0);
        is(($out =~ tr/\n//), MANY, "$listed: a line for each");
        like($out, qr/\Auser1\trealm\tMD5\nuser2\trealm\tMD5\n.*\nuser@{[MANY]}\trealm\tMD5\n\z/s, "$listed: in their order");
    }
    my $database = get('d');
    for ([ '--compile', 'd', $file ], [ '--stdin', $file, 'bob' ], [ '--import', 'f', $file ]) {
        put('f', "bob:realm:$x\n");
        my ($before, @inode) = (get($file), (stat $file)[1]);
        my ($status, $out, $err) = run("secret\n", 'sh', '-c', 'ulimit -f 64; exec "$@"', 'sh', $program, @$_);
        is($status, 1, "$_->[0] where files must not grow");
        is(($err =~ tr/\n//), 1, 'the error is one line') or diag $err;
        like($err, qr/File too large|than files may be/);
        is_deeply(leftovers(), [], 'a failed run leaves no temporary file');
        ok(get('d') eq $database && get($file) eq $before && (stat $file)[1] == $inode[0], 'all files are unchanged');
    }
    put('f', "bob:realm:$x\nuser7:realm:$y\n");
    is_deeply([ passwd('', '--import', $file, 'f') ], [ 0, "added @{[MANY - 1]}, replaced 1\n", '' ], 'import');
    like(get('f'), qr/\Abob:realm:$x\nuser7:realm:$x\nuser1:realm:/);
    is((passwd("secret\n", '--stdin', '-a', 'MD5', 'f', 'user8'))[0], 0, 'one user is changed');
    like(get('f'), qr/^user8:realm:@{[md5_hex('user8:realm:secret')]}$/m);
};

subtest 'more than a server reads as text' => sub {
    put('f', ('#' . ' ' x 1022 . "\n") x (66 * 1024) . one_user());
    is_deeply([ passwd('', '--compile', 'd', 'f') ], [ 0, '', '' ], 'compiles');
    is(verify('cdb:d', 'secret', 'alice'), 0);
    my ($status, undef, $err) = passwd("secret\n", '--stdin', '-r', 'realm', '-a', 'MD5', 'f', 'bob');
    is($status, 0, 'the file is changed');
    like($err, qr/^sspi-passwd: note: f\b.*\b64 MiB\b.*\bdatabase\b/);
    is(verify('f', 'secret', 'bob'), 0);
    unlink 'f';
};

subtest 'progress' => sub {
    my $why_not = no_terminal();
    plan skip_all => $why_not if defined $why_not;
    my $file = many_users();
    for ([ 'compile', "--compile d $file", '' ], [ 'import', "--import $file f", "added @{[MANY]}, replaced 0\r\n" ]) {
        my ($name, $arguments, $want) = @$_;
        put('f', '');
        my ($status, $text) = at_terminal("$program $arguments");
        is($status, 0, "$name: done");
        like($text, qr/\A(?:\rsspi-passwd:\s+\d+ %, \d+ lines)+\r +\r\Q$want\E\z/, "$name: one line, which is overwritten and erased");
        my @percent = $text =~ /(\d+) %/g;
        is_deeply(\@percent, [ sort { $a <=> $b } @percent ], "$name: the percentage only grows");
        cmp_ok($percent[-1], '<=', 100);
        my ($erased) = $text =~ /\r( +)\r/;
        my ($longest) = sort { $b <=> $a } map { length } $text =~ /\r(sspi-passwd:[^\r]+)/g;
        is(length $erased, $longest, "$name: as much is erased as was written");
    }
    put('f', one_user());
    my ($status, $text) = at_terminal("$program --compile d f");
    is_deeply([ $status, $text ], [ 0, '' ], 'no progress for a short file');
    put($file, get($file) . "x\n");
    ($status, $text) = at_terminal("$program --compile d $file");
    is($status, 1);
    like($text, qr/ \rsspi-passwd: many:@{[MANY + 1]}: \S/, 'the progress is erased before an error');

    # In either case there is no incomplete database and no temporary file.
    my $old = get('d');
    many_users();
    ($status, $text) = at_terminal("$program --compile d $file", qr/\d+ lines/, "\cC");
    is_deeply(leftovers(), [], 'interrupted: no file is left');
    my $new = get('d');
    ok($new eq $old || verify('cdb:d', "secret@{[MANY]}", "user@{[MANY]}") == 0, 'the old database or the new one');
};

done_testing;
