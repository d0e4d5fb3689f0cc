#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Threads of nginx read files ("aio threads") while threads of both pools of the module verify passwords and read
# changed files again. With tools/check --tsan --nginx the thread sanitizer watches them.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test::Basic qw(basic_header);
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Gss;
use SSPI::Test::Scenario;

use constant { ROUNDS => 4, SIZE => 300_000 };

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my %aio = (realm => 'r', basic_require_tls => 'off', nginx => "aio threads;\nsendfile off;\noutput_buffers 1 32k;");
my %kerberos = (%aio, keytab => $kdc->{keytab});
my $file = 'x' x SIZE;

# Returns the user file and the group file of a round.
sub data {
    my ($round) = @_;
    my @users = ('alice', "user$round");
    return (users => join('', map { user_line($_, 'r', 'pw') } @users), groups => "staff: digest:user$round alice\@SSPI.TEST\n");
}

scenario 'threads of nginx and of the module', {
    on => 'nginx', env => $kdc->server_env, data => { data(0) },
    nginx_main => "thread_pool sspi threads=4 max_queue=64;\nthread_pool sspi_kdc threads=4 max_queue=64;\n",
    locations => [
        { path => '/kdc/', %kerberos, packages => 'Basic', basic_verify => 'kdc', basic_cache => 0 },
        { path => '/cached/', %kerberos, packages => 'Basic', basic_verify => 'kdc' },
        { path => '/file/', %aio, packages => 'Basic', basic_verify => 'file', basic_cache => 0, digest_user_file => '@DIR@/users' },
        { path => '/ticket/', %kerberos, packages => 'Negotiate', groups => 'file', group_file => '@DIR@/groups', require => ['group staff'] },
    ],
    files => { map { $_ => $file } qw(/kdc/x /cached/x /file/x /ticket/x) },
}, sub {
    my ($server) = @_;
    my ($c, @bad) = ($server->client);
    my $by_kdc = basic_header('alice:wonder land');
    for my $round (1 .. ROUNDS) {
        my %data = data($round);
        $server->add_data($_, $data{$_}) for sort keys %data;
        my @answers = $c->parallel(map { (
            [ '/kdc/x', authorization => $by_kdc ], [ '/cached/x', authorization => $by_kdc ],
            [ '/file/x', authorization => basic_header('alice:pw') ],
            [ '/ticket/x', authorization => SSPI::Test::Gss->header(env => $alice) ],
        ) } 1 .. 4);
        push @bad, map { $_->brief } grep { $_->status != 200 || $_->body ne $file } @answers;
    }
    is_deeply(\@bad, [], 'each request gets the complete file');
};

done_testing;
