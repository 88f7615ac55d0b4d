#!/usr/bin/env bash
# Measures 06_iocp_full beside the Asio yardstick, cell by cell. What follows goes to each compare, such as: --rounds 9
# `x asio` is the figure to look at: both servers take turns, so what disturbs the machine disturbs both.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
options=("$@")

measure() { # NAME TITLE OPTIONS...
    printf '\n=== %s\n\n' "$2"
    ./course compare 06_iocp_full asio --wide --output "build/benchmark/$1" "${@:3}" "${options[@]}"
}

measure depth-1 "64 bytes, one message under way" --clients 64,256
measure depth-16 "64 bytes, 16 messages under way" --clients 64,256 --depth 16
for size in 1024 16384 65536; do
    measure "size-$size" "$size bytes" --clients 64 --size "$size"
done
measure many "500 clients: none may be unserved" --clients 500
measure visits "connect, one echo, close" --clients 16 --visits

# Each connection takes a descriptor of the load and one of wineserver; keep twice as many as there are connections.
idle=10000
limit=$(ulimit -Hn)
if [[ $limit != unlimited ]] && ((2 * idle + 1000 > limit)); then
    idle=$(((limit - 1000) / 2))
    printf '\nthe limit of %s open files allows %s idle clients, not 10000\n' "$limit" "$idle"
fi
measure idle "$idle idle clients and 50 active ones" --clients 50 --idle "$idle" --seconds 2 --rounds 3
