#!/usr/bin/env perl
# The table in notes/*/api.md: every Windows function that the servers call, with what the real Windows SDK says of it: the
# header that declares it, the import library that brings it, and the least _WIN32_WINNT for which it is declared.
# Usage: api_table.pl           whether the tables say so, and whether the course links and asks for enough
#        api_table.pl --write   writes the tables
# The SDK comes by .ci/windows_sdk/sdk.mjs --fetch.
use strict;
use warnings;

my $sdk = 'build/windows-sdk';
my @versions = (  # with the names of Windows that sdkddkver.h gives them
    ['0x0400', '-'], ['0x0500', '2000'], ['0x0501', 'XP'], ['0x0502', 'Server 2003'], ['0x0600', 'Vista'], ['0x0601', '7'],
    ['0x0602', '8'], ['0x0603', '8.1'], ['0x0A00', '10'],
);
my @notes = qw(notes/en/api.md notes/ko/api.md);
-e "$sdk/flags.rsp" or die "the Windows SDK is not there: .ci/windows_sdk/sdk.mjs --fetch brings it\n";

sub contents {
    my ($file) = @_;
    open(my $in, '<', $file) or die "$file: $!\n";
    local $/;
    return <$in>;
}

sub output_of {
    my @command = @_;
    open(my $out, '-|', @command) or die "$command[0]: $!\n";
    my @lines = <$out>;
    close($out) or die "@command failed\n";
    return @lines;
}

my (%called, %included);  # function => where, first of all; system headers
for my $file (glob('[0-9][0-9]_*/main.cpp [0-9][0-9]_*/full_server/*.cpp [0-9][0-9]_*/full_server/*.h common/*.cpp common/*.h common/trace/*.cpp common/trace/*.h')) {
    my $code = contents($file);
    $code =~ s{//[^\n]*}{}g;
    $called{$1} //= $file while $code =~ /(?<![\w>:])::([A-Za-z_]\w*)/g;
    $included{$1} = 1 while $code =~ /^#include <(\w+\.h)>/gm;
}
die "no calls found\n" if !%called;

my $settings = contents('common/cmake/chapter.cmake');
my ($winnt) = $settings =~ /_WIN32_WINNT=(0x[0-9A-F]+)/ or die "chapter.cmake does not set _WIN32_WINNT\n";
my ($libraries) = $settings =~ /target_link_libraries\(course_options INTERFACE (ws2_32[^)]*)\)/
    or die "chapter.cmake does not link ws2_32\n";

# The course's headers and Windows's, as the preprocessor leaves them for one version of Windows.
my $probe = "$sdk/api_table.cpp";
open(my $out, '>', $probe) or die "$probe: $!\n";
print $out qq(#include "common/winsock.h"\n), map { "#include <$_>\n" } sort keys %included;
close($out) or die "$probe: $!\n";

sub preprocess {
    my ($version, @options) = @_;
    my @defines = map { "-D$_" } 'WIN32_LEAN_AND_MEAN', 'NOMINMAX', 'UNICODE', '_UNICODE', "_WIN32_WINNT=$version",
        "WINVER=$version";
    return output_of('clang-cl-19', "\@$sdk/flags.rsp", '-Wno-everything', '-I.', '-std:c++20', '/E', @options, @defines, $probe);
}

# Some names are macros for others, such as GetProcessMemoryInfo for K32GetProcessMemoryInfo.
my %other_name;
for (preprocess($winnt, '/clang:-dM')) { $other_name{$1} = $2 if /^#define (\w+) (\w+)$/ && $called{$1} }
my %function_of = map { ($other_name{$_} // $_) => $_ } keys %called;
my $names = join('|', map { quotemeta } sort keys %function_of);

my (%header, %since);
for my $version (@versions) {
    my $file = '';
    for (preprocess($version->[0])) {
        if (/^#(?:line)? ?\d+ "(.*)"/) {
            ($file) = lc($1) =~ m{([^/\\]+)$};
            next;
        }
        s/"[^"]*"//g;  # such as the advice in __declspec(deprecated("Use getaddrinfo() ..."))
        while (/(?<![\w.>])($names)\s*\(/go) {
            my $function = $function_of{$1};
            $header{$function} //= $file;
            $since{$function} //= $version->[1] eq '-' ? '-' : "$version->[0] ($version->[1])";
        }
    }
}

my %library;
for my $name ('kernel32', split(' ', $libraries)) {
    my ($file) = grep { /\/\Q$name\E\.lib$/i } glob("$sdk/lib/*");
    die "the SDK has no $name.lib\n" if !$file;
    for (output_of('llvm-nm-19', '--defined-only', '--just-symbol-name', $file)) {
        $library{$function_of{$1}} //= "$name.lib" if /^__imp_(\w+)$/ && $function_of{$1};
    }
}

my @problems;
for my $function (sort keys %called) {
    push @problems, "no header of the SDK declares $function, which $called{$function} calls" if !$header{$function};
    push @problems, "none of the linked libraries has $function, which $called{$function} calls" if !$library{$function};
    push @problems, "$function is declared from $since{$function} on, and the course is built for $winnt"
        if ($since{$function} // '') =~ /^(0x\w+)/ && hex $1 > hex $winnt;
}
my $table = join('', map { "| `$_` | " . join(' | ', map { $_ // '?' } $header{$_}, $library{$_}, $since{$_}) . " |\n" }
    sort { lc $a cmp lc $b } keys %called);

for my $file (@notes) {
    my $text = contents($file);
    my $row = qr/\| `\w+` \|[^\n]*\n/;
    $text =~ /$row+/ or die "$file has no table\n";
    next if $& eq $table;
    if (grep { $_ eq '--write' } @ARGV) {
        open(my $note, '>', $file) or die "$file: $!\n";
        print $note $text =~ s/$row+/$table/r;
        close($note) or die "$file: $!\n";
        next;
    }
    my %there = map { $_ => 1 } $& =~ /$row/g;
    my %wanted = map { $_ => 1 } $table =~ /$row/g;
    push @problems, map { "$file: not so: $_" } sort grep { !$wanted{$_} } keys %there;
    push @problems, map { "$file: missing: $_" } sort grep { !$there{$_} } keys %wanted;
    push @problems, "$file: the rows are not in order" if join('', sort keys %there) eq join('', sort keys %wanted);
}
chomp(@problems);
print "$_\n" for @problems;
print scalar(keys %called), " functions, ", scalar(@problems), " problems\n";
exit(@problems ? 1 : 0);
