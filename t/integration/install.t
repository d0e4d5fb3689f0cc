#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The installed files, and programs that are built with them: a program with libsspi by pkg-config,
# and the nginx module by nginx's own build.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir build_dir scratch_dir slurp spew run free_port);

sub ran {
    my ($what, @command) = @_;
    my $r = run([@command], timeout => 600);
    return is($r->{rc}, 0, $what) || (diag($r->{out}, $r->{err}), 0);
}

my $prefix = scratch_dir('installed');
{
    local $ENV{DESTDIR} = $prefix;
    ran('meson install', 'meson', 'install', '-C', build_dir(), '--no-rebuild', '--quiet');
}
chomp(my $apache_modules = `apxs -q LIBEXECDIR`);
my $local = "$prefix/usr/local";
for my $file ("$prefix$apache_modules/mod_sspi.so", "$prefix/usr/lib/nginx/modules/ngx_http_sspi_module.so",
    (map { ("$local/bin/$_", "$local/share/man/man1/$_.1", "$local/share/bash-completion/completions/$_") } qw(sspi-passwd sspi-key)),
    map { "$local/include/sspi/$_" } qw(sspi.h security.h sspi_acceptor.h sspi_view.h
        sspi_reasons.def))
{
    ok(-f $file, substr($file, length $prefix) . ' is there');
}

subtest 'a program that is built with sspi.pc runs' => sub {
    my ($pc) = glob "$local/lib/*/pkgconfig/sspi.pc";
    ok($pc, 'sspi.pc is installed') or return;
    (my $libdir = $pc) =~ s{/pkgconfig/sspi\.pc\z}{};
    my $dir = scratch_dir('program');
    spew("$dir/list.c", <<'C');
#include <stdio.h>
#include <security.h>

int main(void)
{
    ULONG n_packages;
    PSecPkgInfoA packages;
    if (EnumerateSecurityPackagesA(&n_packages, &packages) != SEC_E_OK)
        return 1;
    for (ULONG i = 0; i < n_packages; i++)
        printf("%s\n", packages[i].Name);
    FreeContextBuffer(packages);
    return 0;
}
C
    local $ENV{PKG_CONFIG_SYSROOT_DIR} = $prefix;
    local $ENV{PKG_CONFIG_PATH} = "$libdir/pkgconfig";
    chomp(my $flags = `pkg-config --cflags --libs sspi`);
    my @sanitize = ($ENV{SSPI_PRELOAD} // '') ne '' ? '-fsanitize=address,undefined' : ();
    ran('it compiles', 'gcc', '-Wall', '-Wextra', '-Wpedantic', '-Werror', @sanitize, "$dir/list.c", '-o', "$dir/list",
        split ' ', $flags) or return;
    local $ENV{LD_LIBRARY_PATH} = $libdir;
    my $r = run(["$dir/list"]);
    is_deeply([ sort split /\n/, $r->{out} ], [qw(Kerberos NTLM Negotiate WDigest)],
        'the installed program lists the packages') or diag($r->{err});
};

subtest "nginx's own build builds the module" => sub {
    my $nginx = '/usr/share/nginx/src';
    my $dir = scratch_dir('nginx-build');
    # The sources of the distribution are read-only, so the build writes only below our directory.
    ran('configure', 'bash', '-c', '. ./conf_flags; exec ./configure --with-cc-opt=-fPIC "${NGX_CONF_FLAGS[@]}" '
        . '--builddir="$1/objs" --add-dynamic-module="$2"', 'bash', $dir, root_dir() . '/ngx_http_sspi_module')
        if chdir $nginx;
    ran('make', 'make', '-s', '-j2', '-f', "$dir/objs/Makefile", '-C', $nginx, 'modules');
    chdir root_dir();
    my $module = "$dir/objs/ngx_http_sspi_module.so";
    ok(-f $module, 'the module exists') or return;
    my $exported = join ' ', sort map { (split)[-1] } split /\n/, run([ 'nm', '-D', '--defined-only', $module ])->{out};
    is($exported, 'ngx_module_names ngx_module_order ngx_modules', 'the module exports only the symbols that nginx needs');
    spew("$dir/nginx.conf", "load_module $module;\npid $dir/pid;\nerror_log stderr;\nevents { }\n"
        . "http { access_log off; " . join('', map { "${_}_temp_path $dir/$_; " } qw(client_body proxy fastcgi uwsgi scgi))
        . "server { listen 127.0.0.1:" . free_port() . "; sspi off; } }\n");
    my $test = run([ '/usr/sbin/nginx', '-t', '-e', 'stderr', '-c', "$dir/nginx.conf" ]);
    is($test->{rc}, 0, 'nginx loads it') or diag($test->{err});
};

# Debian's nginx has everything. Another one may lack what the module uses if it is there. Only the objects of the
# adapter depend on that.
for my $lacks ([ 'debugging' => qw(--with-threads --with-http_ssl_module --with-http_v2_module) ],
    [ 'threads, TLS, HTTP/2 and PCRE' => qw(--without-pcre --without-http_rewrite_module) ])
{
    my ($what, @options) = @$lacks;
    subtest "it compiles for an nginx without $what" => sub {
        my ($nginx, $dir) = ('/usr/share/nginx/src', scratch_dir('nginx-without'));
        ran('configure', 'sh', '-c', 'cd "$0" && exec ./configure "$@"', $nginx, '--with-compat', '--with-cc-opt=-fPIC', "--builddir=$dir",
            '--add-dynamic-module=' . root_dir() . '/ngx_http_sspi_module', @options) or return;
        my @objects = slurp("$dir/Makefile") =~ m{^(\S+/addon/ngx_http_sspi_module/\S+\.o):}mg;
        cmp_ok(scalar @objects, '>', 20, 'the Makefile has the objects of the adapter');
        ran('make', 'make', '-s', '-j2', '-f', "$dir/Makefile", '-C', $nginx, @objects);
    };
}

done_testing();
