#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A program uses the tickets that its user forwarded: who it is, how long the file of the tickets
# lives, and what happens without tickets.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(is_root scratch_dir spew wait_until worker_user);
use SSPI::Test::Delegation;
use SSPI::Test::Examples;
use SSPI::Test::KDC;
use SSPI::Test::Ntlm qw(ntlm_login ntlm_user_line);
use SSPI::Test::Scenario;
use SSPI::Test::Session;

my $kdc = SSPI::Test::KDC->new;
my %login = map { $_ => $kdc->login($_, forwardable => 1) } qw(alice bob);
my $unforwardable = $kdc->login('alice');
my $backend = backend($kdc);
my $programs = programs($kdc, $backend);
my $users = spew(scratch_dir('users') . '/users', ntlm_user_line('alice', 'CORP', 'pw'), 0644);
my @forward = ('--delegation', 'always');
my %out = (sspi => 'off', session_require_tls => 'off', apache => 'SetHandler sspi-logout', nginx => 'sspi_logout;');

# The options of a server with these locations.
sub server {
    my (@locations) = @_;
    return (env => $kdc->server_env, locations => [ @locations ],
        apache_head => script_alias($programs, map { $_->{path} } grep { ($_->{nginx} // '') =~ /scgi/ } @locations));
}

sub delegates {
    my ($path, $dir, %o) = @_;
    return delegating($programs, $path, keytab => $kdc->{keytab}, delegation => 'forwarded', delegation_dir => $dir, %o);
}

# A request of a user who forwards the ticket.
sub asks {
    my ($server, $user, $path, @args) = @_;
    return $server->client(env => $login{$user})->get($path, negotiate => 1, args => [ @forward, @args ]);
}

# The header of such a request.
sub header { my ($server, $user) = @_; return $server->client(env => $login{$user})->negotiate_header(args => [@forward]) }

# Tests that the program was the user at the second server. Returns its facts.
sub acts {
    my ($answer, $user, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $act = act($answer);
    is_deeply({ map { $_ => $act->{$_} } qw(status user backend mode) },
        { status => 200, user => "$user\@SSPI.TEST", backend => "$user\@SSPI.TEST", mode => '0600' },
        "$name: the program is $user at the second server") or diag(explain($act), $answer->brief);
    return $act;
}

# Tests that the program ran for the user without tickets.
sub runs_without {
    my ($answer, $name, $user) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $act = act($answer);
    return is_deeply({ map { $_ => $act->{$_} } qw(status user backend cache krb5 own) },
        { status => 200, user => $user // 'alice@SSPI.TEST', backend => '-', cache => '-', krb5 => '-', own => '-' },
        "$name: the program has no tickets") || diag(explain($act), $answer->brief);
}

# Tests the number of files. httpd ends a request a moment after its answer.
sub has_files {
    my ($dir, $n, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok(wait_until(sub { ccaches($dir) == $n }, 10), "$name: $n files") || diag(map { "$_\n" } ccaches($dir));
}

# Waits until a process that was killed is gone.
sub kill_workers {
    my ($server) = @_;
    my @workers = $server->workers;
    kill KILL => @workers;
    return wait_until(sub { !grep { kill 0 => $_ } @workers });
}

my $dir = ccache_dir();
scenario 'a request', { server(delegates('/f/', $dir), delegates('/own/', $dir, delegation_variable => 'MY_CCACHE'),
        { path => '/none/', packages => 'Negotiate', keytab => $kdc->{keytab} }) }, sub {
    my ($server) = @_;
    for my $user (qw(alice bob alice bob)) {
        my $act = acts(asks($server, $user, '/f/'), $user, "a request of $user");
        is($act->{krb5}, $act->{cache}, 'KRB5CCNAME names the same cache');
        like($act->{cache}, qr{\AFILE:\Q$dir\E/sspi-r-[0-9a-f-]+\z}, 'it is a file of the directory');
    }
    my $own = act(asks($server, 'alice', '/own/'));
    is_deeply([ @$own{qw(own krb5)} ], [ $own->{cache}, '-' ], 'a variable of another name, in place of KRB5CCNAME');
    has_files($dir, 0, 'after the requests');
    is($server->client(env => $login{alice})->get('/f/', negotiate => 1, args => [ @forward, '--max-time', 60 ])->user,
        'alice@SSPI.TEST', 'the user has its name');
    refused($server->client->get('/f/'), 401, 'a request without credentials');
    has_files($dir, 0, 'a refusal');
};

scenario 'tickets that were not forwarded', { server(delegates('/f/', $dir), delegates('/required/', $dir, delegation_required => 'on'),
        delegates('/named/', $dir, apache => 'SetEnvIf X-Cache (.+) KRB5CCNAME=$1 SSPI_CCACHE=$1'),
        delegates('/ntlm/', $dir, packages => 'NTLM', mechanisms => 'ntlm', ntlm_user_file => $users, delegation_required => 'on')) }, sub {
    my ($server) = @_;
    my $c = $server->client(env => $unforwardable);
    my $here = sub { my ($path, @args) = @_; return $c->get($path, negotiate => 1, args => [ @forward, @args ]) };
    $server->new_log;
    runs_without($here->('/f/'), 'a ticket that is not forwardable');
    logged($server, 'NO_DELEGATION', 'alice@SSPI.TEST', 'forwardable');
    runs_without($server->client(env => $login{alice})->get('/f/', negotiate => 1), 'a client that does not forward');
    logged($server, 'NO_DELEGATION', 'alice@SSPI.TEST', 'forwarded no ticket');
    runs_without($here->('/named/', '--header', "X-Cache: FILE:/tmp/mine", '--header', 'KRB5CCNAME: FILE:/tmp/mine'),
        'a client that names a cache');
    $server->new_log;
    refused($here->('/required/'), 403, 'required tickets');
    logged($server, 'DELEGATION_REQUIRED', 'alice@SSPI.TEST', 'forwardable');
    acts(asks($server, 'alice', '/required/'), 'alice', 'required tickets that were forwarded');
    $server->new_log;
    is((ntlm_login($server->connection, '/ntlm/', user => 'alice', domain => 'CORP', password => 'pw'))[-1]->status, 403,
        'a user of NTLM forwards none');
    logged($server, 'DELEGATION_REQUIRED', 'Kerberos');
    has_files($dir, 0, 'after the requests');
};

my %to_required = (apache => 'FallbackResource /required/', nginx => 'try_files /none /required/;');
my %program = %{delegating($programs, '/error')};
scenario 'redirects and error pages', { server(delegates('/f/', $dir), delegates('/required/', $dir, delegation_required => 'on'),
        { path => '/to-required/', packages => 'Negotiate', keytab => $kdc->{keytab}, %to_required },
        { (map { $_ => $program{$_} } qw(path apache nginx)), sspi => 'off' },
        delegates('/bob/', $dir, require => ['user bob@SSPI.TEST'], apache => 'ErrorDocument 403 /error', nginx => 'error_page 403 /error;'),
        delegates('/denied/', $dir, nginx => "deny all;\nerror_page 403 /error;")) }, sub {
    my ($server) = @_;
    for my $path ('/bob/', $server->kind eq 'nginx' ? '/denied/' : ()) {
        my $act = act(asks($server, 'alice', $path));
        is_deeply([ @$act{qw(status backend cache krb5)} ], [ 403, '-', '-', '-' ], "the error page of $path gets no tickets")
            or diag(explain($act));
    }
    acts(asks($server, 'bob', '/bob/'), 'bob', 'the user of that location');
    $server->new_log;
    is(asks($server, 'alice', '/to-required/x')->status, 403, 'a redirect from a location without delegation');
    logged($server, 'DELEGATION_REQUIRED', 'a location without forwarded');
    has_files($dir, 0, 'after the requests');
};

scenario 'the login of a connection', { server((map { delegates($_->[0], $dir, connection_auth => 'all', @$_[ 1 .. $#$_ ]) }
        [ '/c/' ], [ '/required/', delegation_required => 'on' ]),
        { path => '/plain/', packages => 'Negotiate', keytab => $kdc->{keytab}, connection_auth => 'all' }) }, sub {
    my ($server) = @_;
    my $c = $server->connection;
    my $first = acts($c->get('/c/', authorization => header($server, 'alice')), 'alice', 'the first request');
    is(acts($c->get('/c/'), 'alice', "request $_ of the connection")->{cache}, $first->{cache}, 'the same file') for 2 .. 4;
    acts($c->get('/required/'), 'alice', 'another location');
    has_files($dir, 1, 'while the connection is open');
    my $other = $server->connection;
    my $bob = acts($other->get('/c/', authorization => header($server, 'bob')), 'bob', 'another user on another connection');
    isnt($bob->{cache}, $first->{cache}, 'another file');
    acts($c->get('/c/'), 'alice', 'the first connection again');
    has_files($dir, 2, 'two connections');
    acts($other->get('/c/', authorization => header($server, 'alice')), 'alice', 'another login on the connection of bob');
    acts($other->get('/c/'), 'alice', 'its next request');
    has_files($dir, 2, 'the file of bob is gone');
    my $late = $server->connection;
    granted($late->get('/plain/', authorization => header($server, 'alice')), { user => 'alice@SSPI.TEST' }, 'a location without delegation');
    $server->new_log;
    refused($late->get('/required/'), 401, 'its login has no tickets: a new one is asked for');
    logged($server, 'DELEGATION_ELSEWHERE', 'alice@SSPI.TEST');
    acts($late->get('/required/', authorization => header($server, 'alice')), 'alice', 'the new login');
    undef $_ for $c, $other, $late;
    has_files($dir, 0, 'after the connections');
};

my %session = (session => 'on', session_require_tls => 'off', connection_auth => 'off');
my $keys = key_file();
chown 0, (getgrnam worker_user())[2], $keys if is_root();
chmod 0640, $keys;
scenario 'a session', { server(delegates('/s/', $dir, %session), delegates('/required/', $dir, %session, delegation_required => 'on'),
        { path => '/plain/', packages => 'Negotiate', keytab => $kdc->{keytab}, %session }, { path => '/out', %out }) }, sub {
    my ($server) = @_;
    my $with = sub {
        my ($path, $cookie) = @_;
        return $server->client->get($path, cookie_header($cookie));
    };
    my %answer = map { $_ => asks($server, $_, '/s/') } qw(alice bob);
    my %file = map { $_ => acts($answer{$_}, $_, "a login of $_")->{cache} } qw(alice bob);
    my %cookie = map { $_ => session_of($answer{$_}) } qw(alice bob);
    for my $user (qw(alice bob alice)) {
        is(acts($with->('/s/', $cookie{$user}), $user, "the session of $user")->{cache}, $file{$user}, 'the same file');
    }
    like($file{alice}, qr{\AFILE:\Q$dir\E/sspi-s-[0-9a-f-]+\z}, 'it is one of a session');
    unlike($file{alice}, qr/\Q@{[ unpack 'H*', substr $cookie{alice}, -16 ]}\E/, 'its name says nothing of the cookie');
    has_files($dir, 2, 'two sessions');
    acts($with->('/required/', $cookie{alice}), 'alice', 'another location');
    $server->replace_workers;
    acts($with->('/s/', $cookie{alice}), 'alice', 'another worker');
    my $again = asks($server, 'alice', '/s/', '--cookie', $cookie{alice});
    is(acts($again, 'alice', 'a login within the session')->{cache}, $file{alice}, 'the file of the session');
    is($server->client->get('/out', method => 'POST', cookie_header($cookie{alice}))->status, 204, 'a logout of alice');
    has_files($dir, 1, 'after the logout');
    refused($with->('/s/', $cookie{alice}), 401, 'the session of alice');
    acts($with->('/s/', $cookie{bob}), 'bob', 'the session of bob');
    unlink "$dir/$_" for ccaches($dir);
    runs_without($with->('/s/', $cookie{bob}), 'a session whose file is elsewhere', 'bob@SSPI.TEST');
    $server->new_log;
    refused($with->('/required/', $cookie{bob}), 401, 'a session whose file is elsewhere');
    logged($server, 'DELEGATION_ELSEWHERE', 'bob@SSPI.TEST', 'another host');
    acts(asks($server, 'bob', '/required/', '--cookie', $cookie{bob}), 'bob', 'the client logs in again');
    acts($with->('/required/', $cookie{bob}), 'bob', 'and the session has tickets again');
    is($server->client->get('/out', method => 'POST', cookie_header($cookie{bob}))->status, 204, 'a logout of bob');
    has_files($dir, 0, 'after the logouts');
};

subtest 'workers that were killed, and two servers with one directory' => sub {
    plan skip_all => 'needs both servers' if grep { !wanted($_) } qw(apache nginx);
    my %spec = server(delegates('/c/', $dir, connection_auth => 'all'), delegates('/s/', $dir, %session), { path => '/out', %out });
    my @servers = map { $_->new(%spec, nginx_http => "sspi_key_file $keys;\n",
            apache_head => "SSPIKeyFile $keys\n$spec{apache_head}")->start } qw(SSPI::Test::Apache SSPI::Test::Nginx);
    for my $server (@servers) {
        my ($other) = grep { $_ != $server } @servers;
        my $kind = $server->kind;
        my $alive = $other->connection;
        acts($alive->get('/c/', authorization => header($other, 'alice')), 'alice', "$kind: a connection of the other server");
        my $cookie = session_of(asks($other, 'bob', '/s/'));
        acts($server->client->get('/s/', cookie_header($cookie)), 'bob', "$kind: the session of the other server");
        my $killed = $server->connection;
        my $left = acts($killed->get('/c/', authorization => header($server, 'alice')), 'alice', "$kind: a connection")->{cache};
        has_files($dir, 3, "$kind: before");
        kill_workers($server);
        has_files($dir, 3, "$kind: after a kill");
        my $link = $left =~ s/\AFILE://r =~ s/-[0-9a-f]{32}\z/'-' . '0' x 32/er;
        my $victim = spew(scratch_dir('victim') . '/victim', 'x', 0644);
        symlink $victim, $link or die "$link: $!\n";
        spew("$dir/other", 'x', 0600);
        $server->reload;
        has_files($dir, 4, "$kind: a sweep keeps the files of the other server, the link and a file of another name");
        ok(-e $victim, "$kind: it follows no link");
        acts($alive->get('/c/'), 'alice', "$kind: the connection of the other server");
        acts($server->client->get('/s/', cookie_header($cookie)), 'bob', "$kind: the session");
        unlink $link, "$dir/other";
        is($server->client->get('/out', method => 'POST', cookie_header($cookie))->status, 204, "$kind: a logout here");
        undef $alive;
        has_files($dir, 0, "$kind: at the end");
    }
    $_->stop for @servers;
};

# The configurations of docs/delegation.md.
my $examples = SSPI::Test::Examples->new($kdc);
for my $kind (qw(apache nginx)) {
    my $text = SSPI::Test::Examples::block('docs/delegation.md', 'An application with the user\'s tickets', $kind);
    $text =~ s/127\.0\.0\.1:9000/127.0.0.1:$programs->{port}/;
    $text .= script_alias($programs, '/intranet/') if $kind eq 'apache';
    scenario 'the configuration of docs/delegation.md', $examples->server($kind, $examples->whole($kind, $text)), sub {
        my ($server) = @_;
        my $act = acts(asks($server, 'alice', '/intranet/'), 'alice', 'a request');
        is($act->{krb5}, $act->{cache}, 'KRB5CCNAME names the cache');
    };
}

my %f = (path => '/f/', packages => 'Negotiate', keytab => $kdc->{keytab}, delegation => 'forwarded');
my $open = scratch_dir('open');
config_refused('delegation without a directory', { env => $kdc->server_env, locations => [ {%f} ] }, qr/SSPIDelegationDir|sspi_delegation_dir/);
config_refused('a directory for everyone', { env => $kdc->server_env, locations => [ { %f, delegation_dir => $open } ] },
    qr/(?:SSPIDelegationDir|sspi_delegation_dir).*\Q$open\E.*0755.*chmod 0700/);
symlink $dir, "$open/link" or die;
config_refused('a link', { env => $kdc->server_env, locations => [ { %f, delegation_dir => "$open/link" } ] }, qr/link is not a directory/);
config_refused('a directory that is missing', { env => $kdc->server_env, locations => [ { %f, delegation_dir => "$open/none" } ] }, qr/No such file/);
config_refused('s4u2proxy without targets', { env => $kdc->server_env,
        locations => [ { %f, delegation_dir => $dir, delegation => 's4u2proxy' } ] }, qr/s4u2proxy needs (?:SSPIDelegationTarget|sspi_delegation_target)/);
config_refused('s4u2self without a realm', { env => $kdc->server_env,
        locations => [ { %f, delegation_dir => $dir, delegation => 's4u2self', delegation_target => 'HTTP/b' } ] },
    qr/s4u2self needs (?:SSPIDelegationRealm|sspi_delegation_realm)/);
for my $wrong ([ delegation_target => 'HTTP/' ], [ delegation_target => '*' ], [ delegation_realm => 'A@B' ], [ delegation_variable => '1x' ],
    [ delegation_variable => 'a=b' ]) {
    config_refused("@$wrong", { env => $kdc->server_env, locations => [ { %f, delegation_dir => $dir, @$wrong } ] }, qr/\Q$wrong->[1]\E/);
}
config_refused('a variable of nginx', { on => 'nginx', env => $kdc->server_env,
        locations => [ { %f, delegation_dir => $dir, delegation_variable => 'remote_user' } ] }, qr/duplicate "remote_user" variable/);

done_testing;
