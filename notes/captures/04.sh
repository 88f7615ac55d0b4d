# shellcheck shell=bash disable=SC2154,SC1091
# Captures for 04_overlapped_event.
source notes/captures/overlapped.sh

capture_04_kernel_fills() { show_claim 04_overlapped_event "*the call returns before*"; }

capture_04_threads() {
    local clients
    for clients in 63 64 127; do
        start_server 04_overlapped_event --port 9004 --stats stats.json --stop-on-eof
        client --port 9004 --many "$clients" --seconds 1 --no-probe
        stop_server
        peak_threads
    done
}
