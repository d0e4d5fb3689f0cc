#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Patterns of required users match the whole full name, whatever the administrator writes.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Ntlm qw(ntlm_login ntlm_user_line);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my ($alice, $bob) = map { $kdc->login($_) } qw(alice bob);
my $dir = scratch_dir('users');
# Names on which some patterns take exponential time.
my ($long, $longer) = ('a' x 20, 'a' x 40);
my $users = spew("$dir/users", join('', map { user_line($_, 'r', 'pw') } qw(alice bob a b malice alicex), $long, $longer), 0644);
my $nt_users = spew("$dir/nt-users", ntlm_user_line('alice', 'CORP', 'pw'), 0644);
my %all = (packages => 'Negotiate NTLM Digest', mechanisms => 'kerberos ntlm', realm => 'r',
    keytab => $kdc->{keytab}, digest_user_file => $users, ntlm_user_file => $nt_users);

# K: the user logs in by a ticket. N: by NTLM. D: by a password of Digest.
my @all = qw(Kalice Kbob Nalice Dalice Dbob Da Db Dmalice Dalicex);
my @cases = (
    # Each case: lines, users who are admitted.
    [ ['user ~.*'], "@all" ],
    [ ['user ~alice@SSPI\.TEST'], 'Kalice' ],
    [ ['user "~.*@SSPI[.]TEST"'], 'Kalice Kbob' ],
    [ ['user ~digest:.*'], 'Dalice Dbob Da Db Dmalice Dalicex' ],
    [ ['user ~digest:(alice|bob)'], 'Dalice Dbob' ],
    [ ['user ~alice'], '' ],
    [ ['user ~digest:alice|digest:b'], 'Dalice Db' ],
    [ ['user ~a|digest:b'], 'Db' ],
    [ ['user ~lice@SSPI.TEST|.*malice'], 'Dmalice' ],
    [ ['user ~^digest:alice$'], 'Dalice' ],
    [ ['user ~digest:ALICE'], '' ],
    [ ['user ~(?i)digest:ALICE'], 'Dalice' ],
    [ ['user "~CORP\\\\\\\\alice"'], 'Nalice' ],
    [ ['user "~(?i)corp\\\\\\\\.*"'], 'Nalice' ],
    [ ['user ~digest:a(*ACCEPT)'], 'Da' ],
    [ ['user ~.*\Kb'], '' ],
    [ ['user digest:b ~digest:a bob@SSPI.TEST'], 'Da Db Kbob' ],
    [ [ 'user ~digest:.*', 'user ~.*alice' ], 'Dalice Dmalice' ],
    [ [ 'user ~.*alice', 'user digest:bob digest:malice' ], 'Dmalice' ],
);
my %server_config = (
    env => $kdc->server_env,
    locations => [
        (map { { path => "/$_/", %all, require => $cases[$_][0] } } 0 .. $#cases),
        { path => '/slow/', %all, require => ['user ~digest:(a+)+(a+)+(a+)+(a+)+[bc] digest:bob'] },
        { path => '/exponential/', %all, require => ['user ~digest:(a+)+[bc] digest:bob'] },
        { path => '/outer/', %all, require => ['user ~.*alice'] },
    ],
);

sub ways {
    my ($server, $path) = @_;
    return (
        (map { my $c = $server->client(env => $_->[1]); [ "K$_->[0]", $c->get($path, authorization => $c->negotiate_header) ] } [ 'alice', $alice ], [ 'bob', $bob ]),
        [ Nalice => (ntlm_login($server->connection, $path))[-1] ],
        (map { [ "D$_", $server->client->get($path, digest => "$_:pw") ] } qw(alice bob a b malice alicex)),
    );
}

parts 'patterns', \%server_config,
    (map {
        my $i = $_;
        my ($lines, $pass) = @{$cases[$i]};
        (join('; ', @$lines) => sub {
            my ($server) = @_;
            my @ways = ways($server, "/$i/");
            is_deeply([ grep { $_->[1]->status == 200 } @ways ] && [ sort map { $_->[0] } grep { $_->[1]->status == 200 } @ways ], [ sort split ' ', $pass ], 'the admitted users');
            is_deeply([ map { $_->[1]->status } grep { $_->[1]->status != 200 } @ways ], [ (403) x (@all - split ' ', $pass) ], 'the others: 403');
        })
    } 0 .. $#cases),
    'a pattern that reaches the limit of the engine matches no name' => sub {
        my ($server) = @_;
        # PCRE's own limit would stop /slow/ only, after a third of a second.
        for my $case ([ slow => $longer ], [ exponential => $long ]) {
            my ($path, $name) = ("/$case->[0]/", $case->[1]);
            is($server->client->get($path, digest => "$name:pw")->status, 403, "$path: a name that takes too long");
            like($server->new_log, qr/sspi.*failed.*simplify the patterns/, "$path: the log says so");
            is($server->client->get($path, digest => 'bob:pw')->status, 200, "$path: another user");
        }
    },
    'the log names the requirement' => sub {
        my ($server) = @_;
        is($server->client->get('/outer/', digest => 'bob:pw')->status, 403, 'bob');
        logged($server, 'NOT_AUTHORIZED', qr/digest:bob/, $server->kind eq 'apache' ? qr/Require/ : qr/"user ~\.\*alice"/);
    };

# ---- httpd ----
sub location { my ($path, @lines) = @_; return "<Location $path>\n" . join('', map { "    $_\n" } @lines) . "</Location>\n" }
my @ours = ('AuthType SSPI', 'AuthName r', 'SSPIPackages Digest', "SSPIDigestUserFile $users");
parts 'Require', { on => 'apache', env => $kdc->server_env,
    files => { (map { ("/$_/index.html" => "x\n") } qw(mixed not good bad)), '/good/.htaccess' => "Require sspi-user ~digest:a.*\n",
        '/bad/index.html' => "x\n", '/bad/.htaccess' => "Require sspi-user ~digest:a(\n" },
    allow_log => qr{/bad/\.htaccess: }, apache => location('/mixed/', @ours, 'Require sspi-user digest:%{HTTP:X-Name} ~digest:b.b')
        . location('/not/', @ours, '<RequireAll>', 'Require valid-user', 'Require not sspi-user ~digest:b.*', '</RequireAll>')
        . location('/good/', @ours) . location('/bad/', @ours) },
    'beside an expression' => sub {
        my ($server) = @_;
        my $c = $server->client;
        is($c->get('/mixed/', digest => 'bob:pw')->status, 200, 'the pattern');
        is($c->get('/mixed/', digest => 'alice:pw', args => [ '--header', 'X-Name: alice' ])->status, 200, 'the value of the expression');
        is($c->get('/mixed/', digest => 'alice:pw', args => [ '--header', 'X-Name: a ~.*' ])->status, 401, 'the value of an expression is no pattern');
    },
    'users who are not admitted' => sub {
        my ($server) = @_;
        is($server->client->get('/not/', digest => 'bob:pw')->status, 401, 'bob');
        is($server->client->get('/not/', digest => 'alice:pw')->status, 200, 'alice');
    },
    'in .htaccess' => sub {
        my ($server) = @_;
        my $c = $server->client;
        is($c->get('/good/index.html', digest => 'alice:pw')->status, 200, 'alice');
        is($c->get('/good/index.html', digest => 'bob:pw')->status, 401, 'bob');
        $server->new_log;
        is($c->get('/bad/index.html', digest => 'alice:pw')->status, 500, 'an error');
        like($server->new_log, qr/\.htaccess: Require sspi-user: "~digest:a\(" .* offset 9/, 'the log has the position');
    };

# ---- errors at start ----
sub with { my ($line) = @_; return { env => $kdc->server_env, locations => [ { path => '/p/', %all, require => [$line] } ] } }
my @directive = { apache => qr/Require sspi-user/, nginx => qr/sspi_require/ };
config_refused('a parenthesis that is not closed', with('user ~bob@A ~a(b)c(d'), @directive, qr/"~a\(b\)c\(d"/,
    { apache => qr/offset 7\b/, nginx => qr/in "a\(b\)c\(d"/ });
config_refused('a pattern that ends the group of the anchors', with('user ~a)|(b'), @directive, qr/"~a\)\|\(b"/,
    { apache => qr/offset 1\b/, nginx => qr/at "\)\|\(b"/ });
config_refused('a quotation that is not ended', with('user ~a\Qb'), @directive, qr/"~a\\+Qb"/, qr/\\+E/);
config_refused('a comment that hides the anchor', with('user "~(?x)a#b"'), @directive, qr/remove comments/);
config_refused('an empty pattern', with('user ~'), @directive, qr/"~"/);
config_passes('a good pattern', with('user ~(alice|bob)@SSPI\.TEST'));

done_testing;
