# shellcheck shell=bash disable=SC2154,SC1091
# Captures for 06_iocp.
source notes/captures/overlapped.sh

capture_06_who_serves() {
    start_server 06_iocp --port 9006 --threads 2 --verbose
    client --port 9006 --many 3 --seconds 1 --no-probe
    stop_server
    cat "$log"
}

capture_06_thousand() {
    start_server 06_iocp --port 9006 --threads 2 --stats stats.json --stop-on-eof
    client --port 9006 --many 1000 --seconds 1 --no-probe
    stop_server
    tail -n 1 "$log"
    peak_threads
}

capture_06_outlives() { show_claim 06_iocp "*outlives the thread*"; }

capture_06_order() { show_claim 06_iocp "*in the wrong order"; }
