#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The contexts of docs/options.md: each directive is tried in each context of its server, and the page
# names exactly those in which the server takes it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir slurp);
use SSPI::Test::Apache;
use SSPI::Test::Nginx;
use SSPI::Test::Scenario;

# The directives of a server: { line, contexts }, with a line of the page's examples.
sub directives {
    my ($title, $kind) = @_;
    my @found;
    for my $section (split /^(?=## )/m, slurp(root_dir() . '/docs/options.md')) {
        my ($box) = $section =~ /^\| \Q$title\E \| \|\n(.*?)\n\n/ms or next;
        my ($name) = $box =~ /^\| Syntax: \| `([\w-]+(?: (?:SSPI|sspi-\w+))?)/m or die "no syntax in:\n$box\n";
        my ($contexts) = $box =~ /^\| Context: \| (.*) \|$/m or die "no context in:\n$box\n";
        my ($block) = $section =~ /^```$kind\n(.*?)^```$/ms or die "$name has no example\n";
        my ($line) = $block =~ /^\s*(\Q$name\E\b.*)$/m or die "the example of $name does not use it\n";
        push @found, { line => $line, contexts => [ split /, /, $contexts ] };
    }
    cmp_ok(scalar @found, '>', 40, 'the directives of the page are read');
    return @found;
}

# Returns the places of a configuration in which the server takes a line. A place is { context, before, after }.
sub taken {
    my ($server, $head, $places, $refusal, $line) = @_;
    my @taken;
    for my $place (@$places) {
        my ($context, $before, $after) = @$place;
        $server->write_config(whole_config => "$head$before\n$line\n$after\n");
        my $r = $server->test_config;
        push @taken, $context if $r->{out} !~ $refusal;
        unlink $server->{error_log};
    }
    return \@taken;
}

my @nginx_places = ([ 'main', '', '' ], [ 'http', 'http {', '}' ], [ 'server', 'http { server {', '} }' ],
    [ 'if in server', 'http { server { if ($host) {', '} } }' ], [ 'location', 'http { server { location / {', '} } }' ],
    [ 'if in location', 'http { server { location / { if ($host) {', '} } } }' ],
    [ 'limit_except', 'http { server { location / { limit_except GET {', '} } } }' ], [ 'upstream', 'http { upstream u {', '} }' ]);

subtest 'nginx' => sub {
    plan skip_all => 'nginx is not among SSPI_SERVERS' if !wanted('nginx');
    my $server = SSPI::Test::Nginx->new(whole_config => '');
    my $head = "load_module \@MODULE\@;\nerror_log \@DIR\@/logs/error.log;\npid \@DIR\@/pid;\nevents { }\n";
    for my $d (directives('nginx', 'nginx')) {
        is_deeply(taken($server, $head, \@nginx_places, qr/directive is not allowed here/, $d->{line}), $d->{contexts}, $d->{line});
    }
};

my @apache_places = ([ 'server config', '', '' ], [ 'virtual host', '<VirtualHost *:80>', '</VirtualHost>' ],
    [ 'directory', '<Directory "@DOCROOT@">', '</Directory>' ]);

subtest 'Apache httpd' => sub {
    plan skip_all => 'apache is not among SSPI_SERVERS' if !wanted('apache');
    my @directives = directives('Apache httpd', 'apache');
    my $server = SSPI::Test::Apache->new(whole_config => '');
    my $head = "ServerName localhost\nErrorLog \@DIR\@/logs/error.log\nDefaultRuntimeDir \@DIR\@\nPidFile \@DIR\@/pid\n"
        . SSPI::Test::Apache->load_modules . "LoadModule sspi_module \@MODULE\@\n";
    for my $d (@directives) {
        is_deeply(taken($server, $head, \@apache_places, qr/not allowed (?:here|in)|cannot occur within/, $d->{line}),
            [ grep { !/htaccess/ } @{$d->{contexts}} ], $d->{line});
    }

    # The context .htaccess has in parentheses the class of AllowOverride that it needs.
    my @classes = qw(AuthConfig FileInfo Limit);
    my $n = 0;
    $_->{path} = '/' . ++$n for @directives;
    my %files = map { my $class = $_; map { ("/$class$_->{path}/.htaccess" => "$_->{line}\n", "/$class$_->{path}/index.html" => "page\n") } @directives } @classes;
    scenario '.htaccess', { on => 'apache', files => \%files, allow_log => qr/htaccess: /,
        apache => join '', map { "<Directory \@DOCROOT\@/$_>\n    AllowOverride $_\n</Directory>\n" } @classes },
    sub {
        my ($web) = @_;
        for my $d (@directives) {
            my @taken;
            for my $class (@classes) {
                $web->client->get("/$class$d->{path}/");
                push @taken, ".htaccess ($class)" if $web->new_log !~ /not allowed here/;
            }
            is_deeply(\@taken, [ grep { /htaccess/ } @{$d->{contexts}} ], "$d->{line} in .htaccess");
        }
    };
};

done_testing;
