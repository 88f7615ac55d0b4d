#!/usr/bin/env perl
# Compares the table in notes/*/api.md with the Windows functions that the servers call, and with what
# common/cmake/chapter.cmake builds for: each function has its row, each row its function, the oldest Windows of the
# course is new enough for it, and its library is linked.
# Usage: api_table.pl [FOLDER]   the folder of the course; default: this one
use strict;
use warnings;

my %version = (
    '2000' => 0x0500, 'XP' => 0x0501, 'XP SP1' => 0x0501, 'XP SP2' => 0x0502, 'Vista' => 0x0600, '7' => 0x0601,
    '8' => 0x0602, '8.1' => 0x0603, '10' => 0x0A00,
);
chdir($ARGV[0]) or die "$ARGV[0]: $!\n" if @ARGV;

sub contents {
    my ($file) = @_;
    open(my $in, '<', $file) or die "$file: $!\n";
    local $/;
    return <$in>;
}

my %called;  # function => where, first of all
for my $file (glob('[0-9][0-9]_*/main.cpp [0-9][0-9]_*/full_server/*.cpp [0-9][0-9]_*/full_server/*.h common/*.cpp common/*.h common/trace/*.cpp common/trace/*.h')) {
    my $code = contents($file);
    $code =~ s{//[^\n]*}{}g;
    $called{$1} //= $file while $code =~ /(?<![\w>:])::([A-Za-z_]\w*)/g;
}
die "no calls found\n" if !%called;

my $settings = contents('common/cmake/chapter.cmake');
my ($winnt) = $settings =~ /_WIN32_WINNT=(0x[0-9A-F]+)/ or die "chapter.cmake does not set _WIN32_WINNT\n";
my ($libraries) = $settings =~ /target_link_libraries\(course_options INTERFACE (ws2_32[^)]*)\)/
    or die "chapter.cmake does not link ws2_32\n";
my %linked = map { lc($_) => 1 } 'kernel32', split(' ', $libraries);

my @problems;
my %tables;
for my $notes (qw(notes/en/api.md notes/ko/api.md)) {
    my %rows;
    for my $line (split /\n/, contents($notes)) {
        next if $line !~ /^\| `(\w+)` \| (\S+\.h) \| (\w+)\.lib \| (.+) \|$/;
        my ($function, $library, $since) = ($1, $3, $4);
        push @problems, "$notes: two rows for $function" if $rows{$function};
        $rows{$function} = $line;
        push @problems, "$notes: nothing calls $function" if !$called{$function};
        push @problems, "$notes: $function: \"$since\" is no version of Windows known here" if !$version{$since};
        push @problems, "$notes: $function came with Windows $since, and the course is built for $winnt"
            if ($version{$since} // 0) > hex $winnt;
        push @problems, "$notes: $function needs $library.lib, which chapter.cmake does not link" if !$linked{lc $library};
    }
    push @problems, "$notes: no row for $_, called in $called{$_}" for sort grep { !$rows{$_} } keys %called;
    $tables{$notes} = join("\n", map { $rows{$_} } sort keys %rows);
}
push @problems, "the tables in English and Korean differ" if keys %{{reverse %tables}} != 1;
print "$_\n" for @problems;
print scalar(keys %called), " functions, ", scalar(@problems), " problems\n";
exit(@problems ? 1 : 0);
