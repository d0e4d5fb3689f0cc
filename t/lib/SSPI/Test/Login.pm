# SPDX-License-Identifier: Apache-2.0
# One client's login by Digest: a challenge that a place sent, and answers to it, each with the next
# count.
package SSPI::Test::Login;
use strict;
use warnings;

use Exporter qw(import);
use Test::More;
use SSPI::Test::Digest qw(digest_challenges digest_header digest_info);
use SSPI::Test::Scenario qw(refused);

our @EXPORT = qw(stale not_stale tally);

# Asks `path` for its challenges. Takes what digest_header() takes, for every header: user and
# password at least; and `algorithm`, of the challenge to answer (the first), and `tls`.
sub new {
    my ($class, $client, $path, %fixed) = @_;
    my $algorithm = delete $fixed{algorithm};
    my $answer = delete $fixed{tls} ? $client->get($path, tls => 1) : $client->raw([ $path, close => 1 ]);
    my ($challenge) = grep { !defined $algorithm || $_->{algorithm} eq $algorithm }
        digest_challenges($answer->challenges);
    die "$path sent no challenge to answer\n" if !$challenge;
    return bless { challenge => $challenge, nc => 0, fixed => { uri => $path, %fixed } }, $class;
}

# The same client with another nonce or other directives of the challenge; its counts begin anew.
sub with {
    my ($self, %change) = @_;
    return bless { %$self, nc => 0, challenge => { %{$self->{challenge}}, %change } }, ref $self;
}

sub challenge { return $_[0]{challenge} }
sub nonce { return $_[0]{challenge}{nonce} }

# The value of Authorization for the next request; `nc` chooses the count.
sub header {
    my ($self, %o) = @_;
    $self->{nc} = $o{nc} // $self->{nc} + 1;
    return digest_header($self->{challenge}, %{$self->{fixed}}, %o, nc => $self->{nc});
}

# What Authentication-Info of the answer says, `right` when the server proved itself in it.
sub info {
    my ($self, $answer, %o) = @_;
    return digest_info(scalar $answer->header($o{name} // 'Authentication-Info'), $self->{challenge},
        %{$self->{fixed}}, %o);
}

sub _stale {
    my ($answer, $want, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 2;
    my @told = map { $_->{stale} // 'false' } digest_challenges($answer->challenges);
    return refused($answer, 401, $name)
        && is_deeply(\@told, [ map { $want } @told ], "$name: stale=$want");
}

# The answer is a 401 whose challenges all say that the nonce was the fault, or none of them.
sub stale { my ($answer, $name) = @_; return _stale($answer, 'true', $name) }
sub not_stale { my ($answer, $name) = @_; return _stale($answer, 'false', $name) }

# How often each status came; "none" where the connection was closed without an answer.
sub tally {
    my %n;
    $n{$_ ? $_->status : 'none'}++ for @_;
    return \%n;
}

1;
