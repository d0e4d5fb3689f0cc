#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Realms of Digest. Firefox sends no credentials for a realm beyond ASCII, and a user file cannot
# hold a realm with a colon. The configuration test refuses such realms. If the realm depends on the
# request, the answer is 500.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $dir = scratch_dir('users');
my ($longest, $printable) = ('r' x 255, 'A realm (of 7+ "marks"), [it\'s] 100%; ~#');
my $users = spew("$dir/users", join('', map { user_line('alice', $_, 'pw') } 'plain', $longest, $printable), 0640);
my %digest = (packages => 'Digest', digest_user_file => $users);
my %bad = (
    'beyond ASCII' => [ "Z\xc3\xbcrich", qr/"Z\\+xc3\\+xbcrich"/ ],
    'in ISO-8859-1' => [ "Z\xfcrich", qr/"Z\\+xfcrich"/ ],
    'with a colon' => [ 'Intranet: staff', qr/"Intranet: staff"/ ],
    'that ends with a colon' => [ 'Intranet:', qr/"Intranet:"/ ],
    'with a control character' => [ "a\x7fb", qr/"a\\+x7fb"/ ],
    'of 256 characters' => [ 'r' x 256, qr/rrr\.\.\."/, qr/1 to 255/ ],
);
my @says = ({ apache => qr/AuthName/, nginx => qr/sspi_realm/ }, qr/\bASCII\b/, qr/\bcolon\b/, qr/server\.conf:\d+/);

sub server_config { return { env => $kdc->server_env, locations => [ map { { path => '/p/', %$_ } } @_ ] } }

for my $what (sort keys %bad) {
    my ($realm, @more) = @{$bad{$what}};
    config_refused("a realm $what", server_config({ %digest, realm => $realm }), @says, @more);
}
config_refused('a realm with a colon of Digest beside Kerberos',
    server_config({ %digest, keytab => $kdc->{keytab}, packages => 'Negotiate Digest', realm => 'a:b' }), @says);
my %right = (
    'the longest realm' => server_config({ %digest, realm => $longest }),
    'a realm of many characters' => server_config({ %digest, realm => $printable }),
    'a realm with a colon that Digest does not use' => server_config({ keytab => $kdc->{keytab}, packages => 'Negotiate', realm => 'Intranet: staff' }),
    'a realm beyond ASCII that Digest does not use' => server_config({ keytab => $kdc->{keytab}, realm => "Z\xc3\xbcrich" }),
);
config_passes($_, $right{$_}) for sort keys %right;
config_refused('sspi_realm for a location within', { env => $kdc->server_env, on => 'nginx', nginx => "sspi_realm a:b;\n"
    . "location /p/ { sspi on; sspi_packages Digest; sspi_digest_user_file $users; }\n" }, qr/sspi_realm/, qr/"a:b"/);
config_passes('a realm of another AuthType', { env => $kdc->server_env, on => 'apache',
    apache_head => "SSPIPackages Digest\nSSPIDigestUserFile $users\n",
    apache => "<Location /p/>\nAuthType Basic\nAuthName a:b\nRequire all denied\n</Location>\n" });

# ---- realms that depend on the request ----
parts 'realms', { locations => [
    (map { { path => "/$_->[0]/", %digest, realm => $_->[1] } } [ longest => $longest ], [ printable => $printable ]),
    { path => '/told/', %digest, apache => 'AuthName "%{unescape:%{QUERY_STRING}}"', nginx => 'sspi_realm $told;' },
], nginx_http => 'map $arg_realm $told { default plain; colon a:b; beyond Z' . "\xc3\xbc" . 'rich; empty ""; long ' . 'r' x 256 . '; }' },
    'a right realm works' => sub {
        my ($server) = @_;
        for my $path (qw(/longest/ /printable/)) {
            granted($server->client->get($path, digest => 'alice:pw'), { user => 'alice' }, $path);
            is($server->client->get($path, digest => 'alice:wrong')->status, 401, "$path: a wrong password");
        }
    },
    'the server checks the realm of a variable or an expression with each request' => sub {
        my ($server) = @_;
        my %query = $server->kind eq 'nginx' ? map { $_ => "realm=$_" } qw(plain colon beyond empty long)
            : (plain => 'plain', colon => 'a%3Ab', beyond => 'Z%C3%BCrich', empty => '', long => 'r' x 256);
        granted($server->client->get("/told/?$query{plain}", digest => 'alice:pw'), { user => 'alice' }, 'plain');
        for my $name (qw(colon beyond empty long)) {
            $server->new_log;
            my $answer = $server->client->get("/told/?$query{$name}");
            is($answer->status, 500, $name);
            is(scalar(my @none = $answer->challenges), 0, 'no challenge');
            my @lines = grep { /\b@{[ message_id('CONFIGURATION') ]}\b/ } split /\n/, $server->new_log;
            is(scalar @lines, 1, 'one line in the log');
            like($lines[0] // '', $server->kind eq 'nginx' ? qr/sspi_realm/ : qr/AuthName/, 'the line names the directive');
        }
    };

done_testing;
