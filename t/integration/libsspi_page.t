#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The program of docs/libsspi.md, as it is printed: it compiles without a warning, and logs a client in by
# a token on its standard input. It refuses the same token a second time.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(decode_base64);
use Test::More;
use SSPI::Test qw(build_dir root_dir run scratch_dir spew);
use SSPI::Test::Examples;
use SSPI::Test::Gss;
use SSPI::Test::KDC;

plan skip_all => 'the sanitizers need a library that is linked with them' if $ENV{SSPI_PRELOAD};

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $dir = scratch_dir('program');
my $libraries = build_dir() . '/core';

spew("$dir/server.c", SSPI::Test::Examples::block('docs/libsspi.md', 'Getting started', 'c'));
my $r = run([ 'cc', '-Wall', '-Wextra', '-Werror', '-I', root_dir() . '/core/include', "$dir/server.c", '-o', "$dir/server",
        "-L$libraries", '-lsspi', "-Wl,-rpath,$libraries" ]);
is($r->{rc}, 0, 'the program compiles') or diag($r->{err});

my $token = decode_base64(SSPI::Test::Gss->header(env => $alice) =~ s/\ANegotiate //r);
my %env = (%{$kdc->server_env}, KRB5_KTNAME => $kdc->{keytab}, KRB5RCACHEDIR => $dir);
$r = run([ "$dir/server" ], env => \%env, stdin => $token);
is($r->{rc}, 0, 'a token: the program succeeds');
is($r->{err}, "alice\@SSPI.TEST is here\n", 'and knows the client');
isnt($r->{out}, '', 'it answers with a token');
$r = run([ "$dir/server" ], env => \%env, stdin => $token);
like($r->{err}, qr/\Arefused: 0x8009/, 'the same token again is refused');
is($r->{rc}, 1, 'and the program fails');
$r = run([ "$dir/server" ], env => { %env, KRB5_KTNAME => "$dir/none" }, stdin => $token);
like($r->{err}, qr/\Ano credential: 0x8009/, 'without a keytab there is no credential');

done_testing;
