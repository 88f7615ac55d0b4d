#!/usr/bin/env bash
# Does echo_load report what an independent tool reports? In turns, round by round, echo_load and redis-benchmark
# (Debian's package redis-tools) load the yardstick asio_echo, all native: same clients, message bytes and depth.
# usage: agreement.sh [ROUNDS]   The exit status is 1 if the medians differ by more than 10 % in any line.
#
# redis-benchmark sends `ECHO text` as an array of two strings of Redis's protocol, and an array is also a valid reply.
# So it takes an echo server for a Redis that answers every request; the length of the text sets the message's bytes.
#
# Both tools have one thread. The numbers mean the same only where it is the server that they wait for: redis-benchmark
# makes some calls of epoll_ctl per message that echo_load does not make, so against a server without work of its own
# it is the tool that is measured, and there echo_load is ahead. Where many clients send, the server therefore works for
# 100 us before each echo (--busy). One client waits for each of its echoes anyway: both measure the round trip.
set -euo pipefail
bin=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)/build/linux-tools/bin
rounds=${1:-9} seconds=0.5

fail() {
    printf 'agreement: %s\n' "$1" >&2
    exit 2
}
command -v redis-benchmark >/dev/null || fail "redis-benchmark is missing: apt-get install redis-tools"
[[ -x $bin/echo_load && -x $bin/asio_echo ]] || fail "first run: ./course build linux-tools"

on_server=() on_client=() # a processor each, so that neither pays for the other's moves
if (($(nproc) > 1)); then
    on_server=(taskset -c 0)
    on_client=(taskset -c 1)
fi

text_for() { # BYTES: the text that makes a request of so many: *2 $4 ECHO $LENGTH TEXT, each with its CR LF
    local length
    for ((length = $1 - 20; length + ${#length} + 19 > $1; --length)); do :; done
    printf '%0*d' "$length" 0
}

echo_load() { # CLIENTS BYTES DEPTH
    "${on_client[@]}" "$bin/echo_load" --port "$port" --clients "$1" --size "$2" --depth "$3" \
        --seconds "$seconds" --warm-up 0.1 | sed -n 's/^throughput *\([0-9,]*\) .*/\1/p' | tr -d ,
}

redis_benchmark() { # CLIENTS DEPTH MESSAGES TEXT
    "${on_client[@]}" redis-benchmark -p "$port" -c "$1" -P "$2" -n "$3" --csv ECHO "$4" 2>/dev/null |
        sed -n 's/^"ECHO 0*","\([0-9]*\).*/\1/p'
}

summary() { # FIGURES...: their median, least and greatest
    printf '%s\n' "$@" | sort -n | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)], x[1], x[NR] }'
}

# A server of its own, so that it works as long as this line wants.
compare() { # CLIENTS BYTES DEPTH BUSY
    local ours=() theirs=() line text messages i
    local a a_least a_most b b_least b_most
    coproc { exec "${on_server[@]}" "$bin/asio_echo" --port 0 --stop-on-eof --busy "$4"; }
    local pid=$COPROC_PID in=${COPROC[1]}
    read -r line <&"${COPROC[0]}"
    port=${line##*:}
    text=$(text_for "$2")
    messages=$(awk "BEGIN { print int($(echo_load "$1" "$2" "$3") * $seconds) }")
    for ((i = 0; i < rounds; ++i)); do
        ours+=("$(echo_load "$1" "$2" "$3")")
        theirs+=("$(redis_benchmark "$1" "$3" "$messages" "$text")")
    done
    exec {in}>&-
    wait "$pid"
    read -r a a_least a_most < <(summary "${ours[@]}")
    read -r b b_least b_most < <(summary "${theirs[@]}")
    awk -v a="$a" -v b="$b" -v settings="$(printf '%7d %7d %6d %6d' "$@")" \
        -v ours="$a ($a_least-$a_most)" -v theirs="$b ($b_least-$b_most)" 'BEGIN {
            printf "%s  %23s  %23s  %5.2f\n", settings, ours, theirs, a / b
            exit a > 1.1 * b || b > 1.1 * a
        }'
}

printf '%s %s; messages/s: the median of %d rounds of %s s (least-greatest)\n\n' \
    "$(redis-benchmark --version)" "on $(nproc) processors" "$rounds" "$seconds"
printf '%7s %7s %6s %6s  %23s  %23s  %5s\n' clients bytes depth "busy us" echo_load redis-benchmark ratio
status=0
compare 1 64 1 0 || status=1
compare 8 16384 1 100 || status=1
compare 50 64 1 100 || status=1
compare 50 64 8 100 || status=1
exit "$status"
