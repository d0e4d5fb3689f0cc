#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Attacks by names: line breaks that would become headers and requests of an upstream, control
# characters for logs and terminals, and names that read as the name of another user.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(free_port scratch_dir spew);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Gss qw(negotiate_value);
use SSPI::Test::Login;
use SSPI::Test::Ntlm qw(ntlm_login ntlm_user_line);
use SSPI::Test::Origin;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new(disable_pac => 1);
my $alice = $kdc->login('alice');

# Adds a user, whose name is in the text form of krb5_parse_name(), and logs the user in.
my %env_of;
sub user {
    my ($text) = @_;
    $kdc->add_user($text) if !$env_of{$text};
    return $env_of{$text} //= $kdc->login($text, password => 'pw');
}

my $dir = scratch_dir('users');
my $nt_users = spew("$dir/nt", join('', map { ntlm_user_line($_, 'LAB', 'pw') }
    'alice', 'alice@SSPI.TEST', 'alice@OTHER', 'alice/admin', '@carol@SSPI.TEST'), 0644);
my $digest_users = spew("$dir/digest", join('', map { user_line($_, 'r', 'pw') } qw(alice alice/admin)), 0644);

# The upstream. Its answer lists the headers that it received.
my $upstream = SSPI::Test::Origin->new(free_port(), sub {
    my ($request) = @_;
    my $headers = $request->{headers};
    return (200, ['Content-Type: text/plain'], join '', map { "$_: $headers->{$_}\n" } sort keys %$headers);
});

my %all = (packages => 'Negotiate NTLM Digest', mechanisms => 'kerberos ntlm', keytab => $kdc->{keytab},
    ntlm_user_file => $nt_users, digest_user_file => $digest_users, realm => 'r');
my @exported = map { [ "X-Told-\u$_", 'SSPI_' . uc $_, "\$sspi_$_" ] } qw(user realm target);
my $url = "http://127.0.0.1:$upstream->{port}";
my %server_config = (env => $kdc->server_env, locations => [
    { path => '/up/', %all,
        apache => join("\n", "ProxyPass $url/", map { qq(RequestHeader set $_->[0] "expr=%{reqenv:$_->[1]}") } @exported),
        nginx => join("\n", "proxy_pass $url/;", map { "proxy_set_header $_->[0] $_->[2];" } @exported) },
    { path => '/any/', %all, service_name => '*' },
    (map { { path => "/$_/", %all, user_name => $_ } } qw(full short local)),
    # httpd's own rules compare the name as the module writes it.
    { path => '/short-required/', %all, user_name => 'short', apache => 'Require user alice@OTHER alice@SSPI.TEST',
        nginx => '' },
]);
my %alice = (user => 'alice@SSPI.TEST');

sub kerberos {
    my ($env, $bare) = @_;
    return SSPI::Test::Gss->new(env => $env, bare => $bare)->{token};
}

# Rewrites the clear text of a token. Lengths do not change.
sub rewritten {
    my ($token, $what, $by) = @_;
    die "$by has another length\n" if length $what != length $by;
    my $at = index $token, $what;
    die "no $what\n" if $at < 0;
    substr($token, $at, length $what) = $by;
    return $token;
}

# Checks that the request was refused once, and that its log line is printable ASCII and holds this
# text.
sub bad_name {
    my ($server, $answer, $words, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    refused($answer, 401, $name);
    logged($server, 'BAD_NAME', qr/$words/);
    return;
}

sub ntlm {
    my ($server, $path, $user) = @_;
    my $connection = $server->connection;
    return (ntlm_login($connection, $path, user => $user, domain => 'LAB', password => 'pw'))[-1];
}

parts 'names', \%server_config,
    'the service and realm of a ticket reach an upstream as one line each' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $answer = $c->get('/up/', authorization => negotiate_value(kerberos($alice)));
        is($answer->status, 200, 'an unchanged ticket');
        like($answer->body, qr/^x-told-user: alice\@SSPI\.TEST$/m, 'the upstream gets the name of the user');
        like($answer->body, qr/^x-told-realm: SSPI\.TEST$/m, 'the realm');
        like($answer->body, qr{^x-told-target: HTTP/localhost\@SSPI\.TEST$}m, 'the upstream gets the name of the service');
        my @attacks = (
            [ 'a header in the service', 'localhost', "x\r\nA: b\r\n" ],
            [ 'a bare LF in the service', 'localhost', "xy\nAb: cd" ],
            [ 'a bare CR in the service', 'localhost', "xy\rAb: cd" ],
            [ 'the end of the header in the service', 'localhost', "xxxx\r\n\r\ny" ],
            [ 'a header in the realm', 'SSPI.TEST', "X\r\nA: b\r\n" ],
            [ 'NUL in the service', 'localhost', "local\0ost" ],
            [ 'an escape sequence in the service', 'localhost', "x\e[2J\e[1m" ],
            [ 'C1 in the service', 'localhost', "loc\xc2\x9bhost" ],
            [ 'an overlong LF in the service', 'localhost', "loc\xc0\x8ahost" ],
            [ 'ISO-8859-1 in the realm', 'SSPI.TEST', "SSP\xcd.TEST" ],
        );
        for my $path ('/up/', '/any/') {
            for my $attack (@attacks) {
                my ($name, $what, $by) = @$attack;
                for my $bare (0, 1) {
                    my $token = rewritten(kerberos($alice, $bare), $what, $by);
                    $server->new_log;
                    bad_name($server, $c->get($path, authorization => negotiate_value($token)), q(HTTP/.*\\\\x),
                        "$name, $path" . ($bare ? ', bare' : ''));
                }
            }
        }
    },
    'a client with a control character in its name is refused' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my %names = ("ca\rl" => 'ca.*x0dl@SSPI', "ca\e[2Jl" => 'ca.*x1b.*l@SSPI', 'ca\\nl' => 'ca.*l@SSPI',
            'ca\\tl' => 'ca.*l@SSPI', 'ca\\bl' => 'ca.*l@SSPI', "ca\x7fl" => 'ca.*x7fl@SSPI',
            "ca\xc2\x85l" => 'ca.*xc2.*x85l@SSPI', "ca\xffl" => 'ca.*xffl@SSPI', "ca\xc0\x8dl" => 'ca.*xc0.*x8dl@SSPI');
        for my $text (sort keys %names) {
            my $token = kerberos(user($text));
            $server->new_log;
            bad_name($server, $c->get('/full/', authorization => negotiate_value($token)), $names{$text},
                join ' ', map { sprintf '%02x', ord } split //, $text);
        }
        for my $text ("j\xc3\xa4s", 'ca rl') {
            granted($c->get('/full/', authorization => negotiate_value(kerberos(user($text)))), { user => "$text\@SSPI.TEST" },
                "$text is the name of a user");
        }
    },
    'a separator in a principal does not make it another user' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $get = sub { return $c->get($_[0], authorization => negotiate_value(kerberos($_[1]))) };
        my %names = (full => 'alice@SSPI.TEST', short => 'alice', local => 'alice');
        granted($get->("/$_/", $alice), { user => $names{$_} }, "alice, $_") for sort keys %names;
        for my $text ('alice\\@OTHER', 'alice\\@SSPI.TEST', 'LAB\\\\alice', 'alice\\/admin') {
            my $env = user($text);
            granted($get->('/full/', $env), { user => "$text\@SSPI.TEST" }, "$text, full");
            granted($get->('/short/', $env), { user => $text }, "$text: the short form keeps the escape");
            $server->new_log;
            refused($get->('/local/', $env), 403, "$text: the local form is refused, because without the escape it would be another user");
            logged($server, 'AMBIGUOUS_NAME', 'alice');
        }
    },
    'an NTLM account is never written as a principal' => sub {
        my ($server) = @_;
        granted(ntlm($server, '/full/', 'alice'), { user => 'LAB\\alice' }, 'alice, full');
        granted(ntlm($server, "/$_/", 'alice'), { user => 'alice' }, "alice, $_") for qw(short local);
        for my $user ('alice@SSPI.TEST', 'alice@OTHER', 'alice/admin') {
            granted(ntlm($server, '/full/', $user), { user => "LAB\\$user" }, "$user, full");
            for my $form (qw(short local)) {
                $server->new_log;
                refused(ntlm($server, "/$form/", $user), 403, "$user, $form");
                logged($server, 'AMBIGUOUS_NAME', 'alice');
            }
        }
        # The text of the principal whose only part is LAB@carol.
        for my $form (qw(full short local)) {
            $server->new_log;
            refused(ntlm($server, "/$form/", '@carol@SSPI.TEST'), 403, "\@carol, $form");
            logged($server, 'AMBIGUOUS_NAME', 'carol');
        }
        is(ntlm($server, '/short-required/', 'alice@OTHER')->status, 403, 'where the server itself compares required users');
    },
    'a Digest user is not mistaken for a Kerberos user' => sub {
        my ($server) = @_;
        my $c = $server->client;
        my $get = sub {
            my ($path, $user) = @_;
            return $c->get($path, authorization => SSPI::Test::Login->new($c, $path, user => $user, password => 'pw')->header);
        };
        granted($get->("/$_/", 'alice'), { user => 'alice' }, "alice, $_") for qw(full short local);
        granted($get->('/full/', 'alice/admin'), { user => 'alice/admin' }, 'alice/admin, full');
        for my $form (qw(short local)) {
            $server->new_log;
            refused($get->("/$form/", 'alice/admin'), 403, "alice/admin, $form");
            logged($server, 'AMBIGUOUS_NAME', 'alice/admin');
        }
    };

done_testing;
