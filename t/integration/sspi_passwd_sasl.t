#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The lines of sspi-passwd for SASL: MD5 over user, realm and password, each in ISO-8859-1 if all
# its characters fit (RFC 2831 2.1.2.1). sspi-passwd writes the line beside the MD5 line if the
# hashes differ.
use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::MD5 qw(md5_hex);
use Digest::SHA qw(sha256_hex);
use Encode qw(encode);
use Test::More;
use SSPI::Test::Passwd;

use constant SASL => 'MD5-ISO-8859-1';

sub utf8 { my ($text) = @_; return encode('UTF-8', $text) }

# In ISO-8859-1 if it fits.
sub fitting { my ($text) = @_; return $text =~ /\A[\x00-\xff]*\z/ ? encode('ISO-8859-1', $text) : utf8($text) }

sub md5_line { return utf8("$_[0]:$_[1]:") . md5_hex(join ':', map { utf8($_) } @_) . "\n" }
sub sasl_line { return utf8("$_[0]:$_[1]:") . SASL . ':' . md5_hex(join ':', map { fitting($_) } @_) . "\n" }
sub sha_line { return utf8("$_[0]:$_[1]:") . 'SHA-256:' . sha256_hex(join ':', map { utf8($_) } @_) . "\n" }

sub set {
    my ($user, $realm, $password, @arguments) = @_;
    return passwd(utf8($password) . "\n", '--stdin', @arguments, '-r', utf8($realm), 'f', utf8($user));
}

subtest 'a known hash' => sub {
    put('f', '');
    is((set('jürgen', 'realm', 'Käse', '-a', 'MD5'))[0], 0);
    # printf 'j\374rgen:realm:K\344se' | md5sum
    is(get('f'), utf8("jürgen:realm:74e69bcddaf154eb21147b9cc78280d7\njürgen:realm:MD5-ISO-8859-1:5c1d674259bd7e5232d5111cec8e5158\n"));
};

subtest 'written if its hash differs' => sub {
    # Each string is converted by itself. A string that does not fit does not affect the others.
    my @other = ([ 'jürgen', 'realm', 'secret' ], [ 'alice', 'Köln', 'secret' ], [ 'alice', 'realm', 'Käse' ],
        [ 'jürgen', 'Köln', 'пароль' ], [ 'иван', 'realm', 'Käse' ], [ 'alice', 'realm', "\x{a0}\x{ff}" ]);
    for (@other) {
        put('f', '');
        is_deeply([ set(@$_) ], [ 0, '', '' ]);
        is(get('f'), sha_line(@$_) . md5_line(@$_) . sasl_line(@$_), utf8("@$_"));
    }
    my @same = ([ 'alice', 'realm', 'secret' ], [ 'alice', 'realm', "~\x{7f}" ], [ 'иван', 'Москва', 'пароль' ],
        [ 'alice', 'realm', "K\x{e4}se\x{20ac}" ], [ 'alice', 'realm', "\x{100}" ]);
    for (@same) {
        put('f', '');
        is((set(@$_))[0], 0);
        is(get('f'), sha_line(@$_) . md5_line(@$_), utf8("@$_"));
    }
    unlink 'f';
    is((set('jürgen', 'realm', 'Käse', '-c'))[0], 0);
    is(get('f'), join('', map { $_->('jürgen', 'realm', 'Käse') } \&sha_line, \&md5_line, \&sasl_line), 'in a new file');
    put('f', '');
    is((set("ju\x{308}rgen", 'realm', "Ka\x{308}se", '-a', 'MD5'))[0], 0);
    is(get('f'), md5_line('jürgen', 'realm', 'Käse') . sasl_line('jürgen', 'realm', 'Käse'), 'in normal form C');
};

subtest 'with only MD5' => sub {
    put('f', '');
    is((set('jürgen', 'realm', 'Käse', '-a', 'SHA-256'))[0], 0);
    is(get('f'), sha_line('jürgen', 'realm', 'Käse'));
    fails("-a $_", 2, qr/^sspi-passwd: -a: MD5-ISO-8859-1 lines are written and deleted together with MD5 lines; name MD5$/, '', '-a', $_, 'f', 'alice')
      for 'MD5-ISO-8859-1', 'MD5,md5-iso-8859-1';
};

subtest 'a change replaces it, or removes it' => sub {
    my $others = sasl_line('jürgen', 'other', 'Käse') . sasl_line('alice', 'realm', 'Käse');
    my @new = ('jürgen', 'realm', 'Öl');
    put('f', $others . sasl_line('jürgen', 'realm', 'Käse') . "# x\n" . md5_line('jürgen', 'realm', 'Käse'));
    is_deeply([ set(@new, '-a', 'MD5') ], [ 0, '', '' ]);
    is(get('f'), $others . md5_line(@new) . sasl_line(@new) . "# x\n", 'replaced');

    my $before = md5_line('alice', 'realm', 'Käse') . sasl_line('alice', 'realm', 'Käse');
    put('f', $before);
    is_deeply([ set('alice', 'realm', 'secret', '-a', 'MD5') ], [ 0, '', '' ]);
    is(get('f'), md5_line('alice', 'realm', 'secret'), 'a password with only one hash leaves no old line');

    put('f', $before);
    my ($status, undef, $err) = set('alice', 'realm', 'Käse', '-a', 'SHA-256');
    is($status, 0);
    is(get('f'), sha_line('alice', 'realm', 'Käse'), 'without MD5 both lines are removed');
    is($err, "sspi-passwd: note: alice's MD5 line had the old password and is removed; add MD5 to -a to write a new one\n",
        'one message is for both removed lines');
    put('f', sasl_line('alice', 'realm', 'Käse'));
    ($status, undef, $err) = set('alice', 'realm', 'Käse', '-a', 'SHA-256');
    like($err, qr/^sspi-passwd: note: alice's MD5-ISO-8859-1 line .*; add MD5 to -a to write a new one$/, 'the message comes even if the removed line was the only one');
};

subtest 'deleting' => sub {
    my @user = ('jürgen', 'realm', 'Käse');
    my $others = sha_line('bob', 'realm', 'x') . sasl_line('jürgen', 'other', 'Käse');
    put('f', md5_line(@user) . $others . sasl_line(@user) . sha_line(@user));
    is((passwd('', '-D', '-a', 'SHA-256', '-r', 'realm', 'f', utf8('jürgen')))[0], 0);
    is(get('f'), md5_line(@user) . $others . sasl_line(@user), 'not with another algorithm');
    is((passwd('', '-D', '-a', 'MD5', '-r', 'realm', 'f', utf8('jürgen')))[0], 0);
    is(get('f'), $others, 'with MD5');
    put('f', md5_line(@user) . $others . sasl_line(@user));
    is((passwd('', '-D', '-r', 'realm', 'f', utf8('jürgen')))[0], 0);
    is(get('f'), $others, 'with all algorithms');
};

subtest 'verify and list' => sub {
    my @user = ('jürgen', 'realm', 'Käse');
    put('f', md5_line(@user) . sasl_line(@user) . md5_line('bob', 'realm', 'x') . sasl_line('carl', 'realm', 'Käse'));
    is((passwd('', '--compile', 'd', 'f'))[0], 0);
    for my $file ('f', 'cdb:d') {
        my ($status, $out, $err) = passwd(utf8("Käse\n"), '--verify', '--stdin', '-r', 'realm', $file, utf8('jürgen'));
        is_deeply([ $status, $out, $err ], [ 0, "MD5\tright\nMD5-ISO-8859-1\tright\n", '' ], "$file: both");
        ($status, $out, $err) = passwd(utf8("käse\n"), '--verify', '--stdin', '-r', 'realm', $file, utf8('jürgen'));
        is($status, 1);
        like($err, qr/^sspi-passwd: $file(?::2)?: the MD5-ISO-8859-1 line has another password$/m, "$file: wrong");
        is((passwd(utf8("Käse\n"), '--verify', '--stdin', '-r', 'realm', $file, 'carl'))[0], 0, "$file: only this line");
        is_deeply([ passwd('', '--list', $file) ],
            [ 0, utf8("jürgen\trealm\tMD5,MD5-ISO-8859-1\nbob\trealm\tMD5\ncarl\trealm\tMD5-ISO-8859-1\n"), '' ], "$file: list");
    }
    put('f', md5_line(@user) . sasl_line('jürgen', 'realm', 'old'));
    my ($status, $out, $err) = passwd(utf8("Käse\n"), '--verify', '--stdin', 'f', utf8('jürgen'));
    is_deeply([ $status, $out, $err ],
        [ 1, "MD5\tright\n", "sspi-passwd: f:2: the MD5-ISO-8859-1 line has another password\n" ], 'an outdated line');
};

subtest 'compile' => sub {
    my @user = ('jürgen', 'realm', 'Käse');
    put('f', sasl_line(@user) . md5_line(@user) . "\n" . sasl_line(@user));
    fails('a second line', 1, qr/^sspi-passwd: f:4: a second line of a user, realm and algorithm/, '', '--compile', 'd', 'f');
};

# A client with the old password must not log in by SASL after a new one was imported.
subtest 'import' => sub {
    my @user = ('jürgen', 'realm', 'Käse');
    my @new  = ('jürgen', 'realm', 'Öl');
    my $rest = md5_line('bob', 'realm', 'x') . sasl_line('jürgen', 'other', 'Käse');
    put('f', sasl_line(@user) . $rest . md5_line(@user));
    put('h', md5_line(@new) . md5_line('carol', 'realm', 'Käse'));
    my ($status, $out, $err) = passwd('', '--import', 'h', 'f');
    is($status, 0);
    is($out, "added 1, replaced 1\n");
    is($err, "sspi-passwd: note: 1 MD5-ISO-8859-1 line was removed, because the new MD5 line has another password; "
        . "set the passwords of these users again for SASL\n");
    is(get('f'), $rest . md5_line(@new) . md5_line('carol', 'realm', 'Käse'), 'the line of the old password is removed');

    put('h', md5_line(@new) . sasl_line(@new));
    put('f', sasl_line(@user) . $rest . md5_line(@user));
    is_deeply([ passwd('', '--import', 'h', 'f') ], [ 0, "added 0, replaced 2\n", '' ]);
    is(get('f'), sasl_line(@new) . $rest . md5_line(@new), 'the line is replaced');

    put('h', utf8('jürgen:realm:MD5:') . uc md5_hex(utf8('jürgen:realm:Käse')));
    put('f', sasl_line(@user) . $rest . md5_line(@user));
    is_deeply([ passwd('', '--import', 'h', 'f') ], [ 0, "added 0, replaced 1\n", '' ]);
    like(get('f'), qr/\A\Q@{[sasl_line(@user)]}\E/, 'the line stays with the same password');

    put('h', sha_line(@new));
    put('f', md5_line(@user) . sasl_line(@user));
    is_deeply([ passwd('', '--import', 'h', 'f') ], [ 0, "added 1, replaced 0\n", '' ]);
    is(get('f'), md5_line(@user) . sasl_line(@user) . sha_line(@new), 'the line of SASL stays if its MD5 line stays');

    put('f', sasl_line(@user));
    put('h', md5_line(@user));
    is((passwd('', '--import', 'h', 'f'))[0], 0);
    is(get('f'), md5_line(@user), 'a line with an unknown password is removed');
};

done_testing;
