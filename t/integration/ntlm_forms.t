#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# NTLM of clients other than Windows. Names are in Unicode or in OEM. In SPNEGO the client sends a
# MIC over the list of mechanisms, also if it asks for protection other than signatures, or for no
# protection.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(scratch_dir spew);
use SSPI::Test::AxiosNtlm qw(axios_login);
use SSPI::Test::Ntlm qw(ntlm_login ntlm_token ntlm_user_line ntlm_value);
use SSPI::Test::Parts;
use SSPI::Test::Scenario;

my $kdc = SSPI::Test::KDC->new;
my $joerg = "j\xc3\xb6rg";
my $users = spew(scratch_dir('users') . '/users',
    join('', map { ntlm_user_line($_, 'CORP', 'pw') } 'alice', $joerg), 0644);
my %ntlm = (ntlm_user_file => $users, realm => 'r', mechanisms => 'ntlm');
my %server_config = (
    env => $kdc->server_env,
    locations => [
        { path => '/ntlm/', %ntlm, packages => 'NTLM' },
        { path => '/negotiate/', %ntlm, packages => 'Negotiate' },
        { path => '/both/', %ntlm, packages => 'Negotiate NTLM', mechanisms => 'kerberos ntlm',
            keytab => $kdc->{keytab} },
    ],
);
my %alice = (user => 'CORP\\alice', mechanism => 'NTLM');

sub login { my ($server, $path, %how) = @_; return (ntlm_login($server->connection, $path, %how))[-1] }

# Flags of NEGOTIATE (MS-NLMP 2.2.2.5). The flags of Windows include SIGN and SEAL.
use constant { UNICODE => 0x1, OEM => 0x2, SIGN => 0x10, SEAL => 0x20, STRONG => 0x20000000, WINDOWS => 0xE2088237 };

sub hex_of { return sprintf '%08x', $_[0] }

# The two bits of the character sets in CHALLENGE.
sub charset_of {
    my ($server, $asked) = @_;
    my $ntlm = SSPI::Test::Ntlm->new(asked => hex_of($asked));
    my $answer = $server->connection->get('/ntlm/', authorization => ntlm_value('NTLM', $ntlm->{negotiate}));
    return unpack('x20 V', ntlm_token($answer, 'NTLM')) & (UNICODE | OEM);
}

parts 'names of NTLM', \%server_config,
    'in the character set that CHALLENGE grants' => sub {
        my ($server) = @_;
        my $rest = WINDOWS & ~(UNICODE | OEM);
        is(charset_of($server, $rest | UNICODE | OEM), UNICODE, 'Unicode if both were asked for');
        is(charset_of($server, $rest | UNICODE), UNICODE, 'Unicode if only Unicode was asked for');
        is(charset_of($server, $rest | OEM), OEM, 'OEM if only OEM was asked for');
        for my $asked (OEM, UNICODE) {
            my $kind = $asked == OEM ? 'OEM' : 'Unicode';
            for my $form (qw(NTLM bare only)) {
                granted(login($server, '/both/', form => $form, asked => hex_of($rest | $asked)), \%alice,
                    "$kind: $form, with a MIC over all messages");
            }
            granted(login($server, '/ntlm/', user => 'aLICE', domain => 'corp', asked => hex_of($rest | $asked)), \%alice,
                "$kind: in other letter cases");
            $server->new_log;
            refused(login($server, '/ntlm/', password => 'no', asked => hex_of($rest | $asked)), 401,
                "$kind: a wrong password");
            logged($server, 'WRONG_PASSWORD', 'user "alice"');
        }
    },
    'as axios-ntlm writes them' => sub {
        my ($server) = @_;
        for my $path (qw(/ntlm/ /both/)) {
            my @answers = axios_login($server->connection, $path, user => 'alice', domain => 'CORP', password => 'pw');
            is_deeply([ map { $_->status } @answers ], [ 401, 401, 200 ], "$path: three requests");
            granted($answers[-1], { %alice, package => 'NTLM' }, "$path: a login");
        }
        granted((axios_login($server->connection, '/ntlm/', user => 'Alice', password => 'pw'))[-1], \%alice,
            'without a domain, for which it takes the one in CHALLENGE');
        $server->new_log;
        refused((axios_login($server->connection, '/ntlm/', user => 'alice', domain => 'CORP', password => 'no'))[-1],
            401, 'a wrong password');
        logged($server, 'WRONG_PASSWORD');
    },
    'that are not ASCII' => sub {
        my ($server) = @_;
        my ($oem, $unicode) = map { hex_of((WINDOWS & ~(UNICODE | OEM)) | $_) } OEM, UNICODE;
        granted(login($server, '/ntlm/', user => $joerg, asked => $unicode), { user => "CORP\\$joerg" },
            'names that are not ASCII are granted in Unicode');
        $server->new_log;
        my $answer = login($server, '/ntlm/', user => $joerg, asked => $oem);
        refused($answer, 401, 'names that are not ASCII are refused in OEM, because the code page is not known');
        is_deeply([ $answer->challenges ], ['NTLM'], 'the answer has a new challenge');
        logged($server, 'UNSUPPORTED', qr/\bASCII\b/, qr/\bUnicode\b/);
        refused((axios_login($server->connection, '/ntlm/', user => $joerg, password => 'pw'))[-1], 401,
            'names that are not ASCII are refused in the form of axios-ntlm');
        logged($server, 'UNSUPPORTED', qr/\bASCII\b/);
    },
    'in a character set that was not granted' => sub {
        my ($server) = @_;
        my $taken = hex_of((WINDOWS & ~UNICODE) | OEM);
        refused(login($server, '/ntlm/', flags => $taken), 401, 'OEM where Unicode was granted');
        logged($server, 'UNSUPPORTED', 'Unicode');
        granted(login($server, '/ntlm/', asked => $taken, flags => hex_of(WINDOWS)), \%alice,
            'Unicode where OEM was granted, with the flag of Unicode');
    };

# ---- SPNEGO's MIC ----

my @protections = (
    [ 'signatures' => WINDOWS & ~SEAL ],
    [ 'encryption without signatures' => WINDOWS & ~SIGN ],
    [ 'neither' => WINDOWS & ~(SIGN | SEAL) ],
);

parts 'a MIC over a list of mechanisms', \%server_config,
    'is verified for every protection that its client asks for' => sub {
        my ($server) = @_;
        for my $case (@protections) {
            my ($name, $asked) = @$case;
            my @how = (asked => hex_of($asked));
            for my $location (qw(/negotiate/ /both/)) {
                for my $form (qw(only first)) {
                    granted(login($server, $location, form => $form, @how), \%alice, "$name: $location, $form");
                    $server->new_log;
                    refused(login($server, $location, form => $form, list_mic => 'wrong', @how), 401,
                        "$name: $location, $form: a wrong MIC");
                    logged($server, 'NOT_OFFERED', 'mechListMIC');
                }
            }
        }
    },
    'may be missing if no other mechanism was listed and no signatures were asked for' => sub {
        my ($server) = @_;
        for my $case (@protections) {
            my ($name, $asked) = @$case;
            my @how = (asked => hex_of($asked), list_mic => 'none');
            granted(login($server, '/negotiate/', form => 'only', @how), \%alice, "$name: where NTLM is preferred");
            my $answer = login($server, '/both/', form => 'only', @how);
            if ($asked & SIGN) { is($answer->status, 401, "$name: the server still waits for the MIC"); is($answer->user, '', "$name: there is no user without the MIC") }
            else { granted($answer, \%alice, "$name: where Kerberos is preferred") }
            $server->new_log;
            $answer = login($server, '/both/', form => 'first', @how);
            is($answer->status, 401, "$name: not if Kerberos was listed as well");
            is($answer->user, '', "$name: there is no user");
        }
    },
    'needs strong keys' => sub {
        my ($server) = @_;
        for my $asked (WINDOWS, WINDOWS & ~SIGN) {
            $server->new_log;
            refused(login($server, '/both/', form => 'only', asked => hex_of($asked & ~STRONG)), 401,
                'keys of 56 bits: ' . hex_of($asked));
            logged($server, 'NOT_OFFERED', qr/\bweak\b/);
        }
    };

done_testing;
