#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# `meson setup`: it says which package gives what is missing, and respects the caller's flags.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use File::Basename qw(basename);
use JSON::PP qw(decode_json);
use SSPI::Test qw(root_dir scratch_dir slurp run);

my $n_builds = 0;

# Configures a build of its own. Returns the result with {dir}.
sub configured {
    my ($env, @options) = @_;
    my $dir = scratch_dir('configured') . '/' . ++$n_builds;
    local @ENV{qw(CC CFLAGS CPPFLAGS LDFLAGS)};
    delete @ENV{qw(CC CFLAGS CPPFLAGS LDFLAGS)};
    local @ENV{keys %$env} = values %$env;
    return { dir => $dir, %{run([ 'meson', 'setup', @options, $dir, root_dir() ])} };
}

sub refused {
    my ($what, $env, $options, @words) = @_;
    my $r = configured($env, @$options);
    isnt($r->{rc}, 0, "$what: refused");
    like($r->{out}, qr/ERROR: .*\Q$_\E/, "$what: the error says $_") for @words;
}

# meson asks the compiler about OpenSSL if pkg-config does not know it.
refused('no library', { PKG_CONFIG_LIBDIR => '/nonexistent' }, [],
    map { "($_)" } qw(libkrb5-dev libutf8proc-dev libcdb-dev libwbclient-dev));
refused('no header of nginx', {}, ['-Dnginx_src=/nonexistent'],
    '/nonexistent/src/core/nginx.h', 'nginx-dev', '-Dnginx_src', '-Dnginx=disabled');

subtest 'without apxs' => sub {
    my $bin = scratch_dir('bin');
    symlink $_, "$bin/" . basename($_) for grep { !m{/apxs2?\z} } glob '/usr/bin/* /usr/local/bin/*';
    refused('no apxs', { PATH => $bin }, [], 'apache2-dev', '-Dapache=disabled');
    is(configured({ PATH => $bin }, '-Dapache=disabled')->{rc}, 0, 'apache=disabled needs none');
};

# The values of _FORTIFY_SOURCE in the command of each file.
sub fortified {
    my ($env, @options) = @_;
    my $r = configured($env, @options);
    return "failed: $r->{out}" if $r->{rc} != 0;
    my %seen = map { join(' ', $_->{command} =~ /_FORTIFY_SOURCE(?:=(\d+))?/g) => 1 }
        @{decode_json(slurp("$r->{dir}/compile_commands.json"))};
    return join ',', sort keys %seen;
}

my $own = `echo _FORTIFY_SOURCE | gcc -O2 -E -P -` =~ /\A\d/;
is(fortified({ CC => 'gcc' }), $own ? '' : 2, 'the level is 2 if the compiler has none of its own');
is(fortified({ CC => 'gcc', CPPFLAGS => '-D_FORTIFY_SOURCE=3' }), 3, 'the level of CPPFLAGS has precedence');
is(fortified({ CC => 'gcc', CFLAGS => '-O2 -D_FORTIFY_SOURCE=3' }), 3, 'the level of CFLAGS has precedence');

done_testing();
