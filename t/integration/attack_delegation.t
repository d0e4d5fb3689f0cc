#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Attacks on delegated tickets: programs that are not for the user, other users, names that read as
# other principals, and the directory of the tickets. Each attack has a twin that is granted.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir slurp spew wait_until);
use SSPI::Test::Delegation;
use SSPI::Test::KDC;
use SSPI::Test::Scenario;
use SSPI::Test::Session;

my $kdc = SSPI::Test::KDC->new;
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
