# SPDX-License-Identifier: Apache-2.0
# One client's login by Digest: the challenge of a location, and headers that answer it, each with
# the next count.
package SSPI::Test::Login;
use strict;
use warnings;

use Exporter qw(import);
use Test::More;
use SSPI::Test::Digest qw(digest_challenges digest_header digest_info);
use SSPI::Test::Scenario qw(refused);

our @EXPORT = qw(stale not_stale tally);

# Requests `path` for its challenges. The arguments are those of digest_header() for all headers: at
# least user and password. Further arguments: `algorithm` of the challenge to answer (default: the
# first challenge), and `tls`.
sub new {
    my ($class, $client, $path, %fixed) = @_;
    my $algorithm = delete $fixed{algorithm};
    my $answer = delete $fixed{tls} ? $client->get($path, tls => 1) : $client->raw([ $path, close => 1 ]);
    my ($challenge) = grep { !defined $algorithm || $_->{algorithm} eq $algorithm }
        digest_challenges($answer->challenges);
    die "$path sent no challenge to answer\n" if !$challenge;
    return bless { challenge => $challenge, nc => 0, fixed => { uri => $path, %fixed } }, $class;
}

# Returns the same client with another nonce or other directives of the challenge. Its count starts
# again.
sub with {
    my ($self, %change) = @_;
    return bless { %$self, nc => 0, challenge => { %{$self->{challenge}}, %change } }, ref $self;
}

sub challenge { return $_[0]{challenge} }
sub nonce { return $_[0]{challenge}{nonce} }

# Returns the value of Authorization for the next request. `nc` chooses the count.
sub header {
    my ($self, %o) = @_;
    $self->{nc} = $o{nc} // $self->{nc} + 1;
    return digest_header($self->{challenge}, %{$self->{fixed}}, %o, nc => $self->{nc});
}

# Returns the directives of Authentication-Info. `right` is true if its rspauth is right.
sub info {
    my ($self, $answer, %o) = @_;
    return digest_info(scalar $answer->header($o{name} // 'Authentication-Info'), $self->{challenge},
        %{$self->{fixed}}, %o);
}

sub _stale {
    my ($answer, $want, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 2;
    my @stale = map { $_->{stale} // 'false' } digest_challenges($answer->challenges);
    return refused($answer, 401, $name)
        && is_deeply(\@stale, [ map { $want } @stale ], "$name: stale=$want");
}

# Tests that the answer is a 401. In stale() all its challenges say stale, in not_stale() no challenge does.
sub stale { my ($answer, $name) = @_; return _stale($answer, 'true', $name) }
sub not_stale { my ($answer, $name) = @_; return _stale($answer, 'false', $name) }

# Counts how often each status came. The key is "none" if the server closed the connection without
# an answer.
sub tally {
    my %n;
    $n{$_ ? $_->status : 'none'}++ for @_;
    return \%n;
}

1;
