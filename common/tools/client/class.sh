#!/usr/bin/env bash
# The troublemaker against the six servers, one after the other, as one would do in class: class.sh --many 65
# Prints what the mode does and what to watch, then for each server what was seen, and the server's threads and memory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
(($# > 0)) || set -- --many 65
port=9100
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkfifo "$work/stdin"

for server in 01_blocking 02_select 03_eventselect 04_overlapped_event 05_overlapped_callback 06_iocp; do
    ./course run "$server" --port "$port" --stop-on-eof --stats "$work/stats.json" <"$work/stdin" >"$work/log" 2>&1 &
    exec 7>"$work/stdin"
    until grep -q 'listening on' "$work/log"; do
        kill -0 $! || { cat "$work/log" && exit 1; }
        sleep 0.1
    done
    ./course client "$@" --port "$port" >"$work/seen" 7>&- || true # the verdict is in what it says
    exec 7>&- # the end of its input stops the server
    wait $! || true
    # Before these two lines stand those of ./course itself.
    [[ $server != 01_* ]] || grep -E '^[a-z-]+: ' "$work/seen"
    printf '\n%s\n' "$server"
    sed '0,/^watch: /d; s/^/  /' "$work/seen"
    sed -n 's/.*"peak_threads": \([0-9]*\).*/  the server: at most \1 threads/p' "$work/stats.json"
done
