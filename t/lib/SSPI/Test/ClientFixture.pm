# SPDX-License-Identifier: Apache-2.0
# The server configuration of all tests with Digest clients that are not part of this project: a
# location for each feature of Digest, and an application behind it.
package SSPI::Test::ClientFixture;
use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Exporter qw(import);
use SSPI::Test qw(scratch_dir slurp spew wait_until);
use SSPI::Test::Digest qw(digest_challenges digest_header user_line);
use SSPI::Test::Origin;

our @EXPORT_OK = qw(application client_server_config count_lines error_lines login octets_report);

my $realm = 'test realm';
my %password = (alice => 'wonder land', bob => 'builder', "j\xc3\xa4s\xc3\xb8n" => 'argo');
my @hashes = qw(MD5 SHA-256 SHA-512-256);

# Returns what a client's session needs to log in.
sub login { my ($user) = @_; return (realm => $realm, user => $user, password => $password{$user}) }

# For scenario(): locations for algorithms and options of Digest, each with a page or the
# application.
sub client_server_config {
    my $lines = '';
    for my $user (sort keys %password) {
        $lines .= user_line($user, $realm, $password{$user}, $_) for @hashes;
    }
    my %digest = (packages => 'Digest', realm => $realm,
        digest_user_file => spew(scratch_dir('users') . '/users', $lines, 0644));
    my @pages = (
        [ offer => () ],
        (map { [ $_ => digest_algorithm => $_ ] } @hashes, map { "$_-sess" } @hashes),
        [ userhash => digest_userhash => 'on' ],
        [ brief => digest_nonce_lifetime => '1s' ],
        [ renewed => digest_nonce_lifetime => '2s' ],
    );
    my @applications = (
        (map { [ "integrity/$_" => digest_algorithm => $_, digest_qop => 'auth-int' ] }
            @hashes, 'MD5-sess'),
        [ 'integrity/offer' => digest_qop => 'auth auth-int' ],
        [ round => digest_nonce_lifetime => '1s' ],
        [ expire => sspi => 'off' ],
    );
    return (extra_ports => 1, locations => [
        { path => '/report/', sspi => 'off' },
        (map { my ($name, @more) = @$_; { path => "/$name/", %digest, @more } } @pages),
        (map { my ($name, @more) = @$_; { path => "/$name/", ($name eq 'expire' ? () : %digest), @more,
            apache => "ProxyPass http://127.0.0.1:\@PORT1\@/$name/",
            nginx => 'proxy_pass http://127.0.0.1:@PORT1@;' } } @applications),
    ]);
}

# Returns the application's answer about a body.
sub octets_report { my ($body) = @_; return length($body) . ' octets ' . sha256_hex($body) }

# Starts the application behind a running server. It runs as long as the returned object exists. It
# answers
#  /expire/       when each nonce that was made for /brief/ or /round/ before has expired
#  /round/start   with a redirect to /round/wait, which also waits and redirects to /round/end
#  others         with a line about the body of the request
sub application {
    my ($server) = @_;
    my $client = $server->client;
    my %next = ('/round/start' => '/round/wait', '/round/wait' => '/round/end');
    return SSPI::Test::Origin->new($server->port('PORT1'), sub {
        my ($request) = @_;
        my ($path) = $request->{target} =~ /\A([^?]*)/;
        _wait_for_expiry($client) if $path eq '/expire/' || $path eq '/round/wait';
        return (302, ["Location: $next{$path}"], '') if $next{$path};
        return (200, ['Content-Type: text/plain'], octets_report($request->{body}) . "\n");
    });
}

# Waits until the server refuses a nonce that is made now. Then all earlier nonces have expired as
# well.
sub _wait_for_expiry {
    my ($client) = @_;
    my $path = '/brief/';
    my ($challenge) = digest_challenges($client->raw([ $path, close => 1 ])->challenges);
    my ($nc, %alice) = (0, login('alice'));
    wait_until(sub {
        my $header = digest_header($challenge, %alice, uri => $path, nc => ++$nc);
        return $client->raw([ $path, authorization => $header, close => 1 ])->status != 200;
    }) // die "the nonce does not expire\n";
    return;
}

# Returns the number of matching access log lines. Waits for the first `least` of them, which may
# come a moment after the answers.
sub count_lines {
    my ($server, $pattern, $least) = @_;
    my $n = sub { scalar grep { /$pattern/ } split /\n/, slurp($server->{access_log}) };
    wait_until(sub { $n->() >= $least }, 10);
    return $n->();
}

# Returns the errors among the new lines of the server's log.
sub error_lines {
    my ($server) = @_;
    return grep { /\[(?:\w+:)?(?:error|crit|alert|emerg)\]/ } split /\n/, $server->new_log;
}

1;
