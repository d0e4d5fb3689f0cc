#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Digest by HTTP clients that are not part of this project.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(run);
use SSPI::Test::ClientFixture qw(application client_server_config count_lines error_lines login);
use SSPI::Test::Clients qw(ask clients_here);
use SSPI::Test::Curl qw(curl_keeps_octets);
use SSPI::Test::Digest qw(userhash);
use SSPI::Test::Parts;

my $jason = "j\xc3\xa4s\xc3\xb8n";
my $jason_latin_1 = "j\xe4s\xf8n";
my $jason_extended = qr/username\*=UTF-8''j%C3%A4s%C3%B8n\b/i;

my $curl_keeps_octets = curl_keeps_octets();
Test::More->builder->skip('curl percent-encodes names of users that are not ASCII') if !$curl_keeps_octets;

my ($java) = run([qw(java -version)])->{err} =~ /version "(\d+)/ ? $1 : 0;

# The header of a user with userhash. The order of the directives is that of the client.
sub hashed {
    my ($user) = @_;
    my %login = login($user);
    my $name = userhash($user, $login{realm}, 'SHA-256');
    return qr/\A(?=.*\busername="$name")(?=.*\buserhash=true)/;
}

# Locations that offer one algorithm. Each client logs in at the location of that name.
sub each_algorithm {
    my ($by, @algorithms) = @_;
    return map { { path => "/$_/", mechanism => $_, user => $by } } @algorithms;
}

# For each client its logins: path, the mechanism of the granted login, the user, and if wanted a
# pattern for the Authorization header.
my %logins = (
    curl => [
        each_algorithm('alice', qw(MD5 SHA-256 MD5-sess SHA-256-sess)),
        { path => '/offer/', mechanism => 'SHA-256', user => 'alice' },
        ($curl_keeps_octets ? { path => '/offer/', mechanism => 'SHA-256', user => $jason, sent => qr/username="$jason"/ } : ()),
        { path => '/userhash/', mechanism => 'SHA-256', user => 'alice', sent => hashed('alice') },
        # The client hashes an empty body for every request, as for a GET.
        { path => '/integrity/SHA-256/', mechanism => 'SHA-256', user => 'alice',
            sent => qr/qop=auth-int/ },
    ],
    httpclient => [
        each_algorithm('alice', qw(MD5 SHA-256 SHA-512-256 MD5-sess)),
        { path => '/offer/', mechanism => 'MD5', user => 'alice' },
        # The client hashes UTF-8 and sends Latin-1.
        { path => '/offer/', mechanism => 'MD5', user => $jason },
    ],
    java => [
        # Java 21 and later refuse the rspauth of MD5-sess, which neon and libsoup accept.
        each_algorithm('alice', qw(MD5 SHA-256), $java < 21 ? 'MD5-sess' : ()),
        { path => '/offer/', mechanism => 'MD5', user => 'alice' },
    ],
    neon => [
        each_algorithm('alice', qw(MD5 SHA-256 SHA-512-256 MD5-sess SHA-256-sess SHA-512-256-sess)),
        { path => '/offer/', mechanism => 'SHA-256', user => 'alice' },
        { path => '/userhash/', mechanism => 'SHA-256', user => 'alice', sent => hashed('alice') },
        { path => '/userhash/', mechanism => 'SHA-256', user => $jason, sent => hashed($jason) },
    ],
    requests => [
        each_algorithm('alice', qw(MD5 SHA-256 MD5-sess)),
        { path => '/offer/', mechanism => 'MD5', user => 'alice' },
        # The same as HttpClient.
        { path => '/offer/', mechanism => 'MD5', user => $jason,
            sent => qr/username="$jason_latin_1"/ },
    ],
    soup => [
        each_algorithm('alice', qw(MD5 MD5-sess)),
        { path => '/offer/', mechanism => 'MD5', user => 'alice' },
        { path => '/offer/', mechanism => 'MD5', user => $jason, sent => $jason_extended },
    ],
    # The client reads passwords only up to the first blank.
    w3m => [ each_algorithm('bob', qw(MD5 MD5-sess)) ],
    wget => [
        each_algorithm('alice', 'MD5'),
        { path => '/offer/', mechanism => 'MD5', user => 'alice' },
        { path => '/offer/', mechanism => 'MD5', user => $jason },
    ],
);

# These programs keep no state between requests, so each request begins without credentials.
my %forgetful = map { $_ => 1 } qw(curl w3m wget);

sub log_in {
    my ($name, $server) = @_;
    my $application = application($server);
    my @logins = @{$logins{$name}};
    my $times = $forgetful{$name} ? 1 : 3;
    my @said = ask($name, $server->client, map {
        { login($logins[$_]{user}), path => "$logins[$_]{path}?$name=$_", times => $times }
    } 0 .. $#logins);
    for my $i (0 .. $#logins) {
        my ($path, $mechanism, $user, $sent) = @{$logins[$i]}{qw(path mechanism user sent)};
        my $answers = $said[$i];
        is_deeply([ map { "$_->{status} $_->{user} $_->{mechanism}" } @$answers ],
            [ ("200 $user $mechanism") x $times ], "$user at $path") or diag(explain($answers));
        is(count_lines($server, qr/ \Q$path?$name=$i\E \S+ 401 /, 1), 1, 'one challenge for all');
        like($answers->[-1]{sent}, $sent, 'the header has the expected form') if $sent;
    }
    is_deeply([ error_lines($server) ], [], 'the log has no error');
    return;
}

# A nonce expires between two requests. curl keeps a nonce only within a chain of redirections.
sub outlive_nonce {
    my ($name, $server) = @_;
    my $application = application($server);
    my ($paths, $statuses, $challenged) = $name eq 'curl'
        ? ('/round/start', [ 302, 302, 200 ], qr{ /round/\w+ \S+ 401 })
        : ([ "/brief/?$name", '/expire/', "/brief/?$name" ], [ (200) x 3 ],
            qr{ /brief/\?$name \S+ 401 });
    my ($said) = ask($name, $server->client,
        { login('alice'), path => $paths, args => ['--location'] });
    is_deeply([ map { $_->{status} } @$said ], $statuses, 'each request is answered')
        or diag(explain($said));
    cmp_ok(count_lines($server, $challenged, 2), '>=', 2, 'there is one more challenge, for the new nonce');
    is_deeply([ error_lines($server) ], [], 'the log has no error');
    return;
}

# The server sends another nonce before the first one expires, so that its clients need no
# challenge.
sub renew_nonce {
    my ($name, $server) = @_;
    my ($said) = ask($name, $server->client,
        { login('alice'), path => "/renewed/?$name", times => 'nextnonce' });
    is_deeply([ grep { $_->{status} != 200 } @$said ], [], @$said . ' requests are answered');
    my ($handed, $last) = @$said[ -2, -1 ];
    my ($next) = $handed->{info} =~ /\bnextnonce="([^"]+)"/;
    my ($used) = $last->{sent} =~ /\bnonce="([^"]+)"/;
    ok(defined $next, 'an answer hands out another nonce') or diag($handed->{info});
    is($used, $next, 'the next request uses that nonce');
    is_deeply([ error_lines($server) ], [], 'the log has no error');
    return;
}

my @here = clients_here(sort keys %logins);

# Returns parts of a scenario for those of the named clients that are installed.
sub each_client {
    my ($what, $checks, @names) = @_;
    my %wanted = map { $_ => 1 } @names;
    return map { my $name = $_; ("$name $what" => sub { $checks->($name, @_) }) }
        grep { $wanted{$_} } @here;
}

parts 'clients', { client_server_config() },
    each_client('logs in', \&log_in, @here),
    each_client('continues after its nonce expired', \&outlive_nonce, qw(curl httpclient java neon requests soup)),
    each_client('takes the next nonce', \&renew_nonce, qw(neon soup));

done_testing;
