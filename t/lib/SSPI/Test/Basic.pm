# SPDX-License-Identifier: Apache-2.0
# What a client of Basic sends (RFC 7617).
package SSPI::Test::Basic;
use strict;
use warnings;

use Exporter qw(import);
use MIME::Base64 qw(encode_base64);

our @EXPORT_OK = qw(basic_get basic_header);

# Returns the value of Authorization for octets: "user:password".
sub basic_header { my ($credentials) = @_; return 'Basic ' . encode_base64($credentials, '') }

# Requests `path` with these credentials, on a connection of its own.
sub basic_get {
    my ($server, $path, $credentials) = @_;
    return scalar $server->client->raw([ $path, authorization => basic_header($credentials) ]);
}

1;
