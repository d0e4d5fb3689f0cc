#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Digest: passwords, algorithms, nonces and their counts.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew slurp run wait_until);
use SSPI::Test::Digest qw(digest_challenges digest_header user_line);
use SSPI::Test::Scenario;

my $realm = 'test realm';
my $dir = scratch_dir('users');
my @both = qw(SHA-256 MD5);
my $users = spew("$dir/users", join('',
    '# users of this test' . "\n",
    (map { user_line('alice', $realm, 'wonder land', $_) } @both, 'SHA-512-256'),
    (map { user_line('bob', $realm, 'builder', $_) } @both),
    (map { user_line('carol', 'old realm', 'carol', $_) } 'MD5')), 0644);
my %digest = (packages => 'Digest', realm => $realm, digest_user_file => $users);
my %server_config = (
    locations => [
        { path => '/page/', %digest },
        { path => '/md5/', %digest, digest_algorithm => 'MD5' },
        { path => '/sha/', %digest, digest_algorithm => 'SHA-256' },
        { path => '/sha512/', %digest, digest_algorithm => 'SHA-512-256 SHA-256' },
        { path => '/old/', %digest, realm => 'old realm' },
        { path => '/brief/', %digest, digest_nonce_lifetime => '1s' },
        { path => '/alice/', %digest, require => ['user digest:alice'] },
        { path => '/optional/', %digest, sspi => 'optional' },
    ],
);

# Returns a challenge of the page, and a function that makes headers for it.
sub headers {
    my ($client, $path, %fixed) = @_;
    my ($challenge) = digest_challenges($client->get($path)->challenges);
    my %o = (user => 'alice', password => 'wonder land', uri => $path, %fixed);
    return sub { return digest_header($challenge, %o, @_) };
}

scenario 'the right password opens the page', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    my $a = $c->get('/page/', digest => 'alice:wonder land');
    granted($a, { user => 'alice', package => 'Digest', mechanism => 'SHA-256', bound => '0' }, 'HTTP');
    is($a->body, "page of /page/\n", 'the page itself came');
    is(scalar $a->header('X-Sspi-Realm'), $realm, 'the answer names the realm');
    granted($c->get('/page/', digest => 'alice:wonder land', tls => 1), { user => 'alice' }, 'HTTPS');
    granted($c->get('/page/', digest => 'alice:wonder land', tls => 1, args => ['--http2']),
        { user => 'alice' }, 'HTTP/2');
    granted($c->get('/page/', digest => 'bob:builder'), { user => 'bob' }, 'another user');
    granted($c->get('/page/?a=b&c=d%20e', digest => 'bob:builder'), { user => 'bob' }, 'a query');
    ok($server->access_line(qr{ /page/ \S+ 200 user=alice}), 'the access log has the name');
};

scenario 'a wrong password and an unknown user look the same', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    my @answers;
    for my $login ('alice:wrong', 'nobody:wrong') {
        $server->new_log;
        my $a = $c->get('/page/', digest => $login);
        refused($a, 401, $login);
        logged($server, 'WRONG_PASSWORD');
        push @answers, join '|', map { s/nonce="[^"]+"/nonce/r } $a->challenges;
    }
    is($answers[0], $answers[1], 'the same challenges');
    unlike($answers[0], qr/stale=true/i, 'no challenge says stale');
    refused($c->get('/page/', digest => 'carol:carol'), 401, 'a user of another realm');
};

scenario 'each algorithm works, offered in order on lines of their own with one nonce', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    my $offers = sub {
        return map { { algorithm => $_->{algorithm} // 'MD5', nonce => $_->{nonce}, qop => $_->{qop} } }
            digest_challenges($c->get($_[0])->challenges);
    };
    my @page = $offers->('/page/');
    is_deeply([ map { $_->{algorithm} } @page ], \@both, 'by default the algorithms that every user has');
    is($page[0]{nonce}, $page[1]{nonce}, 'all lines carry the same nonce');
    unlike($page[0]{nonce}, qr/=/, 'the nonce has no =');
    is($page[0]{qop}, 'auth', 'all lines ask for qop auth');
    is_deeply([ map { $_->{algorithm} } $offers->('/sha512/') ], [qw(SHA-512-256 SHA-256)],
        'a list set by hand keeps its order');
    is_deeply([ map { $_->{algorithm} } $offers->('/old/') ], ['MD5'], 'only MD5 if the user file has no other algorithm');
    for my $case (['/md5/', 'MD5'], ['/sha/', 'SHA-256'], ['/sha512/', 'SHA-512-256']) {
        my ($path, $algorithm) = @$case;
        my $make = headers($c, $path);
        granted($c->get($path, authorization => $make->()),
            { user => 'alice', mechanism => $algorithm }, $algorithm);
    }
    my $make = headers($c, '/page/');
    my ($challenge) = grep { $_->{algorithm} eq 'MD5' } digest_challenges($c->get('/page/')->challenges);
    granted($c->get('/sha512/', authorization => headers($c, '/sha512/')->()), { user => 'alice' },
        'the strongest algorithm');
    refused($c->get('/sha/', authorization => digest_header($challenge, user => 'alice',
        password => 'wonder land', uri => '/sha/')), 401, 'an algorithm that is not offered is refused');
};

scenario 'a header works once', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    my $make = headers($c, '/page/');
    my $first = $make->(nc => 1);
    granted($c->get('/page/', authorization => $first), { user => 'alice' }, 'a header is accepted the first time');
    $server->new_log;
    refused($c->get('/page/', authorization => $first), 401, 'the same header is refused the second time');
    logged($server, 'REPLAY');
    granted($c->get('/page/', authorization => $make->(nc => 2)), { user => 'alice' },
        'the next count is granted');
};

scenario 'requests with one nonce may come in any order, but each count only once', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    my $make = headers($c, '/page/');
    # 7 and 50 have no common factor, so this sends each count once, in a fixed irregular order.
    my @requests = map { [ '/page/', authorization => $make->(nc => $_ * 7 % 50 + 1) ] } 0 .. 49;
    my %first;
    $first{$_ ? $_->status : 'none'}++ for $c->parallel(@requests);
    is_deeply(\%first, { 200 => 50 }, '50 counts at once are all granted');
    my %again;
    $again{$_ ? $_->status : 'none'}++ for $c->parallel(@requests);
    is_deeply(\%again, { 401 => 50 }, 'the same 50 counts again are all refused');
    # The window moves in steps. This requests each step.
    my @leaps = map { 1000 + 32 * $_ } 0 .. 7;
    is_deeply([ map { $c->get('/page/', authorization => $make->(nc => $_))->status } @leaps ],
        [ (200) x 8 ], 'a count may be much greater than the last one');
    my $a = $c->get('/page/', authorization => $make->(nc => 60));
    refused($a, 401, 'a count below the window is refused');
    my ($challenge) = digest_challenges($a->challenges);
    is(lc($challenge->{stale} // ''), 'true', 'the answer says stale, so that no client asks for the password');
};

scenario 'the same count at the same time is granted once', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    my $header = headers($c, '/page/')->();
    my @answers = $c->parallel(map { [ '/page/', authorization => $header ] } 1 .. 30);
    is(scalar(grep { $_->status == 200 } @answers), 1, 'one of 30 equal requests is granted');
};

scenario 'an expired nonce is stale, a wrong password is not', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    my $make = headers($c, '/brief/');
    my $nc = 0;
    my $late = wait_until(sub {
        my $a = $c->raw([ '/brief/', authorization => $make->(nc => ++$nc), close => 1 ]);
        return $a->status == 200 ? undef : $a;
    });
    refused($late, 401, 'a nonce is refused after its lifetime');
    like(join(' ', $late->challenges), qr/stale=true/i, 'the challenge says stale=true');
    my $wrong = $c->get('/brief/', authorization => $make->(nc => ++$nc, password => 'wrong'));
    refused($wrong, 401, 'a wrong password with the expired nonce');
    unlike(join(' ', $wrong->challenges), qr/stale=true/i, 'the challenge does not say stale=true');
};

scenario 'nonces stay valid after a reload, but not after a restart', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    my $make = headers($c, '/page/');
    my $first = $make->(nc => 1);
    granted($c->get('/page/', authorization => $first), { user => 'alice' }, 'before');
    $server->reload;
    refused($c->get('/page/', authorization => $first), 401, 'a used count stays used');
    granted($c->get('/page/', authorization => $make->(nc => 2)), { user => 'alice' }, 'the next count is granted');
    is_deeply([ $server->stop ], [], 'stopped');
    $server->start;
    for my $nc (1, 3) {
        my $a = $c->get('/page/', authorization => $make->(nc => $nc));
        refused($a, 401, "count $nc after a restart");
        like(join(' ', $a->challenges), qr/stale=true/i, 'the challenge says stale=true');
    }
};

scenario 'a nonce belongs to the first user who was granted with it, and to its realm', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    my $make = headers($c, '/page/');
    granted($c->get('/page/', authorization => $make->(nc => 1)), { user => 'alice' }, 'alice');
    my $a = $c->get('/page/', authorization => $make->(nc => 2, user => 'bob', password => 'builder'));
    refused($a, 401, 'bob with the nonce of alice');
    like(join(' ', $a->challenges), qr/stale=true/i, 'the challenge has a new nonce and says stale=true');
    my ($foreign) = digest_challenges($c->get('/old/')->challenges);
    my %other = (%$foreign, realm => $realm, algorithm => 'MD5');
    refused($c->get('/md5/', authorization => digest_header(\%other, user => 'alice',
        password => 'wonder land', uri => '/md5/')), 401, 'a nonce made for another realm');
};

scenario 'the method is part of the response', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    my $make = headers($c, '/page/');
    refused($c->get('/page/', authorization => $make->(method => 'GET'), method => 'DELETE'), 401,
        'a header made for another method');
    is($c->get('/page/', authorization => $make->(method => 'OPTIONS', nc => 2),
        method => 'OPTIONS')->status == 401, '', 'a header made for this method is granted');
};

scenario 'only named users are granted', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    granted($c->get('/alice/', digest => 'alice:wonder land'), { user => 'alice' }, 'the named user is granted');
    is($c->get('/alice/', digest => 'bob:builder')->status, 403, 'another user is forbidden');
};

scenario 'optional grants requests without credentials as anonymous', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    granted($c->get('/optional/'), { user => '' }, 'no credentials');
    my $make = headers($c, '/page/');
    granted($c->get('/optional/', authorization => $make->(uri => '/optional/')), { user => 'alice' },
        'right credentials');
    refused($c->get('/optional/', authorization => $make->(uri => '/optional/', password => 'wrong')), 401,
        'wrong credentials');
};

my $htdigest = "$dir/htdigest";
run([ qw(setsid htdigest -c), $htdigest, $realm, 'dora' ], stdin => "explorer\nexplorer\n");
SKIP: {
    skip 'htdigest did not make a file here', 1 if slurp($htdigest) !~ /\Adora:/;
    chmod 0644, $htdigest;
    scenario "a file of Apache's htdigest works unchanged",
        { locations => [ { path => '/page/', %digest, digest_user_file => $htdigest } ] }, sub {
            my ($server) = @_;
            granted($server->client->get('/page/', digest => 'dora:explorer'),
                { user => 'dora', mechanism => 'MD5' }, 'MD5');
        };
}

scenario 'a changed user file is read again', {
    locations => [ { path => '/page/', %digest, digest_user_file => '@DIR@/users' } ],
    data => { users => user_line('alice', $realm, 'old', 'MD5') } }, sub {
    my ($server) = @_;
    my $c = $server->client;
    granted($c->get('/page/', digest => 'alice:old'), { user => 'alice' }, 'the first password');
    $server->add_data('users', user_line('alice', $realm, 'newer', 'MD5'));
    ok(wait_until(sub { $c->get('/page/', digest => 'alice:newer')->status == 200 }),
        'the new password works without a reload');
    # Each worker checks the file by itself.
    ok(wait_until(sub { !grep { $c->get('/page/', digest => 'alice:old')->status != 401 } 1 .. 6 }),
        'the old password is refused');
};

{
    my $mixed = spew(scratch_dir('mixed') . '/users', user_line('alice', 'm', 'pw') . user_line('bob', 'm', 'pw')
        . user_line('bob', 'm', 'pw', 'SHA-256'), 0644);
    my @same = (packages => 'Digest', realm => 'm', digest_user_file => $mixed, digest_algorithm => 'SHA-256 MD5');
    scenario 'the start counts users without a line for an algorithm that is offered by name',
        { locations => [ { path => '/a/', @same }, { path => '/b/', @same } ] }, sub {
        my ($server) = @_;
        my $id = message_id('USERS_WITHOUT');
        my @lines = grep { /$id\b/ } split /\n/, $server->log;
        is(scalar @lines, 1, 'there is one log line, also if several locations offer the algorithm') or diag(@lines);
        like($lines[0] // '', qr/\b1 of 2\b.*\bSHA-256\b/, 'the line has the numbers and the algorithm');
    };
}

done_testing;
