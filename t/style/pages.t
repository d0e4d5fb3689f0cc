#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Pages that repeat names of the code or of other software: docs/migrating.md names every directive of the
# modules that it is about, and only directives and variables that this software has. docs/monitoring.md
# names every counter. docs/troubleshooting.md names only ids of messages that exist.
use strict;
use warnings;

use Cwd qw(abs_path);
use FindBin;
use Test::More;

my $root = abs_path("$FindBin::Bin/../..");

sub slurp {
    my ($path) = @_;
    open my $in, '<:encoding(UTF-8)', "$root/$path" or die "$path: $!\n";
    local $/;
    return <$in>;
}

# The directives of the other modules, from their documentation and sources: mod_auth_gssapi 1.6.5, mod_auth_kerb 5.4
# (with the constrained delegation of Fedora), mod_auth_ntlm_winbind, mod_auth_digest of httpd 2.4,
# spnego-http-auth-nginx-module of 2026, and the schema of IIS 10.
my %theirs = (
    'mod_auth_gssapi' => [ map { "Gssapi$_" } qw(AcceptorName AllowedMech BasicAuth BasicAuthMech BasicTicketTimeout ConnectionBound
        CredStore DelegCcacheDir DelegCcacheEnvVar DelegCcachePerms DelegCcacheUnique Impersonate LocalName NameAttributes
        NegotiateOnce PublishErrors PublishMech RequiredNameAttributes SSLonly SessionKey SignalPersistentAuth UseS4U2Proxy UseSessions) ],
    'mod_auth_kerb' => [qw(KrbMethodNegotiate KrbMethodK5Passwd KrbMethodK4Passwd KrbAuthoritative KrbDelegateBasic KrbAuthRealms KrbVerifyKDC
        KrbServiceName Krb4Srvtab Krb5Keytab KrbSaveCredentials KrbLocalUserMapping KrbConstrainedDelegation)],
    'mod_auth_ntlm_winbind' => [qw(NTLMAuth NegotiateAuth NTLMBasicAuth NTLMBasicAuthoritative NTLMBasicRealm NTLMAuthHelper NegotiateAuthHelper
        PlaintextAuthHelper)],
    'mod_auth_digest' => [ map { "AuthDigest$_" } qw(Provider Qop NonceLifetime NonceFormat NcCheck Algorithm Domain ShmemSize) ],
    'spnego-http-auth-nginx-module' => [ 'auth_gss', map { "auth_gss_$_" } qw(keytab service_name realm force_realm format_full map_to_local
        authorized_principal authorized_principal_regex allow_basic_fallback delegate_credentials constrained_delegation service_ccache
        service_ccache_memory channel_bindings) ],
    'IIS' => [qw(anonymousAuthentication windowsAuthentication basicAuthentication digestAuthentication clientCertificateMappingAuthentication
        iisClientCertificateMappingAuthentication authPersistNonNTLM authPersistSingleRequest useKernelMode useAppPoolCredentials providers
        extendedProtection tokenChecking flags spn realm defaultLogonDomain logonMethod access authorization bypassLoginPages ipSecurity
        httpErrors machineKey identity)],
);

my %ours = map { $_ => 1 } qw(sspi sspi_require sspi_status sspi_logout SSPIThreads), slurp('core/include/sspi_options.def') =~ /"(SSPI\w+|sspi_\w+)"/g,
    slurp('core/include/sspi_variables.def') =~ /"\$?((?:SSPI|sspi)_\w+)"/g, slurp('docs/answers.md') =~ /`\$?((?:SSPI|sspi)_\w+)`/g,
    slurp('docs/options.md') =~ /^## .*\b(SSPI\w+|sspi_\w+)/mg;

my $migrating = slurp('docs/migrating.md');
for my $module (sort keys %theirs) {
    my ($section) = $migrating =~ /^## From \Q$module\E\n(.*?)(?=^## |\z)/ms or fail("a section about $module"), next;
    my @rows = grep { /^\| / && !/^\| ---/ } split /\n/, $section;
    my $left = join "\n", map { /^\| (.*?) \| / } @rows;
    is_deeply([ grep { $left !~ /\b\Q$_\E\b/ } @{$theirs{$module}} ], [], "$module: every directive has a row");
    my @named = map { /\b(SSPI[A-Z]\w+|SSPI_\w+|sspi_\w+)/g } map { /^\| .*? \| (.*) \|$/ } @rows;
    is_deeply([ grep { !$ours{$_} } @named ], [], "$module: every directive and variable here exists");
}

my $monitoring = slurp('docs/monitoring.md');
my @counters = slurp('core/store/store_counters.def') =~ /^STORE_COUNTER\(\w+, "(\w+)"/mg;
my ($table) = $monitoring =~ /^(\| group \| counters \|\n(?:\|.*\n)+)/m;
my @rows = map { /`(\w+)`/g } split /\n/, $table;
is_deeply([ sort @rows ], [ sort @counters ], 'docs/monitoring.md has every counter once');
my %counter = map { ("sspi_${_}_total" => 1) } @counters;
is_deeply([ grep { !$counter{$_} } $monitoring =~ /\b(sspi_\w+_total)\b/g ], [], 'its rules use counters that exist');

my %id = map { $_ => 1 } slurp('core/include/sspi_reasons.def') =~ /^SSPI_REASON\(\w+, (\d+),/mg;
for my $page (map { "docs/$_.md" } qw(troubleshooting monitoring keytabs many-hosts performance basic)) {
    is_deeply([ grep { !$id{$_} } slurp($page) =~ /SSPI-(\d+)/g ], [], "$page names only messages that exist");
}

done_testing;
