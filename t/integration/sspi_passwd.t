#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Setting, deleting and verifying passwords with sspi-passwd, as users run it. The tests use
# `script` and `htdigest` if they are installed.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::MD5 qw(md5_hex);
use Digest::SHA qw(sha256_hex sha512_hex);
use Test::More;
use SSPI::Test::Passwd;

my $md5    = md5_hex('alice:realm:secret');
my $sha256 = sha256_hex('alice:realm:secret');

subtest 'help, version, usage' => sub {
    my ($status, $out) = passwd('', '--help');
    is($status, 0);
    like($out, qr/^usage: sspi-passwd \[-c\] \[-a ALG\[,ALG\.\.\.\]\] \[-r REALM\] \[-D\] \[--stdin\] FILE USER/);
    like($out, qr/chmod 640/, 'the help says how a worker can read a new file');
    ($status, $out) = passwd('', '--version');
    is($status, 0);
    like($out, qr/^sspi-passwd \d+\.\d+\.\d+$/);

    fails('no arguments',     2, qr/needs a file and a user/, '');
    fails('three arguments',  2, qr/needs a file and a user/, '', 'f', 'alice', 'x');
    fails('unknown option',   2, qr/invalid option|unrecognized/, '', '-x', 'f', 'alice');
    fails('unknown -a',       2, qr/"SHA-1".*\bSHA-256\b/, '', '-a', 'SHA-1', 'f', 'alice');
    fails('-a twice',         2, qr/\bMD5\b.*\btwice\b/, '', '-a', 'MD5,md5', 'f', 'alice');
    for (['--verify', '--list'], ['-D', '--list'], ['--verify', '-a', 'MD5'], ['--list', '--stdin'], ['--list', '-c'],
        ['--import', 'g', '-r', 'realm'], ['--compile', 'g', '-c'], ['--compile', 'g', '--import', 'g'])
    {
        fails("@$_", 2, qr/^sspi-passwd: -\S+ and -\S+ \w/, '', @$_, 'f');
    }
    for (['--list'], ['--list', 'f', 'alice', 'bob'], ['--verify', 'f'], ['--import', 'g'], ['--compile', 'g', 'f', 'x'],
        ['-D', 'f'])
    {
        fails("@$_", 2, qr/^sspi-passwd: -\S+ needs .*; see sspi-passwd --help$/, '', @$_);
    }
    fails("$_->[0] of a database", 2, qr/^sspi-passwd: .*\bcdb:f\b.*\bdatabase\b/, '', @$_)
        for ['--import', 'g', 'cdb:f'], ['-D', '-r', 'x', 'cdb:f', 'alice'], ['--compile', 'g', 'cdb:f'],
        ['-r', 'x', 'cdb:f', 'alice'], ['--verify', 'cdb:f', 'alice'];
    fails('-c with -D',       2, qr/^sspi-passwd: -D and -c \w/, '', '-c', '-D', 'f', 'alice');
    fails('-D with --stdin',  2, qr/^sspi-passwd: -D and --stdin \w/, '', '-D', '--stdin', 'f', 'alice');
    fails('-c without realm', 2, qr/ -r\b/, '', '-c', '--stdin', 'f', 'alice');
    fails('empty user',       2, qr/user name is empty/, '', '-r', 'realm', 'f', '');
    fails('user with colon',  2, qr/user name has a colon/, '', '-r', 'realm', 'f', 'a:b');
    fails('user with #',      2, qr/\buser\b.*#/, '', '-r', 'realm', 'f', '#a');
    fails('realm with line end', 2, qr/realm has a control/, '', '-r', "a\nb", 'f', 'alice');
    fails('user not UTF-8',   2, qr/user name is not UTF-8/, '', '-r', 'realm', 'f', "al\xe9ce");
    fails('long user',        2, qr/\b255\b/, '', '-r', 'realm', 'f', 'a' x 256);
};

subtest 'a new file' => sub {
    fails('without -c', 1, qr/^sspi-passwd: f does not exist.* -c\b/, "secret\n", '--stdin', '-r', 'realm', 'f', 'alice');
    my ($status, $out, $err) = passwd("secret\n", '-c', '--stdin', '-r', 'realm', 'f', 'alice');
    is($status, 0);
    is($out . $err, '', 'a successful run prints no message');
    is(get('f'), "alice:realm:SHA-256:$sha256\nalice:realm:$md5\n", 'the file has lines of SHA-256 and MD5');
    is(mode('f'), '600');
    fails('-c again', 1, qr/^sspi-passwd: f exists already.* -c\b/, "secret\n", '-c', '--stdin', '-r', 'realm', 'f', 'bob');
    symlink 'nothing', 'dangling' or die;
    ($status, undef, $err) = passwd("secret\n", '-c', '--stdin', '-r', 'realm', 'dangling', 'bob');
    is($status, 1);
    like($err, qr/exists already/, 'sspi-passwd does not write through a dangling symbolic link');
    ok(!-e 'nothing');
};

subtest 'each algorithm' => sub {
    unlink 'f';
    my ($status, undef, $err) =
      passwd("pass\xc3\xa9\n", '-c', '--stdin', '-a', 'SHA-512-256,SHA-256,MD5', '-r', 'realm', 'f', 'alice');
    is($status, 0) or diag $err;
    my $a1 = "alice:realm:pass\xc3\xa9";
    # SHA-512/256 has other initial values than SHA-512, so its first octets differ.
    my ($sha512256) = get('f') =~ /^alice:realm:SHA-512-256:([0-9a-f]{64})$/m;
    isnt($sha512256, substr(sha512_hex($a1), 0, 64), 'SHA-512-256 is not a truncated SHA-512');
    is($sha512256, Digest::SHA->new(512256)->add($a1)->hexdigest, 'SHA-512-256');
    like(get('f'), qr/^alice:realm:SHA-256:\Q@{[sha256_hex($a1)]}\E$/m, 'SHA-256');
    like(get('f'), qr/^alice:realm:\Q@{[md5_hex($a1)]}\E$/m, 'MD5');
    unlink 'f';
    ($status) = passwd("Password\n", '-c', '--stdin', '-a', 'NT', '-r', 'Domain', 'f', 'User');
    is($status, 0);
    # MS-NLMP 4.2.2.1.2: NTOWFv1 of "Password".
    is(get('f'), "User:Domain:NT:a4f49c406510bdcab6824ee7c30fd852\n", 'NT, with the domain as realm');
};

subtest 'passwords from standard input' => sub {
    put('f', "# empty\n");
    my @to = ('--stdin', '-r', 'realm', '-a', 'MD5', 'f', 'alice');
    fails('empty',         1, qr/password is empty/, "\n", @to);
    fails('nothing',       1, qr/the input ended/, '', @to);
    fails('not UTF-8',     1, qr/not UTF-8/, "p\xe9\n", @to);
    fails('with NUL',      1, qr/has a NUL/, "p\0q\n", @to);
    fails('257 octets',    1, qr/\b256\b/, 'x' x 257 . "\n", @to);
    is((passwd('x' x 256 . "\n", @to))[0], 0, '256 octets are accepted');
    like(get('f'), qr/@{[md5_hex('alice:realm:' . 'x' x 256)]}/);
    for my $input ("secret", "secret\r\n", "secret\nnext\n") {
        is((passwd($input, @to))[0], 0);
        is(get('f'), "# empty\nalice:realm:$md5\n", 'the line without its end');
    }
    fails('no terminal and no --stdin', 1, qr/no terminal.*use --stdin/, "secret\n", '-r', 'realm', 'f', 'alice');
};

subtest 'a change leaves all other lines' => sub {
    my $other = "alice:other:" . 'a' x 32;
    my $bob   = "bob:realm:" . 'b' x 32;
    put('f', "# users\r\n$bob\r\n\nalice:realm:" . 'c' x 32 . "\n$other\nalice:realm:NT:" . 'd' x 32 . "\n# end");
    chmod 0640, 'f';
    my ($status, undef, $err) = passwd("secret\n", '--stdin', '-r', 'realm', 'f', 'alice');
    is($status, 0);
    is(get('f'), "# users\r\n$bob\r\n\nalice:realm:SHA-256:$sha256\nalice:realm:$md5\n$other\n# end");
    like($err, qr/^sspi-passwd: note: alice\b.*\bNT\b.*\bremoved\b/, 'the message names the removed line');
    is(mode('f'), '640', 'mode kept');

    is((passwd("secret\n", '--stdin', '-r', 'realm', '-a', 'MD5', 'f', 'carol'))[0], 0);
    like(get('f'), qr/\n# end\ncarol:realm:[0-9a-f]{32}\n\z/, 'a new user comes last, on a line of its own');
    fails('several realms', 2, qr/\bseveral realms\b.* -r\b/, "secret\n", '--stdin', 'f', 'alice');

    is((passwd('', '-D', '-r', 'realm', 'f', 'alice'))[0], 0);
    like(get('f'), qr/\A# users\r\n\Q$bob\E\r\n\n\Q$other\E\n# end\ncarol/, '-D deletes in that realm only');
    fails('-D of an unknown user', 1, qr/has no user alice in realm realm/, '', '-D', '-r', 'realm', 'f', 'alice');
    is_deeply(leftovers(), [], 'no temporary file is left');
};

subtest 'the only realm of a file needs no -r' => sub {
    put('f', "bob:realm:" . 'b' x 32 . "\n");
    is((passwd("secret\n", '--stdin', '-a', 'MD5', 'f', 'alice'))[0], 0);
    like(get('f'), qr/^alice:realm:$md5$/m);
    put('f', '');
    fails('no realm', 2, qr/\bno realm\b.* -r\b/, "secret\n", '--stdin', 'f', 'alice');
};

subtest 'a wrong file is not changed' => sub {
    put('f', "bob:realm:" . 'b' x 32 . "\nalice:realm:" . 'c' x 31);
    fails('truncated line', 1, qr/^sspi-passwd: f:2: .*\b32\b/, "secret\n", '--stdin', '-r', 'realm', 'f', 'alice');
    mkdir 'd';
    my ($status, undef, $err) = passwd("secret\n", '--stdin', '-r', 'realm', 'd', 'alice');
    is($status, 1);
    like($err, qr/d is not a regular file/);
};

# The same letters, composed and decomposed.
my ($composed, $decomposed) = ("J\xc3\xb6rg", "Jo\xcc\x88rg");

subtest 'names and passwords in normal form C' => sub {
    my @files = map {
        my ($user, $realm, $password) = @$_;
        unlink 'f';
        is((passwd("$password\n", '-c', '--stdin', '-r', $realm, 'f', $user))[0], 0);
        get('f');
    } [ $composed, "R$composed", "p$composed" ], [ $decomposed, "R$decomposed", "p$decomposed" ];
    my $a1 = "$composed:R$composed:p$composed";
    # For the line of SASL see sspi_passwd_sasl.t.
    my $both = "$composed:R$composed:@{[md5_hex($a1)]}\n$composed:R$composed:MD5-ISO-8859-1:"
        . md5_hex("J\xf6rg:RJ\xf6rg:pJ\xf6rg") . "\n";
    is($files[0], "$composed:R$composed:SHA-256:@{[sha256_hex($a1)]}\n$both",
        'name, realm and password are hashed and written in composed form');
    is($files[1], $files[0], 'both spellings give the same lines');
    is((passwd("x\n", '--stdin', '-a', 'MD5', 'f', 'bob'))[0], 0, 'the only realm needs no -r');
    like(get('f'), qr/^bob:R$composed:/m);

    my $foreign = "$decomposed:R$decomposed:" . 'a' x 32;
    put('f', "$foreign\n");
    is((passwd("p$decomposed\n", '--stdin', '-a', 'MD5', 'f', $composed))[0], 0);
    is(get('f'), $both, 'a line of another spelling is the same user');
    put('f', "$foreign\n");
    is((passwd('', '-D', '-r', "R$composed", 'f', $composed))[0], 0, 'a line of another spelling can be deleted');
    is(get('f'), '');

    my @to = ('--stdin', '-r', 'realm', 'f', 'alice');
    fails('too long in normal form C', 1, qr/\b256\b/, "\xf0\x9d\x85\xa0" x 22 . "\n", @to);
    fails('name too long in normal form C', 2, qr/\b255\b/, '', '-r', 'realm', 'f', "\xf0\x9d\x85\xa0" x 22);
    is((passwd("x\n", '--stdin', '-r', 'realm', '-a', 'MD5', 'f', "o\xcc\x88" x 120))[0], 0, 'shorter in normal form C');
};

subtest 'the empty realm' => sub {
    put('f', "bob:realm:" . 'b' x 32 . "\n");
    is((passwd("secret\n", '--stdin', '-r', '', '-a', 'SHA-256,MD5', 'f', 'alice@example.test'))[0], 0);
    my $a1 = 'alice@example.test::secret';
    is(get('f'), "bob:realm:@{['b' x 32]}\nalice\@example.test::SHA-256:@{[sha256_hex($a1)]}\n"
        . "alice\@example.test::@{[md5_hex($a1)]}\n", 'the empty realm is between two colons');
    is((passwd("secret\n", '--verify', '--stdin', '-r', '', 'f', 'alice@example.test'))[0], 0);
    fails('not the only realm', 2, qr/several realms/, "x\n", '--stdin', 'f', 'bob');
    fails('no domain for NT', 1, qr/^sspi-passwd: .*\bNT\b.*\bdomain\b/, "x\n", '--stdin', '-r', '', '-a', 'MD5,NT', 'f', 'x');
    fails('no domain in a name', 1, qr/^sspi-passwd: .*\bNT\b.*\bbackslash\b/, "x\n", '--stdin', '-r', 'realm', '-a', 'NT', 'f', 'D\\x');
    is((passwd('', '-D', '-r', '', 'f', 'alice@example.test'))[0], 0);
    is((passwd('', '-D', 'f', 'bob'))[0], 0, 'the other realm is the only one now');
    is(get('f'), '');
};

subtest 'deleting some algorithms' => sub {
    my $nt = 'alice:realm:NT:' . 'd' x 32;
    put('f', "alice:realm:SHA-256:$sha256\nalice:other:$md5\n$nt\nalice:realm:$md5\n");
    is((passwd('', '-D', '-a', 'MD5,NT', '-r', 'realm', 'f', 'alice'))[0], 0);
    is(get('f'), "alice:realm:SHA-256:$sha256\nalice:other:$md5\n");
    fails('no line of that algorithm', 1, qr/has no such line of user alice in realm realm; nothing/, '',
        '-D', '-a', 'MD5', '-r', 'realm', 'f', 'alice');
};

subtest 'verify' => sub {
    my $users = "alice:realm:SHA-256:$sha256\n# x\nalice:realm:$md5\nalice:other:$md5\n"
        . "User:Domain:NT:a4f49c406510bdcab6824ee7c30fd852\n$decomposed:realm:@{[md5_hex(\"$decomposed:realm:p$composed\")]}\n";
    put('f', $users);
    my ($status, $out, $err) = passwd("secret\n", '--verify', '--stdin', '-r', 'realm', 'f', 'alice');
    is($status, 0);
    is($out, "SHA-256\tright\nMD5\tright\n", 'each kind has a line');
    is($err, '');
    ($status, $out, $err) = passwd("Secret\n", '--verify', '--stdin', '-r', 'realm', 'f', 'alice');
    is($status, 1, 'wrong');
    is($out, '');
    is($err, "sspi-passwd: f:1: the SHA-256 line has another password\n"
        . "sspi-passwd: f:3: the MD5 line has another password\n", 'each kind has a line');
    is((passwd("Password\n", '--verify', '--stdin', '-r', 'Domain', 'f', 'User'))[0], 0, 'NT');
    is((passwd("password\n", '--verify', '--stdin', '-r', 'Domain', 'f', 'User'))[0], 1, 'NT, wrong');
    is((passwd("p$decomposed\n", '--verify', '--stdin', '-r', 'realm', 'f', $composed))[0], 0, 'another spelling');
    fails('unknown user',  1, qr/^sspi-passwd: f has no user eve in realm realm$/, "secret\n", '--verify', '--stdin', '-r', 'realm', 'f', 'eve');
    fails('several realms', 2, qr/\bseveral realms\b/, "secret\n", '--verify', '--stdin', 'f', 'alice');
    fails('no password',   1, qr/the input ended/, '', '--verify', '--stdin', '-r', 'realm', 'f', 'alice');
    fails('no file',       1, qr/^sspi-passwd: g does not exist$/, '', '--verify', '-r', 'realm', 'g', 'alice');

    put('f', "alice:realm:SHA-256:@{[sha256_hex('alice:realm:old')]}\nalice:realm:$md5\n");
    ($status, $out, $err) = passwd("secret\n", '--verify', '--stdin', 'f', 'alice');
    is_deeply([ $status, $out, $err ], [ 1, "MD5\tright\n", "sspi-passwd: f:1: the SHA-256 line has another password\n" ],
        'one right and one wrong');
    put('f', "alice:realm:$md5\nbob:realm:x\n");
    fails('a bad line', 1, qr/^sspi-passwd: f:2: .*\b32\b/, "secret\n", '--verify', '--stdin', 'f', 'alice');
};

subtest 'owner and symbolic links' => sub {
    mkdir 'target';
    put('target/users', '');
    symlink 'target/users', 'link' or die;
    SKIP: {
        skip 'needs root: owner of another', 1 if $> != 0;
        chown 12345, 23456, 'target/users';
    }
    my @before = stat 'target/users';
    is((passwd("secret\n", '--stdin', '-r', 'realm', '-a', 'MD5', 'link', 'alice'))[0], 0);
    ok(-l 'link', 'the link is still a link');
    is(get('target/users'), "alice:realm:$md5\n", 'its target was changed');
    my @after = stat 'target/users';
    is_deeply([@after[2, 4, 5]], [@before[2, 4, 5]], 'the file keeps its mode, owner and group');
    isnt($after[1], $before[1], 'the file is replaced in one step and not overwritten');
};

subtest 'runs at the same time lose no line' => sub {
    put('f', '');
    put('in', "secret\n");
    my @children = map { start($program, '--stdin', '-r', 'realm', '-a', 'MD5', 'f', "user$_") } 1 .. 12;
    waitpid $_, 0 for @children;
    is(scalar(() = get('f') =~ /^user\d+:realm:[0-9a-f]{32}$/mg), 12, 'the file has every user');
};

subtest 'htdigest' => sub {
    plan skip_all => 'htdigest (apache2-utils) is not installed' if !found('htdigest');
    unlink 'f';
    is((run("secret\nsecret\n", 'env', 'htdigest', '-c', 'f', 'realm', 'alice'))[0], 0);
    my $theirs = get('f');
    is($theirs, "alice:realm:$md5\n", 'Apache wrote a line');
    is((passwd("secret\n", '--stdin', '-a', 'MD5', 'f', 'alice'))[0], 0, 'sspi-passwd updates it');
    is(get('f'), $theirs, 'the MD5 line of sspi-passwd has the same octets');
    is((passwd("secret\n", '--stdin', '-a', 'MD5', 'f', 'bob'))[0], 0);
    is((run("new\nnew\n", 'env', 'htdigest', 'f', 'realm', 'bob'))[0], 0, 'Apache updates a line of sspi-passwd');
    like(get('f'), qr/^bob:realm:@{[md5_hex('bob:realm:new')]}$/m);
};

subtest 'prompts at a terminal' => sub {
    my $why_not = no_terminal();
    plan skip_all => $why_not if defined $why_not;
    put('f', '');
    my $command = "$program -r realm -a MD5 f alice";
    my @questions = (qr/New password for alice: /, qr/The same again for alice: /);
    my ($status, $text) = at_terminal($command, $questions[0], "secret\n", $questions[1], "secret\n");
    is($status, 0);
    is(get('f'), "alice:realm:$md5\n");
    unlike($text, qr/secret/, 'nothing is echoed');

    my $before = get('f');
    ($status, $text) = at_terminal($command, $questions[0], "secret\n", $questions[1], "Secret\n");
    is($status, 1);
    like($text, qr/the two passwords differ; nothing was changed/);
    is(get('f'), $before);

    ($status, $text) = at_terminal("$program -r realm -a MD5 f $composed", qr/New password for $composed: /, "p$decomposed\n",
        qr/The same again for $composed: /, "p$composed\n");
    is($status, 0, 'two spellings of one password are the same');
    ($status, $text) = at_terminal("$program --verify -r realm f alice", qr/Password for alice: /, "secret\n");
    is($status, 0, 'verify asks once');
    like($text, qr/MD5\tright/);
    unlike($text, qr/secret|again/);
    $before = get('f');

    ($status, $text) = at_terminal("trap : INT; $command; stty -a", $questions[0], "\cC");
    like($text, qr/(?<!-)\becho\b/, 'the echo is back on after an interrupt');
    is(get('f'), $before);
};

done_testing;
