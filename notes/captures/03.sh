# shellcheck shell=bash disable=SC2154,SC1091
# Captures for 03_eventselect.
source notes/captures/overlapped.sh

capture_03_write_once() { show_claim 03_eventselect "*FD_WRITE comes once*"; }

capture_03_threads() {
    local clients
    for clients in 63 64 200; do
        start_server 03_eventselect --port 9003 --stats stats.json
        client --port 9003 --many "$clients" --seconds 1 --no-probe
        stop_server
        peak_threads
    done
}
