#!/bin/sh
# What every part of the interoperability tests stands on: a private network with a clock that cannot be steered, daemons
# that are ended whatever happens, waiting for conditions instead of for time, and the count of results.
#
# A part is a program of its own, "tests/interop/PART [BINARY]", that sources this file first and calls finish last.
# Every chronyd of ours runs under the system call filter (-F), at level 1: what this suite needs, the filter allows.
# Environment: DEBIAN, where Debian's programs are unpacked, or a later Debian's; KEEP=1 leaves the files of the run behind; FILTER, another
# level, or 0.
set -u
export LC_ALL=C
export FILTER="${FILTER:-1}"

# shellcheck disable=SC2034 # used by the parts
{
    part=$(basename "$0")
    root=$(cd "$(dirname "$0")/../.." && pwd)
    binary=$(realpath "${1:-$root/build/chronobox}")
    debian=${DEBIAN:-$root/.deps/debian}
    next=$root/.deps/debian-next
}

# --- a network of our own -----------------------------------------------------------------------------------------

# In the child of this function PRIVATE says what was to be had: "root", "user" (a user namespace) or "no".
enter_private_network() {
    if [ "$(id -u)" = 0 ] && unshare -nm true 2>/dev/null; then
        PRIVATE=root exec unshare -nm setpriv --bounding-set=-sys_time sh "$0" "$binary"
    elif unshare -Urnm true 2>/dev/null; then
        PRIVATE=user exec unshare -Urnm setpriv --bounding-set=-sys_time sh "$0" "$binary"
    elif [ "$(id -u)" = 0 ]; then
        PRIVATE=no exec setpriv --bounding-set=-sys_time sh "$0" "$binary"
    fi
    PRIVATE=no exec sh "$0" "$binary"
}

[ -n "${PRIVATE-}" ] || enter_private_network

may_steer_clock() {
    capabilities=$(sed -n 's/^CapBnd:[^0-9a-f]*//p' /proc/self/status)
    [ "$PRIVATE" != user ] && [ "$(id -u)" = 0 ] && [ $((0x$capabilities >> 25 & 1)) = 1 ]
}

if may_steer_clock; then
    echo "FAIL $part: CAP_SYS_TIME cannot be taken away; nothing is started"
    exit 1
fi
PATH=$PATH:/sbin:/usr/sbin
if [ "$PRIVATE" != no ]; then
    ip link set lo up || exit
    mount -t tmpfs tmpfs /run || exit
fi

# use_names: standard input becomes /etc/hosts, and nobody knows other names. In a namespace only.
use_names() {
    cat >"$work/hosts"
    echo 'options timeout:1 attempts:1' >"$work/resolv.conf"
    mount --bind "$work/hosts" /etc/hosts || exit
    # It may be a link into /run, which is empty here.
    resolver=$(realpath -m /etc/resolv.conf)
    case $resolver in
    /run/*) mkdir -p "$(dirname "$resolver")" && cp "$work/resolv.conf" "$resolver" ;;
    *) [ ! -e "$resolver" ] || mount --bind "$work/resolv.conf" "$resolver" ;;
    esac
}

# --- the folder of this run, and its end ---------------------------------------------------------------------------

work=$(mktemp -d /tmp/interop.XXXXXX) || exit
mkdir "$work/bin"

end_everything() {
    trap - EXIT
    for file in "$work"/*.pid; do
        [ ! -e "$file" ] || kill -KILL "$(cat "$file")" 2>/dev/null
    done
    wait
    if [ -n "${KEEP-}" ]; then echo "kept: $work" >&2; else rm -rf "$work"; fi
}

trap end_everything EXIT
trap 'exit 130' INT TERM

# --- results -------------------------------------------------------------------------------------------------------

passed=0
failed=0

ok() {
    passed=$((passed + 1))
    echo "ok $1"
}

# fail NAME REASON [FILE]: the file's first lines are shown.
fail() {
    failed=$((failed + 1))
    echo "FAIL $1: $2"
    [ -z "${3-}" ] || head -n "${SHOWN:-16}" "$3" | cut -c 1-200 | sed 's/^/    | /'
}

# check NAME COMMAND...: what the command printed is the reason.
check() {
    check_name=$1
    shift
    if "$@" >"$work/check.out" 2>&1; then ok "$check_name"; else fail "$check_name" "status $?" "$work/check.out"; fi
}

# same NAME THEIRS OURS: two files with the same bytes.
same() {
    if diff "$2" "$3" >"$work/difference"; then ok "$1"; else fail "$1" 'Debian < > ours' "$work/difference"; fi
}

# says NAME PATTERN FILE: a line of the file matches the extended expression.
says() {
    if grep -Eq -e "$2" "$3"; then ok "$1"; else fail "$1" "nothing matches: $2" "$3"; fi
}

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
    exit
}

# --- waiting -------------------------------------------------------------------------------------------------------

# wait_for SECONDS COMMAND...: until the command succeeds; false when it still does not.
wait_for() {
    read -r wait_until _ </proc/uptime
    wait_until=$((${wait_until%.*} + $1 + 1))
    shift
    until "$@" >/dev/null 2>&1; do
        read -r wait_now _ </proc/uptime
        [ "${wait_now%.*}" -lt "$wait_until" ] || return 1
        sleep 0.05
    done
}

# --- daemons -------------------------------------------------------------------------------------------------------

# start NAME PROGRAM...: in the background; NAME.log is what it prints, NAME/ a folder of its own that a command
# socket may be in.
start() {
    start_name=$1
    shift
    make_folder "$start_name"
    "$@" >"$work/$start_name.log" 2>&1 </dev/null &
    echo $! >"$work/$start_name.pid"
}

make_folder() {
    [ -d "$work/$1" ] || mkdir -m 750 "$work/$1"
}

# A process that ended is a zombie until it is waited for.
has_ended() {
    # shellcheck disable=SC2046 # the fields of one line
    set -- $(cat "/proc/$(cat "$work/$1.pid")/stat" 2>/dev/null)
    [ "${3-Z}" = Z ]
}

runs() {
    [ -e "$work/$1.pid" ] && ! has_ended "$1"
}

# stop NAME [SIGNAL]: returns its exit status; 137 when it did not want to end.
stop() {
    stop_pid=$(cat "$work/$1.pid")
    kill "-${2:-TERM}" "$stop_pid" 2>/dev/null
    wait_for 10 has_ended "$1" || kill -KILL "$stop_pid"
    rm -f "$work/$1.pid"
    wait "$stop_pid"
}

# settings NAME NTP-PORT CONTROL-PORT: the lines that keep a daemon to itself, and those of standard input.
settings() {
    make_folder "$1"
    {
        cat <<END
port $2
cmdport $3
bindcmdaddress $work/$1/chronyd.sock
pidfile $work/$1/chronyd.pid
driftfile $work/$1/drift
logdir $work/$1
log tracking measurements statistics
END
        cat
    } >"$work/$1.conf"
}

# chronyd debian|next|ours NAME [OPTION...]: starts one with the settings of that name.
chronyd() {
    chronyd_kind=$1
    chronyd_name=$2
    shift 2
    start "$chronyd_name" "$(program "$chronyd_kind" chronyd)" -d -x -u root -f "$work/$chronyd_name.conf" "$@"
    wait_for 10 answers "$chronyd_name" || fail "$chronyd_name starts" 'no answer' "$work/$chronyd_name.log"
}

# Whoever answers has opened all of its sockets; that the one of commands exists says less.
answers() {
    [ -S "$work/$1/chronyd.sock" ] && chronyc debian "$1" -n activity
}

program() {
    case $1-$2 in
    ours-*) echo "$work/bin/$2" ;;
    debian-chronyd) echo "$debian/usr/sbin/chronyd" ;;
    debian-*) echo "$debian/usr/bin/$2" ;;
    next-chronyd) echo "$next/usr/sbin/chronyd" ;;
    next-*) echo "$next/usr/bin/$2" ;;
    esac
}

# before VERSION: Debian's chrony is older than that.
before() {
    "$(program debian chronyc)" -v | awk -v version="$1" '{ exit !($4 + 0 < version + 0) }'
}

# chronyc debian|next|ours NAME WORD...: asks the daemon of that name over its Unix socket.
chronyc() {
    chronyc_program=$(program "$1" chronyc)
    chronyc_socket=$work/$2/chronyd.sock
    shift 2
    timeout --foreground 20 "$chronyc_program" -h "$chronyc_socket" "$@"
}

# is_selected NAME ADDRESS: asked with Debian's client.
is_selected() {
    chronyc debian "$1" -c sources | grep -Fq "^,*,$2,"
}

# --- other hosts -----------------------------------------------------------------------------------------------------

# host NAME LINK NUMBER: a host behind that link of ours: 10.9.NUMBER.1 is here and 10.9.NUMBER.2 there, its eth0. IPv6
# addresses do not wait for others that might have them. Needs a namespace of our own.
host() {
    unshare -n sleep 120 &
    echo $! >"$work/$1.pid"
    wait_for 5 has_another_network "$1" || exit
    ip link add "$2" address 02:00:00:00:00:01 type veth peer name eth0 netns "$!" || exit
    echo 0 >"/proc/sys/net/ipv6/conf/$2/accept_dad"
    on "$1" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad'
    on "$1" ip link set eth0 address 02:00:00:00:00:02 || exit
    ip addr add "10.9.$3.1/24" dev "$2"
    on "$1" ip addr add "10.9.$3.2/24" dev eth0
    ip link set "$2" up && on "$1" ip link set eth0 up && on "$1" ip link set lo up
}

has_another_network() {
    [ "$(readlink "/proc/$(cat "$work/$1.pid")/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# on HOST COMMAND...
on() {
    on_host=$1
    shift
    nsenter -t "$(cat "$work/$on_host.pid")" -n "$@"
}

# elsewhere HOST KIND NAME: as chronyd, on another host.
elsewhere() {
    start "$3" nsenter -t "$(cat "$work/$1.pid")" -n "$(program "$2" chronyd)" -d -x -u root -f "$work/$3.conf"
    wait_for 10 [ -S "$work/$3/chronyd.sock" ] || fail "$3 starts" 'no socket' "$work/$3.log"
}

# --- what there is to test -------------------------------------------------------------------------------------------

for needed in "$binary" "$debian/usr/sbin/chronyd" "$debian/usr/bin/chronyc"; do
    if [ ! -x "$needed" ]; then
        fail "$part" "$needed is not there"
        finish
    fi
done
if ! "$binary" --install "$work/bin"; then
    fail "$part" "$binary cannot install its links"
    finish
fi
rm "$work/bin/chronyd"
printf '#!/bin/sh\nexec "%s" chronyd -F %s "$@"\n' "$binary" "$FILTER" >"$work/bin/chronyd"
chmod 755 "$work/bin/chronyd"
