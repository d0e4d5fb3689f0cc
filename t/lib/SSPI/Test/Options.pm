# SPDX-License-Identifier: Apache-2.0
# One list of options in the syntax of either server, so that a scenario is the same on both.
package SSPI::Test::Options;
use strict;
use warnings;

use Exporter qw(import);
use SSPI::Test qw(root_dir slurp);

our @EXPORT_OK = qw(option_names apache_options nginx_options apache_location nginx_location);

# nginx's name of each directive => that of Apache, from the table of options. Some directives exist only
# on Apache.
my %apache_name;

# service_name -> SSPIServiceName, sspi_service_name.
sub option_names {
    my ($key) = @_;
    %apache_name = reverse slurp(root_dir() . '/core/include/sspi_options.def') =~ /"(SSPI\w+)",\s*"(sspi_\w+)"/g
        if !%apache_name;
    my $camel = 'SSPI' . join '', map { ucfirst } split /_/, $key;
    return ($apache_name{"sspi_$key"} // $camel, "sspi_$key");
}

sub _word {
    my ($text) = @_;
    return $text if $text =~ /\A[^\s"';{}\\#]+\z/;
    $text =~ s/(["\\])/\\$1/g;
    return qq("$text");
}

# The value of an option is one string of words ("Negotiate Digest"), or a list if words contain
# blanks.
sub _value {
    my ($value) = @_;
    return join ' ', map { _word($_) } ref $value ? @$value : split ' ', $value;
}

sub apache_options {
    my ($o) = @_;
    my @lines;
    my $on = $o->{sspi} // 'on';
    push @lines, 'AuthType SSPI' if $on ne 'off';
    push @lines, 'AuthType None' if $on eq 'off';
    push @lines, 'SSPIOptional on' if $on eq 'optional';
    push @lines, 'AuthName ' . _word($o->{realm}) if defined $o->{realm};
    for my $key (sort keys %$o) {
        next if $key =~ /\A(?:sspi|realm|require|path|apache|nginx)\z/;
        push @lines, (option_names($key))[0] . ' ' . _value($o->{$key});
    }
    if ($on eq 'off') { push @lines, 'Require all granted' }
    elsif ($o->{require}) {
        push @lines, '<RequireAll>', (map { "    Require sspi-$_" } @{$o->{require}}),
            '</RequireAll>', 'AuthzSendForbiddenOnFailure on';
    }
    # With `optional` httpd must admit every request, and still run check_authn.
    else { push @lines, $on eq 'optional' ? 'Require all granted' : 'Require valid-user' }
    push @lines, split /\n/, $o->{apache} if defined $o->{apache};
    return @lines;
}

sub nginx_options {
    my ($o) = @_;
    my @lines = ('sspi ' . ($o->{sspi} // 'on') . ';');
    push @lines, 'sspi_realm ' . _word($o->{realm}) . ';' if defined $o->{realm};
    for my $key (sort keys %$o) {
        next if $key =~ /\A(?:sspi|realm|require|path|apache|nginx)\z/;
        push @lines, (option_names($key))[1] . ' ' . _value($o->{$key}) . ';';
    }
    push @lines, map { "sspi_require $_;" } @{$o->{require} // []};
    push @lines, split /\n/, $o->{nginx} if defined $o->{nginx};
    return @lines;
}

sub _indent { my ($n, @lines) = @_; return join '', map { (' ' x $n) . "$_\n" } @lines }

sub apache_location {
    my ($o) = @_;
    return "<Location \"$o->{path}\">\n" . _indent(4, apache_options($o)) . "</Location>\n";
}

sub nginx_location {
    my ($o) = @_;
    return "location $o->{path} {\n" . _indent(4, nginx_options($o)) . "}\n";
}

1;
