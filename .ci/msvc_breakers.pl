#!/usr/bin/env perl
# Looks in the sources for what everything else here takes and MSVC does not, or warns of at /W4. What GCC or Clang refuses
# with -pedantic-errors (statement expressions, case ranges ...), and what the real SDK's headers do not have or call
# deprecated (POSIX names, inet_addr ...: see .ci/windows_sdk), needs no rule here.
# Usage: msvc_breakers.pl          checks the repository
#        msvc_breakers.pl --test   shows that each rule finds what it is for
use strict;
use warnings;

# What to look for, why, and a line in which it must be found. Comments and the contents of strings do not count.
my @rules = (
    [qr/__attribute__|\[\[(?:gnu|clang)::/, "a GNU attribute", '[[gnu::noinline]] void f();'],
    [qr/\b__(?:builtin|sync|atomic)_\w+/, "a GNU builtin", 'if (__builtin_expect(x, 0)) f();'],
    [qr/\b__(?:extension__|typeof__|restrict__|int128|float128|PRETTY_FUNCTION__|asm__)|\b(?:typeof|asm)\s*\(/,
        "a GNU keyword", 'unsigned __int128 wide = 0;'],
    [qr/\b(?:getenv|f(?:re)?open|str(?:n?cpy|n?cat|tok|error)|v?sprintf|s?scanf|(?:local|gm|c|asc)time|tmpnam|mbstowcs|wcstombs|strdup|alloca)\s*\(/,
        "C4996: MSVC calls it unsafe", 'std::getenv("HOME");'],
    [qr/#\s*pragma\s+(?:GCC|clang|omp)\b/, "C4068: an unknown pragma", '#pragma GCC diagnostic push'],
    [qr/\b(?:struct|class)\s+alignas\s*\(/, "C4324: MSVC warns of the padding", 'struct alignas(64) Counter {};'],
    [qr/\b(?:if|while)\s*\(\s*(?:sizeof|0\b|1\b|false\b|std::is_\w+(?:_v)?<)/, "C4127: constant; `if constexpr` is meant",
        'if (sizeof(void*) == 8) f();'],
    [qr/\b(?:and|or|not|xor|bitand|bitor|compl|and_eq|or_eq|not_eq|xor_eq)\b(?!\s*=[^=])/,
        "an alternative token; without /permissive- MSVC does not know it", 'if (a and not b) f();'],
    [qr/"\d{5,}"/, "C2026: a string literal over 16,380 bytes", 'auto page = R"(' . 'x' x 16_381 . ')";'],
);

# Only what is compiled on Windows, without comments; a string literal becomes "LENGTH". Line numbers stay.
sub windows_code {
    my ($text) = @_;
    my $lines = sub { "\n" x ($_[0] =~ tr/\n//) };
    $text =~ s{
        R"([^(\s"]*)\((.*?)\)\g1" | ("(?:\\.|[^"\\\n])*") | ((?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+') |
        (//[^\n]* | /\*.*?\*/) | \#[ \t]*include[^\n]*
    }{
        my $all = $&;
        defined $2 ? '"' . length($2) . '"' . $lines->($all)
        : defined $3 ? '"' . (length($all) - 2) . '"'
        : defined $4 ? "' '" : defined $5 ? $lines->($all) : $all
    }gesx;
    $text =~ s/"(\d+)"/$1 > 16_380 ? qq("$1") : qq("")/ge;
    my @windows = (1);
    my @kept;
    for my $line (split /\n/, $text, -1) {
        my $directive = 1;
        if ($line =~ /^\s*#\s*if(n?)def\s+_WIN32\b/) { push @windows, $windows[-1] && !$1 }
        elsif ($line =~ /^\s*#\s*if/) { push @windows, $windows[-1] ? 2 : 0; $directive = 0 }
        elsif ($line =~ /^\s*#\s*else\b/) { $windows[-1] = $windows[-2] && !$windows[-1] if ($windows[-1] // 2) != 2 }
        elsif ($line =~ /^\s*#\s*endif\b/) { pop @windows }
        else { $directive = 0 }
        push @kept, !$directive && $windows[-1] ? $line : '';
    }
    return @kept;
}

sub findings {
    my ($name, $text) = @_;
    my @lines = windows_code($text);
    my @found;
    for my $i (0 .. $#lines) {
        for my $rule (@rules) {
            push @found, "$name:" . ($i + 1) . ": $rule->[1]: $&" if $lines[$i] =~ $rule->[0];
        }
    }
    return @found;
}

sub test {
    my $failures = 0;
    for my $rule (@rules) {
        my @found = findings('example', "int x;\n$rule->[2]\nint y;\n");
        next if @found == 1 && index($found[0], "example:2: $rule->[1]") == 0;
        print "the rule \"$rule->[1]\" should find its example alone, and found: @found\n";
        ++$failures;
    }
    my $clean = <<'END';
// Not __attribute__, and not a #pragma GCC either.
/* case 1 ... 5
   ssize_t */
#ifndef _WIN32
#include <unistd.h>
#else
#include <winsock2.h>
#endif
#ifdef _WIN32
std::snprintf(text, sizeof text, "and %d or not", 1'000'000);
#else
ssize_t got = ::read(0, text, 1);
#ifdef X
#warning no
#endif
pid_t p;
#endif
wait({.bytes = 1, .each = f([] { return 1; })}); a = b ? ::c : d;
auto page = R"(typeof(x) case 1 ... 5)";
END
    for my $finding (findings('clean', $clean)) {
        print "nothing is wrong here: $finding\n";
        ++$failures;
    }
    print scalar(@rules), " rules, $failures failures\n";
    return $failures;
}

if (@ARGV && $ARGV[0] eq '--test') { exit(test() ? 1 : 0) }
my @files = grep { !/_posix\.cpp$/ } split /\0/, qx(git ls-files -z '*.cpp' '*.h' ':!.ci');
die "no sources here\n" if !@files;
my @all;
for my $file (@files) {
    open(my $in, '<', $file) or die "$file: $!\n";
    local $/;
    push @all, findings($file, <$in>);
}
print "$_\n" for @all;
print scalar(@files), " files, ", scalar(@all), " findings\n";
exit(@all ? 1 : 0);
