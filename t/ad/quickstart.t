#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# docs/quickstart-apache.md and docs/quickstart-nginx.md in a domain of Samba, with the keytab of
# docs/keytabs.md. The domain is on the same private copy of this machine.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir);
use SSPI::Test::AD;
use SSPI::Test::Examples;
use SSPI::Test::Machine;
use SSPI::Test::Quickstart qw(quickstart_steps follow written);

my $reason = SSPI::Test::AD::missing() // SSPI::Test::Machine::skip_reason();
plan skip_all => $reason if defined $reason;

my ($realm, $address) = (SSPI::Test::AD::REALM, SSPI::Test::AD::ADDRESS);

# A domain, as it exists before a reader begins. It ends with the Perl that starts it. samba-tool of the page
# finds it in /etc/samba.
my $start = <<'PERL';
    my $ad = SSPI::Test::AD->new;
    mkdir '/etc/samba';
    unlink '/etc/samba/smb.conf';
    symlink $ad->{conf}, '/etc/samba/smb.conf' or die "smb.conf: $!\n";
    print "ready\n";
    close STDOUT;
    close STDERR;
    sleep;
PERL
my @domain = map { { command => $_ } }
    written('/etc/hosts', "127.0.0.1 localhost\n127.0.0.2 www.example.org\n$address kdc.example.org dc.\L$realm\E dc\n"),
    written('/run/domain.pl', $start), 'mkdir /run/samba && mkfifo /run/domain',
    '(perl -It/lib -MSSPI::Test::AD /run/domain.pl >/run/domain 2>&1 &) && grep -x ready /run/domain';

for (qw(apache:apache2 nginx:nginx)) {
    my ($server, $service) = split /:/;
    my $page = "docs/quickstart-$server.md";
    my @keytab = map { { command => s{/etc/apache2/}{/etc/$service/}r =~ s/\bhttpd\b/www/gr } }
        split /\n/, SSPI::Test::Examples::block('docs/keytabs.md', 'A domain of Samba', 'sh');
    my @steps = map { $_->{command} =~ /^kadmin .* addprinc/ ? @keytab : $_->{command} =~ /^kadmin / ? () : $_ }
        quickstart_steps($page, SSPI::Test::AD::PASSWORD, sub { $_[0] =~ s/EXAMPLE\.ORG/$realm/gr });
    follow("$page in a domain", @domain, @steps);
}

done_testing;
