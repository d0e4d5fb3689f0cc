# SPDX-License-Identifier: Apache-2.0
# What the installed curl can do.
package SSPI::Test::Curl;
use strict;
use warnings;

use Exporter qw(import);
use Test::More;
use SSPI::Test qw(free_port run);

our @EXPORT_OK = qw(curl_binds curl_has curl_keeps_octets curl_with_ntlm);

my %feature;

# True if curl was built with a feature that `curl --version` names. New versions are built without NTLM.
sub curl_has {
    my ($name) = @_;
    %feature = map { $_ => 1 } map { /^Features: (.*)/m ? split ' ', $1 : () } run([qw(curl --version)])->{out} if !%feature;
    return $feature{$name};
}

# True if curl binds a login by Kerberos to its TLS channel. The server says so at `path`, where bindings are optional.
# `client` is an SSPI::Test::Client with a ticket.
sub curl_binds { my ($client, $path) = @_; return $client->get($path, tls => 1, negotiate => 1)->bound eq '1' }

# True if curl sends the name of a Digest user as it is. New versions percent-encode octets above 0x7e, and a server
# reads that as the name of another user.
sub curl_keeps_octets {
    require SSPI::Test::Origin;
    my $port = free_port();
    my $origin = SSPI::Test::Origin->new($port,
        sub { return (401, ['WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'], '') });
    my $r = run([ qw(curl -q --silent --verbose --noproxy * --digest --user), "j\xc3\xb8n:pw", "http://127.0.0.1:$port/" ]);
    return $r->{err} =~ /^> Authorization: .*username="j\xc3\xb8n"/m;
}

# Returns these parts of a scenario, or skips a test if curl has no NTLM.
sub curl_with_ntlm {
    my (@parts) = @_;
    return @parts if curl_has('NTLM');
    Test::More->builder->skip('curl has no NTLM');
    return;
}

1;
