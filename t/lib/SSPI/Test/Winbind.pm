# SPDX-License-Identifier: Apache-2.0
# Samba's winbindd for users of its own machine, in the domain WEB. It has no domain controller, but
# gives the same answers, and can stop answering in the same way. libwbclient looks for winbind in
# one folder of the machine. Here that folder belongs to the test, in a mount namespace, so that
# several winbinds can run beside a real one.
package SSPI::Test::Winbind;
use strict;
use warnings;

use SSPI::Test qw(scratch_dir spew slurp spawn run wait_until on_end is_root worker_user);

use constant { DOMAIN => 'WEB', USER => 'nobody', PASSWORD => 'pw', FOLDER => '/run/samba' };

# Returns the reason why winbind cannot run here, or undef if it can.
sub skip_reason {
    return 'a mount namespace needs root' if !is_root();
    for my $program (qw(winbindd pdbedit wbinfo)) {
        return "$program is not installed: tools/setup --ad"
            if !grep { -x "$_/$program" } qw(/usr/sbin /usr/bin);
    }
    return 'mount namespaces are not available here' if run([qw(unshare --mount true)])->{rc};
    return undef;
}

# Starts winbind.
sub new {
    my ($class) = @_;
    my $dir = scratch_dir('winbind');
    my $self = bless { dir => $dir }, $class;
    mkdir "$dir/$_" for qw(private state cache lock run ncalrpc log pipe state/winbindd_privileged);
    # winbindd keeps the owner of this folder, whose group may use the pipe.
    chown 0, scalar getgrnam(worker_user()), "$dir/state/winbindd_privileged" or die "chown: $!\n";
    chmod 0750, "$dir/state/winbindd_privileged";
    my $domain = DOMAIN;
    spew("$dir/smb.conf", <<"CONF");
[global]
    netbios name = $domain
    workgroup = SSPITEST
    server role = standalone server
    interfaces = 127.0.0.1/8
    bind interfaces only = yes
    disable netbios = yes
    ntlm auth = ntlmv2-only
    private dir = $dir/private
    state directory = $dir/state
    cache directory = $dir/cache
    lock directory = $dir/lock
    pid directory = $dir/run
    ncalrpc dir = $dir/ncalrpc
    passdb backend = tdbsam:$dir/private/passdb.tdb
    load printers = no
    logging = file
    log file = $dir/log/winbind.log
CONF
    SSPI::Test::must_run([ qw(pdbedit -a -t -u), USER, "--configfile=$dir/smb.conf" ], stdin => join '', map { "$_\n" } (PASSWORD) x 2);
    on_end(sub { $self->stop });
    return $self->start;
}

# Returns words that go before a command that uses this winbind.
sub before {
    my ($self) = @_;
    my $folder = FOLDER;
    return (qw(unshare --mount sh -c), qq(mkdir -p $folder && mount --bind "\$0" $folder && exec "\$@"), "$self->{dir}/pipe");
}

sub start {
    my ($self) = @_;
    $self->{pid} = spawn([ SSPI::Test::lifeline(), $self->before, qw(winbindd --foreground --no-process-group),
        "--configfile=$self->{dir}/smb.conf" ], out => "$self->{dir}/log/out", append => 1);
    wait_until(sub { run([ $self->before, qw(wbinfo --ping) ])->{rc} == 0 })
        or die "winbindd does not start:\n" . slurp("$self->{dir}/log/winbind.log") . slurp("$self->{dir}/log/out");
    return $self;
}

sub _processes {
    my ($self) = @_;
    my $children = run([ qw(ps -o pid= --ppid), $self->{pid} ])->{out};
    return ($self->{pid}, split ' ', $children);
}

# After pause(), winbind accepts questions but does not answer. resume() ends that.
sub pause { my ($self) = @_; kill STOP => $self->_processes; return }
sub resume { my ($self) = @_; kill CONT => $self->_processes; return }

sub stop {
    my ($self) = @_;
    return if !$self->{pid};
    $self->resume;
    SSPI::Test::stop_process(delete $self->{pid}, 'TERM');
    # The helpers (samba-dcerpcd, rpcd_lsad) are daemons, which do not end with winbindd.
    my $theirs = "configfile=$self->{dir}/smb.conf";
    wait_until(sub { run([ qw(pkill -KILL -f), $theirs ])->{rc} != 0 });
    return;
}

1;
