#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Every configuration and command of README.md and docs/. The servers' own configuration tests
# accept each configuration, as it stands or completed. Each command is run here or by another test,
# or the list below gives the reason why no test can run it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use SSPI::Test qw(root_dir scratch_dir slurp run);
use SSPI::Test::Commands;
use SSPI::Test::Examples;
use SSPI::Test::Http3;
use SSPI::Test::Scenario;

my $root = root_dir();
my @pages = map { substr $_, length "$root/" } "$root/README.md", glob("$root/docs/*.md"), glob("$root/docs/decisions/*.md"),
    grep { -e } map { "$root/$_" } qw(ARCHITECTURE.md CONTRIBUTING.md SECURITY.md t/README.md);
my %text = map { $_ => slurp("$root/$_") } @pages;

# Returns the blocks of code of a page: { kind, text, where }.
sub blocks {
    my ($page) = @_;
    my (@blocks, $block);
    my $n = 0;
    for my $line (split /\n/, $text{$page}) {
        $n++;
        if ($block && $line eq '```') { push @blocks, $block; $block = undef }
        elsif ($block) { $block->{text} .= "$line\n" }
        elsif ($line =~ /^```(\w*)$/) { $block = { kind => $1, text => '', where => "$page:$n" } }
    }
    die "$page: a block of code has no end\n" if $block;
    return @blocks;
}
my @all = map { blocks($_) } @pages;
my @shown = grep { $_->{where} =~ /\A(?:README\.md|docs\/)/ } @all;

is_deeply([ map { "$_->{where} $_->{kind}" } grep { $_->{kind} !~ /\A(?:apache|nginx|sh|text|c|json|python)\z/ } @shown ], [],
    'every block of code names its language');

my $kdc = SSPI::Test::KDC->new(principals => [ 'HTTP/www.example.org', 'www$' ]);
my $examples = SSPI::Test::Examples->new($kdc,
    keytab => $kdc->make_keytab('documentation.keytab', 'HTTP/localhost', 'HTTP/www.example.org', 'www$'));
my %class = (apache => 'SSPI::Test::Apache', nginx => 'SSPI::Test::Nginx');
for my $kind (qw(apache nginx)) {
    SKIP: {
        skip "$kind is not among SSPI_SERVERS", 1 if !wanted($kind);
        subtest "$kind accepts every configuration" => sub {
            for my $block (grep { $_->{kind} eq $kind } @shown) {
                if ($block->{text} =~ /\bquic\b/ && !nginx_has_http3()) {
                    SKIP: { skip "$block->{where}: nginx has no HTTP/3", 1 }
                    next;
                }
                my $spec = $examples->server($kind, $examples->whole($kind, $block->{text}));
                my $server = $class{$kind}->new(%$spec);
                my $r = $server->test_config;
                is($r->{rc}, 0, $block->{where}) or diag($r->{out}, slurp($server->{config}));
                # A directive without effect is an error in a page as well. No directory runs here, so the
                # names of its groups are not found (SSPI-209), and they call for a greater limit (SSPI-237).
                is_deeply([ grep { /\bSSPI-\d+.*|\[(?:warn|error|emerg)\]/ && !/SSPI-20[0-69]|SSPI-23[0-27]/ } split /\n/, $r->{out} ],
                    [], "$block->{where} without a warning");
            }
        };
    }
}

# Pages whose commands quickstart.t runs as they are printed.
my %as_printed = map { $_ => 1 } qw(docs/quickstart-apache.md docs/quickstart-nginx.md);
# Commands that other tests run, or that need something that a test does not have.
my @elsewhere = (
    [ qr{^tools/demo$}, 'demo.t runs it' ],
    [ qr{^tools/(?:check|bench|reference)\b}, 'runs the tests, or is run by style/reference.t' ],
    [ qr{^tools/(?:site|pictures)$}, 'style/links.t and style/pictures.t run it' ],
    [ qr{^tools/setup\b}, 'tools/check runs it' ],
    [ qr{^apt-get source nginx$}, 'needs a mirror with sources' ],
    [ qr{^tools/chroot\b}, 'makes a whole system from a mirror; chroot.t tests it without one' ],
    [ qr{^tools/package\b|^apt install (?:\./\S+\.deb ?)+$|^a2(?:en|dis)mod sspi$}, 'tools/check --packages runs it' ],
    [ qr{^systemctl restart apache2$}, 'needs systemd; tools/check --packages restarts the server itself' ],
    [ qr{^meson (?:setup|compile|test|install)\b|^meson setup build && }, 'tools/check and install.t run meson' ],
    [ qr{^\./configure --add-dynamic-module=}, 'install.t runs it' ],
    [ qr{^cc .*pkg-config --cflags --libs sspi}, 'install.t runs it' ],
    [ qr{^kadmin\.local (?:addprinc|ktadd|ktremove) |^klist -ke |^kinit alice$|^kvno |^curl --negotiate -u : http:}, 'keytabs.t runs it' ],
    [ qr{^msktutil |^kinit Administrator$|^net ads (?:setspn|keytab|enctypes) }, 't/ad/keytabs.t runs it' ],
    [ qr{^(?:curl |git |chromium |kinit -k |mkdir -p robot-profile|echo '\{"net")}, 'browsers_page.t runs it' ],
    [ qr{^KRB5_TRACE=|^wbinfo }, 'keytabs.t and t/ad/keytabs.t run it' ],
    [ qr{^chown root: /etc|^install -m 0600 }, 'changes the machine' ],
    [ qr{^samba-tool (?:user|spn|domain exportkeytab|delegation) }, 't/ad/kerberos_s4u.t runs it' ],
    [ qr{^kadmin\.local modprinc }, 't/conformance/kerberos_s4u.t runs it' ],
    [ qr{^install -d -m 0700 -o www-data -g www-data /run/sspi-tickets$}, 'SSPI::Test::Delegation makes such a directory' ],
    [ qr{^cp (?:-r )?contrib/|^systemd-tmpfiles --create$|^systemctl daemon-reload$}, 'changes the machine; contrib.t uses the files' ],
    [ qr{^semanage fcontext |^restorecon |^aa-complain }, 'needs a kernel with SELinux or AppArmor' ],
    [ qr{^net ads join$|^adduser www-data winbindd_priv$}, 'changes the machine; t/ad joins a domain' ],
);
subtest 'commands' => sub {
    my $dir = scratch_dir('commands');
    my $made = run([ qw(htdigest -c), "$dir/.htdigest", 'Intranet', 'dave' ], stdin => "pw\npw\n");
    is($made->{rc}, 0, 'htdigest makes a file to import') or diag($made->{err});
    my $at = '';
    for my $block (grep { $_->{kind} eq 'sh' } @shown) {
        my ($page) = $block->{where} =~ /\A(.*):/;
        next if $as_printed{$page};
        # The files of one page are used together.
        if ($page ne $at) { unlink grep { !/\.htdigest\z/ } glob "$dir/*"; $at = $page }
        for my $line (split /\n/, $block->{text}) {
            if ($line =~ /\Asspi-(?:passwd|key) /) { shown_command_works($dir, $line, $block->{where}) }
            else { ok(scalar(grep { $line =~ $_->[0] } @elsewhere), "$block->{where}: $line is run elsewhere") }
        }
    }
};

done_testing;
