# SPDX-License-Identifier: Apache-2.0
# Firefox's remote control, for a task that otherwise needs a person: to type a password.
package SSPI::Test::Marionette;
use strict;
use warnings;

use IO::Socket::INET;
use JSON::PP qw(decode_json encode_json);
use SSPI::Test qw(wait_until);

# Connects to a Firefox that was started with this port, and begins a session.
sub new {
    my ($class, $port) = @_;
    my $socket = wait_until(sub {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)
    }, 40) // die "Firefox does not listen\n";
    my $self = bless { socket => $socket, n => 0 }, $class;
    $self->_read;
    $self->_ask('WebDriver:NewSession', { acceptInsecureCerts => JSON::PP::true });
    return $self;
}

# A message is its length in digits, a colon, and JSON.
sub _read {
    my ($self) = @_;
    my $text = '';
    while ($text !~ /\A(\d+):(.*)\z/s || length $2 < $1) {
        sysread($self->{socket}, $text, 65536, length $text) or die "Firefox hung up\n";
    }
    return decode_json($text =~ s/\A\d+://r);
}

sub _ask {
    my ($self, $command, $parameters) = @_;
    my $message = encode_json([ 0, ++$self->{n}, $command, $parameters ]);
    syswrite $self->{socket}, length($message) . ":$message";
    my (undef, undef, $error, $result) = @{$self->_read};
    die "$command: $error->{message}\n" if $error;
    return $result;
}

# Gives Firefox a user and password of NTLM for a host and port, as if a person had typed them
# before.
sub add_credentials {
    my ($self, %o) = @_;
    $self->_ask('Marionette:SetContext', { value => 'chrome' });
    $self->_ask('WebDriver:ExecuteScript', { args => [ @o{qw(scheme host port domain user password)} ],
        script => <<'SCRIPT' });
const [scheme, host, port, domain, user, password] = arguments;
// Credentials are kept apart for each site that a window shows.
const owner = Services.scriptSecurityManager.createContentPrincipal(
    Services.io.newURI(`${scheme}://${host}:${port}`), { partitionKey: `(${scheme},${host})` });
Cc["@mozilla.org/network/http-auth-manager;1"].getService(Ci.nsIHttpAuthManager).setAuthIdentity(
    scheme, host, port, "ntlm", "", "", domain, user, password, false, owner);
SCRIPT
    $self->_ask('Marionette:SetContext', { value => 'content' });
    return;
}

# Returns the URL of the page, or "" until the page is complete.
sub _shown {
    my ($self) = @_;
    return $self->_ask('WebDriver:ExecuteScript', { args => [],
        script => "return document.readyState === 'complete' ? document.URL : ''" })->{value};
}

# Opens a page and waits until it is loaded, or until Firefox prompts for a login.
sub open_page { my ($self, $url) = @_; return $self->_ask('WebDriver:Navigate', { url => $url }) }

# Cancels the login prompt of the browser at this URL, and waits for the page of the refusal. If a test
# opens another page before that, the browser may lose it.
sub give_up {
    my ($self, $url) = @_;
    wait_until(sub { eval { $self->_ask('WebDriver:DismissAlert', {}); 1 } })
        // die "Firefox does not prompt for a login\n";
    wait_until(sub { (eval { $self->_shown } // '') eq $url }) // die "Firefox shows no refusal of $url\n";
    return;
}

1;
