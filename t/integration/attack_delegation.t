#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Attacks on delegated tickets: programs that are not for the user, other users, names that read as
# other principals, and the directory of the tickets. Each attack has a twin that is granted.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use POSIX ();
use SSPI::Test qw(scratch_dir slurp spew wait_until);
use SSPI::Test::Delegation;
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Gss;
use SSPI::Test::KDC;
use SSPI::Test::Nginx;
use SSPI::Test::Ntlm qw(ntlm_login ntlm_user_line);
use SSPI::Test::Scenario;
use SSPI::Test::Session;

my $kdc = SSPI::Test::KDC->new(principals => ['HTTP/kept']);
my %login = map { $_ => $kdc->login($_, forwardable => 1) } qw(alice bob);
my $backend = backend($kdc);
my $programs = programs($kdc, $backend);
my $dir = ccache_dir();

# Prints each variable whose name could be that of a cache.
my $lister = spew(scratch_dir('lister') . '/list', <<'LISTER', 0755);
#!/usr/bin/perl
print "Content-Type: text/plain\r\n\r\n";
print "listed\n", map { "$_=$ENV{$_}\n" } sort grep { /CCACHE|KRB5CC|sspi-[rs]-/ || $ENV{$_} =~ /sspi-[rs]-/ } keys %ENV;
LISTER

sub delegates {
    my ($path, %o) = @_;
    return delegating($programs, $path, keytab => $kdc->{keytab}, delegation => 'forwarded', delegation_dir => $dir, %o);
}

# The options of a server with these locations. Each path below /list runs the program that lists.
sub server {
    my (@locations) = @_;
    return (env => $kdc->server_env, locations => [@locations],
        apache_head => "ScriptAliasMatch ^/list $lister\n"
            . script_alias($programs, map { $_->{path} } grep { ($_->{nginx} // '') =~ /scgi/ && $_->{path} !~ m{\A/list} } @locations));
}

sub asks {
    my ($server, $user, $path, @args) = @_;
    return $server->client(env => $login{$user})->get($path, negotiate => 1, args => [ '--delegation', 'always', @args ]);
}

# Tests that the program was the user at the second server. Returns the name of the cache.
sub acts {
    my ($answer, $user, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $act = act($answer);
    is_deeply([ @$act{qw(status user backend mode)} ], [ 200, ("$user\@SSPI.TEST") x 2, '0600' ], "$name: $user at the second server")
        or diag(explain($act), $answer->brief);
    return $act->{cache};
}

sub has_files {
    my ($n, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok(wait_until(sub { ccaches($dir) == $n }, 10), "$name: $n files") || diag(map { "$_\n" } ccaches($dir));
}

# Tests that the program of another location ran, and knows no cache.
sub knows_none {
    my ($answer, $name, $status) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($answer->status, $status // 200, "$name: the status") or diag($answer->brief);
    like($answer->body, qr/listed|user=/, "$name: the program runs");
    return unlike($answer->body, qr/sspi-[rs]-/, "$name: it knows no cache");
}

# A location without delegation, whose program on nginx asks for the name all the same.
sub lists {
    my ($path) = @_;
    my $to = delegating($programs, $path);
    return { (map { $_ => $to->{$_} } qw(path apache nginx)), sspi => 'off' };
}

my %plain = (packages => 'Negotiate', keytab => $kdc->{keytab});
my $cgi_redirect = spew(scratch_dir('redirect') . '/redirect', "#!/bin/sh\nprintf 'Location: /list/x\\r\\n\\r\\n'\n", 0755);
my %config = server(
    delegates('/f/'),
    delegates('/bob/', require => ['user bob@SSPI.TEST'], apache => "ErrorDocument 403 /list/error\n",
        nginx => "error_page 403 /list/error;"),
    delegates('/own/', delegation_variable => 'MY_CCACHE'),
    delegates('/gone/', apache => "ErrorDocument 404 /list/error\nRedirect 404 /gone/\n", nginx => "error_page 404 /list/error;\nreturn 404;"),
    { path => '/jump/', %plain, delegation => 'forwarded', delegation_dir => $dir, nginx => 'try_files /none /list/x;' },
    { path => '/own-jump/', %plain, delegation => 'forwarded', delegation_dir => $dir, delegation_variable => 'OTHER_CCACHE',
        nginx => 'try_files /none /list/x;' },
    { path => '/to-f/', %plain, delegation => 'forwarded', delegation_dir => $dir, apache => 'FallbackResource /f/x',
        nginx => 'try_files /none /f/x;' },
    { path => '/to-plain/', %plain, delegation => 'forwarded', delegation_dir => $dir, nginx => 'try_files /none /list-plain/;' },
    { path => '/fallback/', %plain, delegation => 'forwarded', delegation_dir => $dir, apache => 'FallbackResource /list/x',
        nginx => 'try_files /none /list/x;' },
    { path => '/page/', %plain, delegation => 'forwarded', delegation_dir => $dir,
        apache => "Options +Includes\nAddType text/html .html\nSetOutputFilter INCLUDES", nginx => 'ssi on;' },
    delegates('/none/', delegation => 'none'),
    delegating($programs, '/list-plain/', %plain),
    lists('/list/'),
);
$config{apache_head} .= join '', map { "ScriptAliasMatch ^/$_/ $cgi_redirect\n" } qw(jump own-jump);
$config{apache_head} .= "ScriptAliasMatch ^/to-plain/ " . spew(scratch_dir('plain') . '/plain', "#!/bin/sh\nprintf 'Location: /list-plain/x\\r\\n\\r\\n'\n", 0755) . "\n";
$config{files} = { '/page/part.html' => '<!--#include virtual="/list/part" -->', '/page/f.html' => '<!--#include virtual="/f/part" -->' };

scenario 'programs of other locations', {%config}, sub {
    my ($server) = @_;
    acts(asks($server, 'alice', '/f/'), 'alice', 'the location itself');
    knows_none(asks($server, 'alice', '/bob/'), 'the error page of a refusal', 403);
    acts(asks($server, 'bob', '/bob/'), 'bob', 'the user of that location');
    knows_none(asks($server, 'alice', '/gone/'), 'the error page of a missing file', 404);
    knows_none(asks($server, 'alice', $_), "a redirect from $_") for qw(/jump/ /own-jump/ /fallback/x /to-plain/);
    acts(asks($server, 'alice', '/to-f/x'), 'alice', 'a redirect to a location that delegates');
    knows_none(asks($server, 'alice', '/page/part.html'), 'an included part');
    like(asks($server, 'alice', '/page/f.html')->body, qr/backend=alice\@SSPI\.TEST/, 'an included part of a location that delegates');
    knows_none(asks($server, 'alice', '/none/'), 'a location with the word none');
    has_files(0, 'after the requests');
};

scenario 'headers of the client', {%config}, sub {
    my ($server) = @_;
    my @headers = map { ('--header', $_) } 'KRB5CCNAME: FILE:/tmp/sspi-r-mine', 'SSPI-CCACHE: FILE:/tmp/sspi-r-mine',
        'SSPI_CCACHE: FILE:/tmp/sspi-r-mine', 'Redirect-SSPI-Ccache: FILE:/tmp/sspi-r-mine';
    my $named = asks($server, 'alice', '/f/', @headers);
    like(acts($named, 'alice', 'a client that names a cache'), qr{\AFILE:\Q$dir\E/}, 'the cache is that of the login');
    my $without = act($server->client(env => $login{alice})->get('/f/', negotiate => 1, args => [@headers]));
    is_deeply([ @$without{qw(cache krb5 backend)} ], [ '-', '-', '-' ], 'a client that names a cache and forwards no ticket');
};

my %session = (session => 'on', session_require_tls => 'off', connection_auth => 'off');
my $other_dir = ccache_dir();
scenario 'other users and directories', { server(delegates('/f/'), delegates('/s/', %session), delegates('/c/', connection_auth => 'all'),
        delegates('/other/', delegation_dir => $other_dir, %session),
        { path => '/to-other/', %plain, delegation => 'forwarded', delegation_dir => $dir, apache => 'FallbackResource /other/x',
            nginx => 'try_files /none /other/x;' }) }, sub {
    my ($server) = @_;
    my $header = sub { $server->client(env => $login{$_[0]})->negotiate_header(args => [qw(--delegation always)]) };
    my $c = $server->connection;
    for my $user (qw(alice bob alice)) {
        acts($c->get('/f/', authorization => $header->($user)), $user, 'one connection');
        is($c->get('/f/')->status, 401, 'its next request has no login');
    }
    acts($c->get('/c/', authorization => $header->('alice')), 'alice', 'the login of the connection');
    acts($c->get('/f/', authorization => $header->('bob')), 'bob', 'bob at another location of that connection');
    unlike($c->get('/c/')->body, qr/backend=bob/, 'that location does not become one of bob');
    undef $c;
    my $cookie = session_of(asks($server, 'alice', '/s/'));
    acts($server->client->get('/s/', cookie_header($cookie)), 'alice', 'the session of alice');
    acts(asks($server, 'bob', '/s/', '--cookie', $cookie), 'bob', 'bob with the cookie of alice');
    my $act = act($server->client(env => $login{bob})->get('/s/', negotiate => 1, args => [ '--cookie', $cookie ]));
    unlike($act->{backend} . $act->{user}, $act->{user} =~ /bob/ ? qr/alice/ : qr/bob/, 'bob with the cookie of alice, without a ticket');
    acts($server->client->get('/s/', cookie_header($cookie)), 'alice', 'the session of alice again');
    my ($file) = acts($server->client->get('/s/', cookie_header($cookie)), 'alice', 'its file') =~ /\AFILE:(.*)/;
    my ($bobs) = acts(asks($server, 'bob', '/s/'), 'bob', 'a session of bob') =~ /\AFILE:(.*)/;
    unlike($server->client->get('/other/', cookie_header($cookie))->body, qr/backend=alice|sspi-s-/, 'another directory has no file of the session');
    unlink $file;
    for my $kind (qw(link fifo directory)) {
        $kind eq 'link' ? symlink $bobs, $file : $kind eq 'fifo' ? POSIX::mkfifo($file, 0600) : mkdir $file, 0700 or die "$kind: $!\n";
        my $answer = act($server->client->get('/s/', cookie_header($cookie)));
        is_deeply([ @$answer{qw(status user cache)} ], [ 200, 'alice@SSPI.TEST', '-' ], "a $kind instead of the file");
        $kind eq 'directory' ? rmdir $file : unlink $file or die;
    }
    spew($file, slurp($bobs), 0644);
    is(act($server->client->get('/s/', cookie_header($cookie)))->{cache}, '-', 'a file that others may read');
    unlink $file;
    my $h2 = asks($server, 'alice', '/to-other/x');
    like(acts($h2, 'alice', 'a redirect to a location with another directory'), qr{\AFILE:\Q$other_dir\E/}, 'the directory of the target');
    for my $user (qw(alice bob)) {
        my $answer = $server->client(env => $login{$user})->get([ '/f/', '/c/', '/f/' ], tls => 1, negotiate => 1,
            args => [ '--http2', qw(--delegation always) ]);
        acts($answer, $user, 'HTTP/2');
    }
    rename $dir, "$dir-gone" or die;
    is_deeply([ @{act(asks($server, 'alice', '/f/'))}{qw(status cache backend)} ], [ 200, '-', '-' ], 'the directory is gone: no tickets');
    rename "$dir-gone", $dir or die;
    acts(asks($server, 'alice', '/f/'), 'alice', 'the directory is there again');
    unlink map { "$_->[0]/$_->[1]" } map { my $in = $_; map { [ $in, $_ ] } ccaches($in) } $dir, $other_dir;
};

my $go = scratch_dir('go');
chmod 0777, $go or die;
scenario 'a request while the server changes', { server(delegates('/f/'), delegates('/s/', %session),
        { path => '/out', sspi => 'off', session_require_tls => 'off', apache => 'SetHandler sspi-logout', nginx => 'sspi_logout;' }) }, sub {
    my ($server) = @_;
    my $kind = $server->kind;
    my $during = sub {
        my ($name, $do, $path, @get) = @_;
        my $wait = "$go/$kind-" . $name =~ s/ /-/gr;
        pipe my $from, my $to or die;
        my $pid = fork // die;
        if (!$pid) {
            my $act = act($server->client(env => $login{alice})->get("$path?wait=$wait", @get));
            syswrite $to, "$act->{status} $act->{backend}";
            POSIX::_exit(0);
        }
        close $to;
        ok(wait_until(sub { -e "$wait.runs" }, 10), "$name: the program runs");
        has_files(1, $name);
        $do->();
        spew($wait, '', 0644);
        my $text = do { local $/; <$from> };
        waitpid $pid, 0;
        return $text;
    };
    my @forward = (negotiate => 1, args => [qw(--delegation always)]);
    is($during->('a reload', sub { $server->reload }, '/f/', @forward), '200 alice@SSPI.TEST',
        'a reload keeps the tickets of a request that runs');
    has_files(0, 'after that request');
    my $cookie = session_of(asks($server, 'alice', '/s/'));
    is($during->('a logout', sub { $server->client->get('/out', method => 'POST', cookie_header($cookie)) }, '/s/',
            cookie_header($cookie)), '200 -', 'a logout takes the tickets also of a request that runs');
    has_files(0, 'after the logout');
};

# No KDC is asked for a name that is no principal of the realm.
my @names = ('alice', 'alice@SSPI.TEST', 'HTTP/localhost', 'SSPI\\alice', 'alice\\@x', '@', '/');
my $users = spew(scratch_dir('users') . '/users', join('', map { user_line($_, 'r', 'pw') } @names), 0644);
my %self_any = (delegation => 's4u2self', delegation_target => 'HTTP/localhost', delegation_realm => 'SSPI.TEST');
my %self = (%self_any, packages => 'Digest', realm => 'r', digest_user_file => $users, digest_algorithm => 'MD5');
scenario 'names of Digest', { server(delegates('/d/', %self)) }, sub {
    my ($server) = @_;
    for my $user (@names) {
        $server->new_log;
        my $before = length slurp("$kdc->{dir}/kdc.log");
        my $answer = act($server->client->get('/d/', digest => "$user:pw"));
        is_deeply([ @$answer{qw(status cache)} ], [ 200, '-' ], "$user: the user is admitted without tickets") or diag(explain($answer));
        my $asked = length slurp("$kdc->{dir}/kdc.log");
        $user eq 'alice' ? isnt($asked, $before, "$user: the KDC is asked") : is($asked, $before, "$user: the KDC is not asked");
        logged($server, 'NO_DELEGATION', $user eq 'alice' ? 'alice' : 'cannot be a principal');
    }
};

# A user of NTLM is a principal only if the domain is the server's own one, that of the first line.
my $nt = spew(scratch_dir('nt') . '/users', join('', map { ntlm_user_line('alice', $_, 'pw') } qw(CORP OTHER)), 0644);
scenario 'names of NTLM', { server(delegates('/nt/', %self_any, packages => 'NTLM', mechanisms => 'ntlm', ntlm_user_file => $nt)) }, sub {
    my ($server) = @_;
    for my $domain (qw(CORP OTHER)) {
        $server->new_log;
        my $before = length slurp("$kdc->{dir}/kdc.log");
        my $answer = act((ntlm_login($server->connection, '/nt/', user => 'alice', domain => $domain, password => 'pw'))[-1]);
        is_deeply([ @$answer{qw(status cache)} ], [ 200, '-' ], "$domain: no tickets") or diag(explain($answer));
        my $asked = length slurp("$kdc->{dir}/kdc.log");
        $domain eq 'CORP' ? isnt($asked, $before, 'the KDC is asked') : is($asked, $before, 'the KDC is not asked');
        logged($server, 'NO_DELEGATION', $domain eq 'CORP' ? 'delegate alice@SSPI.TEST' : 'foreign domain');
    }
};

# The upstream keeps a login for its connection, which another location shares.
my $kept = SSPI::Test::Nginx->new(env => $kdc->server_env, locations => [ { path => '/b/', %plain,
            keytab => $kdc->make_keytab('kept.keytab', 'HTTP/kept'), connection_auth => 'all',
            nginx => 'add_header X-Seen "$sspi_user $http_authorization" always;' } ])->start;
my $to = "http://127.0.0.1:$kept->{http}/b/";
my $reuse = "proxy_http_version 1.1;\nproxy_set_header Connection \"\";";
scenario 'connections that carry the login of another user', { env => $kdc->server_env,
        nginx_http => "upstream kept { server 127.0.0.1:$kept->{http}; keepalive 8; }",
        locations => [
            { path => '/b/', %plain, delegation => 'forwarded', delegation_dir => $dir, proxy_negotiate => 'HTTP/kept',
                apache => "ProxyPass $to", nginx => "proxy_pass http://kept/b/;\n$reuse\nmirror /mirror;" },
            { path => '/plain/', sspi => 'off', apache => "ProxyPass $to", nginx => "proxy_pass http://kept/b/;\n$reuse" },
            { path => '/mirror', sspi => 'off', nginx => "internal;\nproxy_pass http://kept/b/mirrored;" },
        ] }, sub {
    my ($server) = @_;
    for (1 .. 4) {
        is($server->connection->get('/plain/', authorization => SSPI::Test::Gss->header(env => $login{bob}, host => 'kept'))->status, 200,
            'bob logs in at the upstream');
    }
    # httpd may take another connection of its pool.
    is($server->connection->get('/plain/')->status, 200, 'a location that passes everything goes over his connection')
        if $server->kind eq 'nginx';
    my $without = $server->client(env => $login{alice})->get('/b/', negotiate => 1);
    is($without->status, 502, 'alice without tickets has no login there') or diag($without->brief);
    my $with = asks($server, 'alice', '/b/');
    is($with->status, 200, 'alice with tickets');
    like(($with->header('X-Seen'))[0] // '', qr/\Aalice\@SSPI\.TEST Negotiate /, 'the upstream sees alice');
    unlike($_->status . ($_->header('X-Seen'))[0], qr/alice/, 'nobody gets her connection') for map { $server->connection->get('/plain/') } 1 .. 4;
};

my $log_format = 'log_format c \'$status "$sspi_ccache"\';';
scenario 'access logs', { server(delegates('/f/', apache => '', nginx => 'access_log @DIR@/logs/c.log c;')), nginx_http => $log_format,
        apache => "LogFormat \"%>s \\\"%{SSPI_CCACHE}e\\\"\" c\nCustomLog \"\@DIR\@/logs/c.log\" c\n" }, sub {
    my ($server) = @_;
    my $log = "$server->{dir}/logs/c.log";
    $server->client->get('/f/');
    $server->client->get('/f/', authorization => 'Negotiate YII=');
    ok(wait_until(sub { (() = slurp($log) =~ /^\d+ "/mg) >= 2 }, 10), 'two refusals');
    unlike(slurp($log), qr/sspi-/, 'a refusal has no cache');
    acts(asks($server, 'alice', '/f/'), 'alice', 'a request');
    ok(wait_until(sub { slurp($log) =~ /^200 "FILE:/m }, 10), 'a granted one has it');
};

# Both locations inherit delegation from an outer scope.
my %inner = server(map { delegating($programs, @$_, %plain) } ['/f/a/'], [ '/f/b/', delegation => 'none' ]);
$inner{apache_head} .= "<Location /f/>\nSSPIDelegation forwarded\nSSPIDelegationDir $dir\nSSPIDelegationRequired on\n</Location>\n";
$inner{nginx} = "sspi_delegation forwarded;\nsspi_delegation_dir $dir;\nsspi_delegation_required on;\n";
scenario 'none in an inner scope', {%inner}, sub {
    my ($server) = @_;
    acts(asks($server, 'alice', '/f/a/'), 'alice', 'the outer scope');
    refused($server->client(env => $login{alice})->get('/f/a/', negotiate => 1), 403, 'required in the outer scope');
    knows_none(asks($server, 'alice', '/f/b/'), 'the inner scope');
};

for my $wrong ('none forwarded', 'forwarded none', 'none none') {
    config_refused("delegation $wrong", { env => $kdc->server_env,
            locations => [ { path => '/f/', %plain, delegation => $wrong, delegation_dir => $dir } ] },
        qr/(?:SSPIDelegation|sspi_delegation): "none" is not valid; use one or more of: forwarded .* or only none/);
}

done_testing;
