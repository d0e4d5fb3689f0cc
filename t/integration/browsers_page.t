#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The recipes of docs/browsers.md that run on Linux, as they are printed, with the host and the files of
# the test: files of policies for Chromium and Firefox, and commands of curl, git, Python, Java and a
# headless browser.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json);
use Test::More;
use SSPI::Test qw(run scratch_dir spew);
use SSPI::Test::Browser;
use SSPI::Test::Clients qw(clients_here);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Examples;
use SSPI::Test::Scenario;

my $page = 'docs/browsers.md';
my $kdc = SSPI::Test::KDC->new(principals => ['robot']);
my %password = $kdc->passwords;
my $users = spew(scratch_dir('users') . '/users', user_line('alice', 'Intranet', 'pw'), 0644);
my ($certificate) = SSPI::Test::Server::certificate('rsa');
my %negotiate = (packages => 'Negotiate', keytab => $kdc->{keytab});

# A repository of git that a server can show as files.
my $repository = scratch_dir('git');
SSPI::Test::must_run([ 'sh', '-ec', <<'SH', 'sh', $repository ], env => { HOME => $repository });
cd "$1"
git init --quiet project
cd project
echo hello >file
git add file
git -c user.name=x -c user.email=x@example.org commit --quiet -m x
cd ..
git clone --quiet --bare project project.git
git -C project.git update-server-info
SH

my %config = (env => $kdc->server_env, apache => "Alias /intranet/project.git $repository/project.git\n"
        . "<Directory $repository>\nRequire valid-user\n</Directory>\n", files => { '/intranet/index.html' => "the page\n" },
    locations => [
        { path => '/intranet/', %negotiate,
            nginx => "location /intranet/project.git/ { alias $repository/project.git/; }" },
        { path => '/both/', %negotiate, packages => 'Negotiate Digest', realm => 'Intranet', digest_user_file => $users },
    ]);

# Runs a command of the page in `home` with the URL of the server. Returns { rc, out, err }.
sub command {
    my ($server, $command, $home, $env, %o) = @_;
    my $path = $o{path} // '/intranet/';
    $command =~ s{https://www\.example\.org/intranet/}{https://localhost:$server->{https}$path};
    $command =~ s{https://www\.example\.org/}{https://localhost:$server->{https}/};
    $command =~ s{=www\.example\.org}{=localhost};
    $command =~ s{\Acurl }{curl -q --silent --show-error --noproxy '*' --fail --cacert $certificate };
    $command =~ s{/etc/robot\.keytab}{$kdc->{dir}/robot.keytab};
    $command =~ s{\@EXAMPLE\.ORG}{\@SSPI.TEST};
    $command =~ s{\Achromium }{chromium --no-sandbox --proxy-server=http://127.0.0.1:9 --ignore-certificate-errors };
    return run([ 'sh', '-c', "cd $home; $command" ], timeout => 90, env => { %$env, HOME => $home, GIT_SSL_CAINFO => $certificate },
        stdin => $command =~ /\Akinit (\w+)\z/ ? "$password{$1}\n" : undef);
}

# Returns the command that must succeed, and what it printed.
sub works {
    my ($server, $command, @rest) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $r = command($server, $command, @rest);
    is($r->{rc}, 0, $command) or diag($r->{out}, $r->{err});
    return $r->{out};
}

sub commands { return SSPI::Test::Examples::commands($page, @_) }
sub block { return SSPI::Test::Examples::block($page, @_) }

# The host of the page is that of the test, also in lists of names.
sub policies { my ($heading) = @_; return block($heading, 'json') =~ s{https://www\.example\.org|(?:\*\.|www\.)?example\.org}{localhost}gr }

my @browsers = clients_here(qw(chromium firefox));
my %heading = (chromium => 'Chromium, Chrome and Edge on Linux', firefox => 'Firefox');
is(ref eval { decode_json(policies($_)) }, 'HASH', "$_: the file is JSON") for values %heading;

scenario 'clients', \%config, sub {
    my ($server) = @_;
    my $home = scratch_dir('home');
    my $env = { %{$kdc->env_without_ticket}, KRB5CCNAME => "FILE:$home/tickets" };

    my @curl = commands('curl');
    works($server, shift @curl, $home, $env);
    for my $command (@curl) {
        if ($command !~ /digest/) {
            is(works($server, $command, $home, $env), "the page\n", 'curl gets the page');
            next;
        }
        # curl asks for the password on a terminal.
        my $r = command($server, $command =~ s/-u alice/-u alice:pw/r, $home, $kdc->env_without_ticket, path => '/both/');
        is($r->{rc}, 0, $command) or diag($r->{err});
        $r = command($server, $command =~ s/--digest -u alice/--anyauth -u alice:pw/r, $home, $kdc->env_without_ticket, path => '/both/');
        isnt($r->{rc}, 0, 'curl --anyauth without a ticket: no other scheme');
    }

    works($server, $_, $home, $env) for commands('git');
    ok(-e "$home/project/file", 'git clones with the ticket');

    SKIP: {
        skip 'requests-kerberos is not installed', 1 if !clients_here('requests-kerberos');
        my $program = block('Python', 'python') =~ s{www\.example\.org}{localhost:$server->{https}}r;
        my $r = run([ '/usr/bin/python3', '-c', $program ], env => { %$env, REQUESTS_CA_BUNDLE => $certificate });
        is($r->{out}, "200\n", 'Python') or diag($r->{err});
    }
    SKIP: {
        skip 'Java is not installed', 1 if !clients_here('java');
        my ($command) = block('Java', 'text') =~ /^java (.*) Program$/m;
        my $source = spew("$home/Program.java", <<"JAVA");
import java.net.*;
public class Program {
    public static void main(String[] args) throws Exception {
        URLConnection c = new URL("http://localhost:$server->{http}/intranet/").openConnection();
        System.out.println(((HttpURLConnection) c).getResponseCode());
    }
}
JAVA
        my $r = run([ 'java', '-XX:-UsePerfData', "-Djava.security.krb5.conf=$kdc->{env}{KRB5_CONFIG}", split(' ', $command), $source ], env => $env);
        is($r->{out}, "200\n", "java $command") or diag($r->{err});
    }
};

scenario 'browsers', { %config, on => 'nginx' }, sub {
    my ($server) = @_;
    my $alice = $kdc->login('alice');
    for my $name (@browsers) {
        SKIP: {
            skip 'a file of policies needs root', 1 if !SSPI::Test::Browser::can_have_policies();
            my $browser = SSPI::Test::Browser->new($name, url => "http://localhost:$server->{http}/intranet/?$name",
                env => $alice, policies => policies($heading{$name}));
            ok($server->access_line(qr{/intranet/\?$name \S+ 200 user=alice}), "$name reads its policies, and logs in")
                or diag($browser->output);
            $browser->stop;
        }
    }
    SKIP: {
        skip 'Chromium is not installed', 1 if !grep { $_ eq 'chromium' } @browsers;
        my $home = scratch_dir('robot');
        $kdc->make_keytab('robot.keytab', 'robot');
        my $env = { %{$kdc->env_without_ticket}, KRB5CCNAME => "FILE:$home/tickets" };
        my $out;
        $out = works($server, $_, $home, $env) for commands('Programs without a user');
        like($out, qr/the page/, 'a headless browser gets the page');
    }
};

done_testing;
