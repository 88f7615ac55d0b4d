# shellcheck shell=bash
# shellcheck disable=SC2154 # `course` sets bin
# Captures for 00_start and errors. `course` has set Wine up and `bin`, and is in the course's folder.

# Starts a server, shows the command, and returns when it listens. Its lines go to $log.
start_server() { # NAME ARGUMENT...
    printf '$ ./course run %s\n' "$*"
    folder=$(mktemp -d)
    log=$folder/log
    mkfifo "$folder/stdin"
    wine "$bin/$1.exe" "${@:2}" --stop-on-eof <"$folder/stdin" >"$log" 2>&1 &
    server=$!
    exec {stdin}>"$folder/stdin"
    until grep -q 'listening on' "$log"; do
        kill -0 "$server"
        sleep 0.1
    done
}

# The end of its input stops it, as Ctrl+C would.
stop_server() {
    exec {stdin}>&-
    wait "$server"
}

capture_00_first_talk() {
    start_server 02_select --port 9010 --verbose
    local talk
    talk=$(printf 'hello\nhow are you?\n' | wine "$bin/echo_client.exe" --port 9010)
    stop_server
    cat "$log"
    printf '\n$ printf "hello\\nhow are you?\\n" | wine build/linux/bin/echo_client.exe --port 9010\n'
    printf '%s\n' "$talk"
}

capture_errors_port_in_use() {
    start_server 02_select --port 9010
    cat "$log"
    printf '$ ./course run 06_iocp --port 9010; echo "exit status $?"\n'
    local status=0
    wine "$bin/06_iocp.exe" --port 9010 2>&1 || status=$?
    printf 'exit status %d\n' "$status"
    stop_server
}
