#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# docs/quickstart-apache.md and docs/quickstart-nginx.md with a realm of MIT Kerberos, as they are printed,
# and two of the faults that they describe. t/ad/quickstart.t follows them in a domain.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Machine;
use SSPI::Test::Quickstart qw(quickstart_steps follow written);

my $reason = SSPI::Test::Machine::skip_reason();
plan skip_all => $reason if defined $reason;

my $password = 'wonder land';

# A realm with an administrator, as it exists before a reader begins. Its krb5.conf is that of the page.
sub realm {
    my ($krb5_conf) = @_;
    return $krb5_conf, map { { command => $_ } }
        written('/etc/hosts', "127.0.0.1 localhost\n127.0.0.2 www.example.org\n127.0.0.3 kdc.example.org\n"),
        'rm -rf /etc/krb5kdc /var/lib/krb5kdc && mkdir -p /etc/krb5kdc /var/lib/krb5kdc',
        'kdb5_util create -s -r EXAMPLE.ORG -P master', written('/etc/krb5kdc/kadm5.acl', "admin/admin\@EXAMPLE.ORG *\n"),
        (map { "kadmin.local addprinc -pw '$password' $_" } qw(alice admin/admin)), 'krb5kdc', 'kadmind';
}

# The first faults of a page, each with its remedy, after a reader has reached its end.
sub faults {
    my ($service, $keytab, $log) = @_;
    my $status = q(curl -s -o /dev/null -w '%{http_code}' --negotiate -u :);
    my @asked = (stdin => "$password\n");
    return ({ command => 'kdestroy; kinit alice', @asked },
        { command => "$status -H 'Host: www.example.org' http://127.0.0.2/intranet/; klist", name => 'a URL with an address',
            expected => ['401'], unexpected => qr{HTTP/www} },
        { command => 'kadmin -p admin/admin ktadd -k /root/other.keytab HTTP/www.example.org', @asked },
        { command => 'kdestroy; kinit alice', @asked },
        { command => "$status http://www.example.org/intranet/; grep SSPI $log", name => 'an old keytab', expected => [ '401', 'SSPI-110' ] },
        { command => "kadmin -p admin/admin ktadd -k $keytab HTTP/www.example.org", @asked },
        { command => "service $service restart" },
        { command => 'kdestroy; kinit alice', @asked },
        { command => "$status http://www.example.org/intranet/", name => 'the keytab of the remedy', expected => ['200'] });
}

for (qw(apache:apache2 nginx:nginx)) {
    my ($server, $service) = split /:/;
    my $page = "docs/quickstart-$server.md";
    my @steps = quickstart_steps($page, $password, sub { $_[0] });
    my ($krb5_conf) = grep { $_->{name} eq 'the file /etc/krb5.conf' } @steps;
    follow($page, realm($krb5_conf), @steps, faults($service, "/etc/$service/http.keytab", "/var/log/$service/error.log"));
}

done_testing;
