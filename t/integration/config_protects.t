#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The server refuses a configuration that does not protect what it seems to protect, or warns about
# it at start. Each case has a twin with a right configuration.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Ntlm qw(ntlm_user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $dir = scratch_dir('files');
my $realm = 'r';
my $users = spew("$dir/users", user_line('alice', $realm, 'pw') . user_line('bob', $realm, 'pw'), 0640);
my $nt_users = spew("$dir/nt-users", ntlm_user_line('alice', 'CORP', 'pw'), 0640);
my %digest = (packages => 'Digest', digest_user_file => $users, realm => $realm);
my %kerberos = (keytab => $kdc->{keytab});
my %ntlm = (packages => 'NTLM', mechanisms => 'ntlm', ntlm_user_file => $nt_users);
my ($unprotected, $no_match) = map { message_id($_) } qw(UNPROTECTED NO_MATCH);

sub server_config { my ($on, %more) = @_; return { env => $kdc->server_env, on => $on, %more } }

sub warned {
    my ($name, $spec, $id, @patterns) = @_;
    my $out = config_passes($name, $spec) // return;
    my @p = map { ref eq 'HASH' ? $_->{$spec->{on}} : $_ } @patterns;
    # Nginx writes the message to stderr as well.
    my @lines = grep { /\b$id\b/ && !/^nginx: / } split /\n/, $out;
    is(scalar(@lines), 1, "$spec->{on}: $name: one warning") or diag($out);
    like($lines[0] // '', $_, "$spec->{on}: $name: the text has the fact") for @p;
    return;
}

sub silent {
    my ($name, $spec, $id) = @_;
    my $out = config_passes($name, $spec) // return;
    unlike($out, qr/\b$id\b/, "$spec->{on}: $name: no warning");
    return;
}

# ---- nginx: options where sspi is off ----
my $on = "sspi on; sspi_packages Digest; sspi_realm r; sspi_digest_user_file $users;";
sub nginx { my ($text, $http) = @_; return server_config('nginx', nginx => "$text\n", nginx_http => $http // '') }

my %off = (
    'sspi_require user digest:alice' => 'sspi_require',
    'sspi_require channel-bound' => 'sspi_require',
    'sspi_require_tls on' => 'sspi_require_tls',
    'sspi_channel_binding require' => 'sspi_channel_binding',
    'sspi_realm r' => 'sspi_realm',
    'sspi_packages Digest' => 'sspi_packages',
    "sspi_digest_user_file $users" => 'sspi_digest_user_file',
);
for my $text (sort keys %off) {
    my @says = (qr/"$off{$text}"/, qr/"sspi on"/, qr/server\.conf:\d+/);
    config_refused("$text in a location", nginx("location /p/ {\n$text;\n}"), @says);
    config_refused("$text beside sspi off", nginx("sspi on; location /p/ {\nsspi off;\n$text;\n}"), @says);
}
config_refused('a requirement of a server whose locations are all off', nginx("sspi_require_tls on;\nlocation /p/ { }"), qr/"sspi_require_tls"/);
config_refused('a requirement of the http block that no server uses', nginx('location /p/ { }', 'sspi_require user digest:alice;'), qr/"sspi_require"/);
config_refused('a requirement in limit_except', nginx("location /p/ {\nlimit_except GET { sspi_require user digest:alice; }\n}"),
    qr/"sspi_require"/, qr/server\.conf:\d+/);
config_refused('a requirement of a location beside one where sspi is on', nginx("location /on/ { $on }\nlocation /off/ { sspi_require user digest:alice; }"),
    qr/"sspi_require"/);
config_passes('options of a server, sspi on in one location', nginx("sspi_realm r; sspi_require_tls on; sspi_require user digest:alice;\n"
    . "sspi_packages Digest; sspi_digest_user_file $users; location /p/ { sspi on; } location /open/ { }"));
config_passes('requirements of the http block, sspi on in one location', nginx("location /p/ { $on }", 'sspi_require user digest:alice; sspi_require_tls on;'));
config_passes('options of a location for an inner location', nginx("location /p/ { sspi_require user digest:alice; location /p/q/ { $on } }"));
config_passes('options of a location for its limit_except', nginx("location /p/ { sspi_require user digest:alice; limit_except GET { $on } }"));
config_passes('sspi off in a location', nginx("$on location /open/ { sspi off; }"));
config_passes('optional', nginx("location /p/ { $on sspi_require user digest:alice; }" =~ s/sspi on/sspi optional/r));
config_passes('files of the http block that no server uses yet', nginx('', "sspi_keytab $kdc->{keytab}; sspi_state_size 1m; sspi_realm r;"));

# ---- httpd: AuthType SSPI without Require ----
my $auth = "AuthType SSPI\nAuthName r\nSSPIPackages Digest\nSSPIDigestUserFile $users";
sub section { my ($where, @lines) = @_; my ($kind) = $where =~ /(\w+)/; return "<$where>\n" . join("\n", @lines) . "\n</$kind>\n" }
sub apache { my ($text, $head) = @_; return server_config('apache', apache => $text, apache_head => $head // '') }
# The configuration of these tests has a <Directory> that admits every client, as the distribution's
# has.
my %demand = ('SSPIRequireTLS on' => 1, 'SSPIChannelBinding require' => 1, 'SSPIChannelBinding allow' => 1,
    'SSPIExtendedProtection proxy' => 1, 'SSPIChannelBindingType tls-exporter' => 1, 'SSPIRequireTLS off' => 0,
    'SSPIChannelBinding none' => 0, 'SSPIUserName full' => 0);
for my $option (sort keys %demand) {
    my $spec = apache(section('Location /p/', $auth, $option));
    if ($demand{$option}) { warned("$option without Require", $spec, $unprotected, qr/\Q$option\E/, qr{<Location /p/}, qr/server\.conf:\d+/, qr/Require valid-user/) }
    else { silent("$option without Require", $spec, $unprotected) }
    silent("$option with Require", apache(section('Location /p/', $auth, $option, 'Require valid-user')), $unprotected);
}
my @tls = ($auth, 'SSPIRequireTLS on');
warned('one of two locations', apache(section('Location /a/', @tls) . section('Location /b/', @tls, 'Require valid-user')), $unprotected, qr{/a/});
warned('a requirement of the whole server', apache(section('Location /a/', $auth), 'SSPIRequireTLS on'), $unprotected, qr{/a/});
warned('all granted to a directory', apache(section('Location /a/', @tls) . section('Directory /srv', 'Require all granted')), $unprotected, qr{/a/});
my %right = (
    'a Require section' => section('Location /a/', @tls, section('RequireAll', 'Require valid-user')),
    'Require in a section around it' => section('Directory /srv', 'Require valid-user', section('Files x', @tls)),
    'Require in Limit' => section('Location /a/', @tls, section('Limit POST', 'Require valid-user')),
    'Require of an outer location' => section('Location /', 'Require valid-user') . section('Location /a/', @tls),
    'Require of an inner location' => section('Location /a/', @tls) . section('Location /a/b/', 'Require valid-user'),
    'Require of a pattern' => section('LocationMatch ^/a', 'Require valid-user') . section('Location /a/', @tls),
    'Require of a directory' => section('Directory /srv', 'Require valid-user') . section('Location /a/', @tls),
    'optional, and all granted elsewhere' => section('Directory /srv', 'Require all granted') . section('Location /a/', @tls, 'SSPIOptional on'),
    'optional, and all granted' => section('Location /a/', @tls, 'SSPIOptional on', 'Require all granted'),
    'an .htaccess file may have a Require line' => section('Directory /srv', @tls, 'AllowOverride AuthConfig'),
    'an inner section turns the requirement off' => section('Location /a/', $auth, 'SSPIRequireTLS on', 'SSPIRequireTLS off'),
    'AuthType None in the outer section' => section('Location /a/', 'AuthType None', 'SSPIRequireTLS on'),
    'AuthType None within' => section('Location /a/', @tls, 'Require valid-user', section('If true', 'AuthType None', 'SSPIRequireTLS on', 'Require all granted')),
    'another AuthType' => section('Location /a/', 'AuthType Basic', 'SSPIRequireTLS on'),
);
silent($_, apache($right{$_}), $unprotected) for sort keys %right;

# ---- names that no client can have ----
sub location { my ($kind, %location) = @_; return server_config($kind, locations => [ { path => '/p/', %location } ]) }
my $directive = { apache => qr/Require sspi-user/, nginx => qr/sspi_require/ };
# The text suggests names of the offered schemes, and of no others.
my %suggested = (kerberos => ' alice\@\S', ntlm => ' DOMAIN\\\\+alice\b', digest => ' digest:alice\b');
sub suggests {
    my %offered = map { $_ => 1 } @_;
    my $all = join '', map { ($offered{$_} ? '(?=' : '(?!') . ".*$suggested{$_})" } sort keys %suggested;
    return qr/\A$all/;
}
my @never = (
    [ 'alice', \%kerberos, suggests('kerberos') ],
    [ 'alice', \%digest, suggests('digest') ],
    [ 'alice', { %kerberos, %digest, packages => 'Negotiate Digest' }, suggests('kerberos', 'digest') ],
    [ 'alice', \%ntlm, suggests('ntlm') ],
    [ '*', \%kerberos, qr/\bpatterns?\b/ ],
    [ '*', \%digest, qr/\bpatterns?\b/ ],
    [ '*@SSPI.TEST', \%kerberos, qr/\bpatterns?\b/ ],
    [ 'alice@SSPI.TEST', \%digest, suggests('digest') ],
    [ 'alice@SSPI.TEST', \%ntlm, suggests('ntlm') ],
    [ 'digest:alice', \%kerberos, suggests('kerberos') ],
    [ 'digest:', \%digest ],
    [ '@SSPI.TEST', \%kerberos ],
    [ 'alice@', \%kerberos, suggests('kerberos') ],
    [ 'CORP\\\\alice', \%kerberos, suggests('kerberos') ],
    [ 'CORP\\\\alice', \%digest, suggests('digest') ],
);
my @may = (
    [ '~.*', \%kerberos ], [ '~alice', \%digest ],
    [ 'alice@SSPI.TEST', \%kerberos ], [ 'HTTP/www.example.com@OTHER', \%kerberos ], [ 'digest:alice', \%digest ],
    [ 'digest:al@ice', \%digest ], [ 'CORP\\\\alice', \%ntlm ],
    [ 'alice@SSPI.TEST', { %kerberos, %digest, packages => 'Negotiate Digest' } ],
    [ 'digest:alice', { %kerberos, %digest, packages => 'Digest Negotiate' } ],
    [ 'CORP\\\\alice', { %kerberos, %ntlm, packages => 'Negotiate', mechanisms => 'kerberos ntlm' } ],
);
for my $kind (qw(apache nginx)) {
    for my $case (@never) {
        my ($name, $location, @says) = @$case;
        # Httpd escapes backslashes in its log.
        my $shown = quotemeta($name) =~ s/\\{4}/\\\\+/r;
        my $what = join ' ', $name, 'by', $location->{packages} // 'Negotiate';
        warned($what, location($kind, %$location, require => ["user $name"]), $no_match, $directive, qr/"$shown"/, @says);
        my $right = $location->{ntlm_user_file} ? 'CORP\\\\x' : ($location->{packages} // '') eq 'Digest' ? 'digest:x' : 'x@Y';
        warned("$what, beside a right name", location($kind, %$location, require => ["user $right $name"]), $no_match, @says);
    }
    for my $case (@may) {
        my ($name, $location) = @$case;
        silent("$name by " . ($location->{packages} // 'Negotiate'), location($kind, %$location, require => ["user $name"]), $no_match);
    }
}
# httpd merges sections for a request, so a name may match a scheme of any section that can apply to
# the same request.
my @staff = ($auth, 'Require sspi-user alice@SSPI.TEST');
my $location = section('Location /p/', @staff);
my @ticket = ('AuthType SSPI', "SSPIKeytab $kdc->{keytab}", 'Require valid-user');
warned('a Kerberos name where only Digest is offered', apache($location), $no_match, qr/digest:alice/);
warned('where another location has Kerberos', apache($location . section('Location /q/', @ticket)), $no_match, qr/digest:alice/);
warned('where a directory has Kerberos and the location overrides it', apache(section('Directory /srv', "SSPIKeytab $kdc->{keytab}", 'SSPIPackages Negotiate') . $location), $no_match,
    qr/digest:alice/);
my %meets = (
    'an inner location has Kerberos' => $location . section('Location /p/q/', @ticket, 'SSPIPackages Negotiate'),
    'a pattern has Kerberos' => $location . section('LocationMatch q', @ticket, 'SSPIPackages Negotiate'),
    'the location has the default' => section('Location /p/', @ticket, 'Require sspi-user alice@SSPI.TEST'),
    'a directory has Digest, a location Kerberos' => section('Directory /srv', @staff) . section('Location /q/', @ticket, 'SSPIPackages Negotiate'),
    'an .htaccess file may offer Kerberos' => section('Directory /srv', @staff, 'AllowOverride AuthConfig'),
);
silent($_, apache($meets{$_}), $no_match) for sort keys %meets;
warned('a name that is denied', apache(section('Location /p/', $auth, section('RequireAll', 'Require valid-user', 'Require not sspi-user alice'))),
    $no_match, qr/"alice"/);
# REMOTE_USER is a full name, unless Digest or a shorter form is offered.
my @user = ('AuthType SSPI', "SSPIKeytab $kdc->{keytab}", 'SSPIPackages Negotiate', 'Require user alice');
warned('Require user with a short name', apache(section('Location /p/', @user)), $no_match, qr/Require user: "alice"/, qr/ alice\@/);
warned('Require user with a pattern', apache(section('Location /p/', @user[ 0 .. 2 ], 'Require user ~.*@SSPI.TEST')), $no_match, qr/"~\.\*\@SSPI\.TEST"/, qr/\bpattern\b/);
silent('Require user with a full name', apache(section('Location /p/', @user[ 0 .. 2 ], 'Require user alice@SSPI.TEST')), $no_match);
silent('Require user where names are short', apache(section('Location /p/', @user, 'SSPIUserName short')), $no_match);
silent('Require user where all names are short', apache(section('Location /p/', @user), 'SSPIUserName local'), $no_match);
silent('Require user of Digest', apache(section('Location /p/', $auth, 'Require user alice')), $no_match);
silent('Require user of another AuthType', apache(section('Location /p/', 'AuthType Basic', 'AuthName r', 'AuthBasicProvider file',
    "AuthUserFile $users", 'Require user alice')), $no_match);
silent('a name from an expression', apache(section('Location /p/', $auth, 'Require sspi-user %{ENV:WHO}')), $no_match);

done_testing;
