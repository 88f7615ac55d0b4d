# shellcheck shell=bash disable=SC2154,SC1091
# Captures for 05_overlapped_callback.
source notes/captures/overlapped.sh

capture_05_who_serves() {
    start_server 05_overlapped_callback --port 9005 --threads 2 --verbose
    client --port 9005 --many 3 --seconds 1 --no-probe
    stop_server
    cat "$log"
}

capture_05_stall() { show_claim 05_overlapped_callback "*one sleeping routine*"; }

capture_05_twice() { show_claim 05_overlapped_callback "*handles it twice"; }
