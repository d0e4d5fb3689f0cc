#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The server warns at start of keytabs and user files that every account of the machine can read or
# change, and of group files that every account can change, once for each file.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(built scratch_dir slurp spew);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Ntlm qw(ntlm_user_line);
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $dir = scratch_dir('files');
my $id = message_id('EXPOSED');
my %file = (keytab => [ 'keytab', 'secret.keytab', slurp($kdc->{keytab}) ],
    digest_user_file => [ 'user file', 'users', user_line('alice', 'r', 'pw') ],
    ntlm_user_file => [ 'user file', 'nt-users', ntlm_user_line('alice', 'CORP', 'pw') ]);
my %location = (keytab => { packages => 'Negotiate' }, digest_user_file => { packages => 'Digest', realm => 'r' },
    ntlm_user_file => { packages => 'NTLM', mechanisms => 'ntlm' });
my ($certificate) = SSPI::Test::Server::certificate('rsa');
my ($number, $database) = (0, "$dir/users.cdb");
SSPI::Test::must_run([ built('passwd'), '--compile', $database, spew("$dir/text", $file{digest_user_file}[2], 0600) ]);

# Each case has a file of its own, whose name identifies the case.
sub secret {
    my ($key, $mode) = @_;
    my (undef, $name, $content) = @{$file{$key}};
    return spew("$dir/" . ++$number . "-$name", $content, $mode);
}

# Returns the warnings in the server's log after a start.
sub warnings {
    my ($kind, @locations) = @_;
    my $n = 0;
    my $out = config_passes('the configuration', { on => $kind, env => $kdc->server_env,
        locations => [ map { { path => '/' . ++$n . '/', %$_ } } @locations ] });
    return grep { /\b$id\b/ && !/^nginx: / } split /\n/, $out;
}

sub one_warning {
    my ($name, $lines, @patterns) = @_;
    is(scalar @$lines, 1, "$name: one warning") or diag(map { "$_\n" } @$lines);
    like($lines->[0] // '', $_, "$name: the text has the fact") for qr/\[(?:\w+:)?warn\]/, @patterns, qr/chmod 0600/, qr/0640/;
    return;
}

for my $kind (qw(apache nginx)) {
    SKIP: {
        skip "$kind: not among SSPI_SERVERS", 1 if !wanted($kind);
        subtest $kind => sub {
            for my $key (sort keys %file) {
                my %at = %{$location{$key}};
                for my $case ([ 0644, 'read' ], [ 0604, 'read' ], [ 0602, 'change' ], [ 0666, 'change' ]) {
                    my ($mode, $can) = @$case;
                    my $path = secret($key, $mode);
                    my $octal = sprintf '%04o', $mode;
                    one_warning("$key $octal", [ warnings($kind, { %at, $key => $path }) ], qr/\b$file{$key}[0]\b/, qr/\Q$path\E/, qr/\b$octal\b/, qr/\bcan $can\b/);
                }
                for my $mode (0600, 0640, 0660, 0400) {
                    is_deeply([ warnings($kind, { %at, $key => secret($key, $mode) }) ], [], sprintf "$key %04o: no warning", $mode);
                }
                my ($shared, $other) = map { secret($key, 0644) } 1, 2;
                one_warning("$key at two locations", [ warnings($kind, ({ %at, $key => $shared }) x 2) ], qr/\Q$shared\E/);
                is(scalar(my @two = warnings($kind, map { { %at, $key => $_ } } $shared, $other)), 2, "$key: two files, two warnings");
            }
            my $both = spew("$dir/both-$kind", $file{digest_user_file}[2] . $file{ntlm_user_file}[2], 0644);
            one_warning('one file of Digest and NTLM', [ warnings($kind, { %{$location{digest_user_file}}, digest_user_file => $both },
                { %{$location{ntlm_user_file}}, ntlm_user_file => $both }) ], qr/\Q$both\E/);
            my @database = ($kind, { %{$location{digest_user_file}}, digest_user_file => "cdb:$database" });
            chmod 0644, $database;
            one_warning('a database', [ warnings(@database) ], qr/\Q$database\E/);
            chmod 0640, $database;
            is_deeply([ warnings(@database) ], [], 'a database 0640: no warning');
            for my $mode (0602, 0666) {
                my $groups = spew(sprintf("$dir/groups-$kind-%o", $mode), "g: digest:alice\n", $mode);
                my @lines = warnings($kind, ({ %{$location{keytab}}, keytab => secret('keytab', 0600), group_file => $groups }) x 2);
                is(scalar @lines, 1, sprintf 'group file %04o: one warning', $mode) or diag(@lines);
                like($lines[0] // '', $_, 'the text has the fact') for qr/\bgroup file \Q$groups\E/, qr/can change/, qr/chmod 0644/;
            }
            for my $mode (0644, 0640, 0600) {
                my $groups = spew(sprintf("$dir/groups-$kind-%o", $mode), "g: digest:alice\n", $mode);
                is_deeply([ warnings($kind, { %{$location{keytab}}, keytab => secret('keytab', 0600), group_file => $groups }) ], [],
                    sprintf 'group file %04o: no warning', $mode);
            }
            chmod 0644, $certificate;
            is_deeply([ warnings($kind, { %{$location{keytab}}, keytab => secret('keytab', 0600), channel_binding_certificate => $certificate }) ], [],
                'a certificate is not secret');
        };
    }
}

done_testing;
