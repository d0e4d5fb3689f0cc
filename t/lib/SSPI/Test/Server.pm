# SPDX-License-Identifier: Apache-2.0
# The common part of Apache and nginx in tests: files, ports, certificates, start, stop and log.
package SSPI::Test::Server;
use strict;
use warnings;

use File::Basename qw(dirname);
use File::Path qw(make_path);
use POSIX qw(:sys_wait_h);
use SSPI::Test qw(scratch_dir spew slurp spawn run wait_until free_port on_end built);
use SSPI::Test::Client;

# The headers of an answer that name the verified user, the same on both servers:
# header => [Apache expression, nginx variable].
our @identity_headers = (
    [ 'X-Sspi-User', q(reqenv('SSPI_USER')), '$sspi_user' ],
    [ 'X-Sspi-Realm', q(reqenv('SSPI_REALM')), '$sspi_realm' ],
    [ 'X-Sspi-Package', q(reqenv('SSPI_PACKAGE')), '$sspi_package' ],
    [ 'X-Sspi-Mechanism', q(reqenv('SSPI_MECHANISM')), '$sspi_mechanism' ],
    [ 'X-Sspi-Bound', q(reqenv('SSPI_CHANNEL_BOUND')), '$sspi_channel_bound' ],
    [ 'X-Sspi-Target', q(reqenv('SSPI_TARGET')), '$sspi_target' ],
    [ 'X-Sspi-Expires', q(reqenv('SSPI_EXPIRES')), '$sspi_expires' ],
    [ 'X-Sspi-Sid', q(reqenv('SSPI_SID')), '$sspi_sid' ],
    [ 'X-Sspi-Error', q(reqenv('SSPI_ERROR')), '$sspi_error' ],
    [ 'X-Remote-User', '%{REMOTE_USER}', '$remote_user' ],
);

# Returns a self-signed certificate for localhost: (certificate file, key file). The kind is `ec`,
# `ed25519`, or any other name for a certificate with RSA. Each certificate has its own subject,
# because some clients find certificates by their subject.
my %certificate;
sub certificate {
    my ($kind) = @_;
    return @{$certificate{$kind}} if $certificate{$kind};
    my $dir = scratch_dir("certificate-$kind");
    my @key = $kind eq 'ec' ? qw(-sha256 -newkey ec -pkeyopt ec_paramgen_curve:P-256)
        : $kind eq 'ed25519' ? qw(-newkey ed25519) : qw(-sha256 -newkey rsa:2048);
    SSPI::Test::must_run([ qw(openssl req -x509 -nodes -days 30), '-subj', "/O=$kind/CN=localhost",
        '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', @key,
        '-keyout', "$dir/key.pem", '-out', "$dir/cert.pem" ]);
    $certificate{$kind} = [ "$dir/cert.pem", "$dir/key.pem" ];
    return @{$certificate{$kind}};
}

# Options:
#   env           environment of the server (a realm's server_env)
#   locations     options per path, see SSPI::Test::Options; a page is made for each
#   server_options options that hold for the whole server
#   apache, nginx text for the server's own level
#   apache_head, nginx_http, nginx_main  text for the outer levels
#   files         { path below the document root => content }
#   data          { name => content } of files beside the document root: @DIR@/name
#   keytab_mode   mode of those files whose name ends in .keytab
#   certificates  [ 'rsa', 'ec' ], default [ 'rsa' ]
#  http2         0: only HTTP/1.1 over TLS
#   tls           nginx: 0: no TLS, for an nginx without it
#   extra_ports   how many further ports the text needs: @PORT1@, @PORT2@, ...
#   substitute    { NAME => text } for @NAME@ in all texts
#   module        0: do not load our module
#   module_first  Apache: load ours before all others
#   one_process   nginx: one process serves
#   whole_config  a complete configuration instead of the template
#   processes     how many processes serve requests; otherwise two, and httpd may start more
#   group         the workers' group, where it is not their user's own
#   before        a list of words that go before the server's command
#  allow_log     a pattern of log lines that are not errors in this test
sub new {
    my ($class, %opt) = @_;
    my $self = bless { opt => \%opt, dir => scratch_dir($class->kind) }, $class;
    make_path("$self->{dir}/docroot", "$self->{dir}/logs");
    $self->{http} = free_port();
    $self->{https} = free_port();
    my $n = 0;
    my %substitutions = (HTTP => $self->{http}, HTTPS => $self->{https}, DIR => $self->{dir},
        DOCROOT => "$self->{dir}/docroot", MODULE => built($class->kind),
        (map { 'PORT' . ++$n => free_port() } 1 .. $opt{extra_ports} // 0), %{$opt{substitute} // {}});
    $self->{substitutions} = \%substitutions;
    $self->{error_log} = "$self->{dir}/logs/error.log";
    $self->{access_log} = "$self->{dir}/logs/access.log";
    $self->add_file($_ =~ m{/\z} ? $_ . 'index.html' : $_, "page of $_\n")
        for '/', grep { m{\A/} } map { $_->{path} } @{$opt{locations} // []};
    $self->add_file($_, $opt{files}{$_}) for keys %{$opt{files} // {}};
    $self->add_data($_, $opt{data}{$_}) for keys %{$opt{data} // {}};
    $self->write_config;
    return $self;
}

sub add_file {
    my ($self, $path, $content) = @_;
    my $file = "$self->{dir}/docroot$path";
    make_path(dirname($file));
    return spew($file, $self->fill($content), 0644);
}

# Writes @DIR@/name, readable for workers. Replaces an existing file in one step.
sub add_data {
    my ($self, $name, $content) = @_;
    my $file = spew("$self->{dir}/$name.new", $self->fill($content), 0644);
    chmod $self->{opt}{keytab_mode}, $file if $self->{opt}{keytab_mode} && $name =~ /\.keytab\z/;
    rename $file, "$self->{dir}/$name" or die "$file: $!\n";
    return "$self->{dir}/$name";
}

sub fill {
    my ($self, $text) = @_;
    $text =~ s/\@([A-Z][A-Z0-9_]*)\@/$self->{substitutions}{$1} \/\/ "\@$1\@"/ge;
    return $text;
}

sub port { my ($self, $name) = @_; return $self->{substitutions}{$name} }

# Writes the configuration again, with changed options.
sub write_config {
    my ($self, %change) = @_;
    $self->{opt} = { %{$self->{opt}}, %change };
    my $text = $self->{opt}{whole_config} // $self->template;
    $self->{config} = spew("$self->{dir}/server.conf", $self->fill($text));
    return;
}

sub _env {
    my ($self) = @_;
    my %env = (KRB5_KTNAME => undef, KRB5CCNAME => undef, SSPI_USER_FILE => undef,
        %{$self->{opt}{env} // {}});
    if ($ENV{SSPI_PRELOAD}) {
        # The servers do not free all memory at their end, which is intended.
        $env{LD_PRELOAD} = join ':', $ENV{SSPI_PRELOAD}, $env{LD_PRELOAD} // ();
        $env{ASAN_OPTIONS} = 'detect_leaks=0:handle_segv=2';
        $env{UBSAN_OPTIONS} = 'print_stacktrace=1';
    }
    return \%env;
}

# The server's command with the words before it. A shell does not run with the thread sanitizer's runtime.
sub _complete_command {
    my ($self) = @_;
    my @before = @{$self->{opt}{before} // []};
    my $preload = $self->_env->{LD_PRELOAD};
    return (@before, $self->command) if !@before || !defined $preload;
    return (qw(env -u LD_PRELOAD), @before, 'env', "LD_PRELOAD=$preload", $self->command);
}

# Runs the server's own configuration test. Returns { rc, out } with all of its output.
sub test_config {
    my ($self) = @_;
    my $r = run([ $self->_complete_command, '-t' ], env => $self->_env);
    return { rc => $r->{rc}, out => $r->{out} . $r->{err} . slurp($self->{error_log}) };
}

# The number of servers that this test has started.
my $n_started = 0;
sub n_started { return $n_started }

sub start {
    my ($self) = @_;
    $n_started++;
    $self->{pid} = spawn([ SSPI::Test::lifeline(), $self->_complete_command, $self->foreground ],
        env => $self->_env, out => "$self->{dir}/logs/out", append => 1);
    on_end(sub { $self->_end });
    my ($before, $ready) = (length $self->log, $self->ready);
    my $up = wait_until(sub {
        return 'dead' if waitpid($self->{pid}, WNOHANG) == $self->{pid};
        return substr($self->log, $before) =~ $ready && SSPI::Test::can_connect($self->{http})
            && SSPI::Test::can_connect($self->{https});
    }, $ENV{SSPI_PRELOAD} || $self->{opt}{before} ? 60 : 20) // 'silent';
    if ($up ne 1) {
        delete $self->{pid} if $up eq 'dead';
        die $self->kind . " did not start ($up):\n" . slurp("$self->{dir}/logs/out") . $self->log;
    }
    $self->new_log;
    return $self;
}

sub _end {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    return SSPI::Test::stop_process($pid, $self->stop_signal);
}

# Stops the server. Returns the log lines that are errors. An empty list means success.
sub stop {
    my ($self) = @_;
    return () if !$self->{pid};
    my $status = $self->_end;
    my @bad = $self->log_faults;
    push @bad, "wait status $status" if $status & 127 && ($status & 127) != 15;
    return @bad;
}

sub log_faults {
    my ($self) = @_;
    my $allowed = $self->{opt}{allow_log};
    my $text = $self->log . slurp("$self->{dir}/logs/out");
    return grep {
        (/\[(?:[\w-]+:)?(?:emerg|alert|crit)\]/ || /exit signal|exited on signal|Sanitizer|runtime error/)
            && !($allowed && /$allowed/)
    } split /\n/, $text;
}

# Makes the server reload its configuration and waits until the new workers serve.
sub reload {
    my ($self) = @_;
    my $count = sub { my $pattern = $self->reloaded; return scalar(() = $self->log =~ /$pattern/g) };
    my $before = $count->();
    kill $self->reload_signal => $self->{pid};
    wait_until(sub { $count->() > $before }) or die $self->kind . " did not reload:\n" . $self->log;
    return;
}

# The same, and waits until all old workers have ended.
sub replace_workers {
    my ($self) = @_;
    my %old = map { $_ => 1 } $self->workers;
    $self->reload;
    wait_until(sub { !grep { $old{$_} } $self->workers }) or die "old workers do not end\n";
    return;
}

sub log { my ($self) = @_; return slurp($self->{error_log}) }

# Returns the log since the last call.
sub new_log {
    my ($self) = @_;
    my $log = $self->log;
    my $new = substr $log, $self->{log_seen} // 0;
    $self->{log_seen} = length $log;
    return $new;
}

# Returns the first access log line that matches. The line may come a moment after the answer.
sub access_line {
    my ($self, $pattern) = @_;
    return wait_until(sub { (grep { /$pattern/ } split /\n/, slurp($self->{access_log}))[0] }, 10);
}

# Process ids of the workers.
sub workers {
    my ($self) = @_;
    my $r = run([ 'ps', '-o', 'pid=', '--ppid', $self->{pid} ]);
    return grep { length } split /\s+/, $r->{out};
}

# Returns a client of this server. `env` is an environment of a realm, with or without a ticket.
sub client {
    my ($self, %opt) = @_;
    my ($cert) = certificate(($self->{opt}{certificates} // [])->[0] // 'rsa');
    return SSPI::Test::Client->new(http => $self->{http}, https => $self->{https}, ca => $cert, %opt);
}

# Returns a connection of a client of this server. Options of SSPI::Test::Connection.
sub connection {
    my ($self, %opt) = @_;
    require SSPI::Test::Connection;
    return SSPI::Test::Connection->new($self->client, %opt);
}

# The same over TLS. Options of SSPI::Test::Tls.
sub tls_connection {
    my ($self, %opt) = @_;
    require SSPI::Test::Tls;
    return SSPI::Test::Tls->new($self->client, %opt);
}

1;
