#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The commands of docs/keytabs.md for a domain of Samba, msktutil and `net ads`, as they are printed, with
# the names of the test. Clients log in with each keytab.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(run spew);
use SSPI::Test::AD;
use SSPI::Test::Examples;
use SSPI::Test::Scenario;

my $reason = SSPI::Test::AD::skip_reason();
plan skip_all => $reason if defined $reason;
plan skip_all => 'this kernel makes no namespaces, which the names of the domain controller need'
    if run([qw(unshare --mount --uts true)])->{rc} != 0;

my $ad = SSPI::Test::AD->new(smb => 1);
my ($realm, $domain, $dir) = (SSPI::Test::AD::REALM, SSPI::Test::AD::DOMAIN, $ad->{dir});
my $dc = 'dc.' . lc $realm;
my $admin = SSPI::Test::AD::ADMIN;

# A domain controller adds these names by itself, if it can write to DNS.
$ad->tool(qw(spn add), "$_/$dc", 'DC$') for qw(ldap cifs);

# The commands find the domain controller and the name of this machine without DNS.
spew("$dir/hosts", '127.0.0.1 localhost web1.' . lc($realm) . " web1\n" . SSPI::Test::AD::ADDRESS . " $dc dc\n");
spew("$dir/nsswitch.conf", "hosts: files\npasswd: files\ngroup: files\n");
my @machine = (qw(unshare --mount --uts sh -ec),
    'hostname web1; mount --bind "$1/hosts" /etc/hosts; mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf; shift; eval "$1"', 'sh', $dir);

sub commands { return SSPI::Test::Examples::commands('docs/keytabs.md', @_) }

# Runs a command of the page with the keytab of the test. Returns what it printed.
sub works {
    my ($command, $keytab, %o) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $text = $command =~ s{/etc/apache2/http\.keytab}{$keytab}r;
    $text =~ s{\bhttpd\b}{$o{account}} if $o{account};
    $text .= " --configfile=$ad->{conf}" if $text =~ /\Asamba-tool /;
    $text .= " --server $dc --no-reverse-lookups" if $text =~ /\Amsktutil /;
    $text =~ s{\Anet }{net --configfile=$dir/member.conf -S $dc };
    $text =~ s{-U Administrator}{-U 'Administrator%$admin'};
    $text =~ s{EXAMPLE\\}{$domain\\};
    my $r = run([ @machine, $text ], env => { %{$ad->{env}}, KRB5CCNAME => "FILE:$dir/admin", %{$o{env} // {}} }, timeout => 300,
        stdin => $text =~ /\Akinit/ ? "$admin\n" : undef);
    is($r->{rc}, 0, $command) or diag($r->{out}, $r->{err});
    return $r->{out};
}

# Returns the ciphers of the keys of a keytab, of one version or of all.
sub ciphers {
    my ($keytab, $version) = @_;
    my $list = run([ 'klist', '-ke', $keytab ], env => $ad->{env})->{out};
    $version //= '\d+';
    my %found = map { $_ => 1 } $list =~ /^ +$version HTTP\S+ \((\S+)\)/mg;
    return join ' ', sort keys %found;
}

# alice logs in at both servers with this keytab, by each of the names.
sub logs_in {
    my ($keytab, @names) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $alice = $ad->login('alice');
    scenario "a login with $keytab", { env => $ad->server_env,
        locations => [ { path => '/p/', packages => 'Negotiate', keytab => "$dir/$keytab" } ] }, sub {
        my ($server) = @_;
        for my $name (@names) {
            my $r = run([ qw(curl -q --silent --show-error --fail --noproxy * --negotiate --user :),
                    '--connect-to', "::127.0.0.1:$server->{http}", "http://$name/p/" ], env => $alice);
            is($r->{out}, "page of /p/\n", $name) or diag($r->{err}, $server->new_log);
        }
    };
    return;
}

my @aes = map { "aes$_-cts-hmac-sha1-96" } 128, 256;
is(works('kinit Administrator'), "Password for Administrator\@$realm: \n", 'an administrator logs in');

# ---- the domain controller ----

works($_, "$dir/samba.keytab", account => 'web') for commands('A domain of Samba');
# Both names have one key. So the ticket for a name without a line is accepted.
works($_, '', account => 'web') for commands('Several hosts behind one name');
logs_in('samba.keytab', qw(www.example.org web1.example.org));
works($_) for map { "samba-tool spn delete HTTP/$_.example.org web" } qw(www web1);

# ---- msktutil ----

SKIP: {
    skip 'msktutil is not installed: tools/setup --ad', 1 if run([qw(which msktutil)])->{rc} != 0;
    my $keytab = "$dir/msktutil.keytab";
    my (undef, $create, $renew) = commands('msktutil');
    works($create, $keytab);
    is(ciphers($keytab), "@aes", 'msktutil writes keys of AES');
    logs_in('msktutil.keytab', 'www.example.org');
    works($renew, $keytab);
    is(ciphers($keytab, 2), '', 'a new password is not made again');
    works($renew =~ s/auto-update/update/r, $keytab);
    is(ciphers($keytab, $_), "@aes", "the keytab has the keys of version $_") for 1, 2;
    logs_in('msktutil.keytab', 'www.example.org');
    works('msktutil delete --use-service-account --account-name www', $keytab);
}

# ---- net ads ----

spew("$dir/member.conf", <<"CONF");
[global]
    netbios name = WEB1
    workgroup = $domain
    realm = $realm
    security = ads
    kerberos method = dedicated keytab
    dedicated keytab file = $dir/net.keytab
    interfaces = 127.0.0.1/8
@{[ join "\n", map { "    $_ = $dir/member" } 'private dir', 'state directory', 'cache directory', 'lock directory', 'pid directory' ]}
CONF
mkdir "$dir/member";
works('net ads join --no-dns-updates -U Administrator');
works($_) for grep { !/keytab add/ } commands('net ads keytab');
SKIP: {
    skip 'this version of Samba has no "net ads keytab add"', 1 if run([qw(net ads keytab)])->{out} !~ /keytab add\b/;
    works($_) for grep { /keytab add/ } commands('net ads keytab');
    like(ciphers("$dir/net.keytab"), qr/\b$aes[1]\b/, 'net ads writes keys of AES');
    logs_in('net.keytab', 'www.example.org');
}

# ---- docs/troubleshooting.md ----

works($_) for SSPI::Test::Examples::commands('docs/troubleshooting.md', 'Winbind');

done_testing;
