# SPDX-License-Identifier: Apache-2.0
# HTTP clients that are not part of this project, with one interface. A client logs in by NTLM if
# the user's name has a domain (CORP\alice), with the ticket of its environment if the name is
# empty, and otherwise by Digest.
#
# Most clients are small programs of t/clients that use a library. Each line of their input is a
# session: method, URLs (separated by a blank), user, password, times and body (separated by tabs).
# `times` says how often the URLs are requested. With "nextnonce" they are requested until an answer
# has another nonce, and then once more. The programs print a line for each answer, and "end" after
# each session. The fields of an answer are status, user, mechanism, and the first line of the body or
# the error. Status 0 means that the client did not accept the answer. Then come the sent
# Authorization value, if the library shows it, and Authentication-Info.
package SSPI::Test::Clients;
use strict;
use warnings;

use Exporter qw(import);
use Test::More;
use SSPI::Test qw(build_dir root_dir run scratch_dir spew);
use SSPI::Test::Connection;
use SSPI::Test::Curl qw(curl_has);
use SSPI::Test::Gss qw(ntlm_mechanism spnego_ends_ntlm);
use SSPI::Test::NtlmAuth;
use SSPI::Test::Response;

our @EXPORT_OK = qw(ask client_can clients_here);

my @fields = qw(status user mechanism text sent info);
my $programs = root_dir() . '/t/clients';
my $neon = build_dir() . '/t/clients/neon_client';
# The Python of the distribution, which has its packages.
my $python = '/usr/bin/python3';
# The programs run for a second: only the first compiler, no threads for garbage collection, no file
# in /tmp.
my @java = qw(java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData);
# Java has MD5 only with the first option, and without the last option it does not bind itself to a channel.
my @url_connection = (@java, qw(-Dhttp.auth.digest.reEnabledAlgorithms=MD5 -Dhttp.auth.digest.validateServer=true
    -Djavax.security.auth.useSubjectCredsOnly=false -Djdk.https.negotiate.cbt=always),
    "$programs/UrlConnection.java");
my @requests = ($python, "$programs/requests_client.py");
my $jars = join ':', map { "/usr/share/java/$_.jar" }
    qw(httpclient httpcore commons-logging commons-codec);

sub _command { my ($name) = @_; return sub { grep { -x "$_/$name" } split /:/, $ENV{PATH} } }
sub _module { my ($import) = @_; return sub { run([ $python, '-c', $import ])->{rc} == 0 } }

my %client = (
    chromium => { here => _command('chromium') },
    curl => { here => _command('curl'), ask => \&_curl },
    'curl with NTLM' => { here => sub { curl_has('NTLM') }, ask => \&_curl },
    # MIT's SPNEGO with NTLM as its mechanism, in the environment of WindowsFixture's gss_ntlm_env().
    'gss-ntlmssp' => { here => sub { _command('curl')->() && defined ntlm_mechanism() && spnego_ends_ntlm() },
        ask => \&_curl },
    firefox => { here => _command('firefox-esr') },
    httpclient => { here => sub { _command('java')->() && -e '/usr/share/java/httpclient.jar' },
        command => [ @java, '-cp', $jars, "$programs/ApacheHttpClient.java" ] },
    java => { here => _command('java'),
        command => \@url_connection },
    neon => { here => sub { -x $neon }, command => [$neon] },
    ntlm_auth => { here => _command('ntlm_auth'), ask => \&_ntlm_auth },
    requests => { here => _module('import requests'), command => \@requests },
    # Since version 0.13 the client needs further modules.
    'requests-kerberos' => { command => \@requests,
        here => _module('import requests_kerberos.kerberos_ as r; hasattr(r, "spnego") and __import__("krb5")'),
        bind => _module('import requests_kerberos.kerberos_ as r; r.spnego') },
    'requests-ntlm' => { here => _module('import requests_ntlm'), command => \@requests,
        name => _module('import requests_ntlm.requests_ntlm as r; r.spnego') },
    soup => { here => _module('import gi; gi.require_version("Soup", "3.0")'),
        command => [ $python, "$programs/soup_client.py" ] },
    w3m => { here => _command('w3m'), ask => \&_w3m },
    wget => { here => _command('wget'), ask => \&_wget },
);

# Returns those of the named clients that are installed. For each other client it skips a test with
# a message.
sub clients_here {
    my @here = grep { $client{$_}{here}->() } @_;
    my %here = map { $_ => 1 } @here;
    Test::More->builder->skip("$_ is not installed; tools/setup --clients installs what there is")
        for grep { !$here{$_} } @_;
    return @here;
}

# True if a client can `bind` itself to the TLS channel, or `name` the service. Old versions cannot.
sub client_can { my ($name, $ability) = @_; return $client{$name}{$ability}->() }

# Runs sessions of one client with the server of `server`, an SSPI::Test::Client. Each session is {
# path (or a list of paths), tls, realm, user, password, body, times }. Returns a list of answers
# for each session. An answer is { status, user, mechanism, text, sent, info }.
sub ask {
    my ($name, $server, @sessions) = @_;
    my $known = $client{$name};
    @sessions = map { my $s = $_; {
        times => 1, %$s, method => defined $s->{body} ? 'POST' : 'GET',
        urls => [ map { $server->url($_, $s->{tls}) } ref $s->{path} ? @{$s->{path}} : $s->{path} ],
    } } @sessions;
    return map { [ $known->{ask}->($server, $_) ] } @sessions if $known->{ask};
    my $input = join '', map {
        join("\t", $_->{method}, "@{$_->{urls}}", @$_{qw(user password times)}, $_->{body} // '')
            . "\n"
    } @sessions;
    my %env = (LC_ALL => 'C.UTF-8', %{$server->{env} // {}});
    if ($server->{https}) {
        $env{SSPI_TEST_CA} = $server->{ca};
        # libsoup uses Negotiate only for trusted URLs, and does not trust plain HTTP by itself.
        $env{SOUP_GSSAPI_TRUSTED_URIS} = $server->url('') . ',' . $server->url('', 1);
    }
    my $r = run($known->{command}, stdin => $input, env => \%env, timeout => 120);
    die "$name: exit code $r->{rc}\n$r->{err}" if $r->{rc} != 0;
    my @sets = split /^end\n/m, $r->{out};
    die "$name: " . @sets . ' ends of ' . @sessions . " sessions\n$r->{out}$r->{err}"
        if @sets != @sessions;
    return map { [ map { my %a; @a{@fields} = split /\t/, $_, -1; \%a } split /\n/, $_ ] } @sets;
}

sub _answer {
    my ($response) = @_;
    return { status => $response->status, user => $response->user,
        mechanism => $response->mechanism, text => (split /\n/, $response->{body} // '')[0] // '',
        sent => join("\n", map { /\AAuthorization: (.*)/ } @{$response->{sent} // []}),
        info => scalar($response->header('Authentication-Info')) // '' };
}

sub _curl {
    my ($server, $s) = @_;
    my @urls = (@{$s->{urls}}) x $s->{times};
    my $login = "$s->{user}:$s->{password}";
    my %how = $s->{user} eq '' ? (negotiate => 1)
        : $s->{user} =~ /\\/ ? (ntlm => $login)
        : (digest => $login, args => $s->{args});
    my $last = $server->get(\@urls, %how, body => $s->{body});
    # curl has handled the challenges in between itself.
    my @all = @{$last->{all}};
    pop @all;
    return map { _answer($_) } (grep { $_->status != 401 } @all), $last;
}

# wget prints the headers of all answers on its standard error, each after two blanks.
sub _wget {
    my ($server, $s) = @_;
    my $r = run([ qw(wget --no-config --no-proxy --quiet --server-response --tries=1 --timeout=30),
        '--output-document=-', "--ca-certificate=$server->{ca}",
        "--user=$s->{user}", "--password=$s->{password}",
        defined $s->{body} ? "--post-data=$s->{body}" : (), @{$s->{urls}} ]);
    my @heads = grep { /\A  HTTP/ } split /^(?=  HTTP\/)/m, $r->{err};
    return _answer(SSPI::Test::Response->from_text(($heads[-1] // '') =~ s/^  //mgr, $r->{out}));
}

# The client uses SPNEGO if Negotiate is offered, and otherwise bare NTLM.
sub _ntlm_auth {
    my ($server, $s) = @_;
    my ($domain, $user) = split /\\/, $s->{user};
    my ($path) = $s->{urls}[0] =~ m{//[^/]+(.*)};
    my $connection = SSPI::Test::Connection->new($server, tls => $s->{tls});
    my $ask = sub { return $connection->get($path, @_) // die "closed by the server\n" };
    my $answer = $ask->();
    my ($scheme) = ($answer->challenges)[0] =~ /\A(\w+)/;
    my $samba = SSPI::Test::NtlmAuth->new(domain => $domain, user => $user, password => $s->{password},
        spnego => $scheme eq 'Negotiate');
    my $challenge;
    for (1 .. 2) {
        $answer = $ask->(authorization => "$scheme " . $samba->token($challenge));
        ($challenge) = map { /\A$scheme (\S+)/ } $answer->challenges;
        last if !defined $challenge || $answer->status != 401;
    }
    return (_answer($answer), map { _answer($ask->()) } 2 .. $s->{times});
}

# w3m reads passwords from a file in its home directory.
sub _w3m {
    my ($server, $s) = @_;
    my $home = scratch_dir('w3m');
    mkdir "$home/.w3m";
    my ($host, $port) = $s->{urls}[0] =~ m{//([^:/]+):(\d+)};
    spew("$home/.w3m/passwd", join('', map { "$_\n" } "host $host", "port $port",
        "realm $s->{realm}", "login $s->{user}", "password $s->{password}"), 0600);
    my $r = run([ qw(w3m -no-proxy -o accept_encoding=identity -dump_both),
        defined $s->{body} ? ('-post', spew("$home/body", $s->{body})) : (), @{$s->{urls}} ],
        env => { HOME => $home });
    my ($head, $body) = split /\r?\n\r?\n/, $r->{out}, 2;
    return _answer(SSPI::Test::Response->from_text("$head\n\n", $body));
}

1;
