# shellcheck shell=bash disable=SC2154,SC1091
# Captures for 00_start and errors.
source notes/captures/overlapped.sh

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
