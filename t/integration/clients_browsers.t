#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Browsers: pages that send a hundred requests at once, and continue when a nonce has expired.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json);
use Test::More;
use Time::HiRes qw(time);
use SSPI::Test qw(root_dir slurp wait_until);
use SSPI::Test::Browser;
use SSPI::Test::Clients qw(clients_here);
use SSPI::Test::ClientFixture qw(application client_server_config count_lines error_lines login);
use SSPI::Test::Parts;

use constant { REQUESTS => 100, TIMEOUT_S => 45 };

my %user = login('bob');
my $page = slurp(root_dir() . '/t/clients/parallel.html');
my %protocol = (http => 'http/1.1', https => 'h2');
# Two rounds use the nonce of the page, and some rounds go to locations with other options. The last
# two rounds are before and after the end of a nonce.
my @steps = qw(/offer/ /offer/ /MD5/ /userhash/ /brief/ /expire/ /brief/);
my @rounds = grep { $_ ne '/expire/' } @steps;

# Opens the page in one browser: { browser, run, until }.
sub open_page {
    my ($name, $server, $scheme) = @_;
    my $run = "$name-$scheme";
    my $url = "$scheme://$user{user}:$user{password}\@localhost:" . $server->port(uc $scheme)
        . "/offer/parallel.html?run=$run&n=" . REQUESTS . '&steps=' . join ',', @steps;
    my ($certificate) = SSPI::Test::Server::certificate('rsa');
    return { run => $run, until => time + TIMEOUT_S, browser => SSPI::Test::Browser->new($name,
        url => $url, https => $server->port('HTTPS'), certificate => $certificate) };
}

# Returns the reports of the page about its rounds, once it has sent all of them.
sub page_reports {
    my ($server, $open) = @_;
    my @reports;
    wait_until(sub {
        @reports = slurp($server->{access_log}) =~ m{ /report/\?run=\Q$open->{run}\E&said=(\S+) }g;
        return @reports == @rounds;
    }, $open->{until} - time);
    return map { decode_json(s/%([0-9A-F]{2})/chr hex $1/ger) } @reports;
}

sub check_page {
    my ($server, $open, $protocol) = @_;
    my $run = $open->{run};
    my @all = map {
        my $mechanism = $_ eq '/MD5/' ? 'MD5' : 'SHA-256';
        { path => $_, protocol => $protocol, answers => { "200 bob $mechanism" => REQUESTS } }
    } @rounds;
    is_deeply([ page_reports($server, $open) ], \@all, "$run: every request of every round is granted")
        or diag($open->{browser}->output);
    is(count_lines($server, qr{ /offer/\S*\brun=\Q$run\E&\S* \S+ 401 }, 1), 1,
        "$run: one challenge for the page and two rounds");
    cmp_ok(count_lines($server, qr{ /brief/\?run=\Q$run\E&step=$#steps&\S+ \S+ 401 }, 1), '>=', 1,
        "$run: the nonce of the last round was too old");
    return;
}

my @here = clients_here(qw(chromium firefox));

parts 'browsers', { client_server_config(), files => { '/offer/parallel.html' => $page } }, map {
    my $name = $_;
    ("$name, HTTP/1.1 and HTTP/2" => sub {
        my ($server) = @_;
        my $application = application($server);
        # Both browsers run at the same time, because they wait more than they work.
        my %open = map { $_ => open_page($name, $server, $_) } sort keys %protocol;
        check_page($server, $open{$_}, $protocol{$_}) for sort keys %protocol;
        $_->{browser}->stop for values %open;
        is_deeply([ error_lines($server) ], [], 'the log has no error');
    })
} @here if @here;

done_testing;
