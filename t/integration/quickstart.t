#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# docs/quickstart-apache.md and docs/quickstart-nginx.md, as they are printed: every file that a page
# writes and every command, on a private copy of this machine, with a KDC of the realm EXAMPLE.ORG.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir build_dir scratch_dir spew slurp);
use SSPI::Test::Machine;

my $reason = SSPI::Test::Machine::skip_reason();
plan skip_all => $reason if defined $reason;

# The password of every user of the realm. Commands read it from their standard input.
my $password = "wonder land\n";

# The parts of a page that a reader carries out: { file, text } and { command, expected }.
sub parts {
    my ($page) = @_;
    my @parts;
    my $text = slurp(root_dir() . "/$page");
    while ($text =~ /^(?:Write this into `([^`]+)`:\n\n)?```(\w+)\n(.*?)^```$/msg) {
        my ($file, $kind, $block) = ($1, $2, $3);
        if (defined $file) { push @parts, { file => $file, text => $block } }
        elsif ($kind eq 'sh') { push @parts, map { { command => $_, stdin => $password } } split /\n/, $block }
        elsif ($kind eq 'text') { $parts[-1]{expected} = [ split /\n/, $block ] }
        else { die "$page: the page does not say what to do with a block of $kind\n" }
    }
    return @parts;
}

# A realm with an administrator, as it exists before a reader begins.
sub realm {
    my ($krb5_conf) = @_;
    return map { { command => $_ } } "cat >/etc/krb5.conf <<'END'\n${krb5_conf}END",
        "cat >/etc/hosts <<'END'\n127.0.0.1 localhost\n127.0.0.2 www.example.org\n127.0.0.3 kdc.example.org\nEND",
        'rm -rf /etc/krb5kdc /var/lib/krb5kdc && mkdir -p /etc/krb5kdc /var/lib/krb5kdc',
        'kdb5_util create -s -r EXAMPLE.ORG -P master', "echo 'admin/admin\@EXAMPLE.ORG *' >/etc/krb5kdc/kadm5.acl",
        (map { chomp(my $pw = $password); "kadmin.local addprinc -pw '$pw' $_" } qw(alice admin/admin)),
        'krb5kdc', 'kadmind';
}

# Commands that another test runs, or that differ because the build exists.
my $build = build_dir();
my @instead = ([ qr{^apt install .*}, 'true' ], [ qr{^tools/setup .*}, 'true' ],
    [ qr{^meson setup build .* && meson install -C build$}, "meson install -C '$build' --no-rebuild --quiet" ]);

# The first faults of a page, each with its remedy, after a reader has reached its end.
sub faults {
    my ($server, $keytab, $log) = @_;
    my $status = q(curl -s -o /dev/null -w '%{http_code}' --negotiate -u :);
    my @kadmin = (stdin => $password);
    return ({ command => 'kdestroy; kinit alice', stdin => $password },
        { command => "$status -H 'Host: www.example.org' http://127.0.0.2/intranet/; klist", name => 'a URL with an address',
            expected => ['401'], unexpected => qr{HTTP/www} },
        { command => 'kadmin -p admin/admin ktadd -k /root/other.keytab HTTP/www.example.org', stdin => $password },
        { command => 'kdestroy; kinit alice', stdin => $password },
        { command => "$status http://www.example.org/intranet/; grep SSPI $log", name => 'an old keytab', expected => [ '401', 'SSPI-110' ] },
        { command => "kadmin -p admin/admin ktadd -k $keytab HTTP/www.example.org", stdin => $password },
        { command => "service $server restart" },
        { command => 'kdestroy; kinit alice', stdin => $password },
        { command => "$status http://www.example.org/intranet/", name => 'the keytab of the remedy', expected => ['200'] });
}

for my $server (qw(apache nginx)) {
    my $page = "docs/quickstart-$server.md";
    my @parts = parts($page);
    my ($conf) = grep { ($_->{file} // '') eq '/etc/krb5.conf' } @parts;
    for my $part (@parts) {
        next if !defined $part->{file};
        $part->{name} = "the file $part->{file}";
        $part->{command} = "cat >'$part->{file}' <<'END'\n$part->{text}END";
    }
    for my $part (@parts) {
        $part->{name} //= $part->{command};
        for (@instead) { my ($pattern, $command) = @$_; $part->{command} =~ s/$pattern/$command/ }
    }
    my ($name, $dir) = $server eq 'apache' ? ('apache2', 'apache2') : ('nginx', 'nginx');
    my @done = SSPI::Test::Machine::run_all(realm($conf->{text}), @parts, faults($name, "/etc/$dir/http.keytab", "/var/log/$dir/error.log"));
    subtest $page => sub {
        for my $step (@done) {
            my $what = $step->{name} // $step->{command} =~ s/\n.*//sr;
            is($step->{rc}, 0, $what) or diag($step->{out});
            for my $line (@{$step->{expected} // []}) {
                like($step->{out}, qr/\Q$line\E/, "$what: $line");
            }
            unlike($step->{out}, $step->{unexpected}, "$what: nothing else") if $step->{unexpected};
        }
    };
}

done_testing;
