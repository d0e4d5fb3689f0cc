# SPDX-License-Identifier: Apache-2.0
# The graph of includes between the project's files, and its circles. A file is a .c with its .h: both
# are one node, named by the path without the ending. t/style/circles.t uses it.
package SSPI::Includes;
use strict;
use warnings;

use Exporter qw(import);
our @EXPORT_OK = qw(include_graph circles between_folders call_graph show_circle);

# Paths without their endings => { paths without their endings that they include => 1 }, for all C files
# of the folders. An include is looked up in its file's own folder first, then in the others. Adapters may include
# only core/include, because httpd has headers with the same names as core.
sub include_graph {
    my ($root, @folders) = @_;
    my @files = map { substr $_, length "$root/" } map { glob "$root/$_/*.{c,h,def}" } @folders;
    my %home;
    push @{$home{base_name($_)}}, $_ for @files;
    my %graph;
    for my $file (@files) {
        my $node = node($file);
        $graph{$node} //= {};
        my $folder = folder($file);
        for my $name (includes("$root/$file")) {
            my @found = @{$home{base_name($name)} // []};
            @found = grep { folder($_) =~ m{\A(?:\Q$folder\E|core/include)\z} } @found if $folder !~ m{\A(?:core|tools)/};
            my ($target) = ((grep { folder($_) eq $folder } @found), @found);
            $graph{$node}{node($target)} = 1 if $target && node($target) ne $node;
        }
    }
    return \%graph;
}

sub base_name { return $_[0] =~ m{([^/]+)\z} ? $1 : $_[0] }
sub folder { return $_[0] =~ m{\A(.*)/} ? $1 : '' }
# A .def file is a node of its own, even if there is a header of the same name.
sub node { return $_[0] =~ s/\.[ch]\z//r }

sub includes {
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!\n";
    my $content = do { local $/; <$in> } // '';
    return $content =~ /^\s*#\s*include\s+"([^"]+)"/mg;
}

# Groups of files that reach each other (strongly connected components, by Tarjan's algorithm), each
# sorted, in the order of their first members.
sub circles {
    my ($graph) = @_;
    my (%index, %low, %on_stack, @stack, @circles);
    my $next = 0;
    my $visit;
    $visit = sub {
        my ($node) = @_;
        $index{$node} = $low{$node} = $next++;
        push @stack, $node;
        $on_stack{$node} = 1;
        for my $other (sort keys %{$graph->{$node}}) {
            if (!exists $index{$other}) {
                $visit->($other);
                $low{$node} = $low{$other} if $low{$other} < $low{$node};
            } elsif ($on_stack{$other} && $index{$other} < $low{$node}) { $low{$node} = $index{$other} }
        }
        return if $low{$node} != $index{$node};
        my @group;
        do { push @group, pop @stack; delete $on_stack{$group[-1]} } while $group[-1] ne $node;
        push @circles, [ sort @group ] if @group > 1;
    };
    for my $node (sort keys %$graph) { $visit->($node) if !exists $index{$node} }
    return sort { $a->[0] cmp $b->[0] } @circles;
}

# "a -> b" for each include inside one circle.
sub show_circle {
    my ($graph, $circle) = @_;
    my %member = map { $_ => 1 } @$circle;
    return map { my $from = $_; map { "$from -> $_" } grep { $member{$_} } sort keys %{$graph->{$from}} } @$circle;
}

# "from folder, to folder" => number of files of the one that include a file of the other.
sub between_folders {
    my ($graph) = @_;
    my %count;
    for my $from (keys %$graph) {
        for my $to (keys %{$graph->{$from}}) {
            $count{folder($from) . ' -> ' . folder($to)}++ if folder($from) ne folder($to);
        }
    }
    return \%count;
}

# As include_graph, for calls: object file => object files whose functions it calls. The files of an adapter share
# one header, so only their calls show which file depends on which.
sub call_graph {
    my (@objects) = @_;
    my (%defined, %uses);
    for my $object (@objects) {
        my $name = $object =~ m{([^/]+?)(?:\.c)?\.o\z} ? $1 : $object;
        open my $nm, '-|', 'nm', $object or die "nm: $!\n";
        while (<$nm>) {
            if (/\bU (\S+)/) { $uses{$name}{$1} = 1 }
            elsif (/ T (\S+)/) { $defined{$1} = $name }
        }
        close $nm;
        $uses{$name} //= {};
    }
    my %graph;
    for my $name (keys %uses) {
        $graph{$name} = { map { $_ => 1 } grep { defined && $_ ne $name } map { $defined{$_} } keys %{$uses{$name}} };
    }
    return \%graph;
}

1;
