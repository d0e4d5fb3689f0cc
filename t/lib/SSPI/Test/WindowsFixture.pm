# SPDX-License-Identifier: Apache-2.0
# The server configuration of all tests with clients that use Kerberos or NTLM, as Windows' clients
# do: a location for each set of packages and mechanisms, one realm and one domain.
package SSPI::Test::WindowsFixture;
use strict;
use warnings;

use Exporter qw(import);
use SSPI::Test qw(built scratch_dir spew);
use SSPI::Test::Gss qw(ntlm_mechanism);

our @EXPORT_OK = qw(gss_ntlm_env ntlm_login ticket windows_server_config);

use constant { DOMAIN => 'CORP', USER => 'alice', PASSWORD => 'wonder land' };

# Returns what a client's session needs to log in by NTLM. With another password the login fails.
sub ntlm_login { my ($password) = @_; return (user => DOMAIN . '\\' . USER, password => $password // PASSWORD) }

# The same for a login with the ticket of the client's environment.
sub ticket { return (user => '', password => '') }

# Returns the environment of a client without a ticket whose GSSAPI supports NTLM, with this
# password.
sub gss_ntlm_env {
    my ($kdc, $password) = @_;
    my $file = spew(scratch_dir('passwords') . '/file', join(':', DOMAIN, USER, $password // PASSWORD), 0600);
    return { %{$kdc->env_without_ticket}, GSS_MECH_CONFIG => ntlm_mechanism(), NTLM_USER_FILE => $file };
}

# For scenario(), with the realm of `kdc`. The server speaks HTTP/2, and makes its clients use
# HTTP/1.1 for NTLM.
sub windows_server_config {
    my ($kdc) = @_;
    my $users = scratch_dir('users') . '/users';
    SSPI::Test::must_run([ built('passwd'), qw(--stdin -c -a NT -r), DOMAIN, $users, USER ],
        stdin => PASSWORD . "\n");
    chmod 0644, $users;
    my %files = (keytab => $kdc->{keytab}, ntlm_user_file => $users);
    my @locations = (
        [ ntlm => packages => 'NTLM', mechanisms => 'ntlm' ],
        [ negotiate => packages => 'Negotiate', mechanisms => 'kerberos ntlm' ],
        [ kerberos => packages => 'Negotiate', mechanisms => 'kerberos' ],
        [ windows => packages => 'Negotiate NTLM', mechanisms => 'kerberos ntlm' ],
        [ bound => packages => 'Negotiate NTLM', mechanisms => 'kerberos ntlm',
            channel_binding => 'require' ],
        [ unbound => packages => 'NTLM', mechanisms => 'ntlm', channel_binding => 'none' ],
    );
    return (env => $kdc->server_env, locations => [
        { path => '/open/', sspi => 'off' },
        map { my ($name, @more) = @$_; { path => "/$name/", %files, @more } } @locations ]);
}

1;
