#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# An attacker uses a token or a nonce count a second time: at another server of the host, after a
# restart, after an upgrade. Each attack has a twin: a token that was not used before is granted.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew slurp wait_until on_end);
use SSPI::Test::Client;
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Gss;
use SSPI::Test::Login;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $alice = $kdc->login('alice');
my $users = spew(scratch_dir('users') . '/users', user_line('alice', 'r', 'pw'), 0644);
my @locations = ({ path => '/p/', packages => 'Negotiate Digest', keytab => $kdc->{keytab}, realm => 'r', digest_user_file => $users });
my %server_config = (env => $kdc->server_env, locations => \@locations);

sub with_file {
    my ($file, $size) = @_;
    $size //= '1m';
    return (%server_config, apache_head => "SSPIStateFile $file\nSSPIStateSize $size\n",
        nginx_http => "sspi_state_file $file; sspi_state_size $size;");
}

sub ticket { my ($server) = @_; return $server->client(env => $alice)->negotiate_header }
sub login { my ($server) = @_; return SSPI::Test::Login->new($server->client, '/p/', user => 'alice', password => 'pw') }
sub send_header { my ($server, $header) = @_; return scalar $server->client->raw([ '/p/', close => 1, authorization => $header ]) }
sub statuses { my ($header, @servers) = @_; return [ map { send_header($_, $header)->status } @servers ] }

# Sends the same header to all these servers, each on its own connection.
sub at_once {
    my ($header, @servers) = @_;
    my @clients = map { $_->client } @servers;
    my @sockets = map { $_->connect_raw } @clients;
    for my $i (0 .. $#sockets) { syswrite $sockets[$i], $clients[$i]->request_text('/p/', close => 1, authorization => $header) }
    return map { SSPI::Test::Client::read_answer($_) } @sockets;
}

# Checks that the log names the reason of the last refusal.
sub log_says {
    my ($server, $message) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $id = message_id($message);
    return ok(scalar(grep { /\b$id\b/ } message_lines($server)), "the log says $message");
}

# Sends it to both servers, in either order. A fresh one of each kind is granted.
sub both_orders {
    my ($checks, @servers) = @_;
    for my $order ([ @servers ], [ reverse @servers ]) {
        my $names = join ' then ', map { $_->kind } @$order;
        subtest $names => sub { $checks->(@$order) };
    }
    return;
}

sub start_both {
    my (%with) = @_;
    return map { $_->new(%with)->start } qw(SSPI::Test::Apache SSPI::Test::Nginx);
}

sub stop_all { is_deeply([ map { $_->stop } @_ ], [], 'the error logs have only expected lines'); return }

SKIP: {
    skip 'both servers are needed', 1 if !wanted('apache') || !wanted('nginx');

    subtest 'two servers of a host that share a file' => sub {
        my $file = scratch_dir('shared') . '/state';
        my @both = start_both(with_file($file));
        both_orders(sub {
            my ($first, $second) = @_;
            my $used = ticket($first);
            is_deeply(statuses($used, $first, $second, $first), [ 200, 401, 401 ], 'a ticket is accepted once');
            log_says($second, 'REPLAY');
            is_deeply(statuses(SSPI::Test::Gss::negotiate_value(SSPI::Test::Client::bare_token($used)), $second), [401], 'the used ticket is refused without SPNEGO as well');
            is_deeply(statuses(ticket($first), $second), [200], 'a fresh ticket is accepted by the other server');
            is_deeply(statuses(ticket($first), $first), [200], 'a fresh ticket is accepted by the first server');

            my $login = login($first);
            my ($one, $two, $three) = map { $login->header } 1 .. 3;
            is_deeply(statuses($one, $first, $second), [ 200, 401 ], 'a count is accepted once');
            is_deeply(statuses($two, $second, $first), [ 200, 401 ], 'the next count is accepted once, by the other server first');
            is_deeply(statuses($three, $first), [200], 'the third count is accepted once');
        }, @both);
        subtest 'at the same moment' => sub {
            my @header = (ticket($both[0]), login($both[0])->header);
            for my $header (@header) {
                is_deeply(tally(at_once($header, map { @both } 1 .. 20)), { 200 => 1, 401 => 39 }, 'one of 40 equal requests is granted');
            }
        };
        is((stat $file)[2] & 07777, 0600, 'only the owner may use the file');
        stop_all(@both);
    };

    subtest 'without a file each has its own memory' => sub {
        my @both = start_both(%server_config);
        my $used = ticket($both[0]);
        is_deeply(statuses($used, @both, @both), [ 200, 200, 401, 401 ], 'each server accepts a ticket once');
        stop_all(@both);
    };

    subtest 'the first server sets the size' => sub {
        my $file = scratch_dir('sizes') . '/state';
        my $apache = SSPI::Test::Apache->new(with_file($file, '1m'))->start;
        my $nginx = SSPI::Test::Nginx->new(with_file($file, '2m'))->start;
        has_line($nginx->log, [ message_id('STATE_SIZE'), $file, qr/\b1048576\b.*sspi_state_size\b.*\b2097152\b/ ], 'the other server logs the difference');
        is_deeply(statuses(ticket($apache), $apache, $nginx), [ 200, 401 ], 'the servers share the file');
        is_deeply(statuses(ticket($apache), $nginx), [200], 'a fresh ticket is accepted');
        stop_all($apache, $nginx);
        $nginx->start;
        is(-s $file, 2 << 20, 'without other servers it has the configured size');
        is_deeply(statuses(ticket($nginx), $nginx, $nginx), [ 200, 401 ], 'and works');
        stop_all($nginx);
    };

    subtest 'a worker that overwrites the header stops no other worker' => sub {
        my $file = scratch_dir('broken') . '/state';
        my @both = start_both(with_file($file));
        my $used = ticket($both[0]);
        is_deeply(statuses($used, $both[0]), [200], 'before');
        open my $fh, '+<:raw', $file or die "$file: $!\n";
        print {$fh} "\xff" x 256;
        close $fh or die "$file: $!\n";
        is_deeply(statuses($used, @both), [ 401, 401 ], 'used credentials stay used');
        is_deeply(statuses(ticket($both[0]), @both), [ 200, 401 ], 'each fresh ticket is granted once');
        is_deeply(statuses(login($both[1])->header, @both), [ 200, 401 ], 'each fresh count is granted once');
        stop_all(@both);
    };
}

# Each server runs separately from here on.

sub restart { my ($server) = @_; is_deeply([ $server->stop ], [], 'the server ends without an error'); $server->start; return }

scenario 'a restart with a file forgets nothing', { with_file('@DIR@/state') }, sub {
    my ($server) = @_;
    my ($used, $unused) = map { ticket($server) } 1, 2;
    my $login = login($server);
    my $header = $login->header;
    is_deeply([ map { send_header($server, $_)->status } $used, $header ], [ 200, 200 ], 'before');
    restart($server);
    has_line($server->log, [ message_id('STATE_FILE'), qr{/state\b}, qr/\bopened\b/ ], 'the server logs that it opened the file');
    refused(send_header($server, $used), 401, 'a used ticket is refused');
    log_says($server, 'REPLAY');
    refused(send_header($server, $header), 401, 'a used count is refused');
    granted(send_header($server, $unused), { user => 'alice@SSPI.TEST' }, 'an unused ticket is accepted');
    granted(send_header($server, $login->header), { user => 'alice' }, 'the next count of the nonce is accepted');
    granted(send_header($server, ticket($server)), { user => 'alice@SSPI.TEST' }, 'a fresh ticket is accepted');
    $server->reload;
    refused(send_header($server, $_), 401, 'after a reload') for $used, $unused, $header;
    granted(send_header($server, ticket($server)), { user => 'alice@SSPI.TEST' }, 'a fresh ticket is accepted by that server as well');
};

scenario 'a restart without a file refuses what may have been used', \%server_config, sub {
    my ($server) = @_;
    my ($used, $unused) = map { ticket($server) } 1, 2;
    granted(send_header($server, $used), { user => 'alice@SSPI.TEST' }, 'before');
    restart($server);
    for my $old ($used, $unused) {
        refused(send_header($server, $old), 401, 'a ticket from before is refused');
        log_says($server, 'OLD_AUTHENTICATOR');
    }
    granted($server->client(env => $alice)->get('/p/', negotiate => 1), { user => 'alice@SSPI.TEST' }, 'a new ticket of the same client is granted');
    my $fresh = ticket($server);
    granted(send_header($server, $fresh), { user => 'alice@SSPI.TEST' }, 'a fresh ticket is accepted');
    refused(send_header($server, $fresh), 401, 'once');
    log_says($server, 'REPLAY');
};

# Reloads with a changed configuration, and waits until all old workers have ended.
sub change {
    my ($server, %change) = @_;
    $server->write_config(%change);
    $server->replace_workers;
    return;
}

scenario 'memory from before a file is not used again', \%server_config, sub {
    my ($server) = @_;
    my %with = with_file('@DIR@/state');
    change($server, map { $_ => $with{$_} } qw(apache_head nginx_http));
    my $used = ticket($server);
    granted(send_header($server, $used), { user => 'alice@SSPI.TEST' }, 'with the file');
    refused(send_header($server, $used), 401, 'once');
    change($server, apache_head => '', nginx_http => '');
    $server->new_log;
    refused(send_header($server, $used), 401, 'without it a used ticket is refused');
    log_says($server, 'OLD_AUTHENTICATOR');
    granted(send_header($server, ticket($server)), { user => 'alice@SSPI.TEST' }, 'a fresh ticket is accepted');
};

scenario 'a server treats a removed or damaged file as lost memory', { with_file('@DIR@/state') }, sub {
    my ($server) = @_;
    my ($file) = $server->fill($server->{opt}{apache_head}) =~ /\ASSPIStateFile (\S+)/;
    my @loss = (
        [ 'removed', sub { unlink $file or die "$file: $!\n" } ],
        [ 'damaged', sub { open my $fh, '+<:raw', $file or die "$file: $!\n"; seek $fh, 100, 0; print {$fh} 'damage'; close $fh } ],
        [ 'cut off', sub { truncate $file, 70000 or die "$file: $!\n" } ],
    );
    for my $loss (@loss) {
        my ($name, $lose) = @$loss;
        my $used = ticket($server);
        granted(send_header($server, $used), { user => 'alice@SSPI.TEST' }, "$name: before");
        is_deeply([ $server->stop ], [], 'the server ends without an error');
        $lose->();
        $server->start;
        refused(send_header($server, $used), 401, "$name: a ticket from before is refused");
        log_says($server, 'OLD_AUTHENTICATOR');
        granted(send_header($server, ticket($server)), { user => 'alice@SSPI.TEST' }, "$name: a fresh one is good");
    }
};

# ---- nginx's upgrade: the old master starts the new one, which takes over its sockets ----

sub start_daemon {
    my (%with) = @_;
    my $server = SSPI::Test::Nginx->new(%with);
    (my $config = $server->template) =~ s/^daemon off;/daemon on;/m;
    $server->write_config(whole_config => $config);
    SSPI::Test::must_run([ $server->command ], env => $server->_env);
    on_end(sub { kill TERM => $_ for grep { $_ } map { slurp("$server->{dir}/$_") =~ /(\d+)/ } 'pid', 'pid.oldbin' });
    $server->{pid} = wait_until(sub { slurp("$server->{dir}/pid") =~ /(\d+)/ && $1 }) or die "nginx did not start\n" . $server->log;
    wait_until(sub { $server->workers == 2 }) or die "no workers\n" . $server->log;
    return $server;
}

sub ends { my ($pid) = @_; return wait_until(sub { !kill 0 => $pid }) }

sub upgrade {
    my ($server) = @_;
    my $old = $server->{pid};
    kill USR2 => $old;
    my $new = wait_until(sub { -e "$server->{dir}/pid.oldbin" && slurp("$server->{dir}/pid") =~ /(\d+)/ && $1 != $old && $1 })
        or die "no new master\n" . $server->log;
    $server->{pid} = $new;
    wait_until(sub { $server->workers == 2 }) or die "no new workers\n" . $server->log;
    return $old;
}

SKIP: {
    skip 'nginx is not among SSPI_SERVERS', 1 if !wanted('nginx');
    for my $with (0, 1) {
        subtest 'nginx: an upgrade (USR2) ' . ($with ? 'with a file' : 'without a file') => sub {
            my $server = start_daemon($with ? with_file('@DIR@/state') : %server_config);
            my ($used, $unused) = map { ticket($server) } 1, 2;
            granted(send_header($server, $used), { user => 'alice@SSPI.TEST' }, 'before');
            my $old = upgrade($server);
            if ($with) {
                my $meanwhile = ticket($server);
                my @statuses = map { send_header($server, $meanwhile)->status } 1 .. 20;
                is_deeply([ grep { $_ == 200 } @statuses ], [200], 'while both masters run, a ticket is accepted once');
            }
            kill QUIT => $old;
            ok(ends($old), 'the old master ends');
            $server->new_log;
            refused(send_header($server, $used), 401, 'a used ticket is refused');
            log_says($server, $with ? 'REPLAY' : 'OLD_AUTHENTICATOR');
            my $answer = send_header($server, $unused);
            if ($with) { granted($answer, { user => 'alice@SSPI.TEST' }, 'an unused ticket is accepted') }
            else { refused($answer, 401, 'an unused ticket, too, because the server cannot know') }
            my $fresh = ticket($server);
            granted(send_header($server, $fresh), { user => 'alice@SSPI.TEST' }, 'a fresh ticket is accepted');
            refused(send_header($server, $fresh), 401, 'once');
            my $pid = delete $server->{pid};
            kill QUIT => $pid;
            ok(ends($pid), 'the server ends without an error');
            is_deeply([ $server->log_faults ], [], 'the error log has only expected lines');
        };
    }
}

# ---- configurations ----

my $dir = scratch_dir('wrong');
mkdir "$dir/$_" for qw(open good link);
chmod 01777, "$dir/open";
chmod 0755, "$dir/$_" for qw(good link);
spew("$dir/good/keytab", slurp($kdc->{keytab}), 0600);
spew("$dir/good/readable", '', 0644);
symlink "$dir/good/keytab", "$dir/link/state";
my $directive = qr/(?:SSPIStateFile|sspi_state_file): /;
config_refused('a directory to which every account may write', { with_file("$dir/open/state") }, qr{$directive\Q$dir\E/open/state: .*\bwrite\b.*\bdirectory\b});
config_refused('a directory that does not exist', { with_file("$dir/none/state") }, qr{$directive\Q$dir\E/none/state: .*\bdirectory\b.*No such file or directory});
config_refused('a file that holds something else', { with_file("$dir/good/keytab") }, qr{$directive\Q$dir\E/good/keytab: .*\bholds\b});
config_refused('a file that others may read', { with_file("$dir/good/readable") }, qr{$directive\Q$dir\E/good/readable: .*\b0600\b});
config_refused('a symbolic link', { with_file("$dir/link/state") }, qr{$directive\Q$dir\E/link/state: .*\bopened: \S});
is(slurp("$dir/good/keytab"), slurp($kdc->{keytab}), 'the keytab is unchanged');

for my $kind (grep { wanted($_) } qw(apache nginx)) {
    my $class = $kind eq 'apache' ? 'SSPI::Test::Apache' : 'SSPI::Test::Nginx';
    is($class->new(with_file("$dir/good/state"))->test_config->{rc}, 0, "$kind: the configuration test accepts a right file name");
    is_deeply([ glob "$dir/good/state*" ], [], "$kind: the configuration test creates no file");
}

scenario 'a reload with a file that cannot be used leaves the old configuration', { with_file('@DIR@/state'), on => 'nginx',
    allow_log => qr/sspi_state_file/ }, sub {
    my ($server) = @_;
    my $used = ticket($server);
    granted(send_header($server, $used), { user => 'alice@SSPI.TEST' }, 'before');
    $server->write_config(nginx_http => "sspi_state_file $dir/open/state;");
    kill HUP => $server->{pid};
    ok(wait_until(sub { $server->log =~ /sspi_state_file: / }), 'nginx logs the error');
    refused(send_header($server, $used), 401, 'the used ticket stays used');
    granted(send_header($server, ticket($server)), { user => 'alice@SSPI.TEST' }, 'a fresh ticket is accepted');
};

done_testing;
