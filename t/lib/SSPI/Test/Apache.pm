# SPDX-License-Identifier: Apache-2.0
package SSPI::Test::Apache;
use strict;
use warnings;

use parent 'SSPI::Test::Server';
use SSPI::Test qw(is_root worker_user);
use SSPI::Test::Options qw(apache_location apache_options);

# The name on Debian, then the name on other systems.
my ($binary) = grep { -x } qw(/usr/sbin/apache2 /usr/sbin/httpd);
my ($modules) = grep { -d } qw(/usr/lib/apache2/modules /usr/lib64/httpd/modules);

sub kind { return 'apache' }
sub command { my ($self) = @_; return ($binary, '-f', $self->{config}) }
sub foreground { return '-DFOREGROUND' }
# httpd is stopped gracefully: on SIGTERM mpm_event uses sockets that its workers are freeing, and
# may crash.
sub stop_signal { return 'WINCH' }
sub reload_signal { return 'USR1' }
# The parent binds its ports long before its workers accept connections.
sub ready { return qr/resuming normal operations/ }
sub reloaded { return qr/resuming normal operations/ }

my @needed = qw(authn_core authz_core authz_host authz_user auth_basic authn_file auth_digest
    access_compat alias cgid dir env expires filter headers http2 include mime proxy proxy_http
    rewrite setenvif socache_shmcb ssl);

# The LoadModule lines of stock modules.
sub module_lines { return join '', map { "LoadModule ${_}_module $modules/mod_$_.so\n" } @_ }

# The modules of every test. A configuration may load ours among them.
sub load_modules { my ($self) = @_; return module_lines('mpm_' . $self->mpm, @needed) }

# The module that makes httpd's processes and threads: event, worker or prefork.
sub mpm { my ($self) = @_; return ref $self && $self->{opt}{mpm} || 'event' }

sub template {
    my ($self) = @_;
    my $opt = $self->{opt};
    my $user = is_root() ? 'User ' . worker_user() . "\nGroup " . ($opt->{group} // worker_user()) . "\n" : '';
    my $ours = ($opt->{module} // 1) ? "LoadModule sspi_module \@MODULE\@\n" : '';
    my $identity_headers = join '', map {
        my ($name, $expr) = @{$_}[ 0, 1 ];
        my $value = $expr =~ /\A%/ ? $expr : "%{$expr}";
        $value = "%{reqenv:$1}" if $expr =~ /reqenv\('(\w+)'\)/;
        qq(Header always set $name "expr=$value" "expr=-n '$value'"\n)
    } @SSPI::Test::Server::identity_headers;
    my $tls = join '', map {
        my ($cert, $key) = SSPI::Test::Server::certificate($_);
        "    SSLCertificateFile $cert\n    SSLCertificateKeyFile $key\n"
    } @{$opt->{certificates} // ['rsa']};
    my $locations = join '', map { apache_location($_) } @{$opt->{locations} // []};
    my ($processes, $limit) = ($opt->{processes} // 2, $opt->{processes} // 8);
    my $threads = $self->mpm eq 'prefork' ? '' : "MinSpareThreads 10\nMaxSpareThreads 200\nThreadsPerChild 32\nServerLimit $limit\n";
    my $most = $opt->{processes} ? 32 * $limit : 128;
    my $server = join '', map { "$_\n" } _server_options($opt->{server_options});
    return <<"CONF";
ServerRoot \@DIR\@
ServerName localhost
PidFile \@DIR\@/pid
DefaultRuntimeDir \@DIR\@
ScriptSock \@DIR\@/cgid.sock
ErrorLog \@DIR\@/logs/error.log
LogLevel info
LogFormat "%r %>s user=%u" test
CustomLog \@DIR\@/logs/access.log test
@{[ $opt->{module_first} ? $ours . $self->load_modules : $self->load_modules . $ours ]}$user
Listen 127.0.0.1:\@HTTP\@
Listen 127.0.0.1:\@HTTPS\@ https
StartServers $processes
${threads}MaxRequestWorkers $most
Timeout 20
KeepAlive on
MaxKeepAliveRequests 1000
GracefulShutdownTimeout 5
LimitRequestFieldSize 100000
TypesConfig /etc/mime.types
DirectoryIndex index.html
DocumentRoot \@DOCROOT\@
<Directory \@DOCROOT\@>
    AllowOverride All
    Options Includes FollowSymLinks
    Require all granted
</Directory>
$identity_headers
@{[ $opt->{apache_head} // '' ]}
$server$locations@{[ $opt->{apache} // '' ]}
<VirtualHost 127.0.0.1:\@HTTPS\@>
    Protocols@{[ $opt->{http2} // 1 ? ' h2' : '' ]} http/1.1
    SSLEngine on
$tls</VirtualHost>
CONF
}

# Options of the whole server, without those that belong to locations.
sub _server_options {
    my ($o) = @_;
    return () if !$o;
    return grep { !/\A(?:AuthType|Require|<|\s|Authz)/ } apache_options($o);
}

1;
