# shellcheck shell=bash disable=SC2154,SC1091
# What the captures of servers share. The caller has set Wine up and `bin`, and is in the course's folder.

# Starts a server, prints the command that does so, and returns when it listens. Its output goes to $log.
start_server() { # NAME ARGUMENT...
    local name=$1
    shift
    printf '$ ./course run %s\n' "$name $*"
    work=$(mktemp -d)
    log=$work/log
    mkfifo "$work/stdin"
    wine "$bin/$name.exe" "${@/stats.json/$work/stats.json}" --stop-on-eof <"$work/stdin" >"$log" 2>&1 &
    server=$!
    exec {stdin}>"$work/stdin"
    until grep -q 'listening on' "$log"; do
        kill -0 "$server" || { cat "$log" >&2 && return 1; }
        sleep 0.1
    done
}

# The end of its input stops it, as Ctrl+C would.
stop_server() {
    exec {stdin}>&-
    wait "$server"
    tr -d '\r' <"$log" >"$log.txt" && mv "$log.txt" "$log"
}

# Prints the command; what the client says is not shown, for these captures are about the server.
client() { # ARGUMENT...
    printf '$ wine %s/echo_client.exe %s\n' "$bin" "$*"
    wine "$bin/echo_client.exe" "$@" >/dev/null
}

peak_threads() {
    printf '$ grep -o %s stats.json\n' "'\"peak_threads\": [0-9]*'"
    grep -o '"peak_threads": [0-9]*' "$work/stats.json"
}

# Runs one claim and shows each value that it looked at.
show_claim() { # CHAPTER PATTERN
    printf '$ wine %s/%s_claims.exe "%s" -s -r compact | grep passed\n' "$bin" "$1" "$2"
    wine "$bin/$1_claims.exe" "$2" -s -r compact | tr -d '\r' | sed "s|^$PWD/$1/||" | grep passed
}
