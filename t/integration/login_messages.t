#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Each login is one line of the log: who, by what, to which service, bound to its channel or not.
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

my $fixture = SSPI::Test::Binding->new;
my %evil = (channel_binding => 'allow', extended_protection => 'no-service-name-check');
my %server_config = ($fixture->server_config(
    { path => '/p/' }, { path => '/required/', channel_binding => 'require' }, { path => '/none/', channel_binding => 'none' },
    { path => '/int/', digest_qop => 'auth-int' }, { path => '/bob/', require => ['user bob@SSPI.TEST digest:bob'] },
    { path => '/any/', %evil }, { path => '/front/', channel_binding => 'require', extended_protection => 'proxy' },
    { path => '/warn/', apache => 'LogLevel warn', nginx => 'error_log @DIR@/logs/error.log notice;' },
    { path => '/pages/', apache => 'AddType text/html .shtml' . "\n" . 'AddOutputFilter INCLUDES .shtml', nginx => "ssi on;\nssi_types *;" },
), files => { '/pages/page.shtml' => join ' ', map { qq(<!--#include virtual="$_" -->) } '/p/', '/none/', '/p/' });

# The lines about logins since the last look, without what the servers write around them.
sub login_lines {
    my ($server) = @_;
    my $id = message_id('GRANTED');
    my @lines = map { /\b$id: (.*?)(?:, client: .*)?\z/ ? $1 : () } split /\n/, $server->new_log;
    # httpd writes each backslash as two.
    return $server->kind eq 'apache' ? map { s/\\\\/\\/gr } @lines : @lines;
}

sub logs_logins { my ($server, $want, $name) = @_; return is_deeply([ login_lines($server) ], $want, $name) }

# A Digest login as a test puts it together; its answer.
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
    # What Windows' clients of Digest are offered where they must be bound.
    $by .= '-sess' if $kind eq 'Digest' && $channel =~ /\Abound/;
    return "$user{$kind} logged in by $by; service: $service; channel: $channel";
}

my @parts = map {
    my $scheme = $_;
    my $login = sub {
        my ($server, $path, $says) = @_;
        my $connection = $server->tls_connection;
        return $fixture->login($scheme, $connection, $path, $says, binding_of('rsa'));
    };
    my $silent = line($scheme, $scheme =~ /\AKerberos/ ? 'HTTP/localhost' : 'not told', '');
    ("by $scheme" => sub {
        my ($server) = @_;
        is($login->($server, '/required/', 'right')->status, 200, 'bound');
        logs_logins($server, [ line($scheme, 'HTTP/localhost', 'bound') ], 'which is told');
        is($login->($server, '/p/', 'silent')->status, 200, 'says nothing');
        logs_logins($server, [ $silent . 'not bound' ], 'which is told');
        is($login->($server, '/none/', 'silent')->status, 200, 'nothing is compared');
        logs_logins($server, [ $silent . 'not compared' ], 'which is told');
        is($login->($server, '/front/', 'right')->status, 200, 'bound to a front end');
        logs_logins($server, [ line($scheme, 'HTTP/localhost', 'bound to one that ends before this server') ], 'which is told');
        is($login->($server, '/required/', 'wrong')->status, 401, 'bound to something else');
        logs_logins($server, [], 'which is no login');
    });
} @schemes;

parts 'a login is told', \%server_config, @parts,
    'and no request without one' => sub {
        my ($server) = @_;
        is($server->client->get('/p/')->status, 401, 'no credentials');
        is($server->client->get('/p/', digest => 'alice:wrong')->status, 401, 'wrong ones');
        logs_logins($server, [], 'nothing is told');
    },
    'once, and not for what comes on its connection' => sub {
        my ($server) = @_;
        my $connection = $server->tls_connection;
        is((ntlm_login($connection, '/p/'))[-1]->status, 200, 'a login');
        logs_logins($server, [ line('NTLM', 'not told', 'not bound') ], 'is told');
        granted($connection->get($_), { user => 'CORP\\alice' }, "$_: a request of that login") for '/p/', '/none/';
        logs_logins($server, [], 'is not');
    },
    'once, whatever a page is made of' => sub {
        my ($server) = @_;
        my $client = $server->client(env => $fixture->{env});
        my $a = $client->get('/pages/page.shtml', authorization => $client->negotiate_header);
        is($a->body =~ s{page of /(\w+)/\n}{$1}gr, 'p none p', 'a page with three parts');
        logs_logins($server, [ line('Kerberos', 'HTTP/localhost', 'not compared') ], 'one line');
    },
    'once, when the body is wanted first' => sub {
        my ($server) = @_;
        is(digest($server->client, '/int/', body => 'a body')->status, $server->kind eq 'nginx' ? 405 : 200, 'auth-int');
        logs_logins($server, [ line('Digest', 'not told', 'not compared') ], 'one line');
    },
    'where who is known is not let in' => sub {
        my ($server) = @_;
        is(digest($server->client, '/bob/')->status, 403, 'not a user who is required');
        # On httpd that is decided later, by others, who tell it.
        logs_logins($server, $server->kind eq 'apache' ? [ line('Digest', 'not told', 'not compared') ] : [], 'a login where it was one');
    },
    'not where that level is off' => sub {
        my ($server) = @_;
        is(digest($server->client, '/warn/')->status, 200, 'a login');
        logs_logins($server, [], 'nothing is told');
    },
    'with all that a client sends escaped' => sub {
        my ($server) = @_;
        my ($evil, $shown) = (qq(HTTP/a'\xc3\xa4) . 'b' x 200, 'HTTP/a\\x27\\xc3\\xa4' . 'b' x 200);
        is(digest($server->client, '/any/', SSPI::Test::Binding::digest_says('', $evil))->status, 200, 'a strange service');
        logs_logins($server, [ line('Digest', substr($shown, 0, 125) . '...', 'not compared') ], 'cut and escaped');
        my $connection = $server->tls_connection;
        is((ntlm_login($connection, '/any/', target => qq(HTTP/a"\xc3\xa4)))[-1]->status, 200, 'another');
        logs_logins($server, [ line('NTLM', 'HTTP/a\\x22\\xc3\\xa4', 'not bound') ], 'escaped');
    };

done_testing;
