#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The recipes of docs/recipes.md and docs/reverse-proxies.md, as they are printed, with the paths, realm and ports of the test. Clients
# use them.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir slurp);
use SSPI::Test::Basic qw(basic_header);
use SSPI::Test::Examples;
use SSPI::Test::Ntlm qw(ntlm_value);
use SSPI::Test::Origin;
use SSPI::Test::Scenario;
use SSPI::Test::Session;
use SSPI::Test::WebSocket qw(echo_server upgrade);

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $examples = SSPI::Test::Examples->new($kdc);
my $password = 'secret of alice';
my @basic = (authorization => basic_header("alice:$password"));
my %users = (nginx_http => "sspi_realm Intranet;\n");

# Returns the block of a language. The page is the one that has the heading.
sub printed {
    my ($heading, $kind) = @_;
    my ($page) = grep { slurp(root_dir() . "/$_") =~ /^## \Q$heading\E$/m } qw(docs/recipes.md docs/reverse-proxies.md);
    return SSPI::Test::Examples::block($page, $heading, $kind);
}

# Runs the recipe on each server that it is for. `more` has options of SSPI::Test::Server.
sub recipe {
    my ($heading, $more, $checks) = @_;
    for my $kind ($more->{on} // qw(apache nginx)) {
        my $text = printed($heading, $kind) =~ s/127\.0\.0\.1:8080/127.0.0.1:\@PORT1\@/gr;
        # The parts outside the server block, where the recipe has them.
        my $head = $kind eq 'apache' ? join '', $text =~ /^(?:LoadModule dav\w+|DavLockDB) .*\n/mg : '';
        $text =~ s/^(?:LoadModule|DavLockDB) .*\n//mg;
        $head =~ s{/var/lock/apache2}{\@DIR\@};
        $text =~ s/\A(?:(?:load_module|events) .*\n+)+//;
        if ($text =~ s/\Ahttp \{\n(.*?)    server \{\n(.*)^    \}\n\}\n\z/$2/ms) { $head = $1 }
        $text =~ s/^\s*(?:listen|root|ssl_certificate\w*) .*\n//mg;
        $text = $examples->adapted($kind, $text);
        scenario $heading, { %$more, on => $kind, env => $kdc->server_env, extra_ports => 1, $kind => $text,
            ($kind eq 'apache' ? 'apache_head' : 'nginx_http') => $head . ($kind eq 'nginx' && $text !~ /sspi_realm/ ? "sspi_realm Intranet;\n" : '') }, $checks;
    }
    return;
}

# An application that answers with the request line and with X-Remote-User and Authorization.
sub application {
    my ($server) = @_;
    return SSPI::Test::Origin->new($server->port('PORT1'), sub {
        my ($request) = @_;
        my $headers = $request->{headers};
        return (200, [], join '', "$request->{method} $request->{target}\n",
            map { "$_: " . ($headers->{$_} // 'none') . "\n" } qw(x-remote-user authorization));
    });
}

# The page of the section, for the server: the line of SSI, or the only text.
sub page {
    my ($heading, $pattern) = @_;
    return join '', map { "$_\n" } grep { /$pattern/ } split /\n/, printed($heading, 'text');
}

for my $kind (qw(apache nginx)) {
    recipe('Error pages', { on => $kind, files => { '/intranet/page.html' => "page\n",
        '/denied.shtml' => page('Error pages', $kind eq 'apache' ? qr/REDIRECT/ : qr/sspi_error/) } }, sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my $header = $c->negotiate_header;
        granted($c->get('/intranet/page.html', authorization => $header), { user => 'alice@SSPI.TEST' }, 'a ticket');
        my $a = $c->get('/intranet/page.html', authorization => $header);
        refused($a, 401, 'the same ticket');
        like($a->body, qr/Access denied: \Q${\message_id('REPLAY')}\E /, 'the page names the refusal');
    });
}

recipe('A login form', { files => { '/intranet/page.html' => "page\n", '/intranet/login' => '', '/wrong.html' => '', '/login.html' => page('A login form', qr/./) } }, sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    my @tls = (tls => 1);
    my $a = $c->get('/intranet/page.html', @tls);
    is_deeply([ $a->status, $a->challenges ], [ 401, 'Negotiate' ], 'a browser is offered only Negotiate');
    like($a->body, qr/<form/, 'and shows the form');
    granted($c->get('/intranet/page.html', @tls, negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a browser with a ticket');
    $a = $c->get('/intranet/login', @tls, authorization => basic_header('alice:wrong'));
    is_deeply([ $a->challenges ], [], 'a wrong password: no challenge');
    like($a->status, qr/\A40[13]\z/, 'a wrong password: an error for the script');
    $a = $c->get('/intranet/login', @tls, @basic);
    like($a->status, qr/\A20[04]\z/, 'a right password');
    my $cookie = session_of($a) // '';
    like($cookie, qr/\A__Host-sspi=./, 'sets the cookie') or return;
    granted($c->get('/intranet/page.html', @tls, args => [ '--cookie', "form=1; $cookie" ]), { user => 'alice' }, 'the cookie opens the page');
    $a = $c->get('/intranet/page.html', @tls, args => [ '--cookie', '__Host-sspi=old' ]);
    is($a->status, 401, 'a wrong cookie does not');
    refused($c->get('/intranet/page.html', @tls, args => [ '--cookie', $cookie ]), 401, 'nor does the cookie of a browser that is not marked');
});

recipe('CORS preflight', {}, sub {
    my ($server) = @_;
    my $application = application($server);
    my $c = $server->client(env => $alice);
    my $a = $c->get('/api/x', method => 'OPTIONS', args => [ '--header', 'Origin: https://other', '--header', 'Access-Control-Request-Method: PUT' ]);
    is_deeply([ $a->status, $a->challenges ], [200], 'a preflight passes');
    like($a->body, qr{\AOPTIONS /api/x\n}, 'and reaches the application');
    refused($c->get('/api/x', method => 'PUT'), 401, 'a PUT');
    like($c->get('/api/x', negotiate => 1)->body, qr{\AGET /api/x\n.*authorization: none}s, 'a ticket, which the application does not get');
});

recipe('Not asked twice', { files => { '/intranet/page.html' => "page\n" } }, sub {
    my ($server) = @_;
    my $connection = $server->connection;
    my $path = '/intranet/page.html';
    my $browser = sub { return $connection->get($path, headers => ['User-Agent: Browser/1'], @_) };
    challenged($browser->(), 'Negotiate Digest', 'a browser is offered both');
    challenged($browser->(authorization => ntlm_value('Negotiate', SSPI::Test::Ntlm->new->{negotiate})), 'Digest', 'and after NTLM only Digest');
    challenged($browser->(), 'Digest', 'also by the next answer');
    challenged($server->client->get($path, args => [ '--user-agent', 'git/2.40' ]), 'Digest', 'git is offered only Digest');
});

recipe('WebSockets', {}, sub {
    my ($server) = @_;
    my $pid = echo_server($server->port('PORT1'));
    my $c = $server->client(env => $alice);
    is($c->raw([ '/chat/', upgrade() ])->status, 401, 'a WebSocket without a ticket is refused');
    my $socket = SSPI::Test::WebSocket->new($c, '/chat/', authorization => $c->negotiate_header);
    like($socket->{head}, qr{\AHTTP/1\.1 101 }, 'with a ticket it opens') or diag($socket->{head});
    like($socket->{head}, qr/^X-Hides: yes/m, 'the application does not get the ticket');
    is($socket->echo($_), $_, 'frames go in both directions') for "\x81\x85\1\2\3\4hello", "\x81\x85\4\3\2\1again";
    SSPI::Test::stop_process($pid, 'KILL');
});

recipe('WebDAV', { files => { '/intranet/page.html' => "page\n" } }, sub {
    my ($server) = @_;
    my $c = $server->client(env => $alice);
    chmod 0777, "$server->{dir}/docroot/intranet", $server->{dir};
    my $url = '/intranet/new.txt';
    my $put = sub { my (%o) = @_; return $c->get($url, method => 'PUT', body => "text\n", %o)->status };
    is($put->(), 401, 'PUT without credentials');
    is($put->(digest => "alice:$password"), 201, 'PUT by Digest creates a file');
    is($put->(negotiate => 1), 204, 'PUT by a ticket replaces it');
    is($c->get($url, negotiate => 1)->body, "text\n", 'the file has the text');
    my $move = $c->get($url, method => 'MOVE', negotiate => 1, args => [ '--header', "Destination: http://localhost:$server->{http}/intranet/moved.txt" ]);
    like($move->status, qr/\A20[14]\z/, 'MOVE');
    is($c->get($url, method => 'DELETE', digest => "alice:$password")->status, 404, 'DELETE of the old name');
    is($c->get('/intranet/moved.txt', method => 'DELETE')->status, 401, 'DELETE without credentials');
    if ($server->kind eq 'apache') {
        is($c->get('/intranet/', method => 'PROPFIND')->status, 401, 'PROPFIND without credentials');
        my $a = $c->get('/intranet/', method => 'PROPFIND', negotiate => 1, args => [ '--header', 'Depth: 1' ]);
        is($a->status, 207, 'PROPFIND');
        like($a->body, qr{/intranet/moved\.txt}, 'lists the file');
    }
    is($c->get('/intranet/moved.txt', method => 'DELETE', negotiate => 1)->status, 204, 'DELETE');
});

recipe('auth_request', { on => 'nginx' }, sub {
    my ($server) = @_;
    my $application = application($server);
    my $c = $server->client(env => $alice);
    my $a = $c->get('/app/x');
    refused($a, 401, 'no credentials');
    like(join(' ', $a->challenges), qr/\ANegotiate Digest /, 'the answer has the challenges');
    like($c->get('/app/x', negotiate => 1)->body, qr{\AGET /app/x\nx-remote-user: alice\@SSPI\.TEST\nauthorization: none\n}, 'a ticket');
    like($c->get('/app/x', digest => "alice:$password")->body, qr{x-remote-user: alice\n}, 'Digest');
    is($c->get('/auth')->status, 404, 'the location of the login is internal');
});

done_testing;
