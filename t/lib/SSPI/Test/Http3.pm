# SPDX-License-Identifier: Apache-2.0
# HTTP/3 of nginx and curl: one request, or several streams of one QUIC connection.
package SSPI::Test::Http3;
use strict;
use warnings;

use Exporter qw(import);
use SSPI::Test qw(run scratch_dir slurp);
use SSPI::Test::Nginx;
use SSPI::Test::Response;

our @EXPORT = qw(nginx_has_http3 http3_skip_reason http3_config http3 streams);

sub nginx_has_http3 { return run([ SSPI::Test::Nginx::binary(), '-V' ])->{err} =~ /--with-http_v3_module/ }

sub http3_skip_reason {
    return 'nginx has no HTTP/3' if !nginx_has_http3();
    my $curl = run([qw(curl -V)])->{out};
    return 'curl has no HTTP/3' if $curl !~ /^Features:.* HTTP3\b/m;
    # curl calls its HTTP/3 by OpenSSL experimental. The second request of a connection sometimes gets no answer.
    return 'curl has HTTP/3 only by OpenSSL, which is experimental' if $curl !~ /\bngtcp2\b/;
    return undef;
}

# Returns the options of a server, whose port for TLS then also has HTTP/3. With reuseport the packets of a connection
# reach one worker.
sub http3_config {
    my (%spec) = @_;
    return (%spec, on => 'nginx', nginx => ($spec{nginx} // '') . 'listen 127.0.0.1:@HTTPS@ quic reuseport;');
}

# One request on a connection of its own. Options of SSPI::Test::Client::get().
sub http3 {
    my ($server, $path, %o) = @_;
    my $client = $server->client(env => delete $o{env});
    my @args = ('--http3-only', @{delete $o{args} // []});
    return $client->get($path, tls => 1, args => \@args, %o);
}

# Sends several requests on one connection, each [path, line of a header ...]. With `parallel` it does not wait for
# answers. Returns the answers, and dies if curl has made a second connection.
sub streams {
    my ($server, $parallel, @requests) = @_;
    my $dir = scratch_dir('streams');
    my ($client, $n, @args) = ($server->client, 0);
    for my $request (@requests) {
        my ($path, @headers) = @$request;
        $n++;
        push @args, '--next' if $n > 1;
        push @args, qw(--silent --show-error --http3-only --max-time 60 --noproxy *), '--cacert', $client->{ca},
            '--resolve', "localhost:$client->{https}:127.0.0.1", '--dump-header', "$dir/$n.headers", '--output', "$dir/$n.body",
            '--write-out', '%{num_connects}\n', (map { ('--header', $_) } @headers), $client->url($path, 1);
    }
    my $r = run([ qw(curl -q), $parallel ? '--parallel' : (), @args ]);
    die "curl: $r->{err}\n" if $r->{rc} != 0;
    my @connects = grep { $_ } split /\n/, $r->{out};
    die 'curl has made ' . @connects . " connections\n" if "@connects" ne '1';
    return map { SSPI::Test::Response->from_text(slurp("$dir/$_.headers"), slurp("$dir/$_.body")) } 1 .. $n;
}

1;
