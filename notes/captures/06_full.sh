# shellcheck shell=bash disable=SC2154,SC1091
# Captures for 06_full_server.
source notes/captures/overlapped.sh

capture_06_full_metrics() {
    start_server 06_iocp_full --port 9006 --threads 2 --metrics 1
    client --port 9006 --many 50 --seconds 3
    stop_server
    cat "$log"
}

capture_06_full_chaos() {
    printf '$ wine %s/chaos.exe --seed 1 --seconds 10\n' "$bin"
    wine "$bin/chaos.exe" --seed 1 --seconds 10 | tr -d '\r' | grep -v '^\[[-=]' | grep .
}
