#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A user or a key that was just added works at the first attempt. If the contents do not verify the
# credentials, the server reads the changed file at once, before it refuses the client.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(slurp);
use SSPI::Test::Digest qw(digest_challenges digest_header user_line userhash);
use SSPI::Test::Gss qw(negotiate_value spnego_init spnego_response);
use SSPI::Test::Ntlm qw(ntlm_message ntlm_token ntlm_user_line ntlm_value);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $old_keys = slurp($kdc->{keytab});
$kdc->new_keys('HTTP/localhost');
my $new_keys = slurp($kdc->make_keytab('new.keytab', 'HTTP/localhost'));
my $more_keys = slurp($kdc->make_keytab('more.keytab', 'HTTP/localhost', 'host/localhost'));
my $alice = $kdc->login('alice');

sub lines { return join '', map { user_line($_->[0], 'r', $_->[1]) } @_ }
my @first = ([ 'alice', 'old' ], [ 'bob', 'pw' ]);
my $users = lines(@first);
my $nt_users = ntlm_user_line('bob', 'CORP', 'pw');

# Each case has its own file, which the server has just checked when it changes.
my (@locations, %data);
sub location { my ($name, $file, $content, %o) = @_; push @locations, { path => "/$name/", realm => 'r', %o }; $data{$file} = $content; return }
sub digest { my ($name, %o) = @_; return location($name, "$name.users", $users, packages => 'Digest', digest_algorithm => 'MD5',
    digest_user_file => "\@DIR\@/$name.users", %o) }
sub ntlm { my ($name, %o) = @_; return location($name, "$name.users", $nt_users, packages => 'Negotiate NTLM', mechanisms => 'ntlm',
    ntlm_user_file => "\@DIR\@/$name.users", %o) }
sub kerberos { my ($name, $content, %o) = @_; return location($name, "$name.keytab", $content, packages => 'Negotiate',
    keytab => "\@DIR\@/$name.keytab", %o) }
digest($_) for qw(unknown changed wrong-known wrong-unknown);
digest('hashed', digest_userhash => 'on');
digest('body', digest_qop => 'auth auth-int');
ntlm($_) for qw(ntlm bare spnego ntlm-wrong);
kerberos('version', $old_keys);
kerberos('legs', $old_keys);
kerberos('principal', $new_keys, service_name => '*');
kerberos('other', $old_keys);
my %server_config = (env => $kdc->server_env, locations => \@locations, data => \%data);

# Returns a connection whose worker has checked this location's file.
sub seen {
    my ($server, $name) = @_;
    my $connection = $server->connection;
    my $answer = $connection->get("/$name/");
    return ($connection, digest_challenges($answer->challenges));
}

sub try_digest {
    my ($connection, $name, $challenge, $user, $password, %o) = @_;
    my $header = digest_header($challenge, user => $user, password => $password, uri => "/$name/", %o);
    return $connection->get("/$name/", authorization => $header, exists $o{body} ? (method => 'GET', body => $o{body}) : ());
}

sub read_again {
    my ($server, $file) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $id = message_id('RELOADED');
    my $log = $server->new_log;
    has_line($log, [ qr/\b$id\b/, qr/\Q$file\E(?![\w.])/ ], "$file was read again");
    return unlike($log, qr/\bSSPI-1(?!09)\d\d\b/, 'the log has no refusal');
}

parts 'at the first attempt', \%server_config,
    'Digest' => sub {
        my ($server) = @_;
        my $added = lines(@first, [ 'carol', 'new' ]);
        my ($connection, $challenge) = seen($server, 'unknown');
        $server->add_data('unknown.users', $added);
        granted(try_digest($connection, 'unknown', $challenge, 'carol', 'new'), { user => 'carol' }, 'a user who was added');
        read_again($server, 'unknown.users');
        ($connection, $challenge) = seen($server, 'hashed');
        $server->add_data('hashed.users', $added);
        granted(try_digest($connection, 'hashed', $challenge, 'carol', 'new', set => { username => userhash('carol', 'r', 'MD5'),
            userhash => 'true' }), { user => 'carol' }, 'by the hash of the name');
        ($connection, $challenge) = seen($server, 'body');
        $server->add_data('body.users', $added);
        granted(try_digest($connection, 'body', $challenge, 'carol', 'new', body => 'pay 1'), { user => 'carol' }, 'with a body');
        ($connection, $challenge) = seen($server, 'changed');
        $server->add_data('changed.users', lines([ 'alice', 'new' ], [ 'bob', 'pw' ]));
        granted(try_digest($connection, 'changed', $challenge, 'alice', 'new'), { user => 'alice' }, 'a password that was changed');
    },
    'a wrong password is refused, and known and unknown users get the same answer' => sub {
        my ($server) = @_;
        my %said;
        for my $case ([ 'wrong-known', 'alice' ], [ 'wrong-unknown', 'nobody' ]) {
            my ($name, $user) = @$case;
            my ($connection, $challenge) = seen($server, $name);
            $server->add_data("$name.users", lines(@first, [ 'carol', 'new' ]));
            $server->new_log;
            refused(try_digest($connection, $name, $challenge, $user, 'guess'), 401, $name);
            my @ids = map { /\b(SSPI-\d{3})\b/g } $server->new_log;
            $said{$name} = "@ids";
        }
        is($said{'wrong-known'}, join(' ', map { message_id($_) } qw(RELOADED WRONG_PASSWORD)), 'the server reads the file, then refuses the client');
        is($said{'wrong-unknown'}, $said{'wrong-known'}, 'the server does the same for an unknown user');
    },
    'NTLM' => sub {
        my ($server) = @_;
        my $added = $nt_users . ntlm_user_line('alice', 'CORP', 'pw');
        for my $case ([ 'ntlm', 'NTLM' ], [ 'bare', 'Negotiate' ], [ 'spnego', 'Negotiate', ['ntlm'] ]) {
            my ($name, $scheme, $list) = @$case;
            my ($connection) = seen($server, $name);
            my $ntlm = SSPI::Test::Ntlm->new(user => 'alice');
            my $say = sub { return $connection->get("/$name/", authorization => ntlm_value($scheme, $_[0])) };
            my $first = $say->($list ? spnego_init($list, $ntlm->{negotiate}) : $ntlm->{negotiate});
            $server->add_data("$name.users", $added);
            $server->new_log;
            my $last = $ntlm->authenticate(ntlm_message(ntlm_token($first, $scheme)));
            my $mic = $list ? $ntlm->mic(SSPI::Test::Gss::mechanism_list(@$list)) : undef;
            granted($say->($list ? spnego_response($last, $mic) : $last), { user => 'CORP\\alice' }, "$name: a user who was added");
            read_again($server, "$name.users");
        }
        my ($connection) = seen($server, 'ntlm-wrong');
        my $ntlm = SSPI::Test::Ntlm->new(user => 'alice', password => 'guess');
        my $first = $connection->get('/ntlm-wrong/', authorization => ntlm_value('NTLM', $ntlm->{negotiate}));
        $server->add_data('ntlm-wrong.users', $added);
        refused($connection->get('/ntlm-wrong/', authorization => ntlm_value('NTLM', $ntlm->authenticate(ntlm_token($first, 'NTLM')))),
            401, 'a wrong password is refused');
    },
    'Kerberos' => sub {
        my ($server) = @_;
        my %alice = (user => 'alice@SSPI.TEST', mechanism => 'Kerberos');
        my ($connection) = seen($server, 'version');
        my $ticket = SSPI::Test::Gss->header(env => $alice);
        $server->new_log;
        refused($connection->get('/version/', authorization => $ticket), 401, 'a key version that the keytab does not have');
        logged($server, 'NO_KEY');
        $server->add_data('version.keytab', $new_keys);
        granted($connection->get('/version/', authorization => $ticket), \%alice, 'the same ticket is accepted when the keytab has the key');
        read_again($server, 'version.keytab');
        refused($connection->get('/version/', authorization => $ticket), 401, 'the ticket is refused the second time');
        logged($server, 'REPLAY');
        ($connection) = seen($server, 'principal');
        $server->add_data('principal.keytab', $more_keys);
        granted($connection->get('/principal/', authorization => SSPI::Test::Gss->header(env => $alice, service => 'host')),
            \%alice, 'a principal that was added');
        ($connection) = seen($server, 'legs');
        my $first = $connection->get('/legs/', authorization => negotiate_value(spnego_init(['kerberos'])));
        is($first->status, 401, 'an exchange of two legs');
        $server->add_data('legs.keytab', $new_keys);
        my $gss = SSPI::Test::Gss->new(env => $alice, bare => 1);
        granted($connection->get('/legs/', authorization => negotiate_value(spnego_response($gss->{token}))), \%alice,
            'the exchange succeeds if its key was added between the legs');
        ($connection) = seen($server, 'other');
        $server->add_data('other.keytab', $old_keys);
        $server->new_log;
        refused($connection->get('/other/', authorization => SSPI::Test::Gss->header(env => $alice)), 401, 'a keytab that still lacks the key');
        logged($server, 'NO_KEY');
    };

done_testing;
