# SPDX-License-Identifier: Apache-2.0
# An HTTP answer, as tests read it.
package SSPI::Test::Response;
use strict;
use warnings;

sub _parse {
    my ($head) = @_;
    my ($first, @lines) = split /\r?\n/, $head;
    my ($version, $status) = $first =~ m{\AHTTP/([\d.]+) (\d{3})} or return undef;
    my @headers = map { /\A([^:]+):\s*(.*?)\s*\z/ ? [ $1, $2 ] : () } @lines;
    return { version => $version, status => $status, headers => \@headers, body => '' };
}

# From curl's dump of all headers and the last body.
sub from_text {
    my ($class, $text, $body) = @_;
    my @all = map { bless $_, $class } grep { defined && $_->{status} >= 200 }
        map { _parse($_) } grep { length } split /\r?\n\r?\n/, $text;
    my $last = @all ? $all[-1] : bless({ version => '', status => 0, headers => [] }, $class);
    $last->{body} = $body;
    return bless { %$last, all => \@all }, $class;
}

# Makes an answer from the octets of a connection. Returns undef until the answer is complete.
sub complete {
    my ($class, $data) = @_;
    my $end = index $data, "\r\n\r\n";
    return undef if $end < 0;
    my $self = bless _parse(substr $data, 0, $end) // return(undef), $class;
    my $rest = substr $data, $end + 4;
    my $length = $self->header('Content-Length');
    if (($self->header('Transfer-Encoding') // '') eq 'chunked') {
        return undef if $rest !~ /(?:\A|\r\n)0\r\n\r\n/;
    } elsif (defined $length) {
        return undef if length $rest < $length;
    } else {
        return undef if $self->{status} != 304 && $self->{status} != 204;
    }
    $self->{body} = $rest;
    return $self;
}

# From the bytes of a connection that was closed.
sub at_end {
    my ($class, $data) = @_;
    my ($head, $body) = split /\r\n\r\n/, $data, 2;
    my $self = defined $head && length $head ? _parse($head) : undef;
    return undef if !$self;
    $self->{body} = $body // '';
    return bless $self, $class;
}

sub status { return $_[0]{status} }
sub body { return $_[0]{body} }

# Returns the values of a header in order, or in scalar context the first one.
sub header {
    my ($self, $name) = @_;
    my @values = map { $_->[1] } grep { lc $_->[0] eq lc $name } @{$self->{headers}};
    return wantarray ? @values : $values[0];
}

sub challenges { my ($self) = @_; return my @lines = $self->header('WWW-Authenticate') }
# The schemes of the challenges, each once.
sub schemes {
    my ($self) = @_;
    my %seen;
    return grep { !$seen{$_}++ } map { (split / /)[0] } $self->challenges;
}

sub user { my ($self) = @_; return scalar($self->header('X-Sspi-User')) // '' }
sub remote_user { my ($self) = @_; return scalar($self->header('X-Remote-User')) // '' }
sub package_name { my ($self) = @_; return scalar($self->header('X-Sspi-Package')) // '' }
sub mechanism { my ($self) = @_; return scalar($self->header('X-Sspi-Mechanism')) // '' }
sub bound { my ($self) = @_; return scalar($self->header('X-Sspi-Bound')) // '' }

# One line that describes the answer of a failed test.
sub brief {
    my ($self) = @_;
    return join ' ', $self->{status}, 'user=' . $self->user,
        (map { "[$_]" } $self->challenges), $self->{curl_error} // '';
}

1;
