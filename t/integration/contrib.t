#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The files of contrib/: each tool that reads such a file accepts it, and the files name what this tree contains. The
# drop-ins of systemd are applied by hand, because no systemd runs in a test.
use strict;
use warnings;

use File::Basename qw(basename);
use FindBin;
use JSON::PP qw(decode_json);
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir build_dir scratch_dir spew slurp run is_root);
use SSPI::Test::KDC;

my $contrib = root_dir() . '/contrib';
my ($version) = slurp(root_dir() . '/meson.build') =~ /^  version: '([^']+)'/m;

sub has { my ($program) = @_; return grep { -x "$_/$program" } split(/:/, $ENV{PATH}), '/usr/sbin', '/sbin' }

# Skips the rest of a block if one of the programs is not installed.
sub need {
    my @missing = grep { !has($_) } @_;
    no warnings 'exiting';
    if (@missing) { Test::More->builder->skip("$missing[0] is not installed"); last SKIP }
    return;
}

sub accepted {
    my ($what, @command) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $r = run([@command]);
    return is($r->{rc}, 0, $what) && $r || (diag($r->{out}, $r->{err}), $r);
}

subtest 'the specification of the RPM packages' => sub {
    my $spec = "$contrib/rpm/mod-sspi.spec";
    my $text = slurp($spec);
    like($text, qr/^Version: +\Q$version\E$/m, 'it has the version of the project');
    # meson installs the modules in the directories of Debian here, so only the names are compared.
    my ($files) = $text =~ /^(%files .*?)^%changelog/ms;
    my @installed = map { @{$_->{install_filename}} } grep { $_->{installed} }
        @{decode_json(run([ 'meson', 'introspect', '--targets', build_dir() ])->{out})};
    push @installed, values %{decode_json(run([ 'meson', 'introspect', '--installed', build_dir() ])->{out})};
    my @listed = map { s{.*/}{}r =~ s/\*\z//r } grep { m{/[^/]+\z} } split /\n/, $files;
    is_deeply([ grep { my $file = $_; $file !~ m{/include/sspi/} && !grep { index(basename($file), $_) == 0 } @listed }
        @installed ], [], 'it lists every file that meson installs');
    SKIP: {
        need('rpmspec');
        accepted('rpmspec parses it', 'rpmspec', '-P', $spec);
    }
    SKIP: {
        need('rpmlint');
        accepted('rpmlint finds no fault', 'rpmlint', '-r', "$contrib/rpm/mod-sspi.rpmlintrc", $spec);
    }
};

subtest 'the files for the packages of nginx.org' => sub {
    my $dir = "$contrib/nginx.org";
    my $known = run([ root_dir() . '/tools/setup', '--list' ])->{out};
    for my $path ('debian', 'rpm/SPECS') {
        my $values = scratch_dir('make') . '/Makefile';
        spew($values, "include $dir/$path/Makefile.module-sspi\n"
            . 'values: ; @echo "$(MODULES)|$(MODULE_VERSION_sspi)|$(MODULE_CONFARGS_sspi)|$(MODULE_BUILD_DEPENDS_sspi)"' . "\n");
        my $r = accepted("make reads $path", 'make', '-s', '-f', $values, "CONTRIB=$dir/contrib", 'values');
        chomp(my ($modules, $its_version, $options, $packages) = split /\|/, $r->{out});
        is("$modules $its_version", "sspi $version", "$path: the module and the version of the project");
        like($options, qr/--with-threads/, "$path: nginx has threads");
        my ($module) = $options =~ m{--add-dynamic-module=mod_sspi-\Q$version\E/(\S+)};
        ok(-f root_dir() . "/$module/config", "$path: the module's folder is in this tree");
        is_deeply([ grep { $known !~ /^\Q$_\E$/m } grep { length } split /[,\s]+/, $packages // '' ], [],
            "$path: tools/setup knows the packages");
    }
};

subtest 'the container' => sub {
    my $dir = "$contrib/container";
    ok(-x root_dir() . "/$_", "the Containerfile uses $_, which exists") for slurp("$dir/Containerfile") =~ m{(tools/\w+)}g;
    SKIP: {
        need('docker-compose');
        my $r = accepted('docker-compose accepts the compose file', 'docker-compose', '-f', "$dir/compose.yaml", 'config');
        my ($context) = $r->{out} =~ /context: (\S+)/;
        my ($file) = $r->{out} =~ /dockerfile: (\S+)/;
        ok(-f "$context/$file", 'it names the Containerfile');
    }
};

subtest 'the AppArmor profiles' => sub {
    SKIP: {
        need('apparmor_parser');
        my @parse = (qw(apparmor_parser -Q -K -I), "$contrib/apparmor", qw(-I /etc/apparmor.d));
        accepted('the parser accepts the profile of nginx', @parse, "$contrib/apparmor/usr.sbin.nginx");
        my $profile = spew(scratch_dir('apparmor') . '/apache2', "abi <abi/3.0>,\ninclude <tunables/global>\n"
            . "profile apache2 /usr/sbin/apache2 {\n  include <local/usr.sbin.apache2>\n}\n");
        accepted('the parser accepts the addition to the profile of httpd', @parse, $profile);
    }
};

# Returns the values of a setting in a file of systemd.
sub setting { my ($file, $name) = @_; return slurp($file) =~ /^$name=(.*)/mg }

my %unit = map { $_ => { path => "/lib/systemd/system/$_.service" } } qw(apache2 nginx);
$unit{apache2}{site} = <<'CONF';
LoadModule sspi_module /run/build/mod_sspi_apache/mod_sspi.so
ServerName localhost
SSPIStateFile /run/sspi/state
<VirtualHost *:80>
    DocumentRoot /run/files
    <Location "/">
        AuthType SSPI
        SSPIPackages Negotiate
        SSPIKeytab /run/credentials/apache2.service/http.keytab
        Require valid-user
    </Location>
</VirtualHost>
CONF
$unit{nginx}{site} = <<'CONF';
sspi_state_file /run/sspi/state;
server {
    listen 80;
    root /run/files;
    sspi on;
    sspi_packages Negotiate;
    sspi_keytab /run/credentials/nginx.service/http.keytab;
}
CONF

subtest 'systemd accepts the drop-ins' => sub {
    SKIP: {
        need('systemd-analyze', 'systemd-tmpfiles');
        my $dir = scratch_dir('units');
        for my $name (sort keys %unit) {
            SKIP: {
                skip "$unit{$name}{path} is not installed", 1 if !-f $unit{$name}{path};
                accepted("$name: copied", 'cp', '-rL', $unit{$name}{path}, "$contrib/systemd/$name.service.d", $dir);
                my $r = run([ qw(systemd-analyze verify --man=no), "$dir/$name.service" ], env => { SYSTEMD_UNIT_PATH => "$dir:" });
                is_deeply([ $r->{rc}, grep { /sspi\.conf/ } split /\n/, $r->{err} ], [0], "$name: no fault and no warning")
                    or diag($r->{err});
            }
        }
        skip 'only root can give directories away', 2 if !is_root();
        my $root = scratch_dir('root');
        accepted('a root directory with the accounts', 'sh', '-c', 'mkdir "$1/etc" "$1/run" && cp /etc/passwd /etc/group "$1/etc"', 'sh', $root);
        accepted('systemd-tmpfiles makes the directories', 'systemd-tmpfiles', "--root=$root", '--create', "$contrib/systemd/tmpfiles.d/sspi.conf");
        is(join(' ', map { sprintf '%o:%s', (stat)[2] & 07777, scalar getpwuid((stat)[4]) } "$root/run/sspi", "$root/run/sspi-tickets"),
            '755:root 700:www-data', 'with their modes and owners');
    }
};

# Runs the commands of a unit as systemd does with the drop-in. /tmp and /var/tmp are private, the system is read-only,
# and the keytab is among the credentials. The test makes /run and the writable directories, which are empty at first.
my $as_unit = <<'SH';
set -eu
name=$1 build=$2 files=$3 enabled=$4 start=$5 reload=$6 writable=$7
ip link set lo up
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /run/build /run/sspi "/run/credentials/$name.service"
mount --bind "$build" /run/build
cp -r "$files" /run/files
cp "$files/http.keytab" "/run/credentials/$name.service/"
chmod 400 "/run/credentials/$name.service/http.keytab"
chmod 500 "/run/credentials/$name.service"
for directory in $writable; do
    optional=${directory#-}
    [ -e "$optional" ] || [ "$optional" = "$directory" ] || continue
    [ "$optional" = /run ] || mount -t tmpfs tmpfs "$optional"
done
for directory in $enabled; do mount --bind "/run/files/${directory##*/}" "$directory"; done
for directory in /tmp /var/tmp; do mount -t tmpfs -o mode=1777 tmpfs "$directory"; done
findmnt -rno TARGET | while read -r target; do
    case $target in /proc* | /sys* | /dev* | /run* | /tmp | /var/tmp | /var/l* | /var/cache/*) continue ;; esac
    mount -o remount,bind,ro "$target"
done
if touch /etc/sspi-test /usr/sspi-test /var/sspi-test 2>/dev/null; then echo writable; fi
export KRB5_CONFIG=/run/files/krb5.conf KRB5CCNAME=/run/files/ccache
unset KRB5_KTNAME
login() { curl -sS -o /dev/null -w '%{http_code}\n' --negotiate -u : http://localhost/page.html; }
sh -c "$start"
# For up to a second the new memory of replays refuses tickets, see docs/shared-state.md.
until [ "$(login)" = 200 ]; do :; done
login
sh -c "$reload"
login
ls /run/sspi
grep -h 'sspi:error\|\[error\].*SSPI' /var/log/*/error.log | grep -v SSPI-127 || :
SH

for my $name (sort keys %unit) {
    subtest "$name works as its drop-in restricts it" => sub {
        plan skip_all => 'only root can mount' if !is_root();
        plan skip_all => 'the sanitizers need other files' if $ENV{SSPI_PRELOAD};
        plan skip_all => "$unit{$name}{path} is not installed" if !-f $unit{$name}{path};
        my @unshare = qw(unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private);
        my $mount = run([ @unshare, qw(mount -t tmpfs tmpfs /run) ]);
        plan skip_all => "no private mounts here: $mount->{err}" =~ s/\s+\z//r if $mount->{rc} != 0;
        my $kdc = SSPI::Test::KDC->new;
        my $client = $kdc->login('alice');
        accepted('a ticket', 'env', (map { "$_=$client->{$_}" } grep { defined $client->{$_} } sort keys %$client), qw(kvno -q HTTP/localhost));
        my $files = scratch_dir('files');
        my ($ccache) = $client->{KRB5CCNAME} =~ /\A(?:FILE:)?(.*)/;
        accepted('files of the realm', 'sh', '-c', 'cp "$1" "$4/http.keytab" && cp "$2" "$4/krb5.conf" && cp "$3" "$4/ccache"', 'sh',
            $kdc->{keytab}, $client->{KRB5_CONFIG}, $ccache, $files);
        spew("$files/page.html", "page\n");
        my @enabled = $name eq 'nginx' ? qw(/etc/nginx/modules-enabled /etc/nginx/sites-enabled) : '/etc/apache2/sites-enabled';
        mkdir "$files/" . basename($_) for @enabled;
        spew("$files/modules-enabled/sspi.conf", "load_module /run/build/ngx_http_sspi_module/ngx_http_sspi_module.so;\n") if $name eq 'nginx';
        spew("$files/sites-enabled/sspi.conf", $unit{$name}{site});
        my $drop_in = "$contrib/systemd/$name.service.d/sspi.conf";
        my $r = run([ @unshare, 'sh', '-c', $as_unit, 'sh', $name, build_dir(), $files, "@enabled",
            join(' && ', setting($unit{$name}{path}, 'ExecStartPre'), setting($unit{$name}{path}, 'ExecStart')),
            setting($unit{$name}{path}, 'ExecReload'), join(' ', setting($drop_in, 'ReadWritePaths')) ], timeout => 60);
        is($r->{out}, "200\n200\nstate\nstate.lock\n", 'users log in before and after a reload, the state file is there, and the log has no error')
            or diag($r->{err});
    };
}

done_testing;
