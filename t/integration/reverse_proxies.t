#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The recipes of docs/reverse-proxies.md for applications, as they are printed, with the paths, realm and
# ports of the test: an application behind HTTP, PHP-FPM, uWSGI, Tomcat, an event stream, and a front
# end. t/integration/recipes_page.t has the recipes for WebSockets, CORS and auth_request.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(free_port is_root on_end run scratch_dir spawn spew wait_until worker_user);
use SSPI::Test::Examples;
use SSPI::Test::Origin;
use SSPI::Test::Scenario;

my $page = 'docs/reverse-proxies.md';
my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $examples = SSPI::Test::Examples->new($kdc);

# Runs a recipe. `to` has texts of the page and those of the test in their place; further options are those
# of SSPI::Test::Server.
sub recipe {
    my ($heading, $to, $more, $checks) = @_;
    for my $kind ($more->{on} // qw(apache nginx)) {
        my $text = SSPI::Test::Examples::block($page, $heading, $kind);
        my $head = join '', grep { !/mod_sspi/ } $text =~ /^LoadModule .*\n/mg;
        $text =~ s/^LoadModule .*\n//mg;
        for my $from (keys %$to) { $text =~ s/\Q$from\E/$to->{$from}/g }
        scenario $heading, { %$more, on => $kind, env => $kdc->server_env, extra_ports => 1,
            $kind => $examples->adapted($kind, $text),
            ($kind eq 'apache' ? (apache_head => $head) : (nginx_http => "sspi_realm Intranet;\n")) }, $checks;
    }
    return;
}

# Starts a program that serves a port or a socket, and stops it at the end of the test.
sub start {
    my ($ready, $argv, %o) = @_;
    my $pid = spawn([ SSPI::Test::lifeline(), @$argv ], out => scratch_dir('application') . '/out', %o);
    on_end(sub { SSPI::Test::stop_process($pid, 'KILL') });
    return wait_until($ready, 60) // fail("@$argv starts");
}

# A client without a ticket is refused. alice's name arrives, and a forged name does not; the application
# does not see the ticket. `name` is what the application prints before the name.
sub gets_the_user {
    my ($server, $path, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $c = $server->client(env => $alice);
    is($c->get($path)->status, 401, 'no ticket: 401');
    my $a = $c->get($path, negotiate => 1, args => [ map { ('--header', $_) } 'X-Remote-User: root', 'X_Remote_User: root' ]);
    is($a->status, 200, 'a ticket opens the page') or diag($a->brief, $server->new_log);
    like($a->body, qr/^\Q$name\Ealice\@SSPI\.TEST$/m, 'the application gets the name') or diag($a->body);
    # FastCGI and uwsgi have a variable for each header as well, with another name.
    unlike($a->body =~ s/^HTTP_\w+=root$//mgr, qr/[=:] ?root$/m, 'and no name of the client');
    unlike($a->body, qr/Negotiate \S/, 'nor the ticket');
    return;
}

# An application that answers with the headers, of which those with underscores are names as well.
sub http_application {
    my ($server) = @_;
    return SSPI::Test::Origin->new($server->port('PORT1'), sub {
        my ($request) = @_;
        return (200, [], join '', map { "$_: $request->{headers}{$_}\n" } grep { $_ ne 'host' } sort keys %{$request->{headers}});
    });
}

recipe('The name in a header', { '127.0.0.1:8080' => '127.0.0.1:@PORT1@' }, {}, sub {
    my ($server) = @_;
    my $application = http_application($server);
    gets_the_user($server, '/app/x', 'x-remote-user: ');
});

recipe('satisfy', { '127.0.0.1:8080' => '127.0.0.1:@PORT1@' }, {}, sub {
    my ($server) = @_;
    my $application = http_application($server);
    gets_the_user($server, '/app/x', 'x-remote-user: ');
});

recipe('satisfy', { '127.0.0.1:8080' => '127.0.0.1:@PORT1@', '192.0.2.0/24' => '127.0.0.1' }, {}, sub {
    my ($server) = @_;
    my $application = http_application($server);
    my $a = $server->client->get('/app/x', args => [ '--header', 'X-Remote-User: root' ]);
    is($a->status, 200, 'an address of the list is admitted');
    unlike($a->body, qr/root/, 'and cannot name a user');
    like($server->client(env => $alice)->get('/app/x', authorization => $server->client(env => $alice)->negotiate_header)->body,
        qr/^x-remote-user: alice/m, 'a ticket names the user nevertheless');
});

recipe('Server-sent events', { '127.0.0.1:8080' => '127.0.0.1:@PORT1@' }, {}, sub {
    my ($server) = @_;
    my $application = SSPI::Test::Origin->new($server->port('PORT1'), sub { return (200, ['Content-Type: text/event-stream'], "data: one\n\n") });
    is($server->client->get('/events/x')->status, 401, 'no ticket: 401');
    is($server->client(env => $alice)->get('/events/x', negotiate => 1)->body, "data: one\n\n", 'a ticket opens the stream');
});

my ($fpm) = glob '/usr/sbin/php-fpm*';
SKIP: {
    skip 'PHP-FPM is not installed: tools/setup --clients', 1 if !$fpm;
    my $dir = scratch_dir('php');
    chmod 0755, $dir;
    my $user = is_root() ? 'user = ' . worker_user() . "\ngroup = " . worker_user() . "\n" : '';
    spew("$dir/fpm.conf", "[global]\nerror_log = $dir/log\n[www]\n${user}listen = $dir/fpm.sock\nlisten.mode = 0666\npm = static\npm.max_children = 1\n");
    start(sub { -S "$dir/fpm.sock" }, [ $fpm, '--nodaemonize', '--fpm-config', "$dir/fpm.conf", '-n' ]);
    my $program = '<?php header("Content-Type: text/plain"); foreach ($_SERVER as $k => $v) if (is_string($v)) echo "$k=$v\n";';
    recipe('PHP-FPM', { '/run/php/php-fpm.sock' => "$dir/fpm.sock" }, { files => { '/php/index.php' => $program } }, sub {
        my ($server) = @_;
        gets_the_user($server, '/php/index.php', 'REMOTE_USER=');
    });
}

SKIP: {
    my ($uwsgi) = grep { -x } '/usr/bin/uwsgi_python3';
    skip 'uWSGI is not installed: tools/setup --clients', 1 if !$uwsgi;
    my $dir = scratch_dir('uwsgi');
    my $port = free_port();
    spew("$dir/app.py", <<'PYTHON');
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["".join(f"{k}={v}\n" for k, v in environ.items() if isinstance(v, str)).encode()]
PYTHON
    start(sub { SSPI::Test::can_connect($port) }, [ $uwsgi, '--socket', "127.0.0.1:$port", '--wsgi-file', "$dir/app.py", qw(--need-app --master --die-on-term) ]);
    recipe('uWSGI', { '127.0.0.1:9090' => "127.0.0.1:$port" }, {}, sub {
        my ($server) = @_;
        gets_the_user($server, '/wsgi/x', 'REMOTE_USER=');
    });
}

SKIP: {
    skip 'Tomcat is not installed: tools/setup --clients', 1 if !-e '/usr/share/tomcat10/bin/bootstrap.jar';
    my $dir = scratch_dir('tomcat');
    my $port = free_port();
    mkdir "$dir/$_" for qw(conf logs temp webapps webapps/java work);
    my ($connector) = SSPI::Test::Examples::section($page, 'Tomcat') =~ /^(<Connector .*?>)$/ms;
    $connector =~ s/8009/$port/;
    spew("$dir/conf/server.xml", qq(<Server port="-1"><Service name="Catalina">$connector<Engine name="Catalina" defaultHost="localhost">)
        . qq(<Host name="localhost" appBase="webapps"/></Engine></Service></Server>));
    spew("$dir/conf/web.xml", <<'XML');
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="5.0">
<servlet><servlet-name>jsp</servlet-name><servlet-class>org.apache.jasper.servlet.JspServlet</servlet-class></servlet>
<servlet-mapping><servlet-name>jsp</servlet-name><url-pattern>*.jsp</url-pattern></servlet-mapping>
</web-app>
XML
    spew("$dir/webapps/java/index.jsp", qq(<%\@ page contentType="text/plain" %>user=<%= request.getRemoteUser() %>\n)
        . qq(headers=<%= java.util.Collections.list(request.getHeaders("Authorization")) %>\n));
    start(sub { SSPI::Test::can_connect($port) }, [ 'java', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData', '-cp', '/usr/share/tomcat10/bin/bootstrap.jar:/usr/share/tomcat10/bin/tomcat-juli.jar',
        '-Dcatalina.home=/usr/share/tomcat10', "-Dcatalina.base=$dir", "-Djava.io.tmpdir=$dir/temp", qw(org.apache.catalina.startup.Bootstrap start) ]);
    recipe('Tomcat', { '127.0.0.1:8009' => "127.0.0.1:$port" }, { on => 'apache' }, sub {
        my ($server) = @_;
        gets_the_user($server, '/java/index.jsp', 'user=');
    });
}

# The front end of the page before a server that trusts it. The server sees plain HTTP.
my $front = SSPI::Test::Examples::section($page, 'A TLS front end');
for my $kind (qw(apache nginx)) {
    my ($behind) = $front =~ /^```$kind\n(.*?)^```$/ms;
    $behind =~ s{192\.0\.2\.0/24}{127.0.0.1};
    my ($before) = ($front =~ /^```nginx\n(.*?)^```$/msg)[1];
    my $text = $examples->adapted($kind, $behind);
    scenario 'a front end', { on => $kind, env => $kdc->server_env, locations => [ { path => '/intranet/', packages => 'Negotiate',
        keytab => $kdc->{keytab}, session_require_tls => 'off', $kind => $text =~ s/^.*RequireTLS.*\n|^.*require_tls.*\n//mgr } ] }, sub {
        my ($server) = @_;
        my $proxy = SSPI::Test::Nginx->new(env => $kdc->server_env, nginx => $before =~ s/192\.0\.2\.10/127.0.0.1:$server->{http}/r)->start;
        my $c = $proxy->client(env => $alice);
        my $a = $c->get('/intranet/', tls => 1, negotiate => 1);
        is($a->status, 200, 'a ticket through the front end') or diag($a->brief, $server->new_log);
        like($a->header('Set-Cookie') // '', qr/^sspi=.*Secure/i, 'the front end marks the cookie as Secure');
        $proxy->stop;
    };
}

done_testing;
