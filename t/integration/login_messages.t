#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Each login is one log line: user, scheme, service, and whether the client is bound to its channel.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Binding;
use SSPI::Test::Digest qw(digest_challenges digest_header);
use SSPI::Test::Ntlm qw(ntlm_login);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

# The words of the log line for a client that names no service, and for the state of the channel.
use constant {
    NO_SERVICE => 'not named',
    BOUND => 'bound',
    BOUND_TO_FRONT_END => 'bound to one that ends before this server',
    NOT_BOUND => 'not bound',
    NOT_COMPARED => 'not compared',
};

my $fixture = SSPI::Test::Binding->new;
my %evil = (channel_binding => 'allow', extended_protection => 'no-service-name-check');
my %server_config = ($fixture->server_config(
    { path => '/p/' }, { path => '/required/', channel_binding => 'require' }, { path => '/none/', channel_binding => 'none' },
    { path => '/int/', digest_qop => 'auth-int' }, { path => '/bob/', require => ['user bob@SSPI.TEST digest:bob'] },
    { path => '/any/', %evil }, { path => '/front/', channel_binding => 'require', extended_protection => 'proxy' },
    { path => '/warn/', apache => 'LogLevel warn', nginx => 'error_log @DIR@/logs/error.log notice;' },
    { path => '/pages/', apache => 'AddType text/html .shtml' . "\n" . 'AddOutputFilter INCLUDES .shtml', nginx => "ssi on;\nssi_types *;" },
), files => { '/pages/page.shtml' => join ' ', map { qq(<!--#include virtual="$_" -->) } '/p/', '/none/', '/p/' });

# Returns the log lines about logins since the last call, without the text that the servers add.
sub login_lines {
    my ($server) = @_;
    my $id = message_id('GRANTED');
    my @lines = map { /\b$id: (.*?)(?:, client: .*)?\z/ ? $1 : () } split /\n/, $server->new_log;
    # httpd writes each backslash as two.
    return $server->kind eq 'apache' ? map { s/\\\\/\\/gr } @lines : @lines;
}

sub logs_logins { my ($server, $want, $name) = @_; return is_deeply([ login_lines($server) ], $want, $name) }

# Logs in by Digest. Returns the answer.
sub digest {
    my ($client, $path, %o) = @_;
    my ($challenge) = digest_challenges($client->get($path)->challenges);
    my @body = defined $o{body} ? (method => 'POST', body => $o{body}) : ();
    my $value = digest_header($challenge, user => 'alice', password => 'pw', uri => $path, method => 'GET', @body, %o);
    return $client->get($path, @body, authorization => $value);
}

my %by = ('Kerberos' => 'Negotiate, Kerberos', 'Kerberos in SPNEGO' => 'Negotiate, Kerberos', 'NTLM' => 'NTLM, NTLM',
    'NTLM in SPNEGO' => 'Negotiate, NTLM', 'Digest' => 'Digest, MD5');
my %user = ('Kerberos' => 'alice@SSPI.TEST', 'NTLM' => 'CORP\x5calice', 'Digest' => 'digest:alice');
sub line {
    my ($scheme, $service, $channel) = @_;
    my ($kind) = $scheme =~ /\A(\w+)/;
    $service .= '@SSPI.TEST' if $kind eq 'Kerberos';
    my $by = $by{$scheme};
    # The server offers this to Windows' clients of Digest where they must be bound.
    $by .= '-sess' if $kind eq 'Digest' && grep { $channel eq $_ } BOUND, BOUND_TO_FRONT_END;
    return "$user{$kind} logged in by $by; service: $service; channel: $channel";
}

my @parts = map {
    my $scheme = $_;
    my $login = sub {
        my ($server, $path, $says) = @_;
        my $connection = $server->tls_connection;
        return $fixture->login($scheme, $connection, $path, $says, binding_of('rsa'));
    };
    my $silent = line($scheme, $scheme =~ /\AKerberos/ ? 'HTTP/localhost' : NO_SERVICE, '');
    ("by $scheme" => sub {
        my ($server) = @_;
        is($login->($server, '/required/', 'right')->status, 200, 'bound');
        logs_logins($server, [ line($scheme, 'HTTP/localhost', BOUND) ], 'the log says that the client is bound');
        is($login->($server, '/p/', 'silent')->status, 200, 'a client that says nothing');
        logs_logins($server, [ $silent . NOT_BOUND ], 'the log says that the client is not bound');
        is($login->($server, '/none/', 'silent')->status, 200, 'a client at a location that compares nothing');
        logs_logins($server, [ $silent . NOT_COMPARED ], 'the log says that nothing was compared');
        is($login->($server, '/front/', 'right')->status, 200, 'bound to a front end');
        logs_logins($server, [ line($scheme, 'HTTP/localhost', BOUND_TO_FRONT_END) ], 'the log says that the client is bound to a front end');
        is($login->($server, '/required/', 'wrong')->status, 401, 'a client that is bound to another channel');
        logs_logins($server, [], 'no login is logged');
    });
} @schemes;

parts 'a login is logged', \%server_config, @parts,
    'a request without a login is not logged' => sub {
        my ($server) = @_;
        is($server->client->get('/p/')->status, 401, 'no credentials');
        is($server->client->get('/p/', digest => 'alice:wrong')->status, 401, 'wrong credentials');
        logs_logins($server, [], 'no login is logged');
    },
    'once, and not for later requests of its connection' => sub {
        my ($server) = @_;
        my $connection = $server->tls_connection;
        is((ntlm_login($connection, '/p/'))[-1]->status, 200, 'a login');
        logs_logins($server, [ line('NTLM', NO_SERVICE, NOT_BOUND) ], 'the login is logged');
        granted($connection->get($_), { user => 'CORP\\alice' }, "$_: a request of that login") for '/p/', '/none/';
        logs_logins($server, [], 'these requests are not logged');
    },
    'once for a page with several parts' => sub {
        my ($server) = @_;
        my $client = $server->client(env => $fixture->{env});
        my $a = $client->get('/pages/page.shtml', authorization => $client->negotiate_header);
        is($a->body =~ s{page of /(\w+)/\n}{$1}gr, 'p none p', 'a page with three parts');
        logs_logins($server, [ line('Kerberos', 'HTTP/localhost', NOT_COMPARED) ], 'one line');
    },
    'once if the server reads the body first' => sub {
        my ($server) = @_;
        is(digest($server->client, '/int/', body => 'a body')->status, $server->kind eq 'nginx' ? 405 : 200, 'auth-int');
        logs_logins($server, [ line('Digest', NO_SERVICE, NOT_COMPARED) ], 'one line');
    },
    'where the user is known but not admitted' => sub {
        my ($server) = @_;
        is(digest($server->client, '/bob/')->status, 403, 'not a user who is required');
        # On httpd the authorization modules decide that later, and log it themselves.
        logs_logins($server, $server->kind eq 'apache' ? [ line('Digest', NO_SERVICE, NOT_COMPARED) ] : [], 'httpd logs the login, nginx only the refusal');
    },
    'not if the log level is higher' => sub {
        my ($server) = @_;
        is(digest($server->client, '/warn/')->status, 200, 'a login');
        logs_logins($server, [], 'no login is logged');
    },
    'with escaped data from clients' => sub {
        my ($server) = @_;
        my ($evil, $shown) = (qq(HTTP/a'\xc3\xa4) . 'b' x 200, 'HTTP/a\\x27\\xc3\\xa4' . 'b' x 200);
        is(digest($server->client, '/any/', SSPI::Test::Binding::digest_says('', $evil))->status, 200, 'a strange service');
        logs_logins($server, [ line('Digest', substr($shown, 0, 125) . '...', NOT_COMPARED) ], 'the service is cut and escaped');
        my $connection = $server->tls_connection;
        is((ntlm_login($connection, '/any/', target => qq(HTTP/a"\xc3\xa4)))[-1]->status, 200, 'another');
        logs_logins($server, [ line('NTLM', 'HTTP/a\\x22\\xc3\\xa4', NOT_BOUND) ], 'the service is escaped');
    };

done_testing;
