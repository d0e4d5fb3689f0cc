# SPDX-License-Identifier: Apache-2.0
# Loads configurations that are written for readers (conf-examples, README.md, docs/). It replaces
# only their paths, ports and realm by those of the test.
package SSPI::Test::Examples;
use strict;
use warnings;

use SSPI::Test qw(root_dir built is_root scratch_dir slurp run worker_user);
use SSPI::Test::Apache;
use SSPI::Test::Delegation ();
use SSPI::Test::Server;

# Needs a realm (SSPI::Test::KDC), and uses `keytab` or the realm's own keytab. Makes the users
# alice and bob of the Digest realm Intranet, and the users bob and carol of the NTLM domain
# EXAMPLE. The password of alice is "secret of alice".
sub new {
    my ($class, $kdc, %opt) = @_;
    my $digest = scratch_dir('users') . '/digest.users';
    _add($digest, [ '-r', 'Intranet' ], qw(alice bob));
    my $nt = scratch_dir('nt-users') . '/nt.users';
    _add($nt, [qw(-a NT -r EXAMPLE)], qw(bob carol));
    my $database = scratch_dir('database') . '/digest.cdb';
    SSPI::Test::must_run([ built('passwd'), '--compile', $database, $digest ]);
    my $groups = _file('groups', "staff: alice\@SSPI.TEST digest:alice EXAMPLE\\bob\n");
    my $keys = _file('keys', ('0123456789abcdef' x 4) . "\n");
    chmod 0600, $digest, $nt, $database, $keys; # the parent process reads them
    my ($cert, $key) = SSPI::Test::Server::certificate('rsa');
    my $self = { kdc => $kdc, keytab => $opt{keytab} // $kdc->{keytab}, digest_users => $digest, nt_users => $nt, database => $database,
        groups => $groups, keys => $keys, certificate => $cert, key => $key, state => scratch_dir('state'), tickets => SSPI::Test::Delegation::ccache_dir() };
    return bless $self, $class;
}

sub _file {
    my ($name, $text) = @_;
    my $path = scratch_dir($name) . "/$name";
    SSPI::Test::spew($path, $text);
    return $path;
}

sub _add {
    my ($file, $options, @users) = @_;
    for my $user (@users) {
        SSPI::Test::must_run([ built('passwd'), (-e $file ? () : '-c'), @$options, '--stdin', $file, $user ],
            stdin => "secret of $user\n");
    }
    return;
}

# Returns the text with the test's paths, realm and ports.
sub adapted {
    my ($self, $kind, $text) = @_;
    my @paths = ([ qr{/usr/lib/\S+_?sspi\S*\.so}, built($kind) ], [ qr{/(?:etc/\w+|run/credentials/[\w.]+)/http\.keytab}, $self->{keytab} ],
        [ qr{/etc/\w+/digest\.users}, $self->{digest_users} ], [ qr{/etc/\w+/digest\.cdb}, $self->{database} ],
        [ qr{/etc/sspi/groups}, $self->{groups} ], [ qr{/etc/sspi/keys}, $self->{keys} ],
        [ qr{/etc/\w+/nt\.users}, $self->{nt_users} ], [ qr{/run/sspi-tickets}, $self->{tickets} ], [ qr{/run/sspi}, $self->{state} ],
        [ qr{/etc/ssl/certs/\S+?\.pem}, $self->{certificate} ], [ qr{/etc/ssl/private/\S+?\.key}, $self->{key} ],
        [ qr{/var/www/[\w.]+}, '@DOCROOT@' ], [ qr{/var/log/(?:nginx|apache2)(?=/)}, '@DIR@/logs' ]);
    for (@paths) { my ($from, $to) = @$_; $text =~ s/^(\s*[^#\s].*?)$from/$1$to/mg }
    $text =~ s/\@EXAMPLE\.(?:COM|ORG)/\@SSPI.TEST/g;
    $text =~ s/listen 80;/listen 127.0.0.1:\@HTTP\@;/;
    $text =~ s/listen 443 /listen 127.0.0.1:\@HTTPS\@ /g;
    $text =~ s/<VirtualHost \*:443>/<VirtualHost 127.0.0.1:\@HTTPS\@>/;
    return $text;
}

# Returns options of SSPI::Test::Server for a complete configuration.
sub server {
    my ($self, $kind, $text) = @_;
    return { env => $self->{kdc}->server_env, on => $kind,
        whole_config => _around($kind, $self->adapted($kind, $text)),
        files => { '/intranet/page.html' => "page\n", '/intranet/staff/page.html' => "staff\n" } };
}

my %load = (
    apache => "LoadModule sspi_module /usr/lib/apache2/modules/mod_sspi.so\n",
    nginx => "load_module /usr/lib/nginx/modules/ngx_http_sspi_module.so;\n",
);

# Returns the text with the part of the distribution's main configuration that an example needs.
sub _around {
    my ($kind, $text) = @_;
    if ($kind eq 'apache') {
        my $user = is_root() ? 'User ' . worker_user() . "\nGroup " . worker_user() . "\n" : '';
        return "ServerRoot \@DIR\@\nServerName localhost\nPidFile \@DIR\@/pid\nErrorLog \@DIR\@/logs/error.log\n"
            . "DefaultRuntimeDir \@DIR\@\nLogLevel info\n" . SSPI::Test::Apache->load_modules . $user
            . "TypesConfig /etc/mime.types\nDocumentRoot \@DOCROOT\@\nScriptSock \@DIR\@/cgid.sock\n"
            . "Listen 127.0.0.1:\@HTTP\@\nListen 127.0.0.1:\@HTTPS\@\n"
            . qq(Header always set X-Sspi-User "expr=%{REMOTE_USER}" "expr=-n '%{REMOTE_USER}'"\n)
            . qq(Header always set X-Remote-User "expr=%{REMOTE_USER}" "expr=-n '%{REMOTE_USER}'"\n) . $text;
    }
    my $user = is_root() ? 'user ' . worker_user() . ' ' . worker_user() . ";\n" : '';
    my $temp = join '', map { "    ${_}_temp_path \@DIR\@/temp-$_;\n" } qw(client_body proxy fastcgi uwsgi scgi);
    my $http = "http {\n$temp    access_log off;\n    types { text/html html; }\n"
        . "    add_header X-Sspi-User \$sspi_user always;\n    add_header X-Remote-User \$remote_user always;\n";
    $text =~ s/^http \{\n/$http/m or die 'no http block';
    # The server object waits for both ports, but an example has only one of them.
    my $other = $text =~ /listen \S+ ssl/ ? '@HTTP@' : '@HTTPS@';
    $text =~ s/\}\n\z/    server { listen 127.0.0.1:$other; }\n}\n/;
    my $log = $text =~ /^error_log /m ? '' : "error_log \@DIR\@/logs/error.log info;\n";
    return "daemon off;\n${user}pid \@DIR\@/pid;\n${log}env KRB5_CONFIG;\nenv ASAN_OPTIONS;\nenv UBSAN_OPTIONS;\n$text";
}

# ---- parts of configurations ----

# Returns the text under a heading of a page, with its subsections.
sub section {
    my ($page, $heading) = @_;
    my $text = slurp(root_dir() . "/$page");
    my ($level) = $text =~ /^(##+) \Q$heading\E$/m or die "$page has no section $heading\n";
    my ($section) = $text =~ /^$level \Q$heading\E\n(.*?)(?=^##{0,@{[ length($level) - 2 ]}}# |\z)/ms;
    return $section;
}

# Returns the commands under a heading of a page, in their order.
sub commands {
    my ($page, $heading) = @_;
    return map { split /\n/ } section($page, $heading) =~ /^```sh\n(.*?)^```$/msg;
}

# Returns the first block of a language under a heading of a page.
sub block {
    my ($page, $heading, $language) = @_;
    my ($text) = section($page, $heading) =~ /^```$language\n(.*?)^```$/ms or die "$heading has no block of $language\n";
    return $text;
}

# Returns a complete configuration for a block of the documentation, which may be only a part of
# one. Missing parts are added around the block. Directives without a section go into a protected
# location, except those of the whole server.
sub whole {
    my ($self, $kind, $text) = @_;
    return $kind eq 'apache' ? _whole_apache($text) : _whole_nginx($text);
}

# Directives of Apache that do not belong to a location.
my $apache_server = qr/^(?:LoadModule|LogFormat|CustomLog|LimitRequestFieldSize|LogLevel|SSPIStateSize|SSPIStateFile|SSPIKeyFile|SSPIThreads)\b/m;

sub _whole_apache {
    my ($text) = @_;
    my $load = $text =~ /^LoadModule/m ? '' : $load{apache};
    return $load . $text if $text =~ /^<(?:Location|VirtualHost)\b/m || $text =~ $apache_server;
    my @lines = map { /^\s*(\w+)/ ? $1 : () } split /\n/, $text;
    my %has = map { $_ => 1 } @lines;
    my $frame = join '', map { my ($name, $line) = @$_; $has{$name} ? '' : "$line\n" }
        [ AuthType => 'AuthType SSPI' ], [ AuthName => 'AuthName "Intranet"' ],
        [ Require => 'Require valid-user' ],
        $text =~ /\bDigest\b/ && !$has{SSPIDigestUserFile} && !$has{SSPIDigestProvider}
        ? [ SSPIDigestUserFile => 'SSPIDigestUserFile /etc/apache2/digest.users' ] : (),
        $text =~ /\bNTLM\b/ ? [ SSPINTLMUserFile => 'SSPINTLMUserFile /etc/apache2/nt.users' ] : (),
        [ SSPIKeytab => 'SSPIKeytab /etc/apache2/http.keytab' ];
    return "$load<Location \"/intranet/\">\n$frame$text</Location>\n";
}

sub _whole_nginx {
    my ($text) = @_;
    # A front end needs no module, but the headers of the test do.
    return ($text =~ /^load_module/m ? '' : $load{nginx}) . $text if $text =~ /^http \{/m;
    my $main = join '', $text =~ /^(?:load_module|thread_pool|error_log) .*\n/mg;
    $text =~ s/^(?:load_module|thread_pool|error_log) .*\n//mg;
    my $http = join '', $text =~ /^(?:sspi_state_(?:size|file)|sspi_key_file|large_client_header_buffers) .*\n/mg;
    $text =~ s/^(?:sspi_state_(?:size|file)|sspi_key_file|large_client_header_buffers) .*\n//mg;
    $main = $load{nginx} . $main if $main !~ /^load_module/m;
    my $file = sub { my ($pattern, $line) = @_; return $text =~ /\b(?:$pattern)/ && $text !~ /^\s*\Q$line\E /m };
    my $users = join '', "sspi_realm \"Intranet\";\n" x ($text !~ /^\s*sspi_realm/m),
        "sspi_keytab /etc/nginx/http.keytab;\n" x ($text !~ /^\s*sspi_keytab/m),
        $file->('Digest|digest:', 'sspi_digest_user_file') ? "sspi_digest_user_file /etc/nginx/digest.users;\n" : '',
        $text !~ /sspi_user_name sam/ && $file->('NTLM', 'sspi_ntlm_user_file') ? "sspi_ntlm_user_file /etc/nginx/nt.users;\n" : '';
    # A server of its own needs only the frame around it.
    return "${main}events { }\n\nhttp {\n${http}$text}\n" if $text =~ /^server \{/m;
    if ($text !~ /^location /m) {
        my $on = $text =~ /^sspi /m ? '' : "sspi on;\n";
        $text = "location /intranet/ {\n$on$text}\n";
    }
    # nginx refuses options if sspi is off in all locations, and a block may turn it off or not turn
    # it on.
    return "${main}events { }\n\nhttp {\n${http}server {\nlisten 80;\nroot /var/www/html;\n$users"
        . "location = /frame { sspi on; sspi_keytab /etc/nginx/http.keytab; }\n$text}\n}\n";
}

1;
