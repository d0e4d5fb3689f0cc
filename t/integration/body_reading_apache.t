#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# httpd: the ways in which a handler can read the body of an auth-int request, and what happens if
# the body was not read to its end or was read before.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(build_dir spew slurp free_port);
use SSPI::Test::Bodies;
use SSPI::Test::BodyParts;
use SSPI::Test::Origin;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my %auth_int = auth_int_options();

# ---- applications: they answer with a report of the body, and log each call ----

my $calls = call_log();
# Returns the calls since the last call of this function.
sub called {
    my @lines = split /\n/, slurp($calls);
    spew($calls, '');
    return \@lines;
}

my $port = free_port();
my $origin = SSPI::Test::Origin->new($port, sub {
    my ($request) = @_;
    log_call($request->{target});
    return (404, [], body_report($request->{body}));
});

my $program = <<"CGI";
#!/usr/bin/perl
use Digest::SHA qw(sha256_hex);
my \$body = do { local \$/; <STDIN> } // '';
open my \$fh, '>>', '$calls' or die;
syswrite \$fh, "\$ENV{SCRIPT_NAME}\\n";
print "Content-Type: text/plain\\n\\n", length(\$body), ' ', sha256_hex(\$body);
CGI

# ---- the server ----

# The application reads the body and answers 404, so httpd redirects to a program.
my $document = "ProxyPass http://127.0.0.1:$port/\nProxyErrorOverride on\nErrorDocument 404 /program/app.cgi";

sub location { my ($path, $apache, %o) = @_; return { path => $path, %auth_int, apache => $apache, %o } }

my %server_config = (on => 'apache', locations => [
    location('/modes/', 'SetHandler body-modes'),
    location('/program/', "Options +ExecCGI\nSetHandler cgi-script"),
    location('/over/', 'ErrorDocument 413 /open/app.cgi'),
    location('/open/', "Options +ExecCGI\nSetHandler cgi-script", sspi => 'off'),
    location('/both/', $document),
    location('/late/', $document, sspi => 'off'),
    location('/page/', ''),
], files => { '/program/app.cgi' => $program, '/open/app.cgi' => $program },
    apache_head => 'LoadModule body_modes_module ' . build_dir() . "/t/integration/mod_body_modes.so\n");

parts 'reading', \%server_config,
    'a handler may read the body in each way that httpd has' => sub {
        my ($server) = @_;
        my $c = $server->client;
        new_nonce($c, '/page/');
        for my $mode (qw(block lines ahead exhaustive)) {
            # If the client announced no body, httpd itself reads beyond the request.
            for my $len ($mode =~ /block|lines/ ? 0 : (), 1, 1000, 65_536, 65_537, 300_000) {
                for my $way (@ways) {
                    my $a = $way{$way}->($c, "/modes/?$mode", body($len));
                    ok($a->status == 200 && $a->body eq body($len), "$mode: $len bytes, $way") || diag($a->brief);
                }
            }
        }
    },
    'no handler gets a body over the limit' => sub {
        my ($server) = @_;
        my $c = $server->client;
        chmod 0755, glob "$server->{dir}/docroot/*/app.cgi";
        new_nonce($c, '/page/');
        called();
        my $a = $way{chunked}->($c, '/over/', body(BODY_LIMIT + 1));
        refused($a, 413, 'a body of unknown length');
        is($a->body, body_report(''), 'its error document gets no part of the body');
        is_deeply(called(), ['/open/app.cgi'], 'only the error document is called');
    },
    'a handler has already read the body' => sub {
        my ($server) = @_;
        my $c = $server->client;
        new_nonce($c, '/page/');
        # This application does not send 100 (Continue), and httpd would wait for it.
        for my $way (grep { $_ ne 'Expect' } @ways) {
            for my $len (100, 300_000) {
                called();
                my $a = $way{$way}->($c, '/both/', body($len));
                is_deeply([ $a->status, $a->user, $a->body ], [ 404, 'alice', body_report('') ],
                    "$len bytes, $way: the user is known to the error document, which gets an empty body");
                is_deeply(called(), [ '/', '/program/app.cgi' ], 'both programs are called');
                $server->new_log;
                for my $hashed_body (body($len), '') {
                    $a = $way{$way}->($c, '/late/', body($len), hashed_body => $hashed_body);
                    is($a->user, '', 'the server cannot compare the hash after the body was read');
                    is_deeply(called(), ['/'], 'no other program is called');
                    has_line($server->new_log, [ 'auth-int', qr/\bredirect\b/, '/program/app.cgi' ],
                        'the log says why auth-int does not work here');
                }
            }
        }
        my $a = $way{'HTTP/2'}->($c, '/late/', '', hashed_body => '');
        is_deeply([ $a->status, $a->user ], [ 404, 'alice' ], 'a request without a body');
        is_deeply(called(), [ '/', '/program/app.cgi' ], 'both programs are called');
    };

done_testing;
