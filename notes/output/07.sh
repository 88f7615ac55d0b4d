# shellcheck shell=bash
# shellcheck disable=SC2154 # `course` sets bin
# Captures for 07_compare. `course` has set Wine up and `bin`, and is in the course's folder.

capture_07_compare() {
    echo '$ ./course compare 01 02 03 06 --clients 1,200'
    build/linux-tools/bin/compare --servers-dir "$bin" --output build/compare 01 02 03 06 --clients 1,200 2>/dev/null |
        sed '/^Everything, round by round/d'
}
