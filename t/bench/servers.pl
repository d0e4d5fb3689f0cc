#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Measures what a request with a session costs on the real servers: the processor time of the
# workers, beside the same request without authentication. The two kinds take turns. It tests
# nothing.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use List::Util qw(sum0);
use SSPI::Test qw(slurp);
use SSPI::Test::Apache;
use SSPI::Test::KDC;
use SSPI::Test::Nginx;
use SSPI::Test::Session;

use constant { ROUNDS => 7, REQUESTS => 20_000, CLIENTS => 4 };

my $kdc = SSPI::Test::KDC->new;
my $user = SSPI::Test::is_root() ? SSPI::Test::worker_user() : undef;

my %config = (
    nginx => ($user ? "user $user $user;\n" : '') . <<"CONF",
daemon off;
worker_processes 1;
pid \@DIR\@/pid;
error_log \@DIR\@/logs/error.log notice;
load_module \@MODULE\@;
env KRB5_CONFIG;
events { }
http {
@{[ join '', map { "    ${_}_temp_path \@DIR\@/temp-$_;\n" } qw(client_body proxy fastcgi uwsgi scgi) ]}    access_log off;
    keepalive_requests 1000000;
    server { listen 127.0.0.1:\@HTTPS\@; }
    server {
        listen 127.0.0.1:\@HTTP\@;
        root \@DOCROOT\@;
        location /s/ {
            sspi on;
            sspi_keytab $kdc->{keytab};
            sspi_session on;
            sspi_session_require_tls off;
        }
    }
}
CONF
    apache => <<"CONF",
ServerRoot \@DIR\@
ServerName localhost
PidFile \@DIR\@/pid
DefaultRuntimeDir \@DIR\@
ErrorLog \@DIR\@/logs/error.log
LogLevel notice
@{[ SSPI::Test::Apache::module_lines(qw(mpm_event authn_core authz_core authz_user dir mime)) ]}LoadModule sspi_module \@MODULE\@
@{[ $user ? "User $user\nGroup $user\n" : '' ]}Listen 127.0.0.1:\@HTTP\@
Listen 127.0.0.1:\@HTTPS\@
StartServers 1
ServerLimit 1
ThreadsPerChild 8
MaxRequestWorkers 8
MaxKeepAliveRequests 0
# Mappings of the page would cost more than the rest, and disturb other threads.
EnableMMAP off
TypesConfig /etc/mime.types
DocumentRoot \@DOCROOT\@
<Directory "/">
    AllowOverride None
</Directory>
<Location "/s/">
    AuthType SSPI
    SSPIKeytab $kdc->{keytab}
    SSPISession on
    SSPISessionRequireTLS off
    Require valid-user
</Location>
CONF
);

# The processor time of all threads of the workers in nanoseconds.
sub time_of {
    my ($server) = @_;
    return sum0 map { (split ' ', slurp($_))[0] } map { glob "/proc/$_/task/*/schedstat" } $server->workers;
}

# The processor time of one request in microseconds.
sub cost {
    my ($server, $path, @headers) = @_;
    my $before = time_of($server);
    my $run = SSPI::Test::must_run([ 'ab', '-k', '-q', '-n', REQUESTS, '-c', CLIENTS, (map { ('-H', $_) } 'Host: localhost', @headers),
        "http://127.0.0.1:$server->{http}$path" ]);
    my $out = ref $run ? $run->{out} : $run;
    die "not all requests succeeded:\n$out" if $out =~ /^Non-2xx/m || $out !~ /^Failed requests:\s+0$/m;
    return (time_of($server) - $before) / 1000 / REQUESTS;
}

sub median { my @sorted = sort { $a <=> $b } @_; return $sorted[ @sorted / 2 ] }

my %class = (apache => 'SSPI::Test::Apache', nginx => 'SSPI::Test::Nginx');
for my $kind (qw(nginx apache)) {
    my $server = $class{$kind}->new(whole_config => $config{$kind}, env => $kdc->server_env,
        files => { '/o/page.html' => "page\n", '/s/page.html' => "page\n" })->start;
    my $cookie = session_of($server->client(env => $kdc->login('alice'))->get('/s/page.html', negotiate => 1));
    my %legs = (none => [ '/o/page.html' ], session => [ '/s/page.html', "Cookie: $cookie" ], cookie => [ '/o/page.html', "Cookie: $cookie" ]);
    my %costs;
    for my $round (0 .. ROUNDS) {
        for my $leg (sort keys %legs) {
            my $cost = cost($server, @{$legs{$leg}});
            push @{$costs{$leg}}, $cost if $round; # the first round only warms up
        }
    }
    my %median = map { $_ => median(@{$costs{$_}}) } keys %costs;
    printf "%-8s without authentication %.1f us; with a session %.1f us: %+.1f us, ratio %.2f (of this %+.1f us for a longer request)\n",
        $kind, @median{qw(none session)}, $median{session} - $median{none}, $median{session} / $median{none},
        $median{cookie} - $median{none};
    $server->stop;
}
