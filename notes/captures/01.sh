# shellcheck shell=bash disable=SC2154,SC1091
# Captures for 01_blocking.
source notes/captures/overlapped.sh

# A client that says nothing for three seconds, and while it is there a second one that wants an echo.
a_silent_client_and_another() {
    printf '$ wine %s/echo_client.exe --port 9001 --silent --seconds 3 --no-probe &\n' "$bin"
    wine "$bin/echo_client.exe" --port 9001 --silent --seconds 3 --no-probe >/dev/null &
    local silent=$!
    until grep -q 'connected' "$log"; do sleep 0.1; done
    printf '$ echo hello | wine %s/echo_client.exe --port 9001 | grep hello\n' "$bin"
    echo hello | wine "$bin/echo_client.exe" --port 9001 2>/dev/null | grep hello
    wait "$silent"
}

capture_01_one_at_a_time() {
    local options
    for options in "--verbose --one-at-a-time" "--verbose"; do
        printf '$ ./course run 01_blocking --port 9001 %s | grep thread\n' "$options"
        # shellcheck disable=SC2086 # these are several options
        start_server 01_blocking --port 9001 $options >/dev/null
        a_silent_client_and_another
        stop_server
        grep thread "$log"
    done
}

capture_01_threads() {
    local clients
    for clients in 100 300; do
        start_server 01_blocking --port 9001 --stats stats.json
        client --port 9001 --many "$clients" --seconds 1 --no-probe
        stop_server
        peak_threads
    done
}

# Three of the values that the claim looks at: what came with each recv, and what the messages were.
capture_01_messages() {
    printf '$ wine %s/01_blocking_claims.exe "*one recv is not*" -s -r compact | grep -E "first|second|messages"\n' "$bin"
    wine "$bin/01_blocking_claims.exe" "*one recv is not*" -s -r compact | sed "s|^$PWD/01_blocking/||" |
        grep -E "first|second|messages"
}

capture_01_nagle() {
    printf '$ wine %s/01_blocking_claims.exe "*TCP_NODELAY*" | grep takes\n' "$bin"
    wine "$bin/01_blocking_claims.exe" "*TCP_NODELAY*" | grep takes
}
