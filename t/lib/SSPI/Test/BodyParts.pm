# SPDX-License-Identifier: Apache-2.0
# What the tests of auth-int bodies share: the options of their locations, the log of calls to their
# applications, and the parts of scenarios that both servers must pass.
package SSPI::Test::BodyParts;
use strict;
use warnings;

use Exporter qw(import);
use Test::More;
use SSPI::Test qw(scratch_dir slurp spew);
use SSPI::Test::Bodies;
use SSPI::Test::Digest qw(user_line);
use SSPI::Test::Scenario;

our @EXPORT = qw(BODY_LIMIT auth_int_options call_log log_call n_calls webdav_part wrong_body_part connection_parts);

# The entity limit of the locations, in octets.
use constant BODY_LIMIT => 400_000;

# Options of a location that demands auth-int of the users alice and bob, with the password `pw`.
sub auth_int_options {
    my $users = spew(scratch_dir('users') . '/users', user_line('alice', 'r', 'pw') . user_line('bob', 'r', 'pw'), 0644);
    return (packages => 'Digest', realm => 'r', digest_user_file => $users, digest_qop => 'auth-int',
        digest_entity_limit => BODY_LIMIT);
}

# ---- calls of applications ----

# The file to which each application writes one line per call. The servers' workers may write to it, and
# it is made before an application forks.
my $calls = spew(scratch_dir('calls') . '/calls', '', 0666);
sub call_log { return $calls }

sub log_call {
    my ($text) = @_;
    open my $fh, '>>', $calls or die "$calls: $!\n";
    syswrite $fh, "$text\n";
    close $fh;
    return;
}

sub n_calls { return scalar(() = slurp($calls) =~ /\n/g) }

# ---- parts of scenarios: 'name' => sub { my ($server) = @_; ... } ----

# `client` makes a client of a server, and takes a new nonce for it.

# Options: client, dir (returns the directory that holds /dav/ of a server), lengths.
sub webdav_part {
    my (%o) = @_;
    return ('WebDAV writes the body to its file' => sub {
        my ($server) = @_;
        my ($c, $dir) = ($o{client}->($server), $o{dir}->($server));
        for my $way (@ways) {
            for my $len (@{$o{lengths}}) {
                my $path = "/dav/$len-" . ($way =~ s/\W//gr);
                is($way{$way}->($c, $path, body($len), method => 'PUT')->status, 201, "$len bytes, $way");
                ok(slurp("$dir$path") eq body($len), 'the file holds the body');
            }
        }
        is($way{chunked}->($c, '/dav/wrong', 'this', method => 'PUT', hashed_body => 'that')->status, 401, 'a wrong body');
        ok(!-e "$dir/dav/wrong", 'the wrong body is not written');
    });
}

# Options: client, paths, lengths.
sub wrong_body_part {
    my (%o) = @_;
    return ('a wrong body reaches no application' => sub {
        my ($server) = @_;
        my $c = $o{client}->($server);
        my $before = n_calls();
        $server->new_log;
        for my $way (@ways) {
            for my $path (@{$o{paths}}) {
                for my $len (@{$o{lengths}}) {
                    refused($way{$way}->($c, $path, body($len), hashed_body => body($len - 1)), 401, "$path: $len bytes, $way");
                    logged($server, 'WRONG_PASSWORD');
                }
            }
        }
        refused($way{$_}->($c, $o{paths}[-1], '', hashed_body => 'x'), 401, "no body, but the hash of one, $_") for @ways;
        is(n_calls(), $before, 'no application was called');
    });
}

# The requests of one connection stay apart, even if the server refuses their bodies. Locations: /proxy/ leads to
# an application, /bob/ admits only bob, /check/ is a page. Options: client, lengths, expected (length of
# the body that is announced by Expect), unread (requests to a page that reads no body are granted).
sub connection_parts {
    my (%o) = @_;
    my $request_parts = sub {
        my ($server) = @_;
        my $c = $o{client}->($server);
        for my $chunked (0, 1) {
            for my $len (@{$o{lengths}}) {
                my $name = ($chunked ? 'chunked, ' : '') . "$len bytes";
                my @form = (chunked => $chunked);
                my $socket = $c->connect_raw;
                # Sends a POST and a GET at once.
                my $both = sub {
                    my ($path, %post) = @_;
                    send_all($socket, post_text($c, $path, body($len), @form, %post) . get_text($c, '/check/'));
                    return answers($socket, 2);
                };
                my @a = $both->('/proxy/');
                is_deeply(statuses(@a), [ 200, 200 ], "$name, pipelined");
                is($a[0]->body, body_report(body($len)), 'the application got the complete body');
                is_deeply(statuses($both->('/proxy/', hashed_body => 'x')), [ 401, 200 ], "$name, after a 401");
                is_deeply(statuses($both->('/bob/')), [ 403, 200 ], "$name, after a 403");
                is_deeply(statuses($both->('/check/')), [ 200, 200 ], "$name, after a page that reads no body") if $o{unread};
                send_all($socket, post_text($c, '/proxy/', body($len), @form));
                is_deeply(statuses(answers($socket, 1)), [200], "$name, the connection is still open");
            }
        }
    };
    my $unread_part = sub {
        my ($server) = @_;
        my $c = $o{client}->($server);
        for my $chunked (0, 1) {
            my $socket = $c->connect_raw;
            send_all($socket, post_text($c, '/proxy/', body(BODY_LIMIT) . get_text($c, '/check/') x 50, chunked => $chunked));
            my @a = answers($socket, 2);
            is_deeply(statuses(@a), [413], $chunked ? 'chunked' : 'with a length');
            is(scalar($a[0]->header('Connection')), 'close', 'the connection ends');
        }
    };
    my $expect_part = sub {
        my ($server) = @_;
        my $c = $o{client}->($server);
        my $expect = 'Expect: 100-continue';
        my @expect = (headers => [$expect], no_body => 1);
        my $body = body($o{expected});
        my $socket = $c->connect_raw;
        send_all($socket, post_text($c, '/proxy/', $body, @expect));
        is_deeply(statuses(answers($socket, 1)), [100], 'the server asks for the body');
        send_all($socket, $body);
        my ($a) = answers($socket, 1);
        is($a->body, body_report($body), 'the application gets it');
        send_all($socket, $c->request_text('/proxy/', method => 'POST', headers => [ $expect, 'Content-Length: 9' ]));
        is_deeply(statuses(answers($socket, 1)), [401], 'the server asks for no body without credentials');
        $socket = $c->connect_raw;
        send_all($socket, post_text($c, '/proxy/', body(BODY_LIMIT + 1), @expect));
        is_deeply(statuses(answers($socket, 1)), [413], 'the server does not ask for a body over the limit');
    };
    return ('the next request begins after the body' => $request_parts,
        'the server reads no request from a body that it did not read to its end' => $unread_part,
        'Expect: 100-continue' => $expect_part);
}

1;
