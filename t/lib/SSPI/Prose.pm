# SPDX-License-Identifier: Apache-2.0
# Extracts the English text of the project's files, splits it into sentences and finds those that break
# the rules of the project's language. t/style/prose.t uses it.
package SSPI::Prose;
use strict;
use warnings;

use Exporter qw(import);
our @EXPORT_OK = qw(prose_files units sentences offences count_prose MAX_WORDS);

# Texts of fewer than MIN_WORDS words are labels. The rules hold for them, but the percentages count neither labels
# nor names of tests.
use constant { MAX_WORDS => 25, MIN_WORDS => 4 };

# Returns the files under $root to which the rules apply, as paths relative to $root. Recorded data, the licence and
# pages that tools/reference makes from tables are left out.
sub prose_files {
    my ($root, @prefixes) = @_;
    open my $git, '-|', 'git', '-C', $root, 'ls-files', '-co', '--exclude-standard' or die "git: $!\n";
    my %seen;
    my @files = grep { !$seen{$_}++ && -f "$root/$_" && !-l "$root/$_" } map { chomp; $_ } <$git>;
    close $git or return ();
    @files = grep { !m{\At/(?:vectors|fuzz)/.*(?<!\.[ch])(?<!meson\.build)\z} && $_ ne 'LICENSE' } @files;
    if (@prefixes) {
        s{\A\./|/+\z}{}g for @prefixes;
        my $wanted = join '|', map { quotemeta } grep { length && $_ ne '.' } @prefixes;
        @files = grep { m{\A(?:$wanted)(?:/|\z)} } @files if length $wanted;
    }
    return sort @files;
}

# Units of text in one file: { line, text, kind, heading }. A unit is a paragraph, a table cell, a comment
# or a string. `text` is a list of [ line, string ].
sub units {
    my ($path, $content) = @_;
    return () if $content =~ /\0/;
    my @units = $path =~ /\.md\z/ ? markdown($content)
        : $path =~ /\.(?:c|h|def|java|map)\z/ ? c_text($path, $content)
        : $path =~ /\.(?:pm|pl|t|sh|py|conf)\z|(?:\A|\/)(?:meson\.build|meson_options\.txt|config|\.gitignore|\.clang-tidy)\z/
            || $content =~ /\A#!/ ? hash_text($path, $content) : ();
    return grep { $_->{text}[0][1] !~ /\ASPDX-License-Identifier/ } grep { @{$_->{text}} } @units;
}

# Adds lines to units: a blank line, a list item and a line in columns each begin a new unit.
sub paragraphs {
    my ($kind, @lines) = @_;
    my @units;
    my $open = 0;
    for my $line (@lines) {
        my ($number, $text) = @$line;
        if ($text !~ /[A-Za-z]/) { $open = 0; next }
        my $item = $text =~ s/\A\s*(?:[-*]|\d+\.)\s+//;
        my $columns = $text =~ /\S {3,}\S/;
        $text =~ s/\A\s+|\s+\z//g;
        $open = 0 if $item || $columns;
        push @units, { line => $number, kind => $kind, text => [] } if !$open;
        push @{$units[-1]{text}}, [ $number, $text ];
        $open = 1;
    }
    return @units;
}

sub markdown {
    my ($content) = @_;
    # tools/reference writes these parts from the tables.
    my $page_is_made = $content =~ /\A(?:.*\n){0,6}.*\b(?:[Mm]ade|[Gg]enerated) (?:from|by)\b.*\btools\/reference/;
    return () if $page_is_made;
    my (@units, @lines, @headers);
    my ($number, $fence, $made) = (0, 0, 0);
    my $end = sub { push @units, paragraphs('text', @lines); @lines = () };
    for my $line (split /\n/, $content) {
        $number++;
        if ($line =~ /\A\s*```/) { $fence = !$fence; $end->(); next }
        next if $fence;
        if ($line =~ /\A<!-- (?:(end of)|\S+: made by)\b/) { $made = !$1 }
        if ($made || $line =~ /\A<!--/ || $line =~ /\A {4,}\S/ && !@lines) { $end->(); next }
        if ($line =~ /\A#+\s+(.*)/) {
            $end->();
            push @units, { line => $number, kind => 'heading', heading => 1, text => [ [ $number, $1 ] ] };
        } elsif ($line =~ /\A\s*\|(.*)\|\s*\z/) {
            $end->();
            my @cells = map { s/\A\s+|\s+\z//gr } split /(?<!\\)\|/, $1;
            if (!@headers) { @headers = @cells; next }
            next if $line =~ /\A[\s|:-]+\z/;
            # A column of questions is a list of headings.
            push @units, map { { line => $number, kind => 'table cell', heading => scalar(($headers[$_] // '') =~ /question/i),
                text => [ [ $number, $cells[$_] ] ] } } grep { $cells[$_] =~ /[A-Za-z]/ } 0 .. $#cells;
            next;
        } else { push @lines, [ $number, $line ] }
        @headers = ();
    }
    $end->();
    return @units;
}

# Comments of C and Java, texts in tables, and messages in code.
sub c_text {
    my ($path, $content) = @_;
    my $texts = $path =~ /\.def\z/ ? 'help' : $path =~ m{\A(?:core|mod_sspi_apache|ngx_http_sspi_module|tools)/.*\.[ch]\z}
        ? 'message' : undef;
    my (@units, @string);
    my $number = 1;
    my $end = sub {
        my $whole = join '', map { $_->[1] } @string;
        if ($texts && $whole =~ /\n./) {
            push @units, usage_text(map { my ($line, $text) = @$_; map { [ $line, $_ ] } length $text > 1 ? split(/\n/, $text =~ s/\n\z//r, -1) : '' } @string);
            @string = ();
            return;
        }
        # Shorter strings are fragments of code or pages. A text has at least three words.
        push @units, { line => $string[0][0], kind => $texts, text => [ @string ] }
            if $texts && $whole !~ /[<>]\w|\A\s*\S*\s*\z/ && (() = $whole =~ /(?<![%\w])[A-Za-z][a-z']+\b/g) >= 3;
        @string = ();
    };
    while ($content =~ m{\G(?:
            (?<space>\s+)
          | /\*(?<comment>.*?)\*/
          | //(?<line>[^\n]*)
          | "(?<string>(?:[^"\\]|\\.)*)"
          | '(?:[^'\\\n]|\\.)*'
          | (?<macro>PRI\w+|\w+_T_FMT)\b
          | (?<include>\#\s*include[^\n]*)
          | (?<other>\w+|.)
        )}gsx) {
        my %got = %+;
        my $text = $&;
        if (defined $got{string}) {
            my $value = $got{string} =~ s/\\n/\n/gr =~ s/\\(["\\])/$1/gr;
            push @string, [ $number, $value ];
        } elsif (defined $got{comment}) {
            $end->();
            my $n = $number;
            my @lines = map { [ $n++, s/\A\s*\*(?=\s|\z)//r ] } split /\n/, $got{comment};
            push @units, paragraphs('comment', @lines);
        } elsif (defined $got{line}) {
            my $before = $number - 1;
            if (@units && $units[-1]{kind} eq 'comment' && $units[-1]{text}[-1][0] == $before && !@string) {
                push @{$units[-1]{text}}, [ $number, $got{line} =~ s/\A\s+|\s+\z//gr ];
            } else { push @units, paragraphs('comment', [ $number, $got{line} ]) }
        } elsif (defined $got{macro}) {
            $string[-1][1] .= 'd' if @string && $string[-1][1] =~ /%\d*\z/;
            $end->() if @string && $string[-1][1] !~ /%\d*d\z/;
        } elsif (!defined $got{space}) { $end->() if @string }
        $number += $text =~ tr/\n//;
    }
    $end->() if @string;
    return sort { $a->{line} <=> $b->{line} } @units;
}

# Comments that begin with #, usage texts, names of tests, and descriptions of build options.
sub hash_text {
    my ($path, $content) = @_;
    my (@units, @lines, $usage, @usage);
    my $number = 0;
    my $end = sub { push @units, paragraphs('comment', @lines); @lines = () };
    for my $line (split /\n/, $content) {
        $number++;
        if (defined $usage) {
            if ($line =~ /\A\s*\Q$usage\E\z/) {
                push @units, usage_text(@usage);
                undef $usage;
                @usage = ();
            } else { push @usage, [ $number, $line ] }
            next;
        }
        if ($line =~ /<<~?['"]?(USAGE|HELP)\b/) { $usage = $1 }
        if ($line =~ /\A\s*#(?!!)(.*)/) { push @lines, [ $number, $1 ]; next }
        $end->();
        if ($path =~ /meson_options\.txt\z/ && $line =~ /description\s*:\s*'(.*)'/) {
            push @units, { line => $number, kind => 'help', text => [ [ $number, $1 ] ] };
        }
        # The last argument of ok(), is() and their like.
        if ($path =~ /\.(?:t|pm)\z/ && $line =~ /,?\s*('[^']+'|"[^"]+"|q\([^)]+\))\)(?:;|\s+(?:or|for|foreach|if)\b)/) {
            my $name = $1 =~ s/\Aq\(|\A['"]|['")]\z//gr;
            push @units, { line => $number, kind => 'test name', text => [ [ $number, $name ] ] }
                if $name =~ /\A[\w"'\$(][^\/={}<>]* [a-z]+ [^\/={}<>]*[\w"')]\z/;
        }
        # A comment behind code: the quotes before it are closed.
        if ($line =~ /\A(.*?\S)\s+#\s+([A-Za-z].*)\z/) {
            my ($code, $text) = ($1, $2);
            my $quotes = ($code =~ tr/'//) % 2 + ($code =~ tr/"//) % 2;
            push @units, { line => $number, kind => 'comment', text => [ [ $number, $text ] ] }
                if !$quotes && $text !~ /\A\S+\z/;
        }
    }
    $end->();
    return sort { $a->{line} <=> $b->{line} } @units;
}

# "  --option VALUE  what it does", with further lines indented more; other lines are paragraphs.
sub usage_text {
    my (@units, $open);
    for my $line (@_) {
        my ($number, $text) = @$line;
        if ($text =~ /\A\s*(?:usage|or):|\A {7}\S/) { $open = 0; next }
        if ($text =~ /\A( {1,4}-\S.*?)  +(\S.*)/) {
            push @units, { line => $number, kind => 'usage', text => [ [ $number, $2 ] ] };
            $open = 1;
        } elsif ($text =~ /\A\s*(\S.*)/) {
            if ($open) { push @{$units[-1]{text}}, [ $number, $1 ]; next }
            push @units, { line => $number, kind => 'usage', text => [ [ $number, $1 ] ] };
            $open = 1;
        } else { $open = 0 }
    }
    return @units;
}

# Sentences of a unit: { line, text, first }. A sentence ends at . ! or ? before a space and a capital or
# a backquote.
sub sentences {
    my ($unit) = @_;
    my ($text, @starts) = ('');
    for my $piece (@{$unit->{text}}) {
        my ($number, $string) = @$piece;
        $text .= ' ' if length $text && $unit->{kind} !~ /message|help/;
        push @starts, [ length $text, $number ];
        $text .= $string;
    }
    my (@sentences, $from);
    $from = 0;
    while ($text =~ /[.!?]["')\]`*]*(?=\s+(?:["'(\[*_]*[A-Z]|["'(\[*_]*`)|\s*\z)/g) {
        my $to = pos $text;
        next if substr($text, $from, $to - $from) =~ /\b(?:e\.g|i\.e|etc|cf|vs|No|Nr|[A-Z])\.\z/ && $to < length $text;
        push @sentences, [ $from, substr $text, $from, $to - $from ];
        $from = $to;
    }
    push @sentences, [ $from, substr $text, $from ] if $from < length $text;
    my @found;
    for my $sentence (@sentences) {
        my ($offset, $words) = @$sentence;
        $offset += length $1 if $words =~ s/\A(\s+)//;
        $words =~ s/\s+\z//;
        next if $words !~ /[A-Za-z]{2}/;
        my ($at) = grep { $_->[0] <= $offset } reverse @starts;
        push @found, { line => $at->[1], text => $words, kind => $unit->{kind}, heading => $unit->{heading} };
    }
    return @found;
}

sub words { my ($text) = @_; return scalar grep { /[A-Za-z0-9]/ } split ' ', $text }

# The rules that a sentence breaks.
sub offences {
    my ($sentence) = @_;
    my $text = $sentence->{text};
    my @kinds;
    my $words = words($text);
    push @kinds, "long ($words words)" if $words > MAX_WORDS;
    push @kinds, 'begins' if !$sentence->{heading} && $text =~ /\A["'(`*_\[]*(?:who|what|none|nobody)(?![\w'-])/i;
    my @alone = $text =~ /(?<![\w-])(?<!\bleave )(?<!\blet )(?<!\bleft )alone(?![\w-])/gi;
    push @kinds, ('alone') x @alone;
    my @riddles = $text =~ /\b(?:nobody's|none is|whoever)\b/gi;
    push @kinds, ('riddle') x @riddles;
    return @kinds;
}

# Totals of a list of files: sentences and offences by kind; calls the function $told for each offence.
sub count_prose {
    my ($root, $files, $told) = @_;
    my %count = (sentences => 0, long => 0, begins => 0, alone => 0, riddle => 0);
    for my $path (@$files) {
        open my $in, '<:encoding(UTF-8)', "$root/$path" or die "$path: $!\n";
        no warnings 'utf8';
        my $content = do { local $/; <$in> } // '';
        for my $sentence (map { sentences($_) } units($path, $content)) {
            my $is_name = $sentence->{kind} eq 'test name';
            $count{sentences}++ if !$is_name && words($sentence->{text}) >= MIN_WORDS;
            for my $kind (offences($sentence)) {
                my ($name) = $kind =~ /(\w+)/;
                $count{$name}++ if !$is_name || $name =~ /alone|riddle/;
                $told->($path, $kind, $sentence) if $told;
            }
        }
    }
    return \%count;
}

1;
