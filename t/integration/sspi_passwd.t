#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# sspi-passwd as people run it. Core modules only; `script` and `htdigest` where they are installed.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use Digest::SHA qw(sha256_hex sha512_hex);
use Fcntl qw(:flock);
use File::Spec;
use File::Temp qw(tempdir);
use IPC::Open2;
use POSIX ();
use Test::More;

my $program = File::Spec->rel2abs(($ENV{SSPI_BUILD} // 'build') . '/tools/sspi-passwd');
plan skip_all => "$program is not built" if !-x $program;

my $dir = tempdir(CLEANUP => 1);
chdir $dir or die "$dir: $!";

sub put {
    my ($path, $text) = @_;
    open my $to, '>:raw', $path or die "$path: $!";
    print {$to} $text;
    close $to or die "$path: $!";
}

sub get {
    my ($path) = @_;
    open my $from, '<:raw', $path or die "$path: $!";
    local $/;
    return scalar <$from>;
}

sub mode { return sprintf '%o', (stat $_[0])[2] & 07777 }

# Reads the file `in`.
sub start {
    my @command = @_;
    my $child = fork // die "fork: $!";
    return $child if $child;
    POSIX::setsid();    # no terminal, so that nobody is asked on the tester's own
    open STDIN,  '<', 'in'  or die;
    open STDOUT, '>', 'out' or die;
    open STDERR, '>', 'err' or die;
    exec {$command[0]} @command or POSIX::_exit(127);
}

# Exit status, standard output, standard error.
sub run {
    my ($input, @command) = @_;
    put('in', $input);
    my $child = start(@command);
    waitpid $child, 0;
    return ($? & 127 ? "signal $?" : $? >> 8, get('out'), get('err'));
}

sub passwd {
    my ($input, @arguments) = @_;
    return run($input, $program, @arguments);
}

sub fails {
    my ($name, $want_status, $want, $input, @arguments) = @_;
    my $before = -e 'f' ? get('f') : undef;
    my ($status, $out, $err) = passwd($input, @arguments);
    is($status, $want_status, "$name: exit status $want_status");
    like($err, $want, "$name: says so");
    is(($err =~ tr/\n//), 1, "$name: in one line");
    is(-e 'f' ? get('f') : undef, $before, "$name: the file is as it was");
}

sub found {
    my ($command) = @_;
    return grep { -x "$_/$command" } File::Spec->path;
}

my $md5    = md5_hex('alice:realm:secret');
my $sha256 = sha256_hex('alice:realm:secret');

subtest 'help, version, usage' => sub {
    my ($status, $out) = passwd('', '--help');
    is($status, 0);
    like($out, qr/^usage: sspi-passwd \[-c\] \[-a ALG\[,ALG\.\.\.\]\] \[-r REALM\] \[-D\] \[--stdin\] FILE USER/);
    like($out, qr/chmod 640/, 'says how a worker may read a new file');
    ($status, $out) = passwd('', '--version');
    is($status, 0);
    like($out, qr/^sspi-passwd \d+\.\d+\.\d+$/);

    fails('no arguments',     2, qr/needs a file and a user/, '');
    fails('three arguments',  2, qr/needs a file and a user/, '', 'f', 'alice', 'x');
    fails('unknown option',   2, qr/invalid option|unrecognized/, '', '-x', 'f', 'alice');
    fails('unknown -a',       2, qr/unknown algorithm "SHA-1"; SHA-256/, '', '-a', 'SHA-1', 'f', 'alice');
    fails('-a twice',         2, qr/names MD5 twice/, '', '-a', 'MD5,md5', 'f', 'alice');
    fails('-c with -D',       2, qr/-c and -D/, '', '-c', '-D', 'f', 'alice');
    fails('-D with --stdin',  2, qr/-D deletes all/, '', '-D', '--stdin', 'f', 'alice');
    fails('-c without realm', 2, qr/name it with -r/, '', '-c', '--stdin', 'f', 'alice');
    fails('empty user',       2, qr/user name is empty/, '', '-r', 'realm', 'f', '');
    fails('user with colon',  2, qr/user name has a colon/, '', '-r', 'realm', 'f', 'a:b');
    fails('user with #',      2, qr/starts with #/, '', '-r', 'realm', 'f', '#a');
    fails('realm with line end', 2, qr/realm has a control/, '', '-r', "a\nb", 'f', 'alice');
    fails('user not UTF-8',   2, qr/user name is not UTF-8/, '', '-r', 'realm', 'f', "al\xe9ce");
    fails('long user',        2, qr/longer than 255/, '', '-r', 'realm', 'f', 'a' x 256);
};

subtest 'a new file' => sub {
    fails('without -c', 1, qr/f does not exist; -c creates it/, "secret\n", '--stdin', '-r', 'realm', 'f', 'alice');
    my ($status, $out, $err) = passwd("secret\n", '-c', '--stdin', '-r', 'realm', 'f', 'alice');
    is($status, 0);
    is($out . $err, '', 'says nothing when all is well');
    is(get('f'), "alice:realm:SHA-256:$sha256\nalice:realm:$md5\n", 'has SHA-256 and MD5');
    is(mode('f'), '600');
    fails('-c again', 1, qr/f exists already; leave -c out/, "secret\n", '-c', '--stdin', '-r', 'realm', 'f', 'bob');
    symlink 'nothing', 'dangling' or die;
    ($status, undef, $err) = passwd("secret\n", '-c', '--stdin', '-r', 'realm', 'dangling', 'bob');
    is($status, 1);
    like($err, qr/exists already/, 'a dangling symbolic link is not written through');
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
    isnt($sha512256, substr(sha512_hex($a1), 0, 64), 'SHA-512-256 is no cut SHA-512');
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
    fails('with NUL',      1, qr/not UTF-8 text/, "p\0q\n", @to);
    fails('257 octets',    1, qr/longer than 256 octets/, 'x' x 257 . "\n", @to);
    is((passwd('x' x 256 . "\n", @to))[0], 0, '256 octets are right');
    like(get('f'), qr/@{[md5_hex('alice:realm:' . 'x' x 256)]}/);
    for my $input ("secret", "secret\r\n", "secret\nnext\n") {
        is((passwd($input, @to))[0], 0);
        is(get('f'), "# empty\nalice:realm:$md5\n", 'the line without its end');
    }
    fails('no terminal and no --stdin', 1, qr/no terminal.*use --stdin/, "secret\n", '-r', 'realm', 'f', 'alice');
};

subtest 'a change touches nothing else' => sub {
    my $other = "alice:other:" . 'a' x 32;
    my $bob   = "bob:realm:" . 'b' x 32;
    put('f', "# users\r\n$bob\r\n\nalice:realm:" . 'c' x 32 . "\n$other\nalice:realm:NT:" . 'd' x 32 . "\n# end");
    chmod 0640, 'f';
    my ($status, undef, $err) = passwd("secret\n", '--stdin', '-r', 'realm', 'f', 'alice');
    is($status, 0);
    is(get('f'), "# users\r\n$bob\r\n\nalice:realm:SHA-256:$sha256\nalice:realm:$md5\n$other\n# end");
    like($err, qr/alice had a NT line with the old password, which is removed/, 'tells what is gone');
    is(mode('f'), '640', 'mode kept');

    is((passwd("secret\n", '--stdin', '-r', 'realm', '-a', 'MD5', 'f', 'carol'))[0], 0);
    like(get('f'), qr/\n# end\ncarol:realm:[0-9a-f]{32}\n\z/, 'a new user comes last, on a line of its own');
    fails('several realms', 2, qr/several realms; name one with -r/, "secret\n", '--stdin', 'f', 'alice');

    is((passwd('', '-D', '-r', 'realm', 'f', 'alice'))[0], 0);
    like(get('f'), qr/\A# users\r\n\Q$bob\E\r\n\n\Q$other\E\n# end\ncarol/, '-D deletes in that realm only');
    fails('-D of nobody', 1, qr/has no user alice in realm realm/, '', '-D', '-r', 'realm', 'f', 'alice');
    is_deeply([grep { !/^(f|in|out|err|dangling)$/ } map { s{^\./}{}r } glob './* ./.sspi*'], [], 'no other file is left');
};

subtest 'the only realm of a file needs no -r' => sub {
    put('f', "bob:realm:" . 'b' x 32 . "\n");
    is((passwd("secret\n", '--stdin', '-a', 'MD5', 'f', 'alice'))[0], 0);
    like(get('f'), qr/^alice:realm:$md5$/m);
    put('f', '');
    fails('no realm', 2, qr/no realm yet; name one with -r/, "secret\n", '--stdin', 'f', 'alice');
};

subtest 'a file that is wrong is left alone' => sub {
    put('f', "bob:realm:" . 'b' x 32 . "\nalice:realm:" . 'c' x 31);
    fails('truncated line', 1, qr/f:2: the hash is not 32 hexadecimal digits/, "secret\n", '--stdin', '-r', 'realm', 'f', 'alice');
    mkdir 'd';
    my ($status, undef, $err) = passwd("secret\n", '--stdin', '-r', 'realm', 'd', 'alice');
    is($status, 1);
    like($err, qr/d is not a regular file/);
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
    is_deeply([@after[2, 4, 5]], [@before[2, 4, 5]], 'mode, owner and group kept');
    isnt($after[1], $before[1], 'replaced in one step, not overwritten');
};

subtest 'runs at the same time lose nothing' => sub {
    put('f', '');
    put('in', "secret\n");
    my @children = map { start($program, '--stdin', '-r', 'realm', '-a', 'MD5', 'f', "user$_") } 1 .. 12;
    waitpid $_, 0 for @children;
    is(scalar(() = get('f') =~ /^user\d+:realm:[0-9a-f]{32}$/mg), 12, 'every user is there');
};

subtest 'htdigest' => sub {
    plan skip_all => 'htdigest (apache2-utils) is not installed' if !found('htdigest');
    unlink 'f';
    is((run("secret\nsecret\n", 'env', 'htdigest', '-c', 'f', 'realm', 'alice'))[0], 0);
    my $theirs = get('f');
    is($theirs, "alice:realm:$md5\n", 'Apache wrote a line');
    is((passwd("secret\n", '--stdin', '-a', 'MD5', 'f', 'alice'))[0], 0, 'we update it');
    is(get('f'), $theirs, 'our MD5 line is the same octets');
    is((passwd("secret\n", '--stdin', '-a', 'MD5', 'f', 'bob'))[0], 0);
    is((run("new\nnew\n", 'env', 'htdigest', 'f', 'realm', 'bob'))[0], 0, 'Apache updates ours');
    like(get('f'), qr/^bob:realm:@{[md5_hex('bob:realm:new')]}$/m);
};

# Runs in a terminal of its own; each answer is typed once its question is there.
sub at_terminal {
    my ($command, @dialogue) = @_;
    my $pid = open2(my $from, my $to, 'script', '-qec', $command, '/dev/null');
    $to->autoflush(1);
    local $SIG{ALRM} = sub { kill 'KILL', $pid; die "no answer from $command\n" };
    alarm 60;
    my ($seen, $all) = ('', '');
    while (1) {
        if (@dialogue && $seen =~ $dialogue[0]) {
            shift @dialogue;
            $seen = '' if @dialogue > 1;
            print {$to} shift @dialogue;
        }
        sysread($from, my $part, 4096) or last;
        $seen .= $part;
        $all .= $part;
    }
    close $to;
    waitpid $pid, 0;
    alarm 0;
    return ($? >> 8, $all);
}

subtest 'questions at a terminal' => sub {
    plan skip_all => 'script (bsdutils) is not installed' if !found('script');
    plan skip_all => 'this system hands out no pseudo-terminals'
        if system('script -qec true /dev/null >/dev/null 2>&1') != 0;
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

    ($status, $text) = at_terminal("trap : INT; $command; stty -a", $questions[0], "\cC");
    like($text, qr/(?<!-)\becho\b/, 'the echo is back on after an interrupt');
    is(get('f'), $before);
};

done_testing;
