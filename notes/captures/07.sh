# shellcheck shell=bash
# shellcheck disable=SC2154 # `course` sets bin
# Captures for 07_compare. `course` has set Wine up and `bin`, and is in the course's folder.

capture_07_compare() {
    echo '$ ./course compare 01 02 03 06 --clients 1,200 --long 0'
    compare --no-trace 01 02 03 06 --clients 1,200 --long 0 | sed '/^Everything, round by round/,$d'
}

capture_07_calls() {
    echo '$ ./course compare --clients 8'
    compare --clients 8 | sed -n '/^API calls per echo/,/^$/p' | sed '/^$/d'
}

compare() { build/linux-tools/bin/compare --servers-dir "$bin" --output build/compare "$@" 2>/dev/null; }
