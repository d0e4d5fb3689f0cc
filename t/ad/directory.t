#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The names of groups in a domain of Active Directory, by winbind: at start, after a group was
# renamed, and while winbind does not answer.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use IPC::Open2 qw(open2);
use Time::HiRes qw(time);
use SSPI::Test qw(build_dir run);
use SSPI::Test::AD;
use SSPI::Test::Scenario;

my $program = build_dir() . '/t/ad/directory';
plan skip_all => "$program is not built" if !-x $program;
my $reason = SSPI::Test::AD::skip_reason();
plan skip_all => $reason if defined $reason;

my $pid = open2(my $out, my $in, $program);

# Sends a command. Returns the lines of the answer.
sub ask {
    my ($command) = @_;
    print {$in} "$command\n";
    $in->flush;
    my @lines;
    while (defined(my $line = <$out>)) {
        chomp $line;
        return @lines if $line eq '.';
        push @lines, $line;
    }
    return 'the program died';
}

sub start {
    my (@words) = @_;
    ask('begin');
    ask("add $_") for @words;
    my $began = time;
    my @lines = sort(ask('start'));
    return (time - $began, @lines);
}

my $domain = SSPI::Test::AD::DOMAIN;

# Without winbind.
my ($seconds, @lines) = start("$domain\\web-team");
cmp_ok($seconds, '<', 2, 'a machine without winbind starts at once');
is(scalar @lines, 1, 'one line for the name');
like($lines[0], qr/\Aunknown the group $domain\\web-team could not be looked up.*winbindd running.*start winbind or SSSD/,
    'it says what to do');

my $ad = SSPI::Test::AD->new;
my %sid = map { $_ => $ad->sid(group => $_) } qw(web-team web-all web-local);
my $domain_sid = $sid{'web-team'} =~ s/-\d+\z//r;

is_deeply([ ask('refresh 9') ], ['not due'], 'a worker waits before it asks again');
is_deeply([ ask('refresh 1') ], [ 'due', "SSPI-208: the group $domain\\web-team is $sid{'web-team'}" ],
    'winbind was started later');
is((ask("find $domain\\web-team"))[0], $sid{'web-team'}, 'the name has its SID');

($seconds, @lines) = start("$domain\\web-team", "$domain\\web-local", 'BUILTIN\\Administrators',
    'NT AUTHORITY\\Authenticated Users', "$domain\\alice", "$domain\\missing", 'OTHER\\admins', 'S-1-5-21-9-9-9-1');
is_deeply([ grep { /\Aresolved/ } @lines ],
    [ sort map { "resolved the group $_->[0] is $_->[1]" } [ "$domain\\web-team", $sid{'web-team'} ],
        [ "$domain\\web-local", $sid{'web-local'} ], [ 'BUILTIN\\Administrators', 'S-1-5-32-544' ],
        [ 'NT AUTHORITY\\Authenticated Users', 'S-1-5-11' ] ],
    'groups, aliases and well-known groups have a SID') or diag(explain(\@lines));
like((grep { /alice/ } @lines)[0], qr/\Aunknown .*not a group/, 'a user is not a group');
for my $group ("$domain\\missing", 'OTHER\\admins') {
    my ($line) = grep { /\Q$group\E/ } @lines;
    like($line, qr/\Aunknown .* was not found.*no such group/, "$group is not found");
}
is((ask("own $domain_sid-1"))[0], 'yes', 'the own domain is ours');
is((ask('own S-1-5-21-9-9-9-2'))[0], 'yes', 'so is the domain of a SID that a requirement names');
is((ask('own S-1-5-21-9-9-8-2'))[0], 'no', 'another domain is not');

# Both servers.
my %team = (packages => 'Negotiate', keytab => $ad->{keytab}, require => [ "group $domain\\\\web-team" ]);
my %ticket = map { $_ => $ad->login($_) } qw(alice bob);
scenario 'a required group', { env => $ad->server_env, locations => [ { path => '/team/', %team } ] }, sub {
    my ($server) = @_;
    my $id = message_id('GROUP_RESOLVED');
    like($server->log, qr/$id: the group $domain\\{1,2}web-team is $sid{'web-team'}\b/, 'its SID is logged at start');
    granted($server->client(env => $ticket{alice})->get('/team/', negotiate => 1),
        { user => 'alice@' . SSPI::Test::AD::REALM }, 'a member');
    is($server->client(env => $ticket{bob})->get('/team/', negotiate => 1)->status, 403, 'another user');
};

# A renamed group. Winbind remembers names for a while.
start("$domain\\web-all", "$domain\\web-new");
$ad->tool(qw(group rename web-all --samaccountname=web-new));
run([qw(net cache flush), "--configfile=$ad->{conf}"]);
is_deeply([ ask('refresh 599') ], ['not due'], 'names are looked up every ten minutes');
my ($due, @changes) = ask('refresh 1');
is($due, 'due', 'ten minutes later');
like($changes[0], qr/\ASSPI-209: the group $domain\\web-all was not found/, 'the old name has no SID');
is($changes[1], "SSPI-208: the group $domain\\web-new is $sid{'web-all'}", 'the new name has it');
is((ask("find $domain\\web-all"))[0], 'none', 'the old name matches no user');

# A winbind that hangs.
$ad->pause;
($seconds, @lines) = start("$domain\\web-team", "$domain\\web-new");
cmp_ok($seconds, '<', 7, 'a winbind that hangs does not stop the start');
cmp_ok($seconds, '>', 4, 'the server waits for a slow winbind');
is(scalar(grep { /\Aunknown .* in time/ } @lines), 2, 'no name has a SID') or diag(explain(\@lines));
$ad->resume;

# Without a domain controller a name keeps its SID.
start("$domain\\web-team");
$ad->stop;
($due, @changes) = ask('refresh 600');
like($changes[0], qr/\ASSPI-209: .* could not be looked up again, so it stays $sid{'web-team'}/, 'the log says so');
is((ask("find $domain\\web-team"))[0], $sid{'web-team'}, 'a name keeps its SID while winbind is away');

close $in;
waitpid $pid, 0;
is($?, 0, 'the program ends');
done_testing;
