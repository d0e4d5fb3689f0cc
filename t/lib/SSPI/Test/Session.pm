# SPDX-License-Identifier: Apache-2.0
# The cookies of sessions in tests.
package SSPI::Test::Session;
use strict;
use warnings;

use Exporter qw(import);
use Test::More;
use SSPI::Test qw(scratch_dir built);

our @EXPORT = qw(cookies session_of cookie_header set_by_login key_file cleared);

# Returns the Set-Cookie lines of an answer: a list of { name, value, attributes (the rest of the
# line), line }.
sub cookies {
    my ($answer) = @_;
    return map {
        my ($name, $value, $rest) = /\A([^=]*)=([^;]*)(.*)\z/;
        { name => $name, value => $value, attributes => $rest, line => $_ }
    } $answer->header('Set-Cookie');
}

# Returns the only cookie that an answer sets, as "name=value". Undef: it sets none, or several, or
# removes one.
sub session_of {
    my ($answer) = @_;
    my @cookies = cookies($answer);
    return undef if @cookies != 1 || $cookies[0]{value} eq '';
    return "$cookies[0]{name}=$cookies[0]{value}";
}

# Returns options of a request with these cookies, for curl.
sub cookie_header { my ($cookie, @more) = @_; return (args => [ '--header', "Cookie: $cookie", @more ]) }

# Logs in and tests that the answer is granted and sets one cookie. Returns "name=value".
sub set_by_login {
    my ($answer, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $cookie = session_of($answer);
    ok($answer->status == 200 && defined $cookie, "$name: a session") or diag(explain($answer->{headers}));
    return $cookie // 'none=';
}

# Tests that the answer removes the cookie of this name.
sub cleared {
    my ($answer, $name, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @cookies = cookies($answer);
    return ok(@cookies == 1 && $cookies[0]{name} eq $name && $cookies[0]{value} eq ''
            && $cookies[0]{attributes} =~ /; Max-Age=0\z/, "$what: the cookie is removed")
        || diag(explain(\@cookies));
}

# Makes a key file and returns its path.
sub key_file {
    my $file = scratch_dir('keys') . '/keys';
    SSPI::Test::must_run([ built('key'), '-c', $file ]);
    return $file;
}

1;
