# SPDX-License-Identifier: Apache-2.0
# Passwords that a KDC verifies, and a keytab that proves the KDC.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(encode);
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(time);
use SSPI::Test qw(build_dir run slurp spawn spew scratch_dir);
use SSPI::Test::KDC;
use SSPI::Test::KerberosPassword;

my $program = password_program();
my $kdc = SSPI::Test::KDC->new(principals => ['HTTP/other']);

# Verifies passwords. Options: kdc (whose krb5.conf is used), env, keytab, host, client (for FAST),
# realms.
sub login {
    my ($user, $password, %opt) = @_;
    my $where = $opt{kdc} // $kdc;
    return verify_password($user, $password, env => { %{$where->{env}}, %{$opt{env} // {}} },
        args => [ $opt{keytab} // $kdc->{keytab}, $opt{host} // '-', $opt{client} // '-', @{$opt{realms} // []} ]);
}

sub granted {
    my ($name, $login, $user, $target) = @_;
    is($login->{status}, 'SEC_E_OK', "$name is a login") or diag(explain($login));
    is($login->{name}, encode('UTF-8', $user), "... of $user");
    is($login->{target}, $target // 'HTTP/localhost@SSPI.TEST', '... at our service');
    is($login->{proven}, 1, '... which its key proves');
    return;
}

# libkrb5 waits for this KDC, which accepts connections and never answers. Its logins run meanwhile.
my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 16, Proto => 'tcp')
    or die "no silent KDC: $!\n";
my $silent_dir = scratch_dir('silent');
my $silent_conf = slurp("$kdc->{dir}/krb5.conf") =~ s/kdc = 127\.0\.0\.1:\K\d+/$silent->sockport/er;
spew("$silent_dir/krb5.conf", $silent_conf);
spew("$silent_dir/in", "alice\twonder land\n");
my $silent_began = time;
my $silent_pid = spawn([ $program, $kdc->{keytab}, '-', '-' ], stdin_file => "$silent_dir/in", timeout => 120,
    env => { %{$kdc->{env}}, KRB5_CONFIG => "$silent_dir/krb5.conf" }, out => "$silent_dir/out");

# ---- users ----

my $wrong = wrong_password();
$kdc->kadmin('addprinc -pw pw +requires_preauth carol', 'addprinc -pw pw alice/admin', 'addprinc -pw pw WWW$');
$kdc->add_user(encode('UTF-8', "j\xe4s\xf8n"));
for my $user (qw(alice carol)) {
    my $password = $user eq 'alice' ? 'wonder land' : 'pw';
    my $kind = $user eq 'alice' ? 'without' : 'with';
    granted("a right password $kind pre-authentication", login($user, $password), "$user\@SSPI.TEST");
    refused("a wrong password $kind pre-authentication", login($user, 'wonderland'), 'WRONG_PASSWORD', $wrong);
}
refused('an unknown user', login('mallory', 'x'), 'WRONG_PASSWORD', $wrong);
refused('an empty password', login('alice', ''), 'WRONG_PASSWORD', qr/password of user alice is empty/);
refused('another case of an MIT name', login('ALICE', 'wonder land'), 'WRONG_PASSWORD', $wrong);
granted('a name in UTF-8', login("j\xe4s\xf8n", 'pw'), "j\xe4s\xf8n\@SSPI.TEST");
granted('a name with the realm', login('alice@SSPI.TEST', 'wonder land'), 'alice@SSPI.TEST');
granted('a name with the realm in small letters', login('alice@sspi.test', 'wonder land'), 'alice@SSPI.TEST');
my $life = login('alice', 'wonder land')->{life};
ok($life > 9 * 3600 && $life <= 10 * 3600 + 1, 'a login ends with the ticket') or diag($life);

# ---- the number of questions does not say whether a user exists ----

my $log = "$kdc->{dir}/kdc.log";
sub questions { my ($login) = @_; my $n = () = slurp($log) =~ /AS_REQ/g; $login->(); return (() = slurp($log) =~ /AS_REQ/g) - $n }
is(questions(sub { login('carol', 'x') }), 2, 'the KDC is asked twice about a wrong password');
is(questions(sub { login('mallory', 'x') }), 2, '... and twice about an unknown user');

# ---- no KDC is asked ----

my $before = () = slurp($log) =~ /_REQ/g;
refused('a name of another realm', login('alice@OTHER.TEST', 'x'), 'WRONG_REALM', qr/not one of SSPIBasicRealm/);
refused("a name of the keytab's realm that is not listed", login('alice@SSPI.TEST', 'x', realms => ['OTHER.TEST']),
    'WRONG_REALM', qr/not one of SSPIBasicRealm/);
for my $name (qw(alice/admin krbtgt/SSPI.TEST HTTP/localhost WELLKNOWN/ANONYMOUS WWW$ alice\\@x DOM\alice)) {
    my $reason = $name =~ /\@x/ ? 'WRONG_REALM' : 'WRONG_PASSWORD';
    refused("the name $name", login($name, 'pw'), $reason, qr/not the name of a user|not one of SSPIBasicRealm/);
}
is(scalar(() = slurp($log) =~ /_REQ/g), $before, '... and the KDC was not asked');

# ---- accounts ----

$kdc->kadmin('addpol -maxfailure 2 locking', 'addprinc -pw pw -pwexpire 2020-01-01 expired',
    'addprinc -pw pw +needchange mustchange', 'addprinc -pw pw -expire 2020-01-01 ended',
    'addprinc -pw pw -allow_tix disabled', 'addprinc -pw pw +requires_preauth -policy locking locked');
refused('an expired password', login('expired', 'pw'), 'PASSWORD_EXPIRED', qr/password of user expired has expired/);
refused('a password that must be changed', login('mustchange', 'pw'), 'PASSWORD_EXPIRED', qr/must be changed/);
refused('an account that has ended', login('ended', 'pw'), 'ACCOUNT_LOCKED', qr/account of user ended is locked, disabled/);
is(questions(sub { login('disabled', 'pw') }), 2, '... and twice about a disabled account');
refused('a disabled account', login('disabled', 'pw'), 'ACCOUNT_LOCKED', qr/account of user disabled is locked, disabled/);
granted('an account before it is locked', login('locked', 'pw'), 'locked@SSPI.TEST');
refused("the wrong password $_ of 2", login('locked', 'x'), 'WRONG_PASSWORD', $wrong) for 1, 2;
refused('a locked account', login('locked', 'pw'), 'ACCOUNT_LOCKED', qr/account of user locked is locked/);

# ---- services ----

my $both = $kdc->make_keytab('both.keytab', 'host/localhost', 'HTTP/other', 'HTTP/localhost');
granted('a host whose service the keytab has', login('alice', 'wonder land', keytab => $both, host => 'localhost'),
    'alice@SSPI.TEST', 'HTTP/localhost@SSPI.TEST');
granted('another host', login('alice', 'wonder land', keytab => $both, host => 'OTHER'),
    'alice@SSPI.TEST', 'HTTP/other@SSPI.TEST');
granted('a host that the keytab does not have', login('alice', 'wonder land', keytab => $both, host => 'third'),
    'alice@SSPI.TEST', 'HTTP/other@SSPI.TEST');
$kdc->kadmin('delprinc -force HTTP/other');
granted('a keytab with an old service', login('alice', 'wonder land', keytab => $both, host => 'other'),
    'alice@SSPI.TEST', 'HTTP/localhost@SSPI.TEST');

# ---- other KDCs ----

my $forged = SSPI::Test::KDC->new;
$forged->kadmin('cpw -pw chosen alice');
is(login('alice', 'chosen', kdc => $forged, keytab => $forged->{keytab})->{status}, 'SEC_E_OK',
    'a forged KDC takes the password that its owner chose');
refused('a login by a forged KDC', login('alice', 'chosen', kdc => $forged), 'UNPROVEN_KDC',
    qr/^the KDC that took the password of user alice is not proven: /);
$forged->kadmin(map { "delprinc -force $_" } 'HTTP/localhost', 'host/localhost');
refused('a login by a KDC that does not know the service', login('alice', 'chosen', kdc => $forged), 'UNPROVEN_KDC',
    qr{gives no ticket for host/localhost\@SSPI.TEST: .*not found}i);

my $other = SSPI::Test::KDC->new(realm => 'OTHER.TEST');
$other->kadmin('addprinc -pw pw oliver');
$kdc->trust($other);
my @realms = (realms => [ 'SSPI.TEST', 'OTHER.TEST' ]);
granted('a user of a trusted realm', login('oliver@OTHER.TEST', 'pw', @realms), 'oliver@OTHER.TEST');
refused('that user without the realm', login('oliver', 'pw', @realms), 'WRONG_PASSWORD', $wrong);
granted('a user of the first realm', login('oliver', 'pw', realms => [ 'OTHER.TEST', 'SSPI.TEST' ]), 'oliver@OTHER.TEST');

# ---- clocks ----

for my $shift (3600, -3600, 40000, -40000) {
    my %ahead = (LD_PRELOAD => build_dir() . '/t/conformance/libshifted_clock.so', SSPI_TEST_CLOCK_SHIFT_S => $shift);
    for my $timesync (0, 1) {
        my $shifted = SSPI::Test::KDC->new(timesync => $timesync, clock => \%ahead);
        $shifted->kadmin('addprinc -pw pw +requires_preauth carol');
        for my $user ([ alice => 'wonder land' ], [ carol => 'pw' ]) {
            refused("$user->[0] of a KDC whose clock is $shift s ahead, kdc_timesync $timesync,",
                login(@$user, kdc => $shifted, keytab => $shifted->{keytab}), 'KDC_CLOCK', qr/NTP/);
        }
        $shifted->stop;
    }
}

# ---- pre-authentication ----

my $spake = SSPI::Test::KDC->new(defaults => ['spake_preauth_groups = edwards25519']);
$spake->kadmin('addprinc -pw pw +requires_preauth carol', 'addpol -maxfailure 2 locking',
    'addprinc -pw pw +requires_preauth -policy locking locked');
my $trace = "$spake->{dir}/trace";
my %spake = (kdc => $spake, keytab => $spake->{keytab}, env => { KRB5_TRACE => $trace });
granted('a password by SPAKE', login('carol', 'pw', %spake), 'carol@SSPI.TEST');
like(slurp($trace), qr/SPAKE/, '... was verified by SPAKE');
refused('a wrong password by SPAKE', login('locked', 'x', %spake), 'WRONG_PASSWORD', $wrong);
granted('... which counts as one try, so that the next one', login('locked', 'pw', %spake), 'locked@SSPI.TEST');

my $spake_log = "$spake->{dir}/kdc.log";
my $questions = () = slurp($spake_log) =~ /AS_REQ/g;
refused('unknown users behind a wrong password', login("carol\tx\nmallory\tx\nnobody", 'x', %spake), 'WRONG_PASSWORD', $wrong);
is((() = slurp($spake_log) =~ /AS_REQ/g) - $questions, 9, '... are asked about as often, which is three times by SPAKE');

# ---- PKINIT ----

# krb5.conf has a certificate of this machine, by which the KDC logs alice in without a password.
my ($pkinit) = glob '/usr/lib/*/krb5/plugins/preauth/pkinit.so';
SKIP: {
    skip 'krb5-pkinit is not installed', 12 if !$pkinit;
    my $pki = scratch_dir('pki');
    my @made = (qw(openssl req -x509 -newkey rsa:2048 -nodes -days 2), '-subj');
    SSPI::Test::must_run([ @made, '/CN=ca', '-keyout', "$pki/ca.key", '-out', "$pki/ca.pem" ]);
    for my $name (qw(kdc alice)) {
        SSPI::Test::must_run([ @made, "/CN=$name", '-keyout', "$pki/$name.key", '-out', "$pki/$name.pem",
            '-CA', "$pki/ca.pem", '-CAkey', "$pki/ca.key", '-addext', 'basicConstraints=critical,CA:FALSE',
            '-addext', "subjectAltName=DNS:$name.test" ]);
    }
    my @both = ("pkinit_anchors = FILE:$pki/ca.pem", 'pkinit_eku_checking = none');
    my $certified = SSPI::Test::KDC->new(options => [ @both, "pkinit_identity = FILE:$pki/kdc.pem,$pki/kdc.key" ],
        defaults => [ @both, "pkinit_identities = FILE:$pki/alice.pem,$pki/alice.key", 'pkinit_kdc_hostname = kdc.test' ]);
    $certified->kadmin('modprinc +requires_preauth alice', 'setstr alice pkinit_cert_match <SUBJECT>CN=alice');
    my $without = run([qw(kinit alice)], env => $certified->{env}, stdin => "not the password\n");
    is($without->{rc}, 0, 'the certificate logs alice in with kinit') or diag($without->{err});
    my %certified = (kdc => $certified, keytab => $certified->{keytab});
    refused('a wrong password beside the certificate', login('alice', 'x', %certified), 'WRONG_PASSWORD', $wrong);
    granted('a right password beside the certificate', login('alice', 'wonder land', %certified), 'alice@SSPI.TEST');
    granted('another user beside the certificate', login('bob', 'builder', %certified), 'bob@SSPI.TEST');
}

# ---- FAST ----

# This KDC issues tickets for the service only to users whose request was armored.
my $fast = SSPI::Test::KDC->new(options => ['encrypted_challenge_indicator = armored'], principals => ['WWW$']);
$fast->kadmin('addprinc -pw pw +requires_preauth carol', 'modprinc -allow_tix host/localhost',
    'addpol -maxfailure 2 locking', 'addprinc -pw pw +requires_preauth -policy locking locked',
    map { "setstr $_ require_auth armored" } 'HTTP/localhost', 'host/localhost');
my %fast = (kdc => $fast, keytab => $fast->{keytab});
refused('a login without armor', login('carol', 'pw', %fast), 'ACCOUNT_LOCKED',
    qr{policy of the KDC allows user carol no ticket for HTTP/localhost\@SSPI.TEST});
granted('a login with armor', login('carol', 'pw', %fast, client => '+'), 'carol@SSPI.TEST');
granted('a login with the armor of a named principal', login('carol', 'pw', %fast, client => 'HTTP/localhost'),
    'carol@SSPI.TEST');
my $machine = $fast->make_keytab('machine.keytab', 'HTTP/localhost', 'WWW$');
granted('a login with the armor of the machine', login('carol', 'pw', kdc => $fast, keytab => $machine, client => '+'),
    'carol@SSPI.TEST');
like(slurp("$fast->{dir}/kdc.log"), qr/AS_REQ .*ISSUE: .*WWW\$\@SSPI.TEST for krbtgt/, '... whose account came first');
refused('a wrong password with armor', login('locked', 'x', %fast, client => '+'), 'WRONG_PASSWORD', $wrong);
granted('... which counts as one try, so that the next one', login('locked', 'pw', %fast, client => '+'),
    'locked@SSPI.TEST');
refused('an unknown user with armor', login('mallory', 'pw', %fast, client => '+'), 'WRONG_PASSWORD', $wrong);
refused('a disabled account with armor', login('ended', 'pw', client => '+'), 'ACCOUNT_LOCKED', qr/account of user ended/);
$kdc->kadmin('addprinc -randkey -allow_tix HTTP/noclient');
my $refused = $kdc->make_keytab('refused.keytab', 'HTTP/noclient', 'HTTP/localhost');
granted('a login where the KDC takes no principal of the keytab as a client',
    login('alice', 'wonder land', keytab => $refused, client => 'HTTP/noclient', host => 'localhost'), 'alice@SSPI.TEST');

# ---- KDCs that do not answer ----

my $began = time;
$forged->stop;
refused('a login without a KDC', login('alice', 'wonder land', kdc => $forged), 'KDC_UNREACHABLE',
    qr/^the KDC does not answer: Cannot contact any KDC/);
cmp_ok(time - $began, '<', 5, '... without a wait');
spew("$silent_dir/none.conf", $silent_conf =~ s/^ +kdc = .*\n//mr);
refused('a realm without a KDC in krb5.conf', login('alice', 'x', env => { KRB5_CONFIG => "$silent_dir/none.conf" }),
    'KDC_UNREACHABLE', qr/^the KDC does not answer: /);

waitpid $silent_pid, 0;
my $waited = time - $silent_began;
refused('a login at a silent KDC', password_answer(slurp("$silent_dir/out")), 'KDC_UNREACHABLE', qr/Cannot contact any KDC/);
note(sprintf 'libkrb5 gave a silent KDC up after at most %.1f s', $waited);

done_testing;
