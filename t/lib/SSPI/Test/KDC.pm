# SPDX-License-Identifier: Apache-2.0
# A throw-away Kerberos realm, SSPI.TEST: a KDC on a loopback port, its users and its keytabs.
package SSPI::Test::KDC;
use strict;
use warnings;

use SSPI::Test qw(scratch_dir spew slurp spawn wait_until free_port on_end);

use constant REALM => 'SSPI.TEST';
my %password = (alice => 'wonder land', bob => 'builder');

# The sanitizers' runtime comes before a library that is built with it. The KDC's own leaks do not count.
sub _clock_env {
    my (%env) = @_;
    return %env if !defined $env{LD_PRELOAD} || !$ENV{SSPI_PRELOAD};
    return (%env, LD_PRELOAD => "$ENV{SSPI_PRELOAD}:$env{LD_PRELOAD}", ASAN_OPTIONS => 'detect_leaks=0');
}

# Options: `realm`, `principals` beside the usual ones, `clockskew` in seconds, `allow_rc4`,
# `disable_pac`, `timesync`. `defaults` are lines of krb5.conf's libdefaults, `options` are lines of
# the realm in kdc.conf, `clock` is the environment of a KDC with another clock. MIT's KDC issues no
# ticket with a PAC for users with some characters in their names. With `timesync` clients use the
# KDC's clock, which may make them one second slow.
sub new {
    my ($class, %opt) = @_;
    my $self = bless { dir => scratch_dir('kdc'), port => free_port(), n_caches => 0,
        realm => $opt{realm} // REALM, clock => $opt{clock} // {} }, $class;
    my ($dir, $realm) = ($self->{dir}, $self->{realm});
    my $defaults = join '', map { "    $_\n" } @{$opt{defaults} // []};
    my $skew = defined $opt{clockskew} ? "    clockskew = $opt{clockskew}\n" : '';
    my $timesync = $opt{timesync} ? 1 : 0;
    my $rc4 = $opt{allow_rc4} ? "    allow_rc4 = true\n" : '';
    my $pac = $opt{disable_pac} ? "        disable_pac = true\n" : '';
    my $options = join '', map { "        $_\n" } @{$opt{options} // []};
    spew("$dir/krb5.conf", <<"CONF");
[libdefaults]
    default_realm = $realm
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1
    kdc_timesync = $timesync
$skew$rc4$defaults
[realms]
    $realm = {
        kdc = 127.0.0.1:$self->{port}
    }

[domain_realm]
    localhost = $realm
CONF
    spew("$dir/kdc.conf", <<"CONF");
[kdcdefaults]
    kdc_listen = 127.0.0.1:$self->{port}
    kdc_tcp_listen = 127.0.0.1:$self->{port}

[realms]
    $realm = {
        database_name = $dir/principal
        key_stash_file = $dir/stash
        acl_file = $dir/acl
        max_life = 10h
        supported_enctypes = aes256-cts-hmac-sha1-96:normal
$pac$options    }

[logging]
    kdc = FILE:$dir/kdc.log
CONF
    # A private file keeps MIT's replay cache and random seeds out of the machine's directories.
    $self->{env} = { KRB5_CONFIG => "$dir/krb5.conf", KRB5_KDC_PROFILE => "$dir/kdc.conf",
        KRB5CCNAME => "FILE:$dir/none", KRB5_KTNAME => undef };
    $self->_run([ _sbin('kdb5_util'), 'create', '-s', '-r', $self->{realm}, '-P', 'master' ]);
    my @commands = map { qq(addprinc -pw "$password{$_}" $_) } sort keys %password;
    push @commands, map { "addprinc -randkey $_" } 'HTTP/localhost', 'host/localhost',
        @{$opt{principals} // []};
    $self->kadmin(@commands);
    $self->{keytab} = $self->make_keytab('http.keytab', 'HTTP/localhost', 'host/localhost');
    $self->_start;
    return $self;
}

sub _sbin { my ($name) = @_; return -x "/usr/sbin/$name" ? "/usr/sbin/$name" : $name }

sub _run {
    my ($self, $argv, %opt) = @_;
    return SSPI::Test::must_run($argv, env => $self->{env}, %opt);
}

sub _start {
    my ($self) = @_;
    $self->{pid} = spawn([ SSPI::Test::lifeline(), _sbin('krb5kdc'), '-n', '-r', $self->{realm} ],
        env => { %{$self->{env}}, _clock_env(%{$self->{clock}}) }, out => "$self->{dir}/kdc.out");
    on_end(sub { $self->stop });
    wait_until(sub { SSPI::Test::can_connect($self->{port}) })
        or die "the KDC does not listen:\n" . slurp("$self->{dir}/kdc.out");
    return;
}

sub stop {
    my ($self) = @_;
    $self->resume;
    my $pid = delete $self->{pid} or return;
    SSPI::Test::stop_process($pid, 'TERM');
    return;
}

# After pause(), the KDC accepts connections and requests, but does not answer. resume() ends that.
sub pause { my ($self) = @_; kill STOP => $self->{pid}; return }
sub resume { my ($self) = @_; kill CONT => $self->{pid} if $self->{pid}; return }

# Lets users of both realms get tickets of the other one.
sub trust {
    my ($self, $other) = @_;
    my @commands = map { "addprinc -pw trust krbtgt/$_" } "$self->{realm}\@$other->{realm}",
        "$other->{realm}\@$self->{realm}";
    for my $pair ([ $self, $other ], [ $other, $self ]) {
        my ($kdc, $peer) = @$pair;
        $kdc->kadmin(@commands);
        my $conf = slurp("$kdc->{dir}/krb5.conf");
        $conf =~ s/^\[realms\]\n/$&    $peer->{realm} = {\n        kdc = 127.0.0.1:$peer->{port}\n    }\n/m;
        spew("$kdc->{dir}/krb5.conf", $conf);
    }
    return;
}

# Runs commands of kadmin.local, one per argument.
sub kadmin {
    my ($self, @commands) = @_;
    my $out = SSPI::Test::run([ _sbin('kadmin.local'), '-r', $self->{realm} ], env => $self->{env},
        stdin => join("\n", @commands) . "\n");
    die "kadmin.local failed:\n$out->{out}$out->{err}" if $out->{rc} || $out->{err} =~ /while|fail/;
    return $out->{out};
}

# Makes a keytab with the current keys of the principals, readable only for its owner.
sub make_keytab {
    my ($self, $name, @principals) = @_;
    my $path = $name =~ m{/} ? $name : "$self->{dir}/$name";
    $self->kadmin("ktadd -norandkey -k $path @principals");
    chmod 0600, $path;
    return $path;
}

# Returns users and their passwords.
sub passwords { return %password }

# Adds a user with the password "pw". The name is in the text form of krb5_parse_name(). A word of a
# command line can hold characters that a line of kadmin's input cannot.
sub add_user {
    my ($self, $text) = @_;
    return $self->_run([ _sbin('kadmin.local'), '-r', $self->{realm}, 'addprinc', '-pw', 'pw', $text ]);
}

# Gives a principal new keys, as a password change of a service account does.
sub new_keys { my ($self, $principal) = @_; return $self->kadmin("cpw -randkey $principal") }

# Logs a user in. Returns the environment of a client with that user's ticket. Options: `password`,
# `lifetime` in kinit's format, `forwardable`.
sub login {
    my ($self, $user, %opt) = @_;
    my $cache = "FILE:$self->{dir}/cache-" . ++$self->{n_caches};
    my %env = (%{$self->{env}}, KRB5CCNAME => $cache);
    my @life = $opt{lifetime} ? ('-l', $opt{lifetime}) : ();
    push @life, '-f' if $opt{forwardable};
    SSPI::Test::must_run([ 'kinit', @life, $user ], env => \%env,
        stdin => ($opt{password} // $password{$user}) . "\n");
    return \%env;
}

# Returns the environment of a client without a ticket.
sub env_without_ticket { my ($self) = @_; return { %{$self->{env}} } }

# Returns the environment that a server needs to find the realm.
sub server_env { my ($self) = @_; return { KRB5_CONFIG => $self->{env}{KRB5_CONFIG} } }

1;
