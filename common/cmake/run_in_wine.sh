#!/usr/bin/env bash
# How the tests start a Windows program here. Once in some thousand times Wine 8 loses a program before the first line of
# its main() runs: it ends at once, and nothing was printed. Such a start tells nothing of the program and is made again;
# whatever has printed a word has run, and counts.
printed=$(mktemp) || exit 1
trap 'rm -f "$printed"' EXIT
for _ in 1 2 3; do
    wine "$@" | tee "$printed"
    status=${PIPESTATUS[0]}
    if ((status == 0)) || [[ -s $printed ]]; then break; fi
    echo "run_in_wine.sh: ${1##*/} ended with $status and printed nothing; once more" >&2
done
exit "$status"
