# SPDX-License-Identifier: Apache-2.0
package SSPI::Test::Nginx;
use strict;
use warnings;

use parent 'SSPI::Test::Server';
use SSPI::Test qw(built is_root worker_user);
use SSPI::Test::Options qw(nginx_location nginx_options);

my ($installed) = grep { -x } qw(/usr/sbin/nginx /usr/local/sbin/nginx);

sub binary { return defined $ENV{SSPI_NGINX} ? "$ENV{SSPI_NGINX}/nginx" : $installed }

# True if the nginx of SSPI_NGINX contains the module.
sub _is_static { return defined $ENV{SSPI_NGINX} && !-e built('nginx') }

sub kind { return 'nginx' }
sub command { my ($self) = @_; return (binary(), '-p', $self->{dir}, '-c', $self->{config}) }
sub foreground { return () }
sub stop_signal { return 'QUIT' }
sub reload_signal { return 'HUP' }

sub ready {
    my ($self) = @_;
    return $self->{opt}{one_process} ? qr/using the "\w+" event/ : qr/start worker process \d+/;
}

# The old workers accept connections until the master tells them to stop.
sub reloaded {
    return qr/reconfiguring(?:.*?start\ worker\ process\ \d+\n){2}(?:.*?gracefully\ shutting\ down){2}/sx;
}

sub template {
    my ($self) = @_;
    my $opt = $self->{opt};
    my $user = is_root() ? 'user ' . worker_user() . ' ' . ($opt->{group} // worker_user()) . ";\n" : '';
    my $ours = ($opt->{module} // 1) && !_is_static() ? "load_module \@MODULE\@;\n" : '';
    my @headers = @SSPI::Test::Server::identity_headers;
    @headers = grep { $_->[2] !~ /sspi/ } @headers if !($opt->{module} // 1);
    my $identity_headers = join '', map { "        add_header $_->[0] $_->[2] always;\n" } @headers;
    my $has_tls = $opt->{tls} // 1;
    my $tls = join '', map {
        my ($cert, $key) = SSPI::Test::Server::certificate($_);
        "        ssl_certificate $cert;\n        ssl_certificate_key $key;\n"
    } $has_tls ? @{$opt->{certificates} // ['rsa']} : ();
    my $https = !$has_tls ? '' : $opt->{http2} // 1 ? ' ssl http2' : ' ssl';
    my $locations = join '', map { nginx_location($_) } @{$opt->{locations} // []};
    my $server = join '', map { "$_\n" }
        grep { !/\Asspi (?:on|off)/ } $opt->{server_options} ? nginx_options($opt->{server_options}) : ();
    my $temp = join '', map { "    ${_}_temp_path \@DIR\@/temp-$_;\n" }
        qw(client_body proxy fastcgi uwsgi scgi);
    return <<"CONF";
daemon off;
@{[ $opt->{one_process} ? "master_process off;\n" : '' ]}${user}worker_processes @{[ $opt->{processes} // 2 ]};
pid \@DIR\@/pid;
error_log \@DIR\@/logs/error.log info;
$ours@{[ $opt->{nginx_main} // '' ]}
env KRB5_CONFIG;
env KRB5_KTNAME;
env ASAN_OPTIONS;
env UBSAN_OPTIONS;
env LD_PRELOAD;
events { worker_connections 512; }
http {
$temp    types { text/html html; }
    log_format test '\$request \$status user=\$remote_user';
    access_log \@DIR\@/logs/access.log test;
    keepalive_requests 1000;
    large_client_header_buffers 8 96k;
@{[ $opt->{nginx_http} // '' ]}
    server {
        listen 127.0.0.1:\@HTTP\@;
        listen 127.0.0.1:\@HTTPS\@$https;
        server_name localhost;
        root \@DOCROOT\@;
$tls$identity_headers$server$locations@{[ $opt->{nginx} // '' ]}
    }
}
CONF
}

1;
