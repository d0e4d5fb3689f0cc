#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# NTLM and Kerberos by browsers, over HTTP and HTTPS, and NTLM from HTTP/2 back to HTTP/1.1.
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

# Pages by the host they are asked of: credentials are kept for each host, and the browsers send tickets
# to localhost alone. Each is [place, who gets it there, the password]; the last one is of HTTPS alone,
# where the client must bind itself to the TLS channel.
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

# Chromium takes passwords from the URLs of pages, which one page opens all at once.
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

# Firefox must have been told them, and waits for a person once they are refused: a page at a time.
sub open_in_firefox {
    my ($server, @pages) = @_;
    my $control = free_port();
    my $browser = SSPI::Test::Browser->new('firefox', url => 'about:blank', env => $alice,
        control => $control);
    my $person = SSPI::Test::Marionette->new($control);
    $person->know(%$_, domain => $domain, user => $name) for grep { defined $_->{password} } @pages;
    for my $page (@pages) {
        my $url = "$page->{scheme}://$page->{host}:$page->{port}$page->{path}";
        $person->open_page($url);
        check_page($server, $page, time + 20);
        # It asks for another password.
        $person->give_up($url) if $page->{host} =~ /\A(?:wrong|bound)/;
    }
    return $browser;
}

# Answers to a page: each "status user".
sub answers {
    my ($server, $page) = @_;
    return slurp($server->{access_log}) =~ m{ \Q$page->{path}\E HTTP\S+ (\d+ user=.*)$}mg;
}

sub check_page {
    my ($server, $page, $until) = @_;
    my $wanted = defined $page->{user} ? qr/\A200 user=\Q$page->{user}\E\z/ : qr/\A401 user=-?\z/;
    # Backslashes are escaped in logs.
    my $got = wait_until(sub {
        my @answers = map { s/\\(?:x5C|\\)/\\/r } answers($server, $page);
        return defined $page->{user} ? scalar grep { /$wanted/ } @answers : scalar @answers;
    }, $until - time);
    ok($got, "$page->{path}: " . ($page->{user} // 'nobody'));
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
        cmp_ok(scalar(grep { /$wrong/ } @lines), '>=', 2, 'a wrong password has a line each time');
        is_deeply([ grep { !/$wrong|$unbound|$http_1_1/ } @lines ], [], 'and what it does not know none')
            or diag(@lines);
        for my $page (grep { !defined $_->{user} } @pages) {
            is_deeply([ grep { /\A[23]/ } answers($server, $page) ], [], "$page->{path}: nobody gets it");
        }
        ok(!grep({ /$unbound/ } @lines) == defined $bound{$browser}, 'whether it can bind itself')
    })
} @here if @here;

# These browsers use HTTP/1.1 themselves once NTLM is offered.
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
        ok($server->access_line(qr{ \Q$page->{path}\E HTTP/2.0 401 }), 'it was asked by HTTP/2');
        ok($server->access_line(qr{ \Q$page->{path}\E HTTP/1.1 200 }), 'and logs in by HTTP/1.1');
    })
} @here if @here;

done_testing;
