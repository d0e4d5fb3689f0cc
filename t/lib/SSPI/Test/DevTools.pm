# SPDX-License-Identifier: Apache-2.0
# Controls Chromium by its DevTools protocol over a pair of pipes. It answers the prompts for a name
# and a password, as a person does.
package SSPI::Test::DevTools;
use strict;
use warnings;

use IO::Select;
use JSON::PP qw(decode_json encode_json);
use POSIX qw(mkfifo);
use Time::HiRes qw(time);

use constant TIMEOUT_S => 30;

# Makes the pipes in a directory, before Chromium starts with command() of them.
sub new {
    my ($class, $dir) = @_;
    my $self = bless { dir => $dir, id => 0, read => '', events => [] }, $class;
    for my $name (qw(to from)) {
        unlink "$dir/$name"; # of the browser's last start
        mkfifo("$dir/$name", 0600) or die "$dir/$name: $!\n";
        # Opens each FIFO for reading and writing, so that neither side waits for the other one.
        open $self->{$name}, '+<', "$dir/$name" or die "$dir/$name: $!\n";
    }
    $self->{to}->autoflush(1);
    return $self;
}

# Returns the command of a browser, with its ends of the pipes.
sub command {
    my ($self, @command) = @_;
    return ('sh', '-c', 'exec "$@" 3<"$0/to" 4>"$0/from"', $self->{dir}, @command, '--remote-debugging-pipe');
}

sub _message {
    my ($self, $until) = @_;
    my $select = IO::Select->new($self->{from});
    my $end;
    while (($end = index $self->{read}, "\0") < 0) {
        my $left = $until - time;
        return undef if $left <= 0 || !$select->can_read($left);
        sysread $self->{from}, $self->{read}, 65536, length $self->{read} or return undef;
    }
    my $text = substr $self->{read}, 0, $end + 1, '';
    return decode_json(substr $text, 0, -1);
}

# Returns the result of a call; a failed call ends the test.
sub call {
    my ($self, $method, %params) = @_;
    my %call = (id => ++$self->{id}, method => $method, params => \%params);
    $call{sessionId} = $self->{session} if $self->{session};
    print {$self->{to}} encode_json(\%call), "\0";
    my $until = time + TIMEOUT_S;
    while (my $message = $self->_message($until)) {
        if (!defined $message->{id}) { push @{$self->{events}}, $message; next }
        next if $message->{id} != $call{id};
        die "$method: $message->{error}{message}\n" if $message->{error};
        return $message->{result};
    }
    die "$method: no answer\n";
}

# Returns the next event with one of the names: { method, params }; undef if no event comes.
sub event {
    my ($self, @names) = @_;
    my %wanted = map { $_ => 1 } @names;
    my $until = time + TIMEOUT_S;
    while (my $event = shift @{$self->{events}} // $self->_message($until)) {
        return $event if $wanted{$event->{method} // ''};
    }
    return undef;
}

# Opens an empty page. There every prompt is an event Fetch.authRequired.
sub open_page {
    my ($self) = @_;
    my $target = $self->call('Target.createTarget', url => 'about:blank')->{targetId};
    $self->{session} = $self->call('Target.attachToTarget', targetId => $target, flatten => JSON::PP::true)->{sessionId};
    $self->call('Network.enable');
    $self->call('Fetch.enable', handleAuthRequests => JSON::PP::true);
    return;
}

# Opens a URL and returns when its page is there.
sub visit {
    my ($self, $url) = @_;
    my $target = $self->call('Target.createTarget', url => 'about:blank')->{targetId};
    $self->{session} = $self->call('Target.attachToTarget', targetId => $target, flatten => JSON::PP::true)->{sessionId};
    $self->call('Page.enable');
    $self->call('Page.navigate', url => $url);
    return $self->event('Page.loadEventFired') // die "$url: no page\n";
}

# Ends the browser.
sub close_browser {
    my ($self) = @_;
    delete $self->{session};
    $self->call('Browser.close');
    return;
}

# Runs an expression in that page, and waits for its promise. Returns its value.
sub evaluate {
    my ($self, $expression) = @_;
    my $r = $self->call('Runtime.evaluate', expression => $expression, awaitPromise => JSON::PP::true,
        returnByValue => JSON::PP::true);
    die "$expression: $r->{exceptionDetails}{text}\n" if $r->{exceptionDetails};
    return $r->{result}{value};
}

# Opens a URL and answers its prompts with these names and passwords, one after the other. It
# cancels all further prompts. Returns (the number of prompts, the page's status).
sub navigate {
    my ($self, $url, @answers) = @_;
    my ($n_prompts, $status) = (0);
    print {$self->{to}} encode_json({ id => ++$self->{id}, method => 'Page.navigate', params => { url => $url },
        sessionId => $self->{session} }), "\0";
    while (my $event = $self->event(qw(Fetch.requestPaused Fetch.authRequired Network.responseReceived Network.loadingFinished
        Network.loadingFailed)))
    {
        my ($method, $params) = @$event{qw(method params)};
        my %id = (requestId => $params->{requestId});
        if ($method eq 'Fetch.requestPaused') {
            $self->call('Fetch.continueRequest', %id);
        } elsif ($method eq 'Fetch.authRequired') {
            my $answer = $answers[ $n_prompts++ ];
            $self->call('Fetch.continueWithAuth', %id, authChallengeResponse => $answer
                ? { response => 'ProvideCredentials', username => $answer->[0], password => $answer->[1] }
                : { response => 'CancelAuth' });
        } elsif ($method eq 'Network.responseReceived') {
            $status = $params->{response}{status} if $params->{type} eq 'Document';
        } elsif (defined $status) {
            last;
        }
    }
    return ($n_prompts, $status);
}

1;
