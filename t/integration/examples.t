#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Each file of conf-examples, and the configurations of the README, loaded as they stand but for their
# paths, ports and the realm's name.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir built is_root scratch_dir slurp run worker_user);
use SSPI::Test::Digest qw(digest_challenges digest_header);
use SSPI::Test::Gss qw(end_point_binding negotiate_value);
use SSPI::Test::Scenario;
use SSPI::Test::Tls;

my $kdc = SSPI::Test::KDC->new;
my ($alice, $bob) = map { $kdc->login($_) } qw(alice bob);
my $users = scratch_dir('users') . '/digest.users';
my $create = '-c';
for my $user (qw(alice bob)) {
    my $r = run([ built('passwd'), ($create || ()), '-r', 'Intranet', '--stdin', $users, $user ],
        stdin => "secret of $user\n");
    is($r->{rc}, 0, "sspi-passwd adds $user") or diag($r->{err});
    $create = '';
}
chmod 0644, $users;
my $nt_users = scratch_dir('nt-users') . '/nt.users';
for my $user (qw(bob carol)) {
    my $r = run([ built('passwd'), (-e $nt_users ? () : '-c'), qw(-a NT -r EXAMPLE --stdin), $nt_users, $user ],
        stdin => "secret of $user\n");
    is($r->{rc}, 0, "sspi-passwd adds $user for NTLM") or diag($r->{err});
}
chmod 0644, $nt_users;
my ($cert, $key) = SSPI::Test::Server::certificate('rsa');

# What the distribution's own main configuration says around an example.
sub around {
    my ($kind, $text) = @_;
    if ($kind eq 'apache') {
        my $user = is_root() ? 'User ' . worker_user() . "\nGroup " . worker_user() . "\n" : '';
        return "ServerRoot \@DIR\@\nServerName localhost\nPidFile \@DIR\@/pid\nErrorLog \@DIR\@/logs/error.log\n"
            . "DefaultRuntimeDir \@DIR\@\nLogLevel info\n" . SSPI::Test::Apache::load_modules() . $user
            . "TypesConfig /etc/mime.types\nDocumentRoot \@DOCROOT\@\nScriptSock \@DIR\@/cgid.sock\n"
            . "Listen 127.0.0.1:\@HTTP\@\nListen 127.0.0.1:\@HTTPS\@\n"
            . qq(Header always set X-Sspi-User "expr=%{REMOTE_USER}" "expr=-n '%{REMOTE_USER}'"\n)
            . qq(Header always set X-Remote-User "expr=%{REMOTE_USER}" "expr=-n '%{REMOTE_USER}'"\n) . $text;
    }
    my $user = is_root() ? 'user ' . worker_user() . ' ' . worker_user() . ";\n" : '';
    my $temp = join '', map { "    ${_}_temp_path \@DIR\@/temp-$_;\n" } qw(client_body proxy fastcgi uwsgi scgi);
    my $http = "http {\n$temp    access_log off;\n    types { text/html html; }\n"
        . "    add_header X-Sspi-User \$sspi_user always;\n    add_header X-Remote-User \$remote_user always;\n";
    $text =~ s/^http \{\n/$http/m or die 'no http block';
    # The harness waits for both ports; an example has one of them.
    my $other = $text =~ /listen \S+ ssl/ ? '@HTTP@' : '@HTTPS@';
    $text =~ s/\}\n\z/    server { listen 127.0.0.1:$other; }\n}\n/;
    return "daemon off;\n${user}pid \@DIR\@/pid;\nerror_log \@DIR\@/logs/error.log info;\nenv KRB5_CONFIG;\n"
        . "env ASAN_OPTIONS;\nenv UBSAN_OPTIONS;\n$text";
}

sub example {
    my ($kind, $name) = @_;
    return from_text($kind, slurp(root_dir() . "/conf-examples/$kind/$name.conf"));
}

# The first block of code below a heading of the README.
sub readme {
    my ($kind) = @_;
    my $heading = { apache => 'Apache httpd', nginx => 'nginx' }->{$kind};
    slurp(root_dir() . '/README.md') =~ /^## $heading\n.*?^```\n(.*?)^```$/ms
        or die "README.md has no configuration for $heading\n";
    return from_text($kind, $1);
}

sub from_text {
    my ($kind, $text) = @_;
    my @paths = ([ qr{/usr/lib/\S+_?sspi\S*\.so}, built($kind) ], [ qr{/etc/\w+/http\.keytab}, $kdc->{keytab} ],
        [ qr{/etc/\w+/digest\.users}, $users ], [ qr{/etc/\w+/nt\.users}, $nt_users ], [ qr{/etc/ssl/certs/\S+?\.pem}, $cert ],
        [ qr{/etc/ssl/private/\S+?\.key}, $key ], [ qr{/var/www/html}, '@DOCROOT@' ]);
    for (@paths) { my ($from, $to) = @$_; $text =~ s/^(\s*[^#\s].*?)$from/$1$to/mg }
    $text =~ s/\@EXAMPLE\.COM/\@SSPI.TEST/g;
    $text =~ s/listen 80;/listen 127.0.0.1:\@HTTP\@;/;
    $text =~ s/listen 443 /listen 127.0.0.1:\@HTTPS\@ /;
    $text =~ s/<VirtualHost \*:443>/<VirtualHost 127.0.0.1:\@HTTPS\@>/;
    return { env => $kdc->server_env, on => $kind, whole_config => around($kind, $text),
        files => { '/intranet/page.html' => "page\n", '/intranet/staff/page.html' => "staff\n" } };
}

my ($page, $staff) = ('/intranet/page.html', '/intranet/staff/page.html');
my %login = map { $_ => "$_:secret of $_" } qw(alice bob);

for my $kind (qw(apache nginx)) {
    scenario 'the configuration of the README', readme($kind), sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        granted($c->get($page, negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a ticket opens the page');
        granted($c->get($page, digest => $login{bob}), { user => 'bob' }, 'a password too');
        refused($c->get($page), 401, 'without either it stays shut');
    };
    scenario 'minimal-kerberos.conf', example($kind, 'minimal-kerberos'), sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        granted($c->get($page, negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a ticket opens the page');
        my $a = $c->get($page);
        refused($a, 401, 'without one it stays shut');
        is_deeply([ $a->challenges ], ['Negotiate'], 'Negotiate is asked for');
    };
    scenario 'minimal-digest.conf', example($kind, 'minimal-digest'), sub {
        my ($server) = @_;
        my $c = $server->client;
        granted($c->get($page, digest => $login{alice}), { user => 'alice' }, 'a password opens the page');
        refused($c->get($page, digest => 'alice:wrong'), 401, 'a wrong one does not');
        my $a = $c->get($page);
        refused($a, 401, 'nor does none');
        like(($a->challenges)[0], qr/realm="Intranet".*SHA-256/, 'the strongest algorithm is asked for first');
    };
    scenario 'digest-strong.conf', example($kind, 'digest-strong'), sub {
        my ($server) = @_;
        my $c = $server->client;
        granted($c->get($page, digest => $login{alice}), { user => 'alice' },
            'a password opens the page');
        my @offered = digest_challenges($c->get($staff)->challenges);
        is_deeply([ map { "$_->{algorithm} $_->{qop}" } @offered ], ['SHA-256 auth-int'], 'staff: auth-int');
        my %login = (user => 'alice', password => 'secret of alice', uri => $staff);
        granted($c->get($staff, authorization => digest_header($offered[0], %login, body => '')),
            { user => 'alice' }, 'staff: which vouches for the body');
        refused($c->get($staff, authorization => digest_header($offered[0], %login, nc => 2)), 401,
            'staff: qop auth does not');
    };
    scenario 'kerberos-and-ntlm.conf', example($kind, 'kerberos-and-ntlm'), sub {
        my ($server) = @_;
        my ($c, $nobody) = map { $server->client(env => $_) } $alice, $kdc->nobody;
        my @ntlm = map { [ '--ntlm', '-u', "$_:secret of $_" ] } qw(bob carol);
        granted($c->get($page, negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a ticket opens the page');
        granted($nobody->get($page, args => $ntlm[0]), { user => 'EXAMPLE\bob' }, 'NTLM too');
        is_deeply([ $nobody->get($page)->challenges ], [qw(Negotiate NTLM)], 'both are asked for');
        is_deeply([ $nobody->get($page, args => [ '--header', 'Via: 1.1 proxy' ])->challenges ], ['Negotiate'],
            'through a proxy Kerberos alone');
        granted($c->get($staff, negotiate => 1), { user => 'alice@SSPI.TEST' }, 'staff: a named user');
        granted($nobody->get($staff, args => $ntlm[0]), { user => 'EXAMPLE\bob' }, 'staff: one of NTLM');
        is($nobody->get($staff, args => $ntlm[1])->status, 403, 'staff: another one is forbidden');
    };
    scenario 'tls-at-load-balancer.conf', example($kind, 'tls-at-load-balancer'), sub {
        my ($server) = @_;
        my $front = SSPI::Test::Tls::front_end('rsa', $server->{http}, 'plain');
        my $get = sub {
            my ($path, $certificate) = @_;
            my $channel = $certificate && end_point_binding((SSPI::Test::Server::certificate($certificate))[0]);
            my $ticket = SSPI::Test::Gss->new(env => $alice, binding => $channel);
            return SSPI::Test::Tls->new($server->client, port => $front)->get($path, authorization => negotiate_value($ticket->{token}));
        };
        granted($get->($page, 'rsa'), { user => 'alice@SSPI.TEST' }, 'bound to the load balancer');
        granted($get->($page), { user => 'alice@SSPI.TEST' }, 'not bound');
        refused($get->($page, 'ec'), 401, 'bound to another certificate: somebody relays');
        granted($get->($staff, 'rsa'), { user => 'alice@SSPI.TEST' }, 'staff: bound');
        ok((grep { $get->($staff)->status == $_ } 401, 403), 'staff: not bound is not enough');
    };
    scenario 'kerberos-and-digest-tls.conf', example($kind, 'kerberos-and-digest-tls'), sub {
        my ($server) = @_;
        my $c = $server->client(env => $alice);
        my @tls = (tls => 1);
        granted($c->get($page, negotiate => 1, @tls), { user => 'alice@SSPI.TEST' }, 'a ticket opens the page');
        granted($c->get($page, digest => $login{bob}, @tls), { user => 'bob' }, 'a password too');
        my $a = $c->get($page, @tls);
        refused($a, 401, 'none does not');
        is_deeply([ map { (split)[0] } $a->challenges ], [qw(Negotiate Digest Digest)], 'all are asked for');
        granted($c->get($staff, negotiate => 1, @tls), { user => 'alice@SSPI.TEST' }, 'staff: a named user');
        granted($c->get($staff, digest => $login{bob}, @tls), { user => 'bob' }, 'staff: the other one');
        is($c->get($staff, digest => $login{alice}, @tls)->status, 403,
            'staff: the same name by another scheme is another user');
        is($c->with(env => $bob)->get($staff, negotiate => 1, @tls)->status, 403, 'staff: and so vice versa');
    };
}

done_testing;
