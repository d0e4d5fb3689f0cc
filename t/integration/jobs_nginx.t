#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# nginx reads a changed user file in a thread. Only a request that needs the file waits. Events that
# happen meanwhile to the request, the client or the worker must do no harm.
use strict;
use warnings;

use FindBin;
use IO::Select;
use lib "$FindBin::Bin/../lib";
use POSIX qw(WNOHANG);
use Test::More;
use SSPI::Test qw(scratch_dir slurp spawn wait_until);
use SSPI::Test::Digest qw(digest_challenges digest_header user_line);
use SSPI::Test::Nginx;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

if (!wanted('nginx')) { plan skip_all => 'nginx is not among SSPI_SERVERS' }

# ---- held threads, so that a job lasts as long as a test needs ----

my %trace = (SEIZE => 0x4206, INTERRUPT => 0x4207, DETACH => 17);
my $wait_all = 0x40000000; # __WALL

sub trace {
    my ($request, $thread) = @_;
    no warnings 'once';
    return eval { require 'syscall.ph'; syscall(&main::SYS_ptrace, $trace{$request}, $thread + 0, 0, 0) != -1 };
}

# Returns the threads of a worker's pools. They leave a few signals, such as SIGSEGV, unblocked. Threads of the thread
# sanitizer do not.
sub threads {
    my ($pid) = @_;
    my @others = grep { $_ != $pid } map { m{(\d+)\z} ? $1 : () } glob "/proc/$pid/task/*";
    return grep { slurp("/proc/$pid/task/$_/status") !~ /^SigBlk:\s*\w+eff$/m } @others;
}

# Waits until each worker has this number of threads.
sub has_threads {
    my ($server, $n) = @_;
    return wait_until(sub { !grep { threads($_) != $n } $server->workers });
}

my @held;

sub hold {
    for my $thread (map { threads($_) } @_) {
        trace(SEIZE => $thread) && trace(INTERRUPT => $thread) && waitpid($thread, $wait_all) == $thread
            or die "no thread can be held: $!\n";
        push @held, $thread;
    }
    return;
}

sub release { trace(DETACH => $_) for splice @held; return }

# ---- the configuration: alice is in the user files from the start, bob is added ----

my ($alice, $bob) = map { my $user = $_; join '', map { user_line($user, 'r', 'pw', $_) } qw(MD5 SHA-256) } qw(alice bob);

sub location {
    my ($path, $file, $nginx) = @_;
    return { path => $path, packages => 'Digest', realm => 'r', digest_user_file => "\@DIR\@/$file",
        digest_algorithm => 'SHA-256 MD5', nginx => $nginx // '' };
}

my %server_config = (on => 'nginx', data => { users => $alice, others => $alice }, locations => [
    location('/p/', 'users'), location('/q/', 'others'),
    { path => '/open/', sspi => 'off' },
    { path => '/front/', sspi => 'off', nginx => 'auth_request /p/;' },
    { path => '/both/', sspi => 'off', nginx => 'ssi on;' },
], nginx => 'add_header X-Worker $pid always;' . "error_log \@DIR\@/logs/error.log info;\n"
    . "error_log \@DIR\@/logs/debug.log debug;\n",
    files => { '/both/page.html' => join ' ', map { qq(<!--# include virtual="$_" -->) } '/p/', '/q/' });

# A nonce belongs to the first user who uses it.
my (%challenge, %nc);

sub new_nonces {
    my ($c) = @_;
    ($challenge{$_}) = digest_challenges($c->get('/p/')->challenges) for qw(alice bob);
    %nc = ();
    return;
}

sub login {
    my ($path, $user) = @_;
    return digest_header($challenge{$user}, user => $user, password => 'pw', uri => $path, nc => ++$nc{$user});
}

sub ask {
    my ($c, $socket, $path, $user) = @_;
    syswrite $socket, $c->request_text($path, $user ? (authorization => login($path, $user)) : ());
    return;
}

sub answer { return SSPI::Test::Client::read_answer($_[0]) }
sub waits { return !IO::Select->new(@_)->can_read(0) }

# Returns a worker that has not checked the file yet and has `n` connections: (its process id,
# connections).
sub fresh {
    my ($server, $n) = @_;
    my $c = $server->client;
    $server->add_data($_, $alice) for qw(users others);
    new_nonces($c);
    $server->replace_workers;
    my %sockets;
    for (1 .. 100) {
        my $socket = $c->connect_raw;
        ask($c, $socket, '/open/');
        my $worker = answer($socket)->header('X-Worker');
        push @{$sockets{$worker}}, $socket;
        next if @{$sockets{$worker}} < $n;
        # This worker has enough connections.
        has_threads($server, scalar threads($worker)) or die "not all workers have their threads\n";
        return ($worker, @{$sockets{$worker}});
    }
    die "no worker took $n of 100 connections\n";
}

# The same with held threads and changed files. On the first connection bob requests `path`.
sub waiting {
    my ($server, $n, $path) = @_;
    my ($worker, @sockets) = fresh($server, $n);
    my $c = $server->client;
    hold($worker);
    $server->add_data($_, $alice . $bob) for qw(users others);
    ask($c, $sockets[0], $path, 'bob');
    sync($c, $sockets[1]);
    return ($worker, @sockets);
}

# The worker has handled everything that was sent before.
sub sync {
    my ($c, $socket) = @_;
    for (1 .. 2) {
        ask($c, $socket, '/open/');
        answer($socket)->status == 200 or die "the open location does not answer 200\n";
    }
    return;
}

sub gone { my (@pids) = @_; return wait_until(sub { !grep { kill 0, $_ } @pids }) }

# A part of a scenario that holds threads.
sub with_held_threads {
    my ($checks) = @_;
    return sub {
        my ($server) = @_;
        SKIP: {
            my $why = eval { $checks->($server); 1 } ? undef : $@;
            release();
            # A container may forbid tracing.
            skip $why =~ s/\n//r, 1 if defined $why && $why =~ /\Ano thread can be held/;
            die $why if defined $why;
        }
    };
}

parts 'a changed file', \%server_config,
    'only a request that needs the file waits, and the new file decides' => with_held_threads(sub {
        my ($server) = @_;
        my $c = $server->client;
        my ($worker, $bobs, $others) = waiting($server, 2, '/p/');
        $server->new_log;
        for my $case (['/open/'], ['/p/', 'alice'], ['/open/'], ['/p/', 'alice']) {
            ask($c, $others, @$case);
            is(answer($others)->status, 200, "@$case does not wait");
        }
        ask($c, $others, '/p/', 'bob');
        is(answer($others)->status, 401, 'the old file decides about other requests');
        ok(waits($bobs), 'bob still waits');
        release();
        my $a = answer($bobs);
        granted($a, { user => 'bob' }, 'bob is granted by the new file');
        is(scalar($a->header('X-Worker')), $worker, 'that worker served the request');
        has_line($server->new_log, [ message_id('RELOADED'), qr{/users\b} ], 'the log says that the file was read again');
        ask($c, $others, '/p/', 'bob');
        granted(answer($others), { user => 'bob' }, 'the new file is used for other requests');
    }),
    'a request does not wait longer than its limit' => with_held_threads(sub {
        my ($server) = @_;
        my $c = $server->client;
        my ($worker, $bobs, $others) = waiting($server, 2, '/p/');
        $server->new_log;
        is(answer($bobs)->status, 401, 'the old file decides after the limit');
        has_line($server->new_log, [ 'sspi: ', qr/\b10 seconds\b/ ], 'the log has the limit');
        release();
        ok(wait_until(sub { ask($c, $others, '/p/', 'bob'); answer($others)->status == 200 }),
            'the new file is used after it was read');
    }),
    'auth_request' => with_held_threads(sub {
        my ($server) = @_;
        my ($worker, $bobs) = waiting($server, 2, '/front/');
        ok(waits($bobs), 'waits');
        release();
        is(answer($bobs)->status, 200, 'the request continues');
    }),
    'includes' => with_held_threads(sub {
        my ($server) = @_;
        my ($worker, $bobs) = waiting($server, 2, '/both/page.html');
        ok(waits($bobs), 'wait');
        release();
        # A part and its page must be checked with the same file.
        is(scalar(() = answer($bobs)->body =~ /page of/g), 1, 'the requests continue');
    }),
    'HTTP/2' => with_held_threads(sub {
        my ($server) = @_;
        my ($worker, $others) = fresh($server, 1);
        my $c = $server->client;
        hold($server->workers);
        $server->add_data('users', $alice . $bob);
        my $dir = scratch_dir('h2');
        my $log = "$server->{dir}/logs/debug.log";
        my $n = () = slurp($log) =~ /sspi: [^\n]*\battempts:\d+, ms:\d+/g;
        my @curls = map {
            spawn([ qw(curl -q --silent --http2 --max-time 60 --noproxy *), '--cacert', $c->{ca}, '--dump-header',
                    "$dir/$_", '--output', '/dev/null', '--header', 'Authorization: ' . login('/p/', 'bob'),
                    $c->url('/p/', 1) ])
        } 1, 2;
        # Each worker has one waiting request, or both requests came to one worker, where the second
        # one does not wait.
        wait_until(sub { ($n < scalar(() = slurp($log) =~ /sspi: [^\n]*\battempts:\d+, ms:\d+/g)) }) or die "no request waits\n";
        my @waiting = grep { waitpid($_, WNOHANG) == 0 && kill 0, $_ } @curls;
        cmp_ok(scalar @waiting, '>=', 1, 'a request waits');
        release();
        waitpid $_, 0 for @waiting;
        like(join('', map { slurp("$dir/$_") } 1, 2), qr{^HTTP/2 200.*^x-sspi-user: bob}ms, 'the request continues');
    }),
    'the client disconnects' => with_held_threads(sub {
        my ($server) = @_;
        my $c = $server->client;
        my ($worker, $bobs, $others) = waiting($server, 2, '/p/');
        close $bobs;
        sync($c, $others);
        release();
        ask($c, $others, '/p/', 'alice');
        my $a = answer($others);
        is($a->status, 200, 'the worker continues');
        is(scalar($a->header('X-Worker')), $worker, 'the same worker answers');
        ok($server->access_line(qr{GET /p/ \S+ 200 user=bob}), 'the request continues');
    }),
    'HTTP/2, the client disconnects' => with_held_threads(sub {
        my ($server) = @_;
        my ($worker, $others) = fresh($server, 1);
        my $c = $server->client;
        hold($server->workers);
        $server->add_data('users', $alice . $bob);
        my $log = "$server->{dir}/logs/debug.log";
        my $n = () = slurp($log) =~ /sspi: [^\n]*\battempts:\d+, ms:\d+/g;
        my $curl = spawn([ qw(curl -q --silent --http2 --max-time 60 --noproxy *), '--cacert', $c->{ca}, '--header',
                'Authorization: ' . login('/p/', 'bob'), $c->url('/p/', 1) ]);
        wait_until(sub { ($n < scalar(() = slurp($log) =~ /sspi: [^\n]*\battempts:\d+, ms:\d+/g)) }) or die "no request waits\n";
        kill KILL => $curl;
        waitpid $curl, 0;
        sync($c, $others);
        release();
        sync($c, $others);
        is_deeply([ $server->log_faults ], [], 'a client that disconnects does no harm');
    }),
    'a reload' => with_held_threads(sub {
        my ($server) = @_;
        my ($worker, $bobs) = waiting($server, 2, '/p/');
        $server->reload;
        ok(waits($bobs), 'the waiting request still waits');
        ok((kill 0, $worker), 'the old worker still runs');
        release();
        my $a = answer($bobs);
        granted($a, { user => 'bob' }, 'the request is served');
        is(scalar($a->header('X-Worker')), $worker, 'there');
        ok(gone($worker), 'the old worker ends then');
    }),
    'the server stops' => with_held_threads(sub {
        my ($server) = @_;
        my ($worker, $bobs) = waiting($server, 2, '/p/');
        kill QUIT => $server->{pid};
        ok(wait_until(sub { $server->log =~ /$worker#\d+: gracefully shutting down/ }), 'gracefully');
        ok(waits($bobs), 'the waiting request still waits');
        release();
        granted(answer($bobs), { user => 'bob' }, 'the request is served');
        ok(gone($worker), 'the worker ends then');
    });

parts 'a worker that does not wait', { %server_config, nginx_main => 'worker_shutdown_timeout 100ms;' },
    'ends the request but not the job' => with_held_threads(sub {
        my ($server) = @_;
        my ($worker, $bobs) = waiting($server, 2, '/p/');
        $server->reload;
        is(answer($bobs), undef, 'the connection is closed');
        ok((kill 0, $worker), 'the worker waits for the thread');
        release();
        ok(gone($worker), 'the worker ends after the thread');
    }),
    'does not end at once' => with_held_threads(sub {
        my ($server) = @_;
        my ($worker, $bobs) = waiting($server, 2, '/p/');
        kill TERM => $server->{pid};
        ok(wait_until(sub { $server->log =~ /$worker#\d+: exiting/ }), 'on SIGTERM');
        release();
        ok(gone($worker), 'the worker ends');
    });

# ---- threads ----

# The pools sspi and sspi_kdc.
scenario 'eight threads in each pool', \%server_config,
    sub { ok(has_threads($_[0], 8 + 8), 'exist without a thread_pool directive') };
scenario 'thread_pool sspi_kdc', { %server_config, nginx_main => 'thread_pool sspi_kdc threads=2;' },
    sub { ok(has_threads($_[0], 8 + 2), 'the worker has the configured number of threads') };

# There are more files than threads, and each file is needed at the same time.
my @files = map { "file$_" } 1 .. 9;
scenario 'all threads busy', { %server_config, locations => [ @{$server_config{locations}}, map { location("/$_/", $_) } @files ],
    data => { map { $_ => $alice } qw(users others), @files } }, with_held_threads(sub {
    my ($server) = @_;
    my $c = $server->client;
    my ($worker, @sockets) = fresh($server, 9);
    hold($worker);
    $server->add_data($_, $alice . $bob) for @files;
    for my $i (0 .. 7) {
        ask($c, $sockets[$i], "/$files[$i]/", 'bob');
        sync($c, $sockets[8]);
    }
    ask($c, $sockets[8], "/$files[8]/", 'bob');
    is(answer($sockets[8])->status, 401, 'a request does not wait for the ninth file');
    is(scalar(grep { waits($_) } @sockets[ 0 .. 7 ]), 8, 'eight requests wait for their files');
    unlike($server->log, qr/queue overflow/, 'the job is not in the queue');
    release();
    granted(answer($_), { user => 'bob' }, 'the threads read each of them') for @sockets[ 0 .. 7 ];
    ok(wait_until(sub { ask($c, $sockets[8], "/$files[8]/", 'bob'); answer($sockets[8])->status == 200 }),
        'the ninth file is read later');
});

scenario 'thread_pool sspi', { %server_config, nginx_main => 'thread_pool sspi threads=1 max_queue=0;', allow_log => qr/queue overflow/ }, sub {
    my ($server) = @_;
    ok(has_threads($server, 1 + 8), 'the worker has the configured number of threads');
    with_held_threads(sub {
        my ($worker, $bobs, $others) = waiting($server, 2, '/p/');
        my $c = $server->client;
        $server->new_log;
        ask($c, $others, '/q/', 'bob');
        is(answer($others)->status, 401, 'if all threads are busy, the old file decides at once');
        like($server->new_log, qr/thread pool "sspi" queue overflow/, 'the log says that the queue is full');
        release();
        granted(answer($bobs), { user => 'bob' }, 'the other file was read');
        ok(wait_until(sub { ask($c, $others, '/q/', 'bob'); answer($others)->status == 200 }), 'this file is read later');
    })->($server);
};

{
    package Edited;
    our @ISA = ('SSPI::Test::Nginx');
    sub ready { return $_[0]{opt}{ready} }
}

# An nginx with a changed configuration, whose log matches `ready` when it has started.
sub edited {
    my ($name, $edit, $ready, $checks) = @_;
    return subtest "nginx: $name" => sub {
        my $server = Edited->new(%server_config, ready => $ready);
        $server->write_config(whole_config => $edit->($server->template));
        eval { $checks->($server->start); 1 } or fail("died: $@");
        is_deeply([ $server->stop ], [], 'the error log has only the usual lines');
    };
}

sub rereads {
    my ($server) = @_;
    my $c = $server->client;
    new_nonces($c);
    my $n = count_messages($server, 'RELOADED');
    $server->add_data('users', $alice . $bob);
    ok(wait_until(sub { $c->get('/p/', authorization => login('/p/', 'bob'))->status == 200 }), 'the file is read again');
    ok($n < count_messages($server, 'RELOADED'), 'the log says that a file was read again');
    $server->add_data('users', $alice);
    return;
}

edited 'thread_pool sspi may stand behind http{}', sub { return "$_[0]\nthread_pool sspi threads=3;\n" },
    qr/start worker process \d+/, sub {
        my ($server) = @_;
        ok(has_threads($server, 3 + 8), 'the changed file is still in use');
        rereads($server);
    };
edited 'without a master', sub { return "master_process off;\n$_[0]" }, qr/getrlimit/, \&rereads;

# ---- load ----

scenario 'many requests while a large file changes', \%server_config, sub {
    my ($server) = @_;
    my $c = $server->client;
    new_nonces($c);
    my $crowd = join '', map { sprintf "user%06d:r:%032x\n", $_, $_ } 1 .. 100_000;
    for my $round (1 .. 4) {
        my $n = count_messages($server, 'RELOADED');
        $server->add_data('users', $round % 2 ? $crowd . $alice . $bob : $alice . $bob);
        # Waits until both workers have read the file. A worker checks a file at most once a second.
        my %bad;
        ok(wait_until(sub {
            my @got = $c->parallel(map { [ '/p/', authorization => login('/p/', 'alice') ] } 1 .. 50);
            $bad{$_->status}++ for grep { $_->status != 200 } @got;
            return $n + 2 <= count_messages($server, 'RELOADED');
        }, 60), "round $round: both workers read it");
        is_deeply(\%bad, {}, 'all requests were granted');
        is($n + 2, count_messages($server, 'RELOADED'), 'each worker read it once');
    }
};

done_testing;
