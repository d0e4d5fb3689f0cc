# SPDX-License-Identifier: Apache-2.0
# One HTTP/2 connection over TLS. A test sends frames of its own, and reads each frame of the server.
package SSPI::Test::Http2;
use strict;
use warnings;

use Exporter qw(import);
use IO::Select;
use parent 'SSPI::Test::Stream';

our @EXPORT_OK = qw(HTTP_1_1_REQUIRED);

# RFC 9113 section 7 and 6
use constant HTTP_1_1_REQUIRED => 0xd;
my %type = (DATA => 0, HEADERS => 1, RST_STREAM => 3, SETTINGS => 4, PING => 6, GOAWAY => 7, WINDOW_UPDATE => 8);
my %name = reverse %type;
use constant { END_STREAM => 1, ACK => 1, END_HEADERS => 4 };
use constant WINDOW => 0x7fffffff;
use constant { TIMEOUT_S => 30, PART => 65536 };

# Made from an SSPI::Test::Client. Its windows have the largest size, so only the socket limits the
# server.
sub new {
    my ($class, $client) = @_;
    my $self = bless { client => $client, data => '', next => 1 }, $class;
    $self->open_tls('h2');
    $self->send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . _frame('SETTINGS', 0, 0, pack 'nN', 4, WINDOW)
        . _frame('WINDOW_UPDATE', 0, 0, pack 'N', WINDOW - 65535));
    return $self;
}

sub _frame {
    my ($type, $flags, $stream, $payload) = @_;
    return substr(pack('N', length $payload), 1) . pack('CCN', $type{$type}, $flags, $stream) . $payload;
}

# RFC 7541 section 5.1, with a prefix of 7 bits.
sub _string {
    my ($text) = @_;
    my $len = length $text;
    return pack('C', $len) . $text if $len < 127;
    my $number = pack 'C', 127;
    for ($len -= 127; $len >= 128; $len >>= 7) { $number .= pack 'C', $len & 127 | 128 }
    return $number . pack('C', $len) . $text;
}

# Fields without any compression (RFC 7541 section 6.2.2).
sub _fields {
    my (@fields) = @_;
    my $block = '';
    while (my ($name, $value) = splice @fields, 0, 2) { $block .= "\0" . _string($name) . _string($value) }
    return $block;
}

# Returns the frames of a request without sending them: (stream, text). Options: authorization; method;
# open: the body comes later.
sub request {
    my ($self, $path, %o) = @_;
    my $stream = $self->{next};
    $self->{next} += 2;
    my $fields = _fields(':method' => $o{method} // 'GET', ':scheme' => 'https', ':path' => $path,
        ':authority' => "localhost:$self->{client}{https}",
        defined $o{authorization} ? (authorization => $o{authorization}) : ());
    return ($stream, _frame('HEADERS', END_HEADERS | ($o{open} ? 0 : END_STREAM), $stream, $fields));
}

# Sends a request and returns its stream.
sub ask {
    my ($self, $path, %o) = @_;
    my ($stream, $text) = $self->request($path, %o);
    $self->send($text);
    return $stream;
}

sub send_data {
    my ($self, $stream, $data, $last) = @_;
    $self->send(_frame('DATA', $last ? END_STREAM : 0, $stream, $data));
    return;
}

sub reset { my ($self, $stream) = @_; $self->send(_frame('RST_STREAM', 0, $stream, pack 'N', 8)); return }

# Returns the next frame: { type, flags, stream, payload }; undef: the server closed the connection.
sub frame {
    my ($self) = @_;
    while (1) {
        my $data = \$self->{data};
        my $len = length $$data >= 9 ? unpack('N', "\0" . substr $$data, 0, 3) : undef;
        if (defined $len && length $$data >= 9 + $len) {
            my ($type, $flags, $stream) = unpack 'x3CCN', substr $$data, 0, 9, '';
            return $self->_note({ type => $name{$type} // $type, flags => $flags, stream => $stream,
                payload => substr $$data, 0, $len, '' });
        }
        IO::Select->new($self->{socket})->can_read(TIMEOUT_S) or die "no frame within ${\TIMEOUT_S} seconds\n";
        return undef if !sysread $self->{socket}, $$data, PART, length $$data;
    }
}

sub _note {
    my ($self, $frame) = @_;
    my $ack = $frame->{flags} & ACK;
    $self->{status}{$frame->{stream}} = _status($frame->{payload}) if $frame->{type} eq 'HEADERS';
    $self->send(_frame('SETTINGS', ACK, 0, '')) if $frame->{type} eq 'SETTINGS' && !$ack;
    return $frame;
}

# Returns how the server ends each of these streams: the status of an answer, "reset N", or "closed"
# if the connection ended before.
sub ends {
    my ($self, @streams) = @_;
    my %end;
    while (grep { !defined $end{$_} } @streams) {
        my $frame = $self->frame or last;
        my ($type, $stream) = @{$frame}{qw(type stream)};
        if ($type eq 'RST_STREAM') { $end{$stream} //= 'reset ' . unpack 'N', $frame->{payload} }
        elsif ($type =~ /\A(?:HEADERS|DATA)\z/ && $frame->{flags} & END_STREAM) { $end{$stream} = $self->{status}{$stream} }
    }
    return map { $end{$_} // 'closed' } @streams;
}

# RFC 7541: nginx sends :status first, as an index of the static table or in three digits.
sub _status {
    my ($block) = @_;
    my %static = (8 => 200, 9 => 204, 10 => 206, 11 => 304, 12 => 400, 13 => 404, 14 => 500);
    # A change of the table's size may come before.
    $block =~ s/\A[\x20-\x3f](?:(?<=\x3f)[\x80-\xff]*[\x00-\x7f])?//;
    return $static{ord($block) & 127} // '?' if ord($block) & 128;
    return $block =~ /\A.\x03(\d{3})/s ? $1 : '?';
}

1;
