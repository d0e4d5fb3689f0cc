# SPDX-License-Identifier: Apache-2.0
# A throw-away Active Directory domain AD.SSPI.TEST: Samba's domain controller with its winbind,
# only on 127.0.0.88. libwbclient looks for winbind in one folder of the machine. So only one such
# domain can run at a time, and none if the machine uses winbind itself.
package SSPI::Test::AD;
use strict;
use warnings;
use utf8;

use Encode qw(encode);
use Fcntl qw(:flock O_RDWR O_CREAT);
use IO::Socket::INET;
use IO::Socket::UNIX;

use SSPI::Test qw(scratch_dir spew slurp spawn wait_until on_end is_root);

use constant { REALM => 'AD.SSPI.TEST', DOMAIN => 'SSPIAD', COMPUTER => 'DC' };
use constant { ADDRESS => '127.0.0.88', PIPE => '/run/samba/winbindd/pipe' };
# The group that may use winbind's privileged pipe. Debian's package creates it.
use constant PRIVILEGED => 'winbindd_priv';

# The password of every user. t/unit/ntlm_client.h has its hash. ADMIN is that of Administrator.
use constant { PASSWORD => 'Password', ADMIN => 'Only for th1s test' };
# alice is in web-team. web-team is in web-all and in the domain-local group web-local. carol is disabled.
# dave must change his password first. erin is in Protected Users, so that the domain refuses NTLM to her.
my @users = (qw(alice bob carol dave erin), "j\xe4s\xf8n");

# The lock on this open file keeps other tests from starting a domain.
my $lock;

sub _runs { my ($path) = @_; return defined IO::Socket::UNIX->new(Peer => $path) }

# Returns which of its programs is not installed, or undef.
sub missing {
    for my $file ('/usr/sbin/samba', '/usr/sbin/winbindd', '/usr/bin/samba-tool', '/usr/bin/ntlm_auth',
        '/usr/share/samba/setup/provision_users.ldif') {
        return "Samba's domain controller is not installed ($file): tools/setup --ad" if !-e $file;
    }
    return undef;
}

# Returns the reason why the domain cannot run here, or undef if it can.
sub skip_reason {
    return 'a domain controller needs root: its ports are fixed' if !is_root();
    my $missing = missing();
    return $missing if defined $missing;
    if (!$lock) {
        sysopen $lock, '/run/lock/sspi-test-ad', O_RDWR | O_CREAT or die "/run/lock/sspi-test-ad: $!\n";
        if (!wait_until(sub { flock $lock, LOCK_EX | LOCK_NB }, 400)) {
            undef $lock;
            return 'another run of the Active Directory tests has not ended';
        }
    }
    return 'this machine uses winbind itself: ' . PIPE . ' answers' if _runs(PIPE);
    return undef;
}

# Options: `log_tickets`, which log_lines() needs; `smb`, a file server, through which machines join.
sub new {
    my ($class, %opt) = @_;
    my $dir = scratch_dir('ad');
    my $self = bless { dir => $dir, log_tickets => $opt{log_tickets}, smb => $opt{smb}, conf => "$dir/smb.conf", n_caches => 0,
        env => { KRB5_CONFIG => "$dir/krb5.conf", KRB5CCNAME => "FILE:$dir/none", KRB5_KTNAME => undef } }, $class;
    $self->_write_conf;
    $self->_provision;
    $self->_fill;
    on_end(sub { $self->stop });
    $self->start;
    return $self;
}

sub _write_conf {
    my ($self) = @_;
    my $dir = $self->{dir};
    my ($realm, $domain, $computer, $address) = (REALM, DOMAIN, COMPUTER, ADDRESS);
    mkdir "$dir/$_" for qw(private state cache lock run ncalrpc bind ntp log);
    my $sysvol = "$dir/state/sysvol";
    my $smb = $self->{smb} ? 's3fs, ' : '';
    my $level = $self->{log_tickets} ? "    log level = 1 kerberos:3\n" : '';
    # Samba does not accept a loopback address without a mask as an interface. Extended attributes
    # are stored in a database, because some file systems do not support them.
    spew($self->{conf}, <<"CONF");
[global]
    netbios name = $computer
    workgroup = $domain
    realm = $realm
    server role = active directory domain controller
    server services = ${smb}rpc, ldap, cldap, kdc, winbindd
    prefork children = 1
    interfaces = $address/8
    bind interfaces only = yes
    disable netbios = yes
    tls enabled = no
    load printers = no
    usershare max shares = 0
    ntlm auth = ntlmv2-only
    kdc default domain supported enctypes = 24
    private dir = $dir/private
    state directory = $dir/state
    cache directory = $dir/cache
    lock directory = $dir/lock
    pid directory = $dir/run
    ncalrpc dir = $dir/ncalrpc
    binddns dir = $dir/bind
    ntp signd socket directory = $dir/ntp
    posix:eadb = $dir/private/eadb.tdb
    logging = file
$level    log file = $dir/log/samba.log
[sysvol]
    path = $sysvol
    read only = no
[netlogon]
    path = $sysvol/\L$realm\E/scripts
    read only = no
CONF
    spew("$dir/krb5.conf", <<"CONF");
[libdefaults]
    default_realm = $realm
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1

[realms]
    $realm = {
        kdc = $address
    }

[domain_realm]
    localhost = $realm
CONF
    # winbind keeps the owner of this folder, whose group may use the pipe.
    my $pipe = "$dir/state/winbindd_privileged";
    mkdir $pipe, 0750;
    chown 0, scalar getgrnam(PRIVILEGED), $pipe or die "$pipe: $!\n";
    chmod 0750, $pipe;
    return;
}

# Runs samba-tool on the domain's own files.
sub tool {
    my ($self, @argv) = @_;
    return SSPI::Test::must_run([ 'samba-tool', (map { encode('UTF-8', $_) } @argv), "--configfile=$self->{conf}" ],
        env => $self->{env}, timeout => 300);
}

sub _provision {
    my ($self) = @_;
    $self->tool(qw(domain provision --server-role=dc --dns-backend=NONE), '--realm=' . REALM,
        '--domain=' . DOMAIN, '--host-name=' . lc COMPUTER, '--host-ip=' . ADDRESS,
        '--adminpass=' . ADMIN, "--option=posix:eadb=$self->{dir}/private/eadb.tdb");
    return;
}

sub _fill {
    my ($self) = @_;
    $self->tool(qw(domain passwordsettings set --complexity=off --min-pwd-length=1 --min-pwd-age=0
        --max-pwd-age=0 --history-length=0));
    $self->tool(qw(user create), $_, PASSWORD, $_ eq 'dave' ? '--must-change-at-next-login' : ()) for @users;
    $self->tool(qw(user disable carol));
    $self->tool(qw(group add), @$_) for [qw(web-team)], [qw(web-all)], [qw(web-local --group-scope=Domain)];
    $self->tool(qw(group addmembers), @$_)
        for [qw(web-team alice)], [qw(web-all web-team)], [qw(web-local web-team)], [ 'Protected Users', 'erin' ];
    # The web server's own account.
    $self->{keytab} = $self->add_service(qw(httpd HTTP/localhost));
    return;
}

# Runs Python on the domain's own files, as `db`, with words in `argv`. samba-tool takes a second for each call, and
# refuses some values that the domain controller accepts.
my $python_head = <<'PYTHON';
import sys
from ldb import Message, MessageElement, FLAG_MOD_REPLACE
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
lp = LoadParm()
lp.load(sys.argv[1])
argv = sys.argv[2:]
db = SamDB(lp=lp, session_info=system_session(lp))
def find(name):
    return db.search(expression='(sAMAccountName=%s)' % name)[0].dn
PYTHON

sub _python {
    my ($self, $text, @argv) = @_;
    # The interpreter of Samba's own tools.
    my ($python) = slurp('/usr/bin/samba-tool') =~ /\A#!\s*(\S+)/;
    SSPI::Test::must_run([ $python, '-c', $python_head . $text, $self->{conf}, @argv ], timeout => 300);
    return;
}

# Makes `n` groups, and makes the user a member of all of them.
sub add_groups {
    my ($self, $user, $n) = @_;
    return $self->_python(<<'PYTHON', $user, $n);
db.transaction_start()
for i in range(int(argv[1])):
    name = 'web-%s-%d' % (argv[0], i)
    db.add({'dn': 'CN=%s,CN=Users,%s' % (name, db.domain_dn()), 'objectClass': 'group', 'sAMAccountName': name,
        'member': str(find(argv[0]))})
db.transaction_commit()
PYTHON
}

# Sets a user's userPrincipalName.
sub set_upn {
    my ($self, $user, $upn) = @_;
    return $self->_python(<<'PYTHON', $user, $upn);
change = Message(find(argv[0]))
change['upn'] = MessageElement(argv[1], FLAG_MOD_REPLACE, 'userPrincipalName')
db.modify(change)
PYTHON
}

# Makes the domain trust another one, whose key is made of a password. Returns a keytab with the key, with which the KDC
# of that domain makes tickets for this one.
sub add_trust {
    my ($self, $realm, $domain, $domain_sid, $password) = @_;
    $self->_python(<<'PYTHON', $realm, $domain, $domain_sid, $password);
from samba.dcerpc import drsblobs, lsa, security
from samba.ndr import ndr_pack
octets = list(argv[3].encode('utf-16-le'))
password = drsblobs.AuthInfoClear()
password.size = len(octets)
password.password = octets
key = drsblobs.AuthenticationInformation()
key.AuthType = lsa.TRUST_AUTH_TYPE_CLEAR
key.AuthInfo = password
keys = drsblobs.AuthenticationInformationArray()
keys.array = [key]
keys.count = 1
blob = drsblobs.trustAuthInOutBlob()
blob.count = 1
blob.current = keys
db.add({'dn': 'CN=%s,CN=System,%s' % (argv[0], db.domain_dn()), 'objectClass': 'trustedDomain',
    'trustPartner': argv[0], 'flatName': argv[1], 'securityIdentifier': ndr_pack(security.dom_sid(argv[2])),
    'trustType': str(lsa.LSA_TRUST_TYPE_UPLEVEL), 'trustDirection': str(lsa.LSA_TRUST_DIRECTION_OUTBOUND),
    'trustAttributes': '0', 'msDS-SupportedEncryptionTypes': '24', 'trustAuthOutgoing': ndr_pack(blob)})
PYTHON
    my $keytab = "$self->{dir}/trust.keytab";
    my $principal = 'krbtgt/' . REALM . "\@\U$realm";
    SSPI::Test::must_run(['ktutil'], env => $self->{env},
        stdin => "addent -password -p $principal -k 1 -e aes256-cts-hmac-sha1-96\n$password\nwkt $keytab\nquit\n");
    return $keytab;
}

# Writes buffers of a PAC: the logon information, with a user of a domain and further SIDs, and the SID of the
# requester, without which Samba accepts no ticket-granting ticket. Returns two files.
sub pac_buffers {
    my ($self, $user, $domain, $domain_sid, $rid, @extra) = @_;
    my @files = map { "$self->{dir}/$_-" . $self->{n_caches} } qw(logon-info requester);
    $self->{n_caches}++;
    $self->_python(<<'PYTHON', @files, $user, $domain, $domain_sid, $rid, @extra);
from samba.dcerpc import krb5pac, netlogon, security
from samba.ndr import ndr_pack
extra = []
for text in argv[6:]:
    sid = netlogon.netr_SidAttr()
    sid.sid = security.dom_sid(text)
    sid.attributes = 7
    extra.append(sid)
info = krb5pac.PAC_LOGON_INFO()
base = info.info3.base
base.account_name.string = argv[2]
base.logon_domain.string = argv[3]
base.domain_sid = security.dom_sid(argv[4])
base.rid = int(argv[5])
base.primary_gid = 513
info.info3.sids = extra
info.info3.sidcount = len(extra)
if extra:
    base.user_flags = netlogon.NETLOGON_EXTRA_SIDS
buffer = krb5pac.PAC_LOGON_INFO_CTR()
buffer.info = info
octets = ndr_pack(buffer)
octets += bytes(-len(octets) % 8)
with open(argv[0], 'wb') as file:
    # The headers of MS-RPCE 2.2.6.1 and 2.2.6.2.
    file.write(bytes([1, 16, 8, 0, 204, 204, 204, 204]) + len(octets).to_bytes(4, 'little') + bytes(4) + octets)
with open(argv[1], 'wb') as file:
    file.write(ndr_pack(security.dom_sid('%s-%s' % (argv[4], argv[5]))))
PYTHON
    return @files;
}

# Returns the SID of a user or group.
sub sid {
    my ($self, $kind, $name) = @_;
    my ($sid) = $self->tool($kind, 'show', $name, '--attributes=objectSid') =~ /^objectSid: (\S+)/m;
    return $sid // die "$name has no SID\n";
}

sub _listens {
    my ($port) = @_;
    return defined IO::Socket::INET->new(PeerAddr => ADDRESS, PeerPort => $port, Timeout => 2);
}

# The processes run in a PID namespace of their own, so the kernel ends all of them with this script. It does so also
# if the script is killed and the processes are stopped. Some containers cannot make a namespace.
my @namespace = qw(unshare --pid --fork --kill-child);
sub _lifeline {
    @namespace = () if @namespace && SSPI::Test::run([ @namespace, 'true' ])->{rc} != 0;
    return @namespace ? (qw(setpriv --pdeathsig KILL), @namespace) : SSPI::Test::lifeline();
}

sub start {
    my ($self) = @_;
    # A run that was killed may have left a socket on which no process listens.
    unlink PIPE;
    $self->{pid} = spawn([ _lifeline(), qw(samba --foreground --no-process-group),
        "--configfile=$self->{conf}" ], env => $self->{env}, out => "$self->{dir}/samba.out", append => 1);
    my $ready = wait_until(sub {
        return _listens(88) && _listens(389) && _runs(PIPE)
            && SSPI::Test::run([qw(wbinfo --check-secret)])->{rc} == 0;
    }, 60);
    die "the domain controller does not start:\n" . slurp("$self->{dir}/samba.out")
        . slurp("$self->{dir}/log/samba.log") if !$ready;
    return;
}

# Returns the process ids of the domain controller and of all processes that it started.
sub processes {
    my ($self) = @_;
    my (%parent, @found);
    for my $stat (map { slurp($_) } glob '/proc/[0-9]*/stat') {
        $parent{$1} = $2 if $stat =~ /\A(\d+) \(.*\) \S (\d+)/s;
    }
    my @next = ($self->{pid} // return);
    while (defined(my $pid = shift @next)) {
        push @found, $pid;
        push @next, grep { $parent{$_} == $pid } keys %parent;
    }
    return @found;
}

# After pause(), the domain controller accepts connections but does not answer. resume() ends that.
sub pause { my ($self) = @_; kill STOP => reverse $self->processes; return }
sub resume { my ($self) = @_; kill CONT => $self->processes; return }

# Returns whether a process runs or is stopped. A zombie does not count.
sub alive { my ($pid) = @_; return slurp("/proc/$pid/stat") =~ /\) [^ZX] / }

sub stop {
    my ($self) = @_;
    return if !$self->{pid};
    my @all = $self->processes;
    kill CONT => @all;
    # unshare itself ignores the signal.
    kill TERM => $all[@namespace ? 1 : 0] // ();
    SSPI::Test::stop_process(delete $self->{pid}, 0);
    if (!wait_until(sub { !grep { alive($_) } @all }, 20)) {
        kill KILL => grep { alive($_) } @all;
    }
    unlink PIPE;
    rmdir '/run/samba/winbindd';
    return;
}

# Returns the lines of the domain controller's log that match, such as those of issued tickets.
sub log_lines { my ($self, $pattern) = @_; return grep { /$pattern/ } split /\n/, slurp("$self->{dir}/log/samba.log") }

# Makes an account for a service, with this principal. Returns a keytab with its key.
sub add_service {
    my ($self, $account, $principal) = @_;
    my $keytab = "$self->{dir}/$account.keytab";
    $self->tool(qw(user create), $account, '--random-password');
    $self->tool(qw(spn add), $principal, $account);
    $self->tool(qw(domain exportkeytab), "--principal=$principal", $keytab);
    return $keytab;
}

# Allows the servers' account to delegate users to this service, also those who showed it no ticket.
sub allow_delegation {
    my ($self, $target) = @_;
    $self->set_upn(httpd => 'HTTP/localhost@' . REALM);
    $self->tool(qw(delegation add-service httpd), $target);
    $self->tool(qw(delegation for-any-protocol httpd on));
    return;
}

# The domain controller continues after the checks, also if they die.
sub while_paused {
    my ($self, $checks) = @_;
    $self->pause;
    my $done = eval { $checks->(); 1 };
    my $why = $@;
    $self->resume;
    die $why if !$done;
    return;
}

# Logs a user in. Returns the environment of a client with that user's ticket. Options: `lifetime` in
# kinit's format; `forwardable`; `service`, for which the ticket is. Samba grants no further ticket by one that lives at most 2 minutes.
sub login {
    my ($self, $user, %opt) = @_;
    my @options = ($opt{forwardable} ? '-f' : (), $opt{lifetime} ? ('-l', $opt{lifetime}) : (), $opt{service} ? ('-S', $opt{service}) : ());
    my %env = (%{$self->env_without_ticket}, KRB5CCNAME => "FILE:$self->{dir}/cache-" . ++$self->{n_caches});
    SSPI::Test::must_run([ 'kinit', @options, encode('UTF-8', $user) ], env => \%env, stdin => PASSWORD . "\n");
    return \%env;
}

# Returns the environment of a client without a ticket. The client behaves as on another machine,
# because gss-ntlmssp would otherwise ask the winbind of this machine.
sub env_without_ticket { my ($self) = @_; return { %{$self->{env}}, _NO_WINBINDD => 1 } }

# Returns the environment that a server needs to find the realm.
sub server_env { my ($self) = @_; return { KRB5_CONFIG => $self->{env}{KRB5_CONFIG} } }

1;
