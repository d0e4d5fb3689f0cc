#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# httpd: bodies of auth-int requests. The handler gets the body whose hash the server compared, in
# whatever way the client sent it.
use strict;
use warnings;

use FindBin;
use IO::Compress::Gzip qw(gzip);
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir slurp wait_until free_port);
use SSPI::Test::Apache;
use SSPI::Test::Bodies;
use SSPI::Test::BodyParts;
use SSPI::Test::Origin;
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my %auth_int = auth_int_options();

# ---- applications: they answer with a report of the body, and log each call ----

my $http_port = free_port();
my $origin = SSPI::Test::Origin->new($http_port, sub {
    my ($request) = @_;
    log_call($request->{target});
    my $how = defined $request->{headers}{'transfer-encoding'} ? 'chunked' : 'length';
    return (200, ["X-How: $how"], body_report($request->{body}));
});

my $calls = call_log();
my $script = <<"CGI";
#!/usr/bin/perl
use Digest::SHA;
open my \$fh, '>>', '$calls' or die;
syswrite \$fh, "\$ENV{REQUEST_URI}\\n";
my (\$len, \$sha) = (0, Digest::SHA->new(256));
while (my \$n = sysread STDIN, my \$data, 65536) { \$sha->add(\$data); \$len += \$n }
my \$text = "\$len " . \$sha->hexdigest;
print "Content-Type: text/plain\\r\\nContent-Length: ", length \$text, "\\r\\n\\r\\n\$text";
CGI

# ---- the server ----

my $temp = scratch_dir('temp');
my $locks = scratch_dir('locks');
chmod 0777, $locks;
chmod 01777, $temp;

sub location { my ($path, $apache, %o) = @_; return { path => $path, %auth_int, apache => $apache, %o } }
sub proxy { my ($path) = @_; return "ProxyPass http://127.0.0.1:$http_port$path" }

my @sends = qw(sendchunked sendcl);

my %server_config = (on => 'apache', env => { TMPDIR => $temp }, extra_ports => 1,
    # ScriptAliasMatch is the last directive, so that the options of its locations also hold for requests that
    # httpd redirects there.
    locations => [
        location('/proxy/', proxy('/proxy/')),
        (map { (location("/$_/", proxy("/$_/") . "\nSetEnv proxy-$_ 1"),
            location("/plain-$_/", proxy("/plain-$_/") . "\nSetEnv proxy-$_ 1", sspi => 'off')) } @sends),
        location('/kept/', proxy('/kept/') . "\nKeptBodySize 1000000"),
        location('/bob/', proxy('/bob/'), require => ['user digest:bob']),
        location('/cgi/', ''),
        location('/inflate/', 'SetInputFilter DEFLATE'),
        location('/over/', 'ErrorDocument 413 /open/over'),
        location('/max/', 'LimitRequestBody 1000'),
        location('/max-document/', "LimitRequestBody 1000\nErrorDocument 413 /check/"),
        location('/early-document/', 'ErrorDocument 400 /optional/document'),
        location('/denied/', 'ErrorDocument 401 /open/denied'),
        location('/denied-page/', 'ErrorDocument 401 /page/denied.shtml'),
        location('/optional/', '', sspi => 'optional'),
        location('/check/', ''),
        location('/dav/', 'Dav On'),
        location('/index/', "DirectoryIndex index.cgi\nOptions ExecCGI\nAddHandler cgi-script .cgi"),
        location('/views/', "Options ExecCGI MultiViews\nAddHandler cgi-script .cgi"),
        location('/rewrite/', ''),
        location('/lookahead/', ''),
        location('/action/', "Action to-open /open/acted\nAction to-cgi /cgi/acted\nAddHandler to-open .open\n"
            . 'AddHandler to-cgi .cgi'),
        location('/page/', "Options Includes\nAddOutputFilter INCLUDES .shtml", sspi => 'off'),
        location('/open/', '', sspi => 'off'),
        location('/large/', proxy('/large/'), digest_entity_limit => '64m'),
    ],
    files => {
        '/page/denied.shtml' => 'no <!--#echo var="REDIRECT_STATUS" -->' . "\n",
        '/page/one.shtml' => 'part: <!--#include virtual="/check/" -->' . "\n",
        '/page/two.shtml' => 'part: <!--#include virtual="/check/" --><!--#include virtual="/check/" -->' . "\n",
        '/rewrite/.htaccess' => "RewriteEngine on\nRewriteRule ^open\$ /open/x [PT]\nRewriteRule ^cgi\$ /cgi/x [PT]\n",
        '/action/x.open' => '', '/action/x.cgi' => '', '/index/index.cgi' => $script, '/views/page.cgi' => $script,
        '/programs/x' => $script,
    },
    apache_head => SSPI::Test::Apache::module_lines(qw(actions dav dav_fs deflate negotiation reqtimeout request))
        . "DAVLockDB $locks/db\nRequestReadTimeout body=0\nMultiviewsMatch Any\n"
        . join('', map { "ScriptAliasMatch ^/$_/ \@DOCROOT\@/programs/x\n" } qw(cgi open inflate max optional lookahead))
        . "RewriteEngine on\nRewriteCond %{REQUEST_URI} ^/lookahead/\nRewriteCond %{LA-U:REMOTE_USER} =nobody\n"
        . "RewriteRule ^ - [F]\n",
    apache => "Listen 127.0.0.1:\@PORT1\@\n<VirtualHost 127.0.0.1:\@PORT1\@>\nRequestReadTimeout body=1\n</VirtualHost>\n");

sub ready {
    my ($server) = @_;
    my $dir = $server->port('DOCROOT');
    chmod 0755, map { "$dir/$_" } qw(programs/x index/index.cgi views/page.cgi);
    chmod 0777, "$dir/dav";
    my $c = $server->client;
    new_nonce($c, '/check/');
    return $c;
}

# The server refuses the body. If it does so without reading the body, mod_http2 sometimes resets
# the stream before it sends the answer. It does so also without mod_sspi. Then only the access log
# shows the status.
sub too_large {
    my ($a, $way, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return pass("$name: the stream is reset") if $way =~ /HTTP/ && $a->status == 0;
    return refused($a, 413, $name);
}

# Returns the lines of the access log that match, once there are `n` of them.
sub access_lines {
    my ($server, $n, $pattern) = @_;
    my @lines;
    ok(wait_until(sub {
        @lines = grep { /$pattern/ } split /\n/, slurp($server->{access_log});
        return @lines >= $n;
    }), "$n lines are in the access log");
    return @lines;
}

sub temporary { return grep { /sspi-body/ } map { readlink($_) // () } map { glob "/proc/$_/fd/*" } $_[0]->workers }

parts 'bodies', \%server_config,
    'the application gets bodies of each length, in each way' => sub {
        my ($server) = @_;
        my $c = ready($server);
        for my $path ('/proxy/', '/cgi/') {
            for my $len (0, 1, 65_535, 65_536, 65_537, 300_000, BODY_LIMIT) {
                arrives($c, $path, $len, $_) for @ways;
            }
        }
    },
    'httpd proxies the body as it does without mod_sspi' => sub {
        my ($server) = @_;
        my $c = ready($server);
        for my $send (@sends) {
            for my $len (1, 65_537, 300_000) {
                # This application does not send 100 (Continue), and httpd would wait for it.
                for my $way (grep { $_ ne 'Expect' } @ways) {
                    my ($a, $plain) = map { $way{$way}->($c, $_, body($len)) } "/$send/", "/plain-$send/";
                    is_deeply([ $a->body, $a->header('X-How') ], [ body_report(body($len)), $plain->header('X-How') ],
                        "proxy-$send, $len bytes, $way");
                }
            }
        }
    },
    'the body also arrives if mod_request keeps it' => sub {
        my ($server) = @_;
        my $c = ready($server);
        for my $len (0, 1, 300_000) { arrives($c, '/kept/', $len, $_) for @ways }
    },
    webdav_part(client => \&ready, dir => sub { return $_[0]->port('DOCROOT') }, lengths => [ 0, 1, 65_537, 300_000 ]),
    'an input filter of the location gets the body whose hash was compared' => sub {
        my ($server) = @_;
        my $c = ready($server);
        for my $len (1, 300_000) {
            my $plain = body($len);
            gzip(\$plain, \my $packed);
            for my $way (@ways) {
                my $a = $way{$way}->($c, '/inflate/', $packed, headers => ['Content-Encoding: gzip']);
                is($a->body, body_report($plain), "$len bytes are inflated, $way");
            }
            refused($way{chunked}->($c, '/inflate/', $packed, headers => ['Content-Encoding: gzip'], hashed_body => $plain),
                401, 'the hash is that of the octets that the client sent');
        }
    },
    wrong_body_part(client => \&ready, paths => [ '/proxy/', '/cgi/' ], lengths => [ 1, 65_537, 300_000 ]),
    'over the limit' => sub {
        my ($server) = @_;
        my $c = ready($server);
        my $before = n_calls();
        $server->new_log;
        for my $way (@ways) {
            too_large($way{$way}->($c, '/cgi/', body(BODY_LIMIT + 1)), $way, $way);
            logged($server, 'ENTITY_TOO_LARGE');
        }
        for my $way (@ways) {
            arrives($c, '/max/', 1000, $way);
            for my $path ('/max/', '/max-document/') {
                too_large($way{$way}->($c, $path, body(1001)), $way, "$path: over LimitRequestBody, $way");
                too_large($way{$way}->($c, $path, body(1001), hashed_body => ''), $way, 'the hash of a shorter body is not accepted');
            }
        }
        is_deeply([ message_lines($server) ], [], 'only httpd logs an error about LimitRequestBody');
        is(n_calls(), $before + @ways, 'no program was called');
        for my $refused ([ 1, qr{ /cgi/ .* 413 } ], [ 2, qr{ /max/ .* 413 } ], [ 2, qr{ /max-document/ } ]) {
            my ($n, $pattern) = @$refused;
            is_deeply([ grep { !/ user=-\z/ } access_lines($server, $n * @ways, $pattern) ], [], 'no request was granted');
        }
        my $a = $way{chunked}->($c, '/over/', body(BODY_LIMIT + 1));
        refused($a, 413, 'an error document for 413 that is a program');
        is($a->body, body_report(''), 'the program gets no part of the body');
    };

parts 'requests on one connection', \%server_config,
    connection_parts(client => \&ready, lengths => [ 0, 100, 65_537, 300_000 ], expected => 70_000, unread => 1),
    'a body that ends early' => sub {
        my ($server) = @_;
        my $c = ready($server);
        my $before = n_calls();
        for my $path ('/cgi/', '/optional/', '/early-document/') {
            for my $part (0, 1, 17_000, 99_999) {
                for my $chunked (0, 1) {
                    # The client sends the hash of the part that it sends of the announced body.
                    my $socket = $c->connect_raw;
                    my $sent = body($part);
                    my $text = post_text($c, $path, body(100_000), hashed_body => $sent, no_body => 1, chunked => $chunked);
                    send_all($socket, $text . ($chunked ? chunks($sent) : $sent));
                    shutdown $socket, 1;
                    is_deeply(statuses(answers($socket, 1)), [400], "$path$part of 100000 bytes" . ', chunked' x $chunked);
                    # If the server expects chunks, this text contains no valid chunk.
                    $socket = $c->connect_raw;
                    send_all($socket, $text . $sent);
                    close $socket;
                }
            }
        }
        is_deeply([ grep { !/ user=-\z/ } access_lines($server, 48, qr/ 400 /) ], [], 'no request was granted');
        is(n_calls(), $before, 'no program was called');
        arrives($c, '/cgi/', 300_000, $_) for @ways;
    },
    'a body that does not come in time' => sub {
        my ($server) = @_;
        my $c = ready($server);
        my $before = n_calls();
        my $slow = $c->with(http => $server->port('PORT1'));
        my @sockets = map { $slow->connect_raw } 1 .. 2;
        send_all($sockets[$_], post_text($slow, (qw(/cgi/ /optional/))[$_], body(100_000), hashed_body => body(70_000),
            no_body => 1) . body(70_000)) for 0, 1;
        is_deeply(statuses(map { answers($_, 1) } @sockets), [ 408, 408 ], 'the server answers 408');
        is_deeply([ grep { !/ user=-\z/ } access_lines($server, 2, qr/ 408 /) ], [], 'no request was granted');
        is(n_calls(), $before, 'no program was called');
    };

parts 'internal redirects and bodies', \%server_config,
    'the body goes along with the redirect' => sub {
        my ($server) = @_;
        my $c = ready($server);
        for my $path ('/rewrite/open', '/rewrite/cgi', '/action/x.open', '/action/x.cgi', '/index/', '/views/page',
            '/lookahead/') {
            my $before = n_calls();
            for my $len (0, 10_000, 300_000) {
                for my $way (@ways) {
                    my $a = $way{$way}->($c, $path, body($len));
                    is_deeply([ $a->status, $a->body ], [ 200, body_report(body($len)) ], "$path: $len bytes, $way");
                }
            }
            is(n_calls(), $before + 3 * @ways, 'the program was called once for each');
            refused($way{$_}->($c, $path, body(10_000), hashed_body => body(9_999)), 401, "$path: a wrong one, $_") for @ways;
            is(n_calls(), $before + 3 * @ways, 'the program is not called');
        }
    },
    'an error document' => sub {
        my ($server) = @_;
        my $c = ready($server);
        for my $way (@ways) {
            for my $len (10_000, 300_000) {
                my $a = $way{$way}->($c, '/denied/', body($len), hashed_body => 'x');
                refused($a, 401, "a program for 401, $len bytes, $way");
                is($a->body, body_report(body($len)), 'the program gets the body, as it does without mod_sspi');
                $a = $way{$way}->($c, '/denied-page/', body($len), hashed_body => 'x');
                refused($a, 401, 'a page');
                is($a->body, "no 401\n", 'the client gets the page');
                is($way{$way}->($c, '/denied/', body($len))->status, 200, 'a right body needs no error document');
            }
        }
    },
    'a subrequest does not wait for the body' => sub {
        my ($server) = @_;
        my $c = ready($server);
        for my $way (@ways) {
            for my $page ('one', 'two') {
                $server->new_log;
                my $a = $way{$way}->($c, "/page/$page.shtml", body(10_000));
                unlike($a->body, qr/page of/, "$page.shtml, $way");
                has_line($server->new_log, [ 'auth-int', qr/\bsubrequest\b/, '/check/' ], 'the log says that auth-int does not work in a subrequest');
                $a = $way{$way}->($c, "/page/$page.shtml", body(10_000), hashed_body => '');
                unlike($a->body, qr/page of/, 'the hash of an empty body is not accepted');
            }
        }
        for my $way ([], ['--http2']) {
            my $a = $c->get('/page/two.shtml', tls => 1, args => $way, authorization => login('/page/two.shtml', 'GET', ''));
            is($a->body =~ s/\n//gr, 'part: ' . 'page of /check/' x 2, "a request without a body needs no body: @$way");
        }
    };

parts 'files and memory', \%server_config,
    'the temporary file' => sub {
        my ($server) = @_;
        my $c = ready($server);
        for my $hashed_body (undef, 'x') {
            my $socket = $c->connect_raw;
            send_all($socket, post_text($c, '/cgi/', body(300_000), hashed_body => $hashed_body, no_body => 1) . body(200_000));
            my ($open) = @{wait_until(sub { my @open = temporary($server); return @open ? \@open : 0 }) // []};
            like($open // 'none', qr{\A\Q$temp\E/sspi-body\.\w+ \(deleted\)\z}, 'the temporary file has no name');
            is_deeply([ glob "$temp/*" ], [], 'no file can be left behind');
            send_all($socket, substr body(300_000), 200_000);
            is_deeply(statuses(answers($socket, 1)), [ defined $hashed_body ? 401 : 200 ], 'the status of the answer');
            ok(wait_until(sub { !temporary($server) }), 'after the answer the server closes the file');
        }
        for my $bytes (0, 200_000) {
            my $socket = $c->connect_raw;
            send_all($socket, post_text($c, '/cgi/', body(300_000), no_body => 1) . body($bytes));
            wait_until(sub { temporary($server) }) if $bytes;
            close $socket;
        }
        ok(wait_until(sub { !temporary($server) }), 'the server closes the file when the client disconnects');
        is_deeply([ glob "$temp/*" ], [], 'no file is left behind');
    },
    'memory' => sub {
        my ($server) = @_;
        plan skip_all => 'the sanitizer keeps freed memory' if $ENV{SSPI_PRELOAD};
        my $c = ready($server);
        my $peak = sub {
            my ($greatest) = sort { $b <=> $a } map { slurp("/proc/$_/status") =~ /^VmHWM:\s+(\d+) kB/m } $server->workers;
            return $greatest;
        };
        arrives($c, '/large/', 300_000, $_) for @ways;
        my $before = $peak->();
        arrives($c, '/large/', 50_000_000, $_) for 'Content-Length', 'chunked', 'HTTP/2 without length';
        cmp_ok($peak->(), '<', $before + 20_000, 'the memory of a child does not grow with the body');
    };

done_testing;
