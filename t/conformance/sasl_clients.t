# SPDX-License-Identifier: Apache-2.0
# The unchanged examples conf-examples/sspi/sasl_server.c and ldap_server.c. Clients that are not
# part of this project log in by SASL over sockets, with each mechanism and layer that they support,
# and exchange messages.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir slurp);
use SSPI::Test::Gss qw(spnego_ends_ntlm);
use SSPI::Test::Sasl;
use SSPI::Test::SaslClients;

for my $name (qw(sasl_server.c ldap_server.c sasl_session.c)) {
    my $source = slurp(root_dir() . "/conf-examples/sspi/$name");
    cmp_ok($source =~ tr/\n//, '<', 260, "$name is short");
    is_deeply([ grep { !/\A(?:sspi|sasl_session)\.h\z/ } $source =~ /#include "([^"]+)"/g ], [],
        'and includes only sspi.h');
}

my $server = start_server('sasl_server', 'weak-ciphers');
my $ldap = start_server('ldap_server', 'weak-ciphers');
my $narrow = start_server('sasl_server', qw(integrity forbid-authzid 2000));
my $without_layers = start_server('sasl_server', 'none');

# These cases are not tested. GSS-SPNEGO with integrity: MIT's Kerberos asks for confidentiality instead of integrity, and
# gss-ntlmssp encrypts messages that are only to be signed. GSS-SPNEGO by NTLM without a layer:
# gss-ntlmssp always uses a layer. DIGEST-MD5 with 3des: Cyrus cannot initialise it ("failed to init
# cipher"). NTLM of Cyrus and GNU SASL: it is NTLMv1. Cyrus has an option for only an LMv2 response,
# but these programs cannot set it. GNU SASL: it has no layer in GSSAPI, no auth-conf in DIGEST-MD5,
# and no GSS-SPNEGO. Of the values that are hashed in ISO-8859-1 (RFC 2831 2.1.2.1) it converts only
# the password. Java: it has no GSS-SPNEGO. Authen::SASL: it has no ciphers without modules that
# Debian does not have. It hashes UTF-8, for which the MD5 line exists.
my @kerberos_layers = qw(none integrity confidentiality);
my @latin = (user => 'jösé', password => 'pässwörd');
my @polish = (user => 'łukasz', password => 'zażółć');
my @table = (
    (map { [ Cyrus => GSSAPI => $_ ] } @kerberos_layers),
    [ Cyrus => GSSAPI => 'confidentiality', authzid => 'bob' ],
    (map { [ Cyrus => 'GSS-SPNEGO' => $_ ] } qw(none confidentiality)),
    [ Cyrus => 'GSS-SPNEGO' => 'confidentiality', by_ntlm => 1 ],
    (map { [ Cyrus => 'DIGEST-MD5' => $_ ] } qw(none integrity)),
    (map { [ Cyrus => 'DIGEST-MD5' => 'confidentiality', cipher => $_ ] } qw(rc4 des rc4-56 rc4-40)),
    [ Cyrus => 'DIGEST-MD5' => 'integrity', authzid => 'bob' ],
    [ Cyrus => 'DIGEST-MD5' => 'integrity', @latin ],
    [ Cyrus => 'DIGEST-MD5' => 'integrity', @polish ],

    (map { [ ldapsearch => GSSAPI => $_ ] } @kerberos_layers),
    [ ldapsearch => GSSAPI => 'integrity', authzid => 'u:bob' ],
    # The answers come in several parts.
    [ ldapsearch => GSSAPI => 'confidentiality', maxbuf => 150 ],
    (map { [ ldapsearch => 'GSS-SPNEGO' => $_ ] } qw(none confidentiality)),
    [ ldapsearch => 'GSS-SPNEGO' => 'confidentiality', by_ntlm => 1 ],
    (map { [ ldapsearch => 'DIGEST-MD5' => $_ ] } qw(none integrity)),
    (map { [ ldapsearch => 'DIGEST-MD5' => 'confidentiality', cipher => $_ ] } qw(rc4 des rc4-56 rc4-40)),
    [ ldapsearch => 'DIGEST-MD5' => 'integrity', authzid => 'u:bob' ],
    [ ldapsearch => 'DIGEST-MD5' => 'integrity', @latin ],
    [ ldapsearch => 'DIGEST-MD5' => 'integrity', @polish ],

    (map { [ Java => GSSAPI => $_, length => 5000 ] } @kerberos_layers),
    [ Java => GSSAPI => 'confidentiality', authzid => 'bob', length => 5000, maxbuf => 1024 ],
    (map { [ Java => 'DIGEST-MD5' => $_, length => 5000 ] } qw(none integrity)),
    (map { [ Java => 'DIGEST-MD5' => 'confidentiality', cipher => $_, length => 5000 ] }
        qw(3des rc4 des rc4-56 rc4-40)),
    [ Java => 'DIGEST-MD5' => 'integrity', authzid => 'bob', length => 5000, maxbuf => 1024 ],
    [ Java => 'DIGEST-MD5' => 'integrity', @latin ],
    [ Java => 'DIGEST-MD5' => 'integrity', @polish ],
    [ Java => NTLM => 'none' ],

    # The client has no layer here, but sends a size.
    [ 'GNU SASL' => GSSAPI => 'none' ],
    [ 'GNU SASL' => 'DIGEST-MD5' => 'none' ],
    [ 'GNU SASL' => 'DIGEST-MD5' => 'integrity', authzid => 'bob' ],
    [ 'GNU SASL' => 'DIGEST-MD5' => 'none', user => 'jose', password => 'pässwörd' ],
    [ 'GNU SASL' => 'DIGEST-MD5' => 'none', @polish ],

    (map { [ 'Authen::SASL' => GSSAPI => $_, authzid => 'bob' ] } @kerberos_layers),
    (map { [ 'Authen::SASL' => 'DIGEST-MD5' => $_, authzid => 'bob' ] } qw(none integrity)),
    [ 'Authen::SASL' => 'DIGEST-MD5' => 'integrity', @latin ],
    [ 'Authen::SASL' => 'DIGEST-MD5' => 'integrity', @polish ],
);

sub name {
    my ($client, %o) = @_;
    return join ', ', $client, @o{qw(mechanism layer)},
        map { "$_ $o{$_}" } grep { defined $o{$_} } qw(cipher by_ntlm authzid user maxbuf);
}

# A missing client is reported once.
my %reported;
sub has {
    my ($client, %o) = @_;
    my $missing = $o{by_ntlm} && !spnego_ends_ntlm() ? 'this version of MIT Kerberos does not end NTLM in SPNEGO'
        : missing($client, %o);
    return 1 if !defined $missing;
    SKIP: { skip $missing, 1 if !$reported{$missing}++ }
    return 0;
}

sub logs_in {
    my ($at, $client, %o) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return if !has($client, %o);
    my $name = name($client, %o);
    my $r = log_in($client, $at, %o);
    is($r->{client}, 'both ways', $name);
    like($r->{server}, came($o{mechanism}, $o{layer}, for => $o{authzid}, says => $r->{says},
        user => $o{by_ntlm} ? 'Corp\Alice' : $o{user}, ended => $client eq 'ldapsearch' ? '00000000' : ENDED),
        "$name: the server");
    return;
}

for my $row (@table) {
    my ($client, $mechanism, $layer, %o) = @$row;
    logs_in($client eq 'ldapsearch' ? $ldap : $server, $client, mechanism => $mechanism, layer => $layer, %o);
}
# A server that offers no layer.
logs_in($without_layers, 'GNU SASL', mechanism => 'GSSAPI', layer => 'none', authzid => 'bob');

# ---- refusals of these clients ----

sub refused {
    my ($at, $status, $client, %o) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return if !has($client, %o);
    my $what = join ', ', name($client, layer => 'none', %o), delete $o{what} // ();
    is(log_in($client, $at, layer => 'none', %o)->{server}, "ended with 0x$status\n", "$what: refused");
    return;
}

for my $client ('Cyrus', 'Java', 'GNU SASL', 'Authen::SASL') {
    refused($server, DENIED, $client, mechanism => 'DIGEST-MD5', password => 'wrong', what => 'a wrong password');
}
refused($ldap, DENIED, 'ldapsearch', mechanism => 'DIGEST-MD5', password => 'wrong', what => 'a wrong password');
refused($server, NO_AUTHORITY, 'Java', mechanism => 'DIGEST-MD5', realm => 'OTHER', what => 'a wrong realm');
refused($server, DENIED, 'Cyrus', mechanism => 'NTLM', what => 'which is NTLMv1');
refused($server, DENIED, 'GNU SASL', mechanism => 'NTLM', password => 'Password', what => 'which is NTLMv1');
refused($ldap, DENIED, 'ldapsearch', mechanism => 'NTLM', password => 'Password', what => 'which is NTLMv1');

# The restricted server: at most integrity, no other identity to act as, no message over 2000
# octets.
for my $client ('Cyrus', 'Java', 'Authen::SASL') {
    for my $mechanism ('GSSAPI', 'DIGEST-MD5') {
        my %o = (mechanism => $mechanism, layer => 'integrity');
        logs_in($narrow, $client, %o) if $client eq 'Cyrus';
        refused($narrow, MISMATCH, $client, %o, authzid => 'bob');
        refused($narrow, ENDED, $client, %o, layer => 'confidentiality') if $client ne 'Authen::SASL';
    }
}
if (has('Java')) {
    # Java ignores the size that the server sent.
    my $r = log_in('Java', $narrow, mechanism => 'GSSAPI', layer => 'integrity', length => 5000);
    like($r->{server}, came(GSSAPI => 'integrity', says => ['hello, server'], ended => INVALID_TOKEN),
        'Java, 5000 octets: refused');
}

SSPI::Test::Sasl::have_served();
done_testing;
