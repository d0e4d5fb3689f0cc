# SPDX-License-Identifier: Apache-2.0
# Chromium and Firefox without a window, each with its own home. They open one page and run until
# they are stopped. They connect only to this machine.
package SSPI::Test::Browser;
use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use MIME::Base64 qw(decode_base64);
use SSPI::Test qw(is_root on_end scratch_dir slurp spawn spew);
use SSPI::Test::DevTools;

# The proxy for all hosts except localhost. No server listens there.
my ($nowhere, $nowhere_port) = ('127.0.0.1', 9);

# Opens `url`, which may contain user:password@ (Firefox ignores it for NTLM). Options: url;
# certificate, a file to trust for the port `https` of localhost; env, the environment of a realm's
# login, for Negotiate; control. `control` is the port for Firefox's SSPI::Test::Marionette, or true
# for Chromium's SSPI::Test::DevTools, which devtools() then returns. `policies` is the text of a file of
# policies: the browser reads it in the place where a machine has it, and gets no setting of ours about
# Negotiate. This needs root (can_have_policies()).
sub new {
    my ($class, $name, %o) = @_;
    my $home = scratch_dir($name);
    my @command = $name eq 'chromium' ? _chromium($home, %o) : _firefox($home, %o);
    @command = (_policies($home, $name, $o{policies}), @command) if defined $o{policies};
    my %env = (HOME => $home, TMPDIR => $home, XDG_CONFIG_HOME => "$home/config",
        XDG_CACHE_HOME => "$home/cache", DISPLAY => undef, DBUS_SESSION_BUS_ADDRESS => undef,
        %{$o{env} // {}});
    my $self = bless { home => $home, command => \@command, url => $o{url}, env => \%env,
        controlled => $name eq 'chromium' && $o{control} }, $class;
    on_end(sub { $self->stop });
    return $self->_start;
}

sub _start {
    my ($self) = @_;
    my @command = @{$self->{command}};
    if ($self->{controlled}) {
        $self->{devtools} = SSPI::Test::DevTools->new($self->{home});
        @command = $self->{devtools}->command(@command);
    }
    $self->{pid} = spawn([ SSPI::Test::lifeline(), @command, $self->{url} ], out => "$self->{home}/out", append => 1,
        env => $self->{env});
    return $self;
}

# Ends the browser as its user does, so that it writes its files, and starts it again with them. Only
# for a controlled Chromium.
sub restart {
    my ($self) = @_;
    $self->{devtools}->close_browser;
    SSPI::Test::stop_process(delete $self->{pid}, 0);
    return $self->_start;
}

sub devtools { return $_[0]{devtools} }

# Returns the browser's output, for a failed test.
sub output { my ($self) = @_; return slurp("$self->{home}/out") }

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    SSPI::Test::stop_process($pid, 'TERM');
    return;
}

# A folder of the machine for each browser, and its file of policies below it.
my %policies = (chromium => [ '/etc/chromium', 'policies/managed/sspi.json' ],
    firefox => [ '/usr/lib/firefox-esr/distribution', 'policies.json' ]);

# Whether this process may mount a folder for only one program.
sub can_have_policies { return is_root() && SSPI::Test::run([qw(unshare --mount true)])->{rc} == 0 }

# Returns the beginning of a command that sees a folder with our file in the place of the machine's folder.
sub _policies {
    my ($home, $name, $text) = @_;
    my ($folder, $file) = @{$policies{$name}};
    make_path(dirname("$home/policies/$file"));
    spew("$home/policies/$file", $text, 0644);
    return (qw(unshare --mount sh -ec), 'mount --bind "$1" "$2"; shift 2; exec "$@"', 'sh', "$home/policies", $folder);
}

sub _chromium {
    my ($home, %o) = @_;
    my $profile = "$home/profile";
    mkdir $profile;
    # Chromium uses Negotiate only if an earlier session has received the header.
    spew("$profile/Local State", '{"net":{"received_http_auth_negotiate_headers":true}}');
    return (qw(chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run
        --disable-background-networking --disable-component-update --disable-sync
        --disable-extensions --ignore-certificate-errors --password-store=basic
        --disable-popup-blocking), defined $o{policies} ? () : '--auth-server-allowlist=localhost', "--user-data-dir=$profile",
        "--proxy-server=http://$nowhere:$nowhere_port");
}

sub _firefox {
    my ($home, %o) = @_;
    my $profile = "$home/profile";
    mkdir $profile;
    my %set = (
        (defined $o{policies} ? () : ('network.negotiate-auth.trusted-uris' => '"localhost"',
            'network.negotiate-auth.allow-non-fqdn' => 'true')),
        # Firefox's own NTLM, not Samba's ntlm_auth, which uses the login of this machine's user.
        'network.auth.force-generic-ntlm' => 'true',
        # Otherwise Firefox asks about longer names and passwords in the URL of a page.
        'network.http.phishy-userpass-length' => 255,
        'network.proxy.type' => 1,
        # Otherwise Firefox's own background requests do not use the proxy.
        'network.proxy.allow_bypass' => 'false',
        'network.proxy.failover_direct' => 'false',
        (map { ("network.proxy.$_" => qq("$nowhere"), "network.proxy.${_}_port" => $nowhere_port) }
            qw(http ssl)),
        # Network detection asks name servers without the proxy.
        'network.connectivity-service.enabled' => 'false',
        'network.captive-portal-service.enabled' => 'false',
        'network.trr.mode' => 5,
        # Otherwise a page about privacy comes first.
        'datareporting.policy.dataSubmissionEnabled' => 'false',
    );
    $set{'marionette.port'} = $o{control} if $o{control};
    spew("$profile/user.js", join '', map { qq(user_pref("$_", $set{$_});\n) } sort keys %set);
    spew("$profile/cert_override.txt", _override($o{https}, $o{certificate})) if $o{certificate};
    return (qw(firefox-esr --headless --no-remote), $o{control} ? qw(--marionette
        --remote-allow-system-access) : (), '--profile', $profile);
}

# Returns a line of Firefox's list of accepted certificates: host and port, OID of SHA-256, and the
# fingerprint.
sub _override {
    my ($port, $file) = @_;
    my ($text) = slurp($file) =~ /-----BEGIN CERTIFICATE-----(.*?)-----END/s
        or die "no certificate in $file\n";
    my $print = join ':', uc(sha256_hex(decode_base64($text))) =~ /../g;
    return "localhost:$port:\tOID.2.16.840.1.101.3.4.2.1\t$print\t\n";
}

1;
