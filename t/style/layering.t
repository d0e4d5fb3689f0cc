#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The layers of ARCHITECTURE.md: which folders a folder may include, and which libraries it may call.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir build_dir built slurp run);

my $root = root_dir();

# Folder => folders whose headers it may include, beside its own and core/include.
my %may_use = (
    base => [],
    package => [qw(base)],
    store => [qw(base)],
    directory => [qw(base)],
    binding => [qw(base package)],
    kerberos => [qw(base store binding package)],
    digest => [qw(base store binding package)],
    ntlm => [qw(base store binding package)],
    negotiate => [qw(base binding package)],
    sspi => [qw(base package)],
    sasl => [qw(base package sspi)],
    policy => [qw(base binding digest package)],
    session => [qw(base package policy)],
    acceptor => [qw(base store binding directory package kerberos digest ntlm policy session)],
    request => [qw(base store binding package kerberos digest ntlm policy session acceptor)],
);
my @folders = map { m{([^/]+)/\z} ? $1 : () } glob "$root/core/*/";
is_deeply([ sort grep { $_ ne 'include' } @folders ], [ sort keys %may_use ],
    'every folder of core has its row here');

my %home;
for my $folder (@folders) { $home{$_} = $folder for map { m{([^/]+)\z} } glob "$root/core/$folder/*.{h,def}" }

sub includes {
    my ($file) = @_;
    return slurp($file) =~ /^\s*#\s*include\s+(["<][^">]+)[">]/mg;
}

for my $folder (sort keys %may_use) {
    my %allowed = map { $_ => 1 } $folder, 'include', @{$may_use{$folder}};
    my @wrong;
    for my $file (glob "$root/core/$folder/*.[ch]") {
        for my $include (includes($file)) {
            my ($kind, $name) = $include =~ /\A(.)(.*)/;
            my $why = $kind eq '"' ? (!$home{$name} || !$allowed{$home{$name}})
                : $name =~ m{\A(?:httpd|http_|apr_|ngx_|mod_)} ? 1
                : $name =~ m{\A(?:gssapi|krb5|profile)} ? $folder ne 'kerberos'
                : $name =~ m{\Awbclient} ? $folder !~ /\A(?:ntlm|directory)\z/ : 0; # directory: only the types
            push @wrong, "$file includes $name" if $why;
        }
    }
    is_deeply(\@wrong, [], "core/$folder includes only what it may");
}

for my $adapter (qw(mod_sspi_apache ngx_http_sspi_module)) {
    my @wrong;
    for my $file (glob "$root/$adapter/*.[ch]") {
        for my $include (includes($file)) {
            my ($name) = $include =~ /\A"(.*)/ or next;
            # httpd has headers of the same names; the compiler finds only the headers of this folder.
            next if -e "/usr/include/apache2/$name";
            push @wrong, "$file includes $name" if $home{$name} && $home{$name} ne 'include';
        }
        push @wrong, "$file includes GSSAPI" if grep { /\A<(?:gssapi|krb5)/ } includes($file);
    }
    is_deeply(\@wrong, [], "$adapter includes only core/include");
}

# Returns the undefined symbols of the objects that match the pattern.
sub undefined {
    my ($pattern) = @_;
    my @objects = glob $pattern or return ();
    return map { /\bU\s+(\S+)/ ? $1 : () } split /\n/, run([ 'nm', '-u', @objects ])->{out};
}

# A list, because glob in scalar context continues with the pattern of the previous call.
sub is_built { my ($pattern) = @_; my @objects = glob $pattern; return scalar @objects }

my $build = build_dir();
for my $folder (sort keys %may_use) {
    my $pattern = "$build/core/$folder/*.p/*.o";
    SKIP: {
        skip "core/$folder is not built", 1 if !is_built($pattern);
        my @wrong = grep { /\A(?:ap|apr|ngx)_/ || (/\A(?:gss|krb5)_/ && $folder ne 'kerberos') || (/\Awbc/ && $folder ne 'ntlm') }
            undefined($pattern);
        is_deeply(\@wrong, [], "core/$folder calls no server, GSSAPI only in kerberos, winbind only in ntlm");
    }
}
for my $adapter (qw(mod_sspi_apache ngx_http_sspi_module)) {
    my $pattern = "$build/$adapter/*.p/*.o";
    SKIP: {
        skip "$adapter is not built", 1 if !is_built($pattern);
        is_deeply([ grep { /\A(?:(?:gss|krb5)_|wbc)/ } undefined($pattern) ], [], "$adapter calls no GSSAPI and no winbind");
    }
}

# nginx loads its modules with RTLD_GLOBAL, so an exported name may collide with another module's.
my %exports = (
    apache => [qw(sspi_module)],
    nginx => [qw(ngx_module_names ngx_module_order ngx_modules)],
);
for my $kind (sort keys %exports) {
    SKIP: {
        skip "the $kind module is not built", 1 if !-e built($kind);
        my @names = grep { !/\A(?:__|_)/ }
            map { /\s[A-Z]\s+(\S+)/ ? $1 : () }
            split /\n/, run([ qw(nm -D --defined-only), built($kind) ])->{out};
        is_deeply([ sort @names ], $exports{$kind}, "the $kind module exports only its record");
    }
}
SKIP: {
    my $library = "$build/core/libsspi.so";
    skip 'libsspi.so is not built', 2 if !-e $library;
    my @exported = map { /\s[TDBR]\s+(\S+)/ ? $1 : () }
        split /\n/, run([ qw(nm -D --defined-only --with-symbol-versions), $library ])->{out};
    my @unversioned = grep { !/\@\@SSPI_[0-9.]+\z/ } @exported;
    is_deeply(\@unversioned, [], 'every name that libsspi.so exports has a version');
    my $headers = join '', map { slurp("$root/core/include/$_.h") } qw(sspi sspi_acceptor);
    # The sanitizers' names begin with an underscore.
    is_deeply([ sort grep { !/\A_/ } map { s/\@.*//r } @exported ],
        [ sort $headers =~ /^SSPI_(?:ACCEPTOR_)?API\s[^;]*?\b(\w+)\(/mg ],
        'libsspi.so exports the functions of sspi.h and sspi_acceptor.h, and nothing else');
}

done_testing;
