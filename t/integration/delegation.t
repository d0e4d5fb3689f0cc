#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A program uses the tickets that its user forwarded: who it is, how long the file of the tickets
# lives, and what happens without tickets.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(is_root scratch_dir spew wait_until);
use SSPI::Test::Delegation;
use SSPI::Test::KDC;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my %login = map { $_ => $kdc->login($_, forwardable => 1) } qw(alice bob);
my $unforwardable = $kdc->login('alice');
my $backend = backend($kdc);
my $programs = programs($kdc, $backend);
my @delegate = ('--delegation', 'always');

# The options of a server with a directory of its own.
sub server {
    my ($dir, @locations) = @_;
    return (env => $kdc->server_env,
        apache_head => script_alias($programs, map { $_->{path} } grep { ($_->{nginx} // '') =~ /scgi/ } @locations),
        locations => [ @locations ]);
}

sub delegates {
    my ($path, $dir, %o) = @_;
    return delegating($programs, $path, keytab => $kdc->{keytab}, delegation => 'forwarded', delegation_dir => $dir, %o);
}

sub acts {
    my ($answer, $user, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $act = act($answer);
    is_deeply({ map { $_ => $act->{$_} } qw(status user backend mode) },
        { status => 200, user => "$user\@SSPI.TEST", backend => "$user\@SSPI.TEST", mode => '0600' },
        "$name: the program is $user at the second server") or diag(explain($act), $answer->brief);
    return $act;
}

{
    my $dir = ccache_dir();
    scenario 'a program logs in to another server as its user', { server($dir, delegates('/f/', $dir)) }, sub {
        my ($server) = @_;
        for my $user (qw(alice bob alice bob)) {
            my $c = $server->client(env => $login{$user});
            my $act = acts($c->get('/f/', negotiate => 1, args => [@delegate]), $user, "a request of $user");
            is($act->{krb5}, $act->{cache}, 'KRB5CCNAME names the same cache');
            like($act->{cache}, qr{\AFILE:\Q$dir\E/sspi-r-[0-9a-f-]+\z}, 'it is a file of the directory');
        }
        ok(wait_until(sub { !ccaches($dir) }), 'no file is left');
    };
}

done_testing;
