#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Basic, verified by KDCs that are forged, silent or wrong in their time: what the user sees, how
# long it takes, and whom else it concerns.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use IO::Socket::INET;
use Time::HiRes qw(time);
use SSPI::Test qw(build_dir scratch_dir slurp spew wait_until);
use SSPI::Test::Basic qw(basic_header);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new(options => ['encrypted_challenge_indicator = armored'],
    principals => [ 'WWW$', 'HTTP/armored', 'HTTP/changed' ]);
my $other = SSPI::Test::KDC->new(realm => 'OTHER.TEST');
$kdc->trust($other);
$other->kadmin('addprinc -pw pw +requires_preauth oliver');
$kdc->kadmin((map { "addprinc -pw pw +requires_preauth $_" } 'carol', map { "user$_" } 1 .. 9),
    'setstr HTTP/armored require_auth armored');
my $armored = $kdc->make_keytab('armored.keytab', 'HTTP/armored');
my $machine = $kdc->make_keytab('machine.keytab', 'HTTP/armored', 'WWW$');
my $changed = slurp($kdc->make_keytab('changed.keytab', 'HTTP/changed'));
my %basic = (packages => 'Basic', realm => 'r', basic_require_tls => 'off');

# Requests `path`. Returns the answer and how many seconds it took.
sub get {
    my ($server, $path, $credentials, @options) = @_;
    my $began = time;
    my $answer = $server->client(@options)->raw([ $path, $credentials ? (authorization => basic_header($credentials)) : () ]);
    return wantarray ? ($answer, time - $began) : $answer;
}

parts 'a KDC that is ours', { env => $kdc->server_env, data => { 'changed.keytab' => $changed }, locations => [
    { path => '/p/', %basic, keytab => $kdc->{keytab}, basic_realm => 'SSPI.TEST OTHER.TEST' },
    { path => '/changed/', %basic, keytab => '@DIR@/changed.keytab', service_name => 'HTTP/changed' },
    { path => '/armored/', %basic, keytab => $armored, service_name => 'HTTP/armored', client_principal => 'HTTP/armored' },
    { path => '/machine/', %basic, keytab => $machine, service_name => 'HTTP/armored' },
] },
'a user of a trusted realm' => sub {
    my ($server) = @_;
    my ($answer, $took) = get($server, '/p/', 'oliver@OTHER.TEST:pw');
    granted($answer, { user => 'oliver@OTHER.TEST', package => 'Basic', mechanism => 'Kerberos' }, 'with the realm');
    cmp_ok($took, '<', 2, 'soon');
    refused(scalar get($server, '/p/', 'oliver:pw'), 401, 'without it, the user is one of the first realm');
    logged($server, 'WRONG_PASSWORD', 'oliver');
},
'a password is armored by a principal of the keytab' => sub {
    my ($server) = @_;
    # The KDC gives tickets for this service only to users whose password was armored.
    granted(scalar get($server, '/armored/', 'carol:pw'), { user => 'carol@SSPI.TEST' }, 'by the named principal');
    granted(scalar get($server, '/machine/', 'carol:pw'), { user => 'carol@SSPI.TEST' }, 'by the account of the machine');
    refused(scalar get($server, '/machine/', 'carol:wrong'), 401, 'a wrong password');
    logged($server, 'WRONG_PASSWORD', 'carol');
},
'a key that changes' => sub {
    my ($server) = @_;
    $kdc->new_keys('HTTP/changed');
    my $content = slurp($kdc->make_keytab("changed-$server->{http}.keytab", 'HTTP/changed'));
    refused(scalar get($server, '/changed/', 'user1:pw'), 401, 'the old keytab proves no KDC');
    logged($server, 'UNPROVEN_KDC', 'user1', qr{HTTP/changed});
    $server->add_data('changed.keytab', $content);
    ok(wait_until(sub { scalar get($server, '/changed/', 'user2:pw')->status == 200 }), 'the new one does');
};

my $forged = SSPI::Test::KDC->new;
$forged->kadmin('cpw -pw chosen alice');
scenario 'a forged KDC takes any password', { env => $forged->server_env, locations => [ { path => '/p/', %basic, keytab => $kdc->{keytab} } ] },
sub {
    my ($server) = @_;
    refused(scalar get($server, '/p/', 'alice:chosen'), 401, 'a password that the forger chose');
    logged($server, 'UNPROVEN_KDC', 'alice', qr{HTTP/localhost});
    refused(scalar get($server, '/p/', 'alice:chosen'), 401, '... is not remembered');
};

my $ahead = SSPI::Test::KDC->new(clock => { LD_PRELOAD => build_dir() . '/t/conformance/libshifted_clock.so',
    SSPI_TEST_CLOCK_SHIFT_S => 3600 }, timesync => 1);
scenario 'a KDC whose clock is an hour ahead', { env => $ahead->server_env, locations => [ { path => '/p/', %basic, keytab => $ahead->{keytab} } ] },
sub {
    my ($server) = @_;
    my ($answer, $took) = get($server, '/p/', 'alice:wonder land');
    refused($answer, 503, 'a right password');
    logged($server, 'KDC_CLOCK', 'NTP');
    cmp_ok($took, '<', 2, 'soon');
};

# A KDC that accepts connections and never answers.
my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64, Proto => 'tcp') or die "no silent KDC: $!\n";
my $dir = scratch_dir('silent');
spew("$dir/krb5.conf", slurp("$forged->{dir}/krb5.conf") =~ s/kdc = 127\.0\.0\.1:\K\d+/$silent->sockport/er);
my $alice = $forged->login('alice', password => 'chosen');
SSPI::Test::must_run([qw(kvno HTTP/localhost)], env => $alice);
# Each worker has a limiter of its own. nginx keeps the connection with its worker; httpd closes it after 503.
scenario 'a KDC that accepts connections and never answers', { env => { KRB5_CONFIG => "$dir/krb5.conf" },
    apache_head => "StartServers 1\nServerLimit 1\nMaxRequestWorkers 32\n", locations => [
    { path => '/p/', %basic, packages => 'Negotiate Basic', keytab => $forged->{keytab} }, { path => '/open/', sspi => 'off' } ] },
sub {
    my ($server) = @_;
    my $waiting = $server->connection;
    my $began = time;
    $waiting->send($waiting->{client}->request_text('/p/', authorization => basic_header('alice:chosen')));
    my @took;
    while (time - $began < 3) {
        my ($answer, $took) = get($server, '/open/');
        is($answer->status, 200, 'another request during the wait') if !@took;
        push @took, $took;
    }
    @took = sort { $a <=> $b } @took;
    cmp_ok($took[ int(0.99 * @took) ], '<', 0.25, '... is not slower (99 %)') or diag("@took[-5 .. -1]");
    granted($server->client(env => $alice)->get('/p/', negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a login by a ticket meanwhile');
    my $answer = $waiting->answer;
    my $took = time - $began;
    refused($answer, 503, 'the password');
    cmp_ok($took, '>', 5, '... after the deadline');
    cmp_ok($took, '<', 12, '... of ten seconds');
    logged($server, 'KDC_UNREACHABLE', '10 seconds');
    $waiting = $server->connection if ($answer->header('Connection') // '') eq 'close';
    $began = time;
    refused($waiting->get('/p/', authorization => basic_header('bob:builder')), 503, 'the next password of this worker');
    cmp_ok(time - $began, '<', 2, '... at once');
};

done_testing;
