#!/usr/bin/env bash
# Ctrl+C under Wine: a terminal sends SIGINT, and Wine runs the server's console handler. The first one begins the stop,
# the second one ends it. The end of standard input in between is no second one.
# Usage: ctrl_c.sh SERVER.exe
set -euo pipefail

output=$(mktemp)
input=$(mktemp -u)
mkfifo "$input"
wine "$1" --port 0 --drain 300 --stop-on-eof >"$output" 2>&1 <"$input" &
server=$!
trap 'kill -KILL "$server" 2>/dev/null || true; rm -f "$output" "$input"' EXIT
exec 4>"$input"

fail() {
    printf '%s\n' "$1" "-- its output:" "$(cat "$output")"
    exit 1
}

wait_for() { # TEXT
    local tries
    for ((tries = 0; tries < 400; tries++)); do
        ! grep -q "$1" "$output" || return 0
        kill -0 "$server" 2>/dev/null || fail "the server ended before it said: $1"
        sleep 0.05
    done
    fail "the server did not say: $1"
}

wait_for 'listening on'
exec 3<>"/dev/tcp/127.0.0.1/$(sed -n 's/.*listening on .*:\([0-9]*\).*/\1/p' "$output")"
echo hello >&3
read -r -t 20 echoed <&3 || fail "no echo came"
[[ $echoed == hello ]] || fail "the echo was \"$echoed\""

kill -INT "$server"
wait_for 'finishing 1 client, at most 300 s'
exec 4>&-
for ((i = 0; i < 20; i++)); do
    echo "still served" >&3
    read -r -t 20 echoed <&3 || fail "no echo came after the first Ctrl+C and the end of standard input"
    [[ $echoed == "still served" ]] || fail "the echo was \"$echoed\""
done

kill -INT "$server"
status=0
wait "$server" || status=$?
((status == 0)) || fail "it ended with exit status $status"
grep -q ' served 1 client, ' "$output" || fail "it did not print its totals"
