#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Errors in the configuration make the server's own configuration test fail, with a message that
# names the directive and the value.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew slurp);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Ntlm qw(ntlm_user_line);
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new(principals => ['HTTP/other.test']);
my $dir = scratch_dir('files');
my $realm = 'r';
my $users = spew("$dir/users", user_line('alice', $realm, 'pw') . user_line('bob', $realm, 'pw', 'SHA-256'), 0644);
my %ok = (packages => 'Negotiate Digest', keytab => $kdc->{keytab}, digest_user_file => $users, realm => $realm);

sub with {
    my (%change) = @_;
    my %location = (%ok, %change);
    return { env => $kdc->server_env, locations => [ { path => '/p/', map { $_ => $location{$_} } grep { defined $location{$_} } keys %location } ] };
}

sub names {
    my ($key, @more) = @_;
    my ($apache, $nginx) = SSPI::Test::Options::option_names($key);
    return ({ apache => qr/\Q$apache\E/, nginx => qr/\Q$nginx\E/ }, @more);
}

my $nt_users = spew("$dir/nt-users", ntlm_user_line('alice', 'CORP', 'pw'), 0644);
my @ntlm = (mechanisms => 'ntlm', keytab => undef, digest_user_file => undef);
my @good = (
    [ 'a good configuration' ],
    [ 'Digest that must be bound to its channel', channel_binding => 'require' ],
    # Kerberos is not offered, so no keytab is needed.
    [ 'NTLM', @ntlm, packages => 'NTLM', ntlm_user_file => $nt_users ],
    [ 'Negotiate without Kerberos', @ntlm, packages => 'Negotiate', ntlm_user_file => $nt_users ],
    # A keytab without a needed key does not matter where Kerberos is not offered.
    (map {
        my ($what, @keytab) = @$_;
        ([ "NTLM beside $what", @ntlm, packages => 'NTLM', ntlm_user_file => $nt_users, @keytab ],
            [ "Negotiate by NTLM beside $what", @ntlm, packages => 'Negotiate', ntlm_user_file => $nt_users, @keytab ],
            [ "Digest beside $what", packages => 'Digest', @keytab ])
    } [ 'a keytab without the key of the named service', keytab => $kdc->{keytab}, service_name => 'HTTP/other.test' ],
        [ 'a keytab that does not exist', keytab => "$dir/none.keytab" ]),
    [ 'NTLM that is not offered', packages => 'Negotiate', mechanisms => 'kerberos' ],
    [ 'proxies', proxies => '192.0.2.1 10.0.0.0/8 2001:db8::/32 ::1' ],
);
for my $case (@good) {
    my ($name, %change) = @$case;
    config_passes($name, with(%change));
}
# Winbind may be started later.
config_passes('NTLM by winbind', with(@ntlm, packages => 'NTLM'));

# ---- keytabs of httpd's scopes, which meet with a request ----
# Lines of the server's level and of locations within it.
sub scopes {
    my ($head, @locations) = @_;
    my $n = 0;
    return { env => $kdc->server_env, on => 'apache', apache_head => join('', map { "$_\n" } @$head),
        apache => join '', map { $n++; join "\n", "<Location /$n/>", 'AuthType SSPI', 'Require valid-user', @$_, "</Location>\n" } @locations };
}

my ($only_ntlm, $lacking) = ([ 'SSPIMechanisms ntlm', "SSPINTLMUserFile $nt_users" ],
    [ "SSPIKeytab $kdc->{keytab}", 'SSPIServiceName HTTP/other.test' ]);
my %good_scopes = (
    'NTLM for the server, a keytab at a location' => scopes($only_ntlm, $lacking),
    'NTLM and a keytab for the server' => scopes([ @$only_ntlm, @$lacking ], []),
    'NTLM at a location with a keytab, Kerberos at another location with its own keytab' => scopes([], [ @$only_ntlm, @$lacking ],
        [ 'SSPIMechanisms kerberos', "SSPIKeytab $kdc->{keytab}" ]),
);
config_passes($_, $good_scopes{$_}) for sort keys %good_scopes;
my @says = (qr/SSPIKeytab/, qr{HTTP/other\.test});
config_refused('a keytab for the server, NTLM at a location', scopes($lacking, $only_ntlm), @says);
config_refused('NTLM and a keytab for the server, Kerberos at a location', scopes([ @$only_ntlm, @$lacking ], ['SSPIMechanisms kerberos ntlm']), @says);
config_refused('Digest and a keytab for the server, Negotiate at a location', scopes([ 'SSPIPackages Digest', "SSPIDigestUserFile $users", @$lacking ],
    [ 'AuthName r' ], [ 'SSPIPackages Negotiate' ]), @says);

config_refused('AuthType without mod_authn_core', { on => 'apache', whole_config => "ServerRoot \@DIR\@\nErrorLog \@DIR\@/logs/error.log\n"
    . SSPI::Test::Apache::module_lines(qw(mpm_event authz_core)) . "LoadModule sspi_module \@MODULE\@\nListen 127.0.0.1:\@HTTP\@\n"
    . "<Location /p/>\nAuthType SSPI\n</Location>\n" }, qr/AuthType\b.*\bmod_authn_core\b/);

# ---- values ----
my @bad = (
    [ 'packages', 'Kerberos', qr/Kerberos/, qr/Negotiate/ ],
    [ 'packages', 'Digest Digest', qr/Digest/ ],
    [ 'packages', 'Negotiate Digest Bearer', qr/Bearer/ ],
    [ 'user_name', 'long', qr/long/, qr/short/ ],
    [ 'channel_binding', 'yes', qr/yes/, qr/require/ ],
    [ 'require_tls', 'maybe', qr/maybe/, qr/\bon\b/i ],
    [ 'digest_qop', 'auth-conf', qr/auth-conf/, qr/auth-int/ ],
    [ 'digest_entity_limit', '1x', qr/1x/, qr/1099511627776/ ],
    [ 'digest_userhash', 'maybe', qr/maybe/, qr/\bon\b/i ],
    [ 'digest_domain', 'here', qr/here/, qr/paths/ ],
    [ 'digest_domain', '/' . 'a' x 1023, qr/aaa/, qr/\b1023\b/ ],
    [ 'digest_algorithm', 'SHA-1', qr/SHA-1/, qr/SHA-256/ ],
    [ 'digest_algorithm', 'MD5 MD5', qr/MD5/ ],
    [ 'digest_nonce_lifetime', '0', qr/\b0\b/ ],
    [ 'digest_nonce_lifetime', 'soon', qr/soon/ ],
    [ 'digest_nonce_lifetime', '5x', qr/5x/ ],
    [ 'digest_nonce_lifetime', '-5', qr/-5/ ],
    [ 'digest_nonce_lifetime', '99999999999999999999', qr/./ ],
    [ 'service_name', 'HTTP/a/b/c@@', qr/HTTP/ ],
    [ 'mechanisms', 'digest', qr/digest/, qr/kerberos/ ],
    [ 'mechanisms', 'ntlm ntlm', qr/ntlm/ ],
    [ 'connection_auth', 'on', qr/\bon\b/, qr/ntlm/ ],
    [ 'proxies', 'localhost', qr/localhost/, qr{192\.0\.2\.0/24} ],
    (map { [ 'proxies', "192.0.2.1 $_", qr/\Q$_\E/ ] } qw(192.0.2.0/33 192.0.2.256 10.0.0.0/ /8 2001:db8::/129 192.0.2.0/-1)),
);
for my $case (@bad) {
    my ($key, $value, @words) = @$case;
    config_refused("$key $value is not a valid value", with($key => $value), names($key, @words));
}
for my $size ('1k', 'big', '-1m', '99999999999999999999g') {
    config_refused("a state size of $size is refused", { %{with()},
        apache_head => "SSPIStateSize $size", nginx_http => "sspi_state_size $size;" }, names('state_size'));
}
for my $threads (qw(0 1025 many -1 8k)) {
    config_refused("$threads threads are refused", { %{with()}, on => 'apache', apache_head => "SSPIThreads $threads" },
        qr/SSPIThreads/, qr/\b1\b.*\b1024\b/);
}
config_refused('a number of threads in a virtual host is refused', { %{with()}, on => 'apache',
    apache_head => "<VirtualHost *:1>\nSSPIThreads 4\n</VirtualHost>" }, qr/SSPIThreads/, qr/VirtualHost/);
config_refused('sspi maybe is not a mode', { %{with(sspi => 'maybe')}, on => 'nginx' }, qr/sspi/, qr/optional/);
config_refused('SSPIOptional maybe is not a mode', { %{with(apache => 'SSPIOptional maybe')}, on => 'apache' },
    qr/SSPIOptional/, qr/\bon\b/i);
config_refused('an unknown Require word is refused', { %{with(require => ['user'])} },
    { apache => qr/Require|sspi-user/, nginx => qr/sspi_require/ });

config_refused('65 service names are refused', with(service_name => join ' ', map { "HTTP/host$_" } 1 .. 65),
    names('service_name', qr/64/));
config_refused('names of the directory beside an NTLM user file', with(user_name => 'sam', packages => 'Negotiate',
    mechanisms => 'kerberos ntlm', keytab => $kdc->{keytab}, ntlm_user_file => $nt_users),
    names('user_name', qr/\bsam\b/, qr/\bfull\b/, qr/ntlm_?user_?file/i));
config_passes('names of the directory without an NTLM user file', with(user_name => 'sam', packages => 'Negotiate',
    keytab => $kdc->{keytab}));
config_refused('two realms are refused', { %{with(nginx => 'sspi_realm a b;')}, on => 'nginx' }, qr/sspi_realm/);
config_refused('a second value for the same scope is refused',
    { %{with(nginx => 'sspi_user_name full;sspi_user_name short;')}, on => 'nginx' }, qr/sspi_user_name/, qr/duplicate/);
config_refused('a state size in a virtual host is refused', { %{with()}, on => 'apache',
    apache_head => "<VirtualHost *:1>\nSSPIStateSize 1m\n</VirtualHost>" }, qr/SSPIStateSize/, qr/VirtualHost/);

# ---- keytabs ----
config_refused('a missing keytab', with(keytab => "$dir/none.keytab"), names('keytab', qr{none\.keytab}, qr{HTTP/}));
config_refused('a directory as keytab', with(keytab => $dir), names('keytab', qr/\Q$dir\E/));
config_refused('a keytab that is text', with(keytab => spew("$dir/text.keytab", "no keytab\n", 0600)),
    names('keytab', qr/text\.keytab/));
config_refused('an empty keytab', with(keytab => spew("$dir/empty.keytab", '', 0600)), names('keytab', qr/empty\.keytab/));
my $keytab = slurp($kdc->{keytab});
config_refused('a keytab cut off in its first key', with(keytab => spew("$dir/cut.keytab", substr($keytab, 0, 30), 0600)),
    names('keytab', qr/cut\.keytab/));
config_refused('a keytab without an HTTP key', with(keytab => $kdc->make_keytab("$dir/host.keytab", 'host/localhost')),
    names('keytab', qr/host\.keytab/, qr{HTTP/}));
config_refused('a keytab without a key of the named service', with(keytab => $kdc->{keytab},
    service_name => 'HTTP/other.test'), qr{HTTP/other\.test});
config_refused('a client principal without a key', with(client_principal => 'WWW$'),
    names('client_principal', qr/has no key for WWW\$\@SSPI\.TEST; it has keys for HTTP/));
config_refused('a client principal that is no name', with(client_principal => 'a@b@c'),
    names('client_principal', qr/a\@b\@c: not the name of a principal; name one of the keytab/));
config_passes('a client principal with a key', with(client_principal => 'HTTP/localhost'));

# ---- user files ----
config_refused('a missing group file', with(group_file => "$dir/no-groups"), names('group_file', qr/no-groups: cannot open it: No such file/));
config_refused('a missing group file that no source of groups uses', with(group_file => "$dir/no-groups", groups => 'ticket'),
    names('group_file', qr/no-groups/));
config_refused('a folder as a group file', with(group_file => $dir), names('group_file', qr/not a regular file; name a group file/));
config_refused('a group file with a byte order mark', with(group_file => spew("$dir/groups-mark", "\xEF\xBB\xBFg: a\n")),
    names('group_file', qr/groups-mark:1: .*byte order mark/));
config_refused('a missing user file', with(digest_user_file => "$dir/nobody"), names('digest_user_file', qr/nobody/));
my %lines = (
    'a line cut off' => 'alice:r:0123456789abcdef',
    'a line without a hash' => 'alice:r:',
    'a line with one field' => 'alice',
    'a hash that is not hexadecimal' => 'alice:r:' . 'z' x 32,
    'an unknown algorithm' => 'alice:r:SHA-1:' . 'a' x 40,
    'a hash of the wrong length' => 'alice:r:SHA-256:' . 'a' x 32,
);
my $n = 0;
for my $name (sort keys %lines) {
    my $file = spew("$dir/users-" . ++$n, user_line('bob', $realm, 'pw') . "$lines{$name}\n", 0644);
    config_refused("$name: the message has the file and the line", with(digest_user_file => $file), qr/users-$n:2\b/);
}

# ---- combinations ----
config_refused('Digest without a user file', { env => $kdc->server_env,
    locations => [ { path => '/p/', packages => 'Digest', realm => $realm } ] }, names('digest_user_file'));
config_refused('Digest without a realm', { env => $kdc->server_env,
    locations => [ { path => '/p/', packages => 'Digest', digest_user_file => $users } ] },
    { apache => qr/AuthName/, nginx => qr/sspi_realm/ });
my @lacks_mechanism = (names('packages', qr/NTLM/), names('mechanisms'));
config_refused('NTLM without its mechanism', with(packages => 'Negotiate NTLM', ntlm_user_file => $nt_users), @lacks_mechanism);
config_refused('NTLM with another mechanism', with(packages => 'NTLM', mechanisms => 'kerberos', ntlm_user_file => $nt_users),
    @lacks_mechanism);
config_refused('Negotiate by both mechanisms without a keytab',
    with(keytab => undef, mechanisms => 'kerberos ntlm', packages => 'Negotiate', ntlm_user_file => $nt_users), names('keytab'));
config_refused('a missing user file of NTLM', with(@ntlm, packages => 'NTLM', ntlm_user_file => "$dir/nobody"),
    names('ntlm_user_file', qr/nobody/));
config_refused('a user file without users of NTLM', with(@ntlm, packages => 'NTLM', ntlm_user_file => $users),
    names('ntlm_user_file', qr{files[^/]*/users}, qr/\bNT\b/));
config_refused('a user file of NTLM with a broken line', with(@ntlm, packages => 'NTLM',
    ntlm_user_file => spew("$dir/nt-broken", ntlm_user_line('alice', 'CORP', 'pw') . "bob:CORP:NT:123\n", 0644)), qr/nt-broken:2\b/);

done_testing;
