# SPDX-License-Identifier: Apache-2.0
# Applications that use delegated tickets: a program that logs in to a second server as the user. On
# Apache it is a CGI program. On nginx it runs behind SCGI.
package SSPI::Test::Delegation;
use strict;
use warnings;

use Exporter qw(import);
use SSPI::Test qw(free_port is_root on_end scratch_dir slurp spawn spew wait_until worker_user);
use SSPI::Test::Apache;
use SSPI::Test::Nginx;
use SSPI::Test::Scenario qw(wanted);

our @EXPORT = qw(ccache_dir ccaches backend upstream upstream_requests program programs act delegating script_alias);

# Makes a directory that only the workers may enter.
sub ccache_dir {
    my $dir = scratch_dir('ccaches');
    chown((getpwnam worker_user())[ 2, 3 ], $dir) or die "$dir: $!\n" if is_root();
    chmod 0700, $dir or die "$dir: $!\n";
    return $dir;
}

# Returns the names of the files in it.
sub ccaches {
    my ($dir) = @_;
    opendir my $handle, $dir or die "$dir: $!\n";
    my @names = sort grep { !/\A\.\.?\z/ } readdir $handle;
    closedir $handle;
    return @names;
}

# Starts a second server whose location /b/ demands a login by Kerberos. Options: `keytab`, and
# `host`, the name by which the programs call it.
sub backend {
    my ($kdc, %o) = @_;
    my $class = wanted('nginx') ? 'SSPI::Test::Nginx' : 'SSPI::Test::Apache';
    my $server = $class->new(env => $kdc->server_env,
        locations => [ { path => '/b/', packages => 'Negotiate', keytab => $o{keytab} // $kdc->{keytab} } ])->start;
    $server->{host} = $o{host} // 'localhost';
    return $server;
}

# Starts an nginx whose location /b/ demands a login by Kerberos. It keeps each login for its
# connection, as IIS does, and logs all requests. Options: `keytab`, `locations`: further ones.
sub upstream {
    my ($kdc, %o) = @_;
    return SSPI::Test::Nginx->new(env => $kdc->server_env,
        nginx_http => 'log_format b \'$connection "$sspi_user" $status $uri "$http_authorization"\';',
        nginx => "access_log \@DIR\@/logs/backend.log b;\n",
        locations => [ { path => '/b/', packages => 'Negotiate', keytab => $o{keytab}, connection_auth => 'all' },
            @{$o{locations} // []} ])->start;
}

# Returns the requests that the upstream got since the last call, after at least `n` have come:
# { connection, user, status, uri, header }.
sub upstream_requests {
    my ($upstream, $n) = @_;
    my $seen = $upstream->{seen_requests} // 0;
    my $read = sub { [ map { /\A(\d+) "([^"]*)" (\d+) (\S+) "([^"]*)"/
            ? { connection => $1, user => $2, status => $3, uri => $4, header => $5 } : () }
            split /\n/, slurp("$upstream->{dir}/logs/backend.log") ] };
    wait_until(sub { @{$read->()} >= $seen + $n }, 10);
    my @new = @{$read->()};
    splice @new, 0, $seen;
    $upstream->{seen_requests} = $seen + @new;
    return @new;
}

# The program logs in to the second server with the credential cache of its environment, and answers
# with the facts. A query "wait=FILE" makes it create FILE.runs and wait until FILE exists.
my $program = <<'PROGRAM';
#!/usr/bin/perl
use strict;
use warnings;
$ENV{KRB5_CONFIG} = '@CONFIG@';
$ENV{GSS_MECH_CONFIG} = '/dev/null';
my ($wait) = ($ENV{QUERY_STRING} // '') =~ /\Await=(.*)/;
if ($wait) { open my $runs, '>', "$wait.runs"; select undef, undef, undef, 0.02 while !-e $wait }
my $page = `curl -q -s -D - -o /dev/null --max-time 20 --noproxy '*' --negotiate -u : --resolve @HOST@:@PORT@:127.0.0.1 http://@HOST@:@PORT@/b/ 2>&1`;
my ($user) = $page =~ /^X-Sspi-User: (\S+)/mi;
my $cache = $ENV{SSPI_CCACHE} // '-';
my ($file) = $cache =~ /\AFILE:(.*)/;
my @list = defined $file ? `klist -c '$cache' 2>&1` : ();
my ($owner) = map { /^Default principal: (\S+)/ } @list;
my @services = map { /^\d\S+ \S+\s+\S+ \S+\s+(\S+)$/ } @list;
my $mode = defined $file && -e $file ? sprintf '%04o', (stat _)[2] & 07777 : '-';
print "Content-Type: text/plain\r\n\r\n";
print "user=", $ENV{REMOTE_USER} || '-', " backend=", $user // '-', " cache=$cache krb5=",
    $ENV{KRB5CCNAME} // '-', " own=", $ENV{MY_CCACHE} // '-', " mode=$mode",
    " owner=", $owner // '-', " services=", join(',', sort @services), "\n";
PROGRAM

# A server of SCGI, which runs the program for each request.
my $scgi = <<'SCGI';
use strict;
use warnings;
use IO::Socket::INET;
my ($port, $program) = @ARGV;
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 32, ReuseAddr => 1) or die;
$SIG{CHLD} = 'IGNORE';
while (my $socket = $listener->accept) {
    next if fork;
    my $length = '';
    while (sysread $socket, my $c, 1) { last if $c eq ':'; $length .= $c }
    my $text = '';
    while (length $text < $length + 1) { sysread $socket, $text, $length + 1 - length $text, length $text or exit }
    chop $text;
    my %env = split /\0/, $text, -1;
    %ENV = (PATH => $ENV{PATH}, %env{grep { length } keys %env});
    open STDOUT, '>&', $socket;
    exec $^X, $program;
}
SCGI

# Writes the program, and starts the server of SCGI as the workers' user. Returns { program, port,
# directory }.
sub programs {
    my ($kdc, $backend) = @_;
    my $dir = scratch_dir('programs');
    my %fill = (CONFIG => $kdc->{env}{KRB5_CONFIG}, HOST => $backend->{host}, PORT => $backend->{http});
    my $path = spew("$dir/act", $program =~ s/\@([A-Z]+)\@/$fill{$1}/gr, 0755);
    my $server = spew("$dir/scgi.pl", $scgi, 0644);
    my $port = free_port();
    my @as = is_root() ? ('setpriv', '--reuid', worker_user(), '--regid', worker_user(), '--clear-groups') : ();
    my $pid = spawn([ SSPI::Test::lifeline(), @as, $^X, $server, $port, "$dir/act" ], out => "$dir/out");
    on_end(sub { SSPI::Test::stop_process($pid, 'TERM') });
    wait_until(sub { SSPI::Test::can_connect($port) }) or die "the SCGI server does not listen\n";
    return { program => "$dir/act", port => $port };
}

# Returns a location of the program, with these options. `nginx` and `apache` may have more text.
sub delegating {
    my ($programs, $path, %o) = @_;
    my $params = join '', map { "scgi_param $_;\n" } 'REMOTE_USER $remote_user', 'SSPI_CCACHE $sspi_ccache if_not_empty',
        'QUERY_STRING $query_string', 'SCGI 1',
        $o{delegation_variable} ? "MY_CCACHE \$$o{delegation_variable} if_not_empty" : 'KRB5CCNAME $sspi_ccache if_not_empty';
    my ($apache, $nginx) = (delete $o{apache} // '', delete $o{nginx} // '');
    return { path => $path, packages => 'Negotiate', apache => $apache,
        nginx => "scgi_pass 127.0.0.1:$programs->{port};\n$params$nginx", %o };
}

# Returns the text for Apache that runs the program at these locations.
sub script_alias {
    my ($programs, @paths) = @_;
    return join '', map { "ScriptAliasMatch ^$_ $programs->{program}\n" } @paths;
}

# Reads the answer of the program: { user, backend, cache, krb5, own, mode, owner, services }. The
# last two are the user and the tickets of the cache, after the login.
sub act {
    my ($answer) = @_;
    return { status => $answer->status, $answer->body =~ /(\w+)=(\S*)/g };
}

1;
