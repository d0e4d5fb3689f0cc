#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A client without a channel binding requests locations that demand channel-bound beside other
# requirements, or in an outer scope. Each case has a twin: a bound client, which is granted.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Binding;
use SSPI::Test::Options qw(nginx_location);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $fixture = SSPI::Test::Binding->new;
my %location = %{$fixture->{location}};
my $alice = 'user alice@SSPI.TEST CORP\\\\alice digest:alice';

# Logs in by each scheme. `want` maps what the client says about its channel to the outcome.
sub tries {
    my ($server, $path, %want) = @_;
    for my $scheme (@schemes) {
        for my $says (sort keys %want) {
            my $connection = $server->tls_connection;
            $fixture->comes_out($server, $want{$says}, "$path $scheme: $says", $scheme, $connection, $path, $says, binding_of('rsa'));
        }
    }
    return;
}

# ---- nginx: lines of an inner location ----
my $inner = "location /outer/same/ { }\n"
    . "location /outer/alice/ { sspi_require $alice; location /outer/alice/deeper/ { sspi_require $alice; } }\n"
    . "location /outer/bob/ { sspi_require user bob\@SSPI.TEST; }\n";
my $outer = nginx_location({ %location, path => '/outer/', require => ['channel-bound'], nginx => $inner });
my $users = nginx_location({ %location, path => '/users/', require => ['user bob@SSPI.TEST'],
    nginx => "location /users/bound/ { sspi_require channel-bound; }\nlocation /users/alice/ { sspi_require $alice; }\n" });
my %only_bound = (right => 'bound', silent => 'NOT_AUTHORIZED');
parts 'lines of an inner location', { $fixture->server_config, on => 'nginx', nginx => $outer . $users,
    files => { map { ("$_/index.html" => "page\n") } qw(/outer /outer/same /outer/alice /outer/alice/deeper /outer/bob /users/bound /users/alice) } },
    'do not drop channel-bound' => sub {
        my ($server) = @_;
        tries($server, $_, %only_bound) for qw(/outer/ /outer/same/ /outer/alice/ /outer/alice/deeper/);
        tries($server, '/outer/bob/', right => 'NOT_AUTHORIZED', silent => 'NOT_AUTHORIZED');
    },
    'replace users' => sub {
        my ($server) = @_;
        tries($server, '/users/alice/', right => 'bound', silent => 'unbound');
        tries($server, '/users/bound/', %only_bound);
    };

# ---- httpd: lines of an .htaccess file ----
my $auth = join '', map { "$_\n" } 'AuthType SSPI', 'AuthName r', 'SSPIPackages Negotiate NTLM Digest', 'SSPIMechanisms kerberos ntlm',
    'AuthzSendForbiddenOnFailure on';
my $bound = "Require sspi-channel-bound\n";
my %useless = (
    behind => "Require valid-user\n$bound",
    before => "${bound}Require valid-user\n",
    open => "Require all granted\n$bound",
    any => "<RequireAny>\n$bound</RequireAny>\nRequire valid-user\n",
    both => "<RequireAny>\nRequire valid-user\n$bound</RequireAny>\n",
    section => "${bound}<RequireAll>\nRequire valid-user\n</RequireAll>\n",
    mixed => "<RequireAll>\nRequire valid-user\n<RequireAny>\n${bound}Require ip 127.0.0.1\n</RequireAny>\n</RequireAll>\n",
);
my %useful = (
    alone => $bound,
    all => "<RequireAll>\nRequire valid-user\n$bound</RequireAll>\n",
    single => "<RequireAll>\nRequire valid-user\n<RequireAny>\n$bound</RequireAny>\n</RequireAll>\n",
);
my %files = map { ("/$_/index.html" => "page\n", "/$_/.htaccess" => $auth . ($useless{$_} // $useful{$_})) } keys %useless, keys %useful;
parts 'lines of an .htaccess file', { $fixture->server_config, on => 'apache', files => \%files, allow_log => qr/\.htaccess: Require sspi-channel-bound/,
    apache_head => "SSPIKeytab $location{keytab}\nSSPINTLMUserFile $location{ntlm_user_file}\nSSPIDigestUserFile $location{digest_user_file}\n" },
    'that do not protect admit no client' => sub {
        my ($server) = @_;
        for my $name (sort keys %useless) {
            is($server->client->get("/$name/", tls => 1)->status, 500, "/$name/ without credentials");
            has_line($server->new_log, [ "/$name/.htaccess", 'sspi-channel-bound', '<RequireAll>' ], 'the log says the reason');
            for my $scheme (@schemes) {
                my $answer = $fixture->login($scheme, $server->tls_connection, "/$name/", 'silent', binding_of('rsa'));
                is($answer ? $answer->status : 0, 500, "/$name/ $scheme: silent");
            }
        }
    },
    'that are right admit bound clients' => sub {
        my ($server) = @_;
        for my $name (sort keys %useful) {
            for my $scheme (@schemes) {
                for my $says (qw(right silent)) {
                    my $answer = $fixture->login($scheme, $server->tls_connection, "/$name/", $says, binding_of('rsa'));
                    is($answer->status, $says eq 'right' ? 200 : 403, "/$name/ $scheme: $says") or diag($answer->brief);
                }
            }
        }
    };

done_testing;
