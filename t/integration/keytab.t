#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The accounts that can read the keytab, and what happens when the keytab changes.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(slurp wait_until);
use SSPI::Test::Scenario;

use SSPI::Test qw(is_root);

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $first = slurp($kdc->{keytab});
my %server_config = (env => $kdc->server_env,
    locations => [ { path => '/p/', packages => 'Negotiate', realm => 'r', keytab => '@DIR@/http.keytab' } ],
    data => { 'http.keytab' => $first });
my %user = (user => 'alice@SSPI.TEST');

SKIP: {
    skip 'workers of another user need root: keytab 0600 of root', 1 if !is_root();
    # The keytab of this scenario is made private before the server starts.
    scenario 'workers need not read the keytab', { %server_config, keytab_mode => 0600 }, sub {
        my ($server) = @_;
        my $keytab = "$server->{dir}/http.keytab";
        is((stat $keytab)[2] & 07777, 0600, 'only root can read the keytab');
        my @owners = map { (stat "/proc/$_")[4] } $server->workers;
        ok((grep { $_ != 0 } @owners), 'the workers are not root');
        my $c = $server->client(env => $alice);
        granted($c->get('/p/', negotiate => 1), \%user, 'tickets are accepted') for 1 .. 3;
    };
}

# Makes new keys in the realm. A ticket for them works when the server has them. An old ticket works
# as long as the keytab keeps its key.
sub rotate {
    $kdc->new_keys('HTTP/localhost');
    return slurp($kdc->make_keytab('rotated-' . ++our $n . '.keytab', 'HTTP/localhost'));
}

scenario 'workers that can read a changed keytab use it without a reload', \%server_config, sub {
    my ($server) = @_;
    # The realm may have newer keys than this file, so the part begins with the current keys.
    $server->add_data('http.keytab', rotate());
    my $c = $server->client(env => $kdc->login('alice'));
    ok(wait_until(sub { $c->get('/p/', negotiate => 1)->status == 200 }), 'the first change');
    $server->new_log;
    my $content = rotate();
    my $fresh = $server->client(env => $kdc->login('alice'));
    refused($fresh->get('/p/', negotiate => 1), 401, 'a ticket for a key that is not in the keytab is refused');
    logged($server, 'NO_KEY');
    $server->add_data('http.keytab', $content);
    ok(wait_until(sub { $fresh->get('/p/', negotiate => 1)->status == 200 }), 'the ticket is accepted without a reload when the keytab has the key');
    ok(wait_until(sub { $server->log =~ /${\message_id('RELOADED')}\b.*keytab/ }), 'the log says that the keytab was read again');
};

SKIP: {
    skip 'workers of another user need root: change of a private keytab', 1 if !is_root();
    scenario 'a changed keytab that workers cannot read is used after a reload',
        { %server_config, keytab_mode => 0600 }, sub {
            my ($server) = @_;
            my $content = rotate();
            my $c = $server->client(env => $kdc->login('alice'));
            $server->add_data('http.keytab', $content);
            refused($c->get('/p/', negotiate => 1), 401, 'before the reload');
            like($server->log, qr/${\message_id('NOT_RELOADED')}\b.*keytab.*reload/i, 'the log says that a reload is needed');
            $server->reload;
            ok(wait_until(sub { $c->get('/p/', negotiate => 1)->status == 200 }), 'after it');
        };
}

done_testing;
