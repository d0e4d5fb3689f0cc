#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The server refuses configurations that cannot protect, either in its configuration test or at
# start.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir slurp spew);
use SSPI::Test::Binding;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $fixture = SSPI::Test::Binding->new;
my $dir = scratch_dir('certificates');
my ($ed25519) = SSPI::Test::Server::certificate('ed25519');
my ($rsa, $rsa_key) = SSPI::Test::Server::certificate('rsa');

sub with { my (%change) = @_; return { $fixture->server_config({ path => '/p/', %change }) } }
sub names { my ($key, @more) = @_; my ($apache, $nginx) = SSPI::Test::Options::option_names($key); return ({ apache => qr/\Q$apache\E/, nginx => qr/\Q$nginx\E/ }, @more) }

# ---- values ----
config_refused('proxy-cohosting without proxy', with(extended_protection => 'proxy-cohosting'),
    names('extended_protection', qr/proxy-cohosting/, qr/\bproxy(?![-\w])/));
config_refused('an unknown flag', with(extended_protection => 'proxies'), names('extended_protection', qr/proxies/, qr/no-service-name-check/));
config_refused('a flag twice', with(extended_protection => 'proxy proxy'), names('extended_protection', qr/proxy/));
config_refused('an unknown type', with(channel_binding_type => 'tls-client'), names('channel_binding_type', qr/tls-client/, qr/tls-exporter/));

# ---- certificates of front ends ----
my %files = (
    'that does not exist' => [ "$dir/none.pem", qr/none\.pem/ ],
    'that is a directory' => [ $dir, qr/\Q$dir\E/ ],
    'that is empty' => [ spew("$dir/empty.pem", ''), qr/empty\.pem/ ],
    'that is not PEM' => [ spew("$dir/text.pem", "no certificate\n"), qr/text\.pem/ ],
    'that is a key' => [ $rsa_key, qr/key\.pem/ ],
    'that is cut off' => [ spew("$dir/cut.pem", substr slurp($rsa), 0, 200), qr/cut\.pem/ ],
    'without a hash' => [ $ed25519, qr/Ed25519|ED25519/ ],
);
for my $what (sort keys %files) {
    my ($file, @says) = @{$files{$what}};
    config_refused("a certificate $what", with(channel_binding => 'allow', channel_binding_certificate => $file),
        names('channel_binding_certificate', @says));
    config_refused("a certificate $what behind a good one", with(channel_binding_certificate => "$rsa $file"), @says);
}
config_refused('nine certificates', with(channel_binding_certificate => join ' ', ($rsa) x 9), names('channel_binding_certificate'));

# ---- authorization that would not protect ----
my $bound = 'Require sspi-channel-bound';
my %useless = (
    'beside another line' => "$bound\nRequire valid-user",
    'behind another line' => "Require ip 127.0.0.1\n$bound",
    'in RequireAny' => "<RequireAny>\n$bound\nRequire valid-user\n</RequireAny>",
    'in RequireAny within RequireAll' => "<RequireAll>\nRequire valid-user\n<RequireAny>\n$bound\nRequire ip 10.0.0.0/8\n</RequireAny>\n</RequireAll>",
    'beside another line for the same method' => "<Limit GET>\n$bound\n</Limit>\n<Limit GET POST>\nRequire valid-user\n</Limit>",
    'beside RequireAll' => "<RequireAll>\nRequire valid-user\n</RequireAll>\n$bound",
);
sub apache_with {
    my ($text) = @_;
    return { env => $fixture->{kdc}->server_env, on => 'apache',
        apache => "<Location /q/>\nAuthType SSPI\nSSPIKeytab $fixture->{location}{keytab}\n$text\n</Location>" };
}
config_refused("$bound $_", apache_with($useless{$_}), qr/sspi-channel-bound/, qr/<RequireAll>/) for sort keys %useless;
config_refused("$bound with words", apache_with("$bound now"), qr/sspi-channel-bound/);
config_refused('sspi_require channel-bound with words', { %{with(nginx => 'sspi_require channel-bound now;')}, on => 'nginx' }, qr/sspi_require/);
my %useful = (
    'as the only line' => $bound,
    'in RequireAll' => "<RequireAll>\nRequire valid-user\n$bound\n</RequireAll>",
    'beside a line for other methods' => "<Limit GET>\n$bound\n</Limit>\n<LimitExcept GET>\nRequire valid-user\n</LimitExcept>",
);
config_passes("$bound $_", apache_with($useful{$_})) for sort keys %useful;

# ---- certificates of the server ----
# httpd does not load certificates in its configuration test.
sub does_not_start {
    my ($name, $spec) = @_;
    subtest "apache: $name: the start fails" => sub {
        plan skip_all => 'not among SSPI_SERVERS' if !wanted('apache');
        ok(!eval { SSPI::Test::Apache->new(%$spec)->start; 1 }, 'the server does not start');
        like($@, qr/\(dead\)/, 'the server ended by itself');
        like($@, $_, 'the message has the fact') for qr/SSPIChannelBinding\b.*\brequire\b/, qr/Ed25519/, qr/localhost/;
    };
    config_refused($name, { %$spec, on => 'nginx' }, qr/sspi_channel_binding\b.*\brequire\b/, qr/Ed25519/, qr/server\.conf:\d+/);
    return;
}
does_not_start('require with a certificate without a hash', { %{with(channel_binding => 'require')}, certificates => ['ed25519'] });
does_not_start('require with one of two without a hash', { %{with(channel_binding => 'require')}, certificates => [qw(rsa ed25519)] });

my $ed_binding = 'tls-server-end-point:' . 'x' x 32;
parts 'a certificate without a hash', { $fixture->server_config({ path => '/allow/', channel_binding => 'allow' },
    { path => '/allow-too/', channel_binding => 'allow' }, { path => '/none/', channel_binding => 'none' },
    { path => '/exporter/', channel_binding => 'require', channel_binding_type => 'tls-exporter' },
    { path => '/front/', channel_binding => 'require', channel_binding_certificate => $rsa }), certificates => ['ed25519'] },
    'gives one log line where it is allowed' => sub {
        my ($server) = @_;
        my $id = message_id('NO_HASH');
        is(scalar(grep { /\b$id\b/ } split /\n/, $server->log), 1, 'one log line') or diag($server->log);
    },
    'clients that name a channel are refused' => sub {
        my ($server) = @_;
        my %want = (silent => 'unbound', zeros => 'MISSING_BINDING', right => 'BAD_BINDING', wrong => 'BAD_BINDING');
        for my $scheme (@schemes) {
            for my $says (@says) {
                $fixture->comes_out($server, $want{$says}, "allow, $scheme: $says", $scheme, $server->tls_connection, '/allow/',
                    $says, $ed_binding);
            }
            my $connection = $server->tls_connection;
            $fixture->comes_out($server, 'bound', "exporter, $scheme: right", $scheme, $connection, '/exporter/', 'right', $connection->{exporter});
            $fixture->comes_out($server, 'bound', "front end, $scheme: right", $scheme, $server->tls_connection, '/front/',
                'right', binding_of('rsa'));
        }
    };

# ---- certificates and policies that are known with a request ----
parts 'a policy of .htaccess', { $fixture->server_config({ path => '/none/', channel_binding => 'none' }), on => 'apache',
    certificates => ['ed25519'], files => { '/htaccess/index.html' => "page\n",
        '/htaccess/.htaccess' => "AuthType SSPI\nAuthName r\nSSPIPackages Negotiate Digest NTLM\nSSPIMechanisms kerberos ntlm\n"
            . "SSPIChannelBinding require\nRequire valid-user\n" },
    apache_head => join('', map { "$_\n" } "SSPIKeytab $fixture->{location}{keytab}", "SSPINTLMUserFile $fixture->{location}{ntlm_user_file}",
        "SSPIDigestUserFile $fixture->{location}{digest_user_file}") },
    'gives a log line with each request' => sub {
        my ($server) = @_;
        for my $scheme (@schemes) {
            $fixture->comes_out($server, 'NO_CANDIDATE 500', $scheme, $scheme, $server->tls_connection, '/htaccess/', 'right', $ed_binding);
        }
    };

for my $kind (qw(rsa ed25519)) {
    my ($certificate, $key) = SSPI::Test::Server::certificate($kind);
    # The workers must be able to read these files.
    my @copies = map { spew("$dir/$kind-" . (/key/ ? 'key' : 'cert') . '.pem', slurp($_), 0644) } $certificate, $key;
    my %server_config = ($fixture->server_config({ path => '/p/', channel_binding => 'require' }, { path => '/allow/', channel_binding => 'allow' }),
        on => 'nginx', certificates => [], nginx_http => "ssl_protocols TLSv1.2 TLSv1.3;\nmap \$ssl_server_name \$kind { default $kind; }\n",
        nginx => "ssl_certificate $dir/\$kind-cert.pem;\nssl_certificate_key $dir/\$kind-key.pem;\n");
    parts "a certificate from variables: $kind", \%server_config,
        'gives a log line with each request' => sub {
            my ($server) = @_;
            my @session = (version => '1.2', session => $kind);
            $server->tls_connection(@session)->get('/');
            for my $handshake (qw(new reused)) {
                # A session keeps the binding of its certificate. A certificate with Ed25519 has no
                # binding.
                my $known = $kind eq 'rsa';
                for my $scheme (@schemes) {
                    for my $case ([ '/p/', $known ? 'bound' : 'NO_CANDIDATE 500' ], [ '/allow/', $known ? 'bound' : 'BAD_BINDING' ]) {
                        my $connection = $server->tls_connection($handshake eq 'new' ? (version => '1.2') : @session);
                        is($connection->{handshake}, $handshake, 'the handshake');
                        $fixture->comes_out($server, $case->[1], "$handshake, $scheme: $case->[0]", $scheme, $connection, $case->[0],
                            'right', binding_of('rsa'));
                    }
                }
            }
        };
}

done_testing;
