# shellcheck shell=bash disable=SC2154,SC1091
# Captures for 02_select.
source notes/captures/overlapped.sh

capture_02_who_serves() {
    start_server 02_select --port 9002 --verbose --stats stats.json
    client --port 9002 --many 3 --seconds 1 --no-probe
    stop_server
    cat "$log"
    peak_threads
}

capture_02_full() {
    start_server 02_select --port 9002
    printf '$ wine %s/echo_client.exe --port 9002 --many 1030 --seconds 5 --no-probe | tail -n +2\n' "$bin"
    wine "$bin/echo_client.exe" --port 9002 --many 1030 --seconds 5 --no-probe | tail -n +2
    stop_server
    cat "$log"
}

capture_02_spin() { show_claim 02_select "*write set*"; }
