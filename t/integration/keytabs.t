#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The commands of docs/keytabs.md for MIT Kerberos, as they are printed: they make a keytab, check it, and
# replace its key while clients log in. t/ad/keytabs.t has those of a domain.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(run);
use SSPI::Test::Examples;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $service = 'HTTP/www.example.org';
my %password = $kdc->passwords;
my $n_caches = 0;

# Returns the commands of a section.
sub commands { return SSPI::Test::Examples::commands('docs/keytabs.md', @_) }

# Returns the environment of a client with a credential cache of its own.
sub client_env { return { %{$kdc->env_without_ticket}, KRB5CCNAME => "FILE:$kdc->{dir}/page-" . ++$n_caches } }

# Runs a command of the page with the keytab of the test. Returns { rc, out, err }.
sub command {
    my ($command, $keytab, %o) = @_;
    $command =~ s{/etc/apache2/http\.keytab}{$keytab};
    $command =~ s{\Acurl }{curl -q --silent --show-error --noproxy '*' --fail --connect-to ::127.0.0.1:$o{port} } if $o{port};
    return run([ 'sh', '-c', "PATH=\$PATH:/usr/sbin; $command" ], env => $o{env} // $kdc->{env},
        stdin => $command =~ /\Akinit (\w+)/ ? "$password{$1}\n" : undef);
}

sub works {
    my ($command, @rest) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $r = command($command, @rest);
    is($r->{rc}, 0, $command) or diag($r->{out}, $r->{err});
    return $r->{out};
}

# Logs alice in, with a ticket for the service. Returns the environment.
sub with_ticket {
    my $env = client_env();
    SSPI::Test::must_run([qw(kinit alice)], env => $env, stdin => "$password{alice}\n");
    SSPI::Test::must_run([ 'kvno', $service ], env => $env);
    return $env;
}

for my $kind (qw(apache nginx)) {
    my $keytab = "$kdc->{dir}/$kind.keytab";
    # The principal is a new one on each server.
    $kdc->kadmin("delprinc -force $service") if -e "$kdc->{dir}/apache.keytab";
    works($_, $keytab) for commands('MIT Kerberos');
    my %config = (on => $kind, env => $kdc->server_env, files => { '/intranet/index.html' => "page\n" },
        locations => [ { path => '/intranet/', packages => 'Negotiate', keytab => $keytab } ]);
    scenario 'a keytab of docs/keytabs.md', \%config, sub {
        my ($server) = @_;
        my $env = client_env();
        my %out = map { $_ => works($_, $keytab, env => $env, port => $server->{http}) } commands('Check it');
        my ($list) = grep { /\Aklist/ } keys %out;
        like($out{$list}, qr/^ +2 \Q$service\E\@SSPI\.TEST \(aes256-cts-hmac-sha1-96\)/m, 'klist shows the name, the version and the cipher');
        my ($valid) = grep { /\Akvno -k/ } keys %out;
        like($out{$valid}, qr/keytab entry valid/, 'kvno -k decrypts the ticket');
        my ($curl) = grep { /\Acurl/ } keys %out;
        is($out{$curl}, "page\n", 'curl gets the page');

        my ($add, $remove) = commands('A new key without an outage');
        my $before = with_ticket();
        my $get = sub { my ($env) = @_; return command('curl --negotiate -u : http://www.example.org/intranet/', $keytab,
                env => $env, port => $server->{http}) };
        works($add, $keytab);
        my $after = with_ticket();
        $server->reload;
        is($get->($_->[0])->{out}, "page\n", "the new key is there: $_->[1]") for [ $before, 'an old ticket' ], [ $after, 'a new ticket' ];
        works($remove, $keytab);
        $server->reload;
        is($get->($after)->{out}, "page\n", 'the old key is gone: a new ticket');
        like($get->($before)->{err}, qr/\b401\b/, 'the old key is gone: an old ticket is refused');
        logged($server, 'NO_KEY');

        # The table of the page says this.
        like(command('kvno HTTP/unknown.example.org', $keytab, env => $env)->{err}, qr/not found in Kerberos database/, 'an unknown name');
        $kdc->new_keys($service);
        $env = client_env();
        works('kinit alice', $keytab, env => $env);
        like(command("kvno -k $keytab $service", $keytab, env => $env)->{err}, qr/keytab entry invalid/, 'an old keytab');
        like(command("KRB5_TRACE=/dev/stderr kvno $service", $keytab, env => $env)->{err}, qr/Retrieving alice\@SSPI\.TEST -> \Q$service\E/,
            'KRB5_TRACE shows which name is asked for');
    };
}

done_testing;
