#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# NTLM and Kerberos by browsers, over HTTP and HTTPS, and NTLM by browsers that the server sends
# back from HTTP/2 to HTTP/1.1.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(time);
use SSPI::Test qw(free_port slurp wait_until);
use SSPI::Test::Browser;
use SSPI::Test::Clients qw(clients_here);
use SSPI::Test::KDC;
use SSPI::Test::Marionette;
use SSPI::Test::Parts;
use SSPI::Test::Scenario qw(message_id message_lines);
use SSPI::Test::WindowsFixture qw(ntlm_login windows_server_config);

use constant TIMEOUT_S => 45;

my $kdc = SSPI::Test::KDC->new;
my %user = ntlm_login();
my ($domain, $name) = split /\\/, $user{user};
my $alice = $kdc->login('alice');

# The pages of each host. Browsers keep credentials for each host, and send tickets only to
# localhost. Each page is [ location, the user who gets it, the password ]. The last page is only
# for HTTPS, where the client must bind itself to the TLS channel.
my $kerberos = 'alice@SSPI.TEST';
my $ntlm = 'CORP\\alice';
my @pages = (
    [ 'localhost', kerberos => $kerberos ],
    [ 'localhost', windows => $kerberos ],
    [ 'ntlm.localhost', ntlm => $ntlm, $user{password} ],
    [ 'windows.localhost', windows => $ntlm, $user{password} ],
    [ 'kerberos.localhost', kerberos => undef, $user{password} ],
    [ 'wrong.localhost', ntlm => undef, 'wrong' ],
);
my %bound = (chromium => $ntlm, firefox => undef);

# All pages of one browser: { scheme, host, port, path, password, user }.
sub pages_of {
    my ($browser, $server) = @_;
    return map {
        my $scheme = $_;
        map {
            my ($host, $location, $gets, $password) = @$_;
            { scheme => $scheme, host => $host, port => $server->port(uc $scheme),
                path => "/$location/?$browser-$scheme-" . $host =~ s/\W.*//r,
                password => $password, user => $gets }
        } @pages, $scheme eq 'https'
            ? [ 'bound.localhost', bound => $bound{$browser}, $user{password} ] : ()
    } 'http', 'https';
}

# Chromium takes passwords from the URLs of pages. One page opens all of them at once.
sub open_in_chromium {
    my ($server, @pages) = @_;
    my @urls = map {
        my $login = defined $_->{password}
            ? "$domain%5C$name:" . $_->{password} =~ s/ /%20/gr . '@' : '';
        qq("$_->{scheme}://$login$_->{host}:$_->{port}$_->{path}");
    } @pages;
    $server->add_file('/open/all.html', '<script>for (const url of [' . join(', ', @urls)
        . ']) window.open(url, "_blank")</script>');
    return SSPI::Test::Browser->new('chromium', url => $server->client->url('/open/all.html'),
        env => $alice);
}

# Firefox must know the credentials before. If the server refuses them, it waits for a person, so
# each page is opened after the one before.
sub open_in_firefox {
    my ($server, @pages) = @_;
    my $control = free_port();
    my $browser = SSPI::Test::Browser->new('firefox', url => 'about:blank', env => $alice,
        control => $control);
    my $person = SSPI::Test::Marionette->new($control);
    $person->add_credentials(%$_, domain => $domain, user => $name) for grep { defined $_->{password} } @pages;
    for my $page (@pages) {
        my $url = "$page->{scheme}://$page->{host}:$page->{port}$page->{path}";
        $person->open_page($url);
        check_page($server, $page, time + 20);
        # Firefox prompts for another password.
        $person->give_up($url) if $page->{host} =~ /\A(?:wrong|bound)/;
    }
    return $browser;
}

# Returns the answers to a page, each as "status user".
sub answers {
    my ($server, $page) = @_;
    return slurp($server->{access_log}) =~ m{ \Q$page->{path}\E HTTP\S+ (\d+ user=.*)$}mg;
}

sub check_page {
    my ($server, $page, $until) = @_;
    my $wanted = defined $page->{user} ? qr/\A200 user=\Q$page->{user}\E\z/ : qr/\A401 user=-?\z/;
    # The servers escape backslashes in logs.
    my $got = wait_until(sub {
        my @answers = map { s/\\(?:x5C|\\)/\\/r } answers($server, $page);
        return defined $page->{user} ? scalar grep { /$wanted/ } @answers : scalar @answers;
    }, $until - time);
    ok($got, "$page->{path}: " . ($page->{user} // 'no user'));
    return;
}

my @here = clients_here(qw(chromium firefox));

# If several requests must use HTTP/1.1 at once, Chromium may leave one of them unanswered.
parts 'browsers', { windows_server_config($kdc), http2 => 0 }, map {
    my $browser = $_;
    ($browser => sub {
        my ($server) = @_;
        my @pages = pages_of($browser, $server);
        my $until = time + TIMEOUT_S;
        my $open = $browser eq 'chromium' ? open_in_chromium($server, @pages)
            : open_in_firefox($server, @pages);
        check_page($server, $_, $until) for $browser eq 'chromium' ? @pages : ();
        my @lines;
        wait_until(sub {
            push @lines, message_lines($server);
            return 2 <= grep { /SSPI-120/ } @lines;
        }, $until - time);
        $open->stop;
        my ($wrong, $unbound, $http_1_1) = map { message_id($_) }
            qw(WRONG_PASSWORD MISSING_BINDING DOWNGRADED);
        cmp_ok(scalar(grep { /$wrong/ } @lines), '>=', 2, 'each wrong password is one log line');
        is_deeply([ grep { !/$wrong|$unbound|$http_1_1/ } @lines ], [], 'a scheme that the browser does not know has no log line')
            or diag(@lines);
        for my $page (grep { !defined $_->{user} } @pages) {
            is_deeply([ grep { /\A[23]/ } answers($server, $page) ], [], "$page->{path}: no request is granted");
        }
        ok(!grep({ /$unbound/ } @lines) == defined $bound{$browser}, 'a browser that can bind itself is granted')
    })
} @here if @here;

# These browsers use HTTP/1.1 by themselves when NTLM is offered.
parts 'browsers that speak HTTP/2', { windows_server_config($kdc) }, map {
    my $browser = $_;
    ($browser => sub {
        my ($server) = @_;
        my $page = { scheme => 'https', host => 'ntlm.localhost', port => $server->port('HTTPS'),
            path => "/ntlm/?$browser-2", password => $user{password}, user => $ntlm };
        my $until = time + TIMEOUT_S;
        my $open = $browser eq 'chromium' ? open_in_chromium($server, $page)
            : open_in_firefox($server, $page);
        check_page($server, $page, $until);
        $open->stop;
        ok($server->access_line(qr{ \Q$page->{path}\E HTTP/2.0 401 }), 'the browser sent the first request over HTTP/2');
        ok($server->access_line(qr{ \Q$page->{path}\E HTTP/1.1 200 }), 'the browser logged in over HTTP/1.1');
    })
} @here if @here;

done_testing;
