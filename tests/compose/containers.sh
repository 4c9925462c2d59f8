# shellcheck shell=sh disable=SC2086,SC2154 # command lines are split into words on purpose; the variables are run's
# One container at a time, in every way that people start one: what is configured, who it runs as, what is lost and
# what the log says about it. Sourced by run, which has built the image. No container has SYS_TIME; most have no
# network at all.

containers=$project-container
alone='--network none'

# expect NAME STATUS PATTERN... -- COMMAND...: like check, for arguments with spaces in them.
expect() {
    name=$1
    wanted=$2
    shift 2
    : >"$work/patterns"
    while [ "$1" != -- ]; do
        printf '%s\n' "$1" >>"$work/patterns"
        shift
    done
    shift
    timeout 30 "$@" >"$work/output" 2>&1 </dev/null
    status=$?
    if [ "$status" != "$wanted" ]; then
        bad "$name: exit status $status, not $wanted"
        return
    fi
    while read -r pattern; do
        case $pattern in
        !*) found=$(grep -cE -e "${pattern#!}" "$work/output") && bad "$name: says '${pattern#!}' ($found)" && return ;;
        *) grep -qE -e "$pattern" "$work/output" || { bad "$name: does not say '$pattern'" && return; } ;;
        esac
    done <"$work/patterns"
    good "$name"
}

# config NAME STATUS PATTERN... -- ENVIRONMENT...: what entrypoint --print-config makes of it.
config() {
    name=$1
    wanted=$2
    shift 2
    set -- "$@" ''
    first=true
    for word; do
        if $first; then set --; fi
        first=false
        case $word in
        --) set -- "$@" -- docker run --rm --network none && variables=true ;;
        '') set -- "$@" chronobox --print-config ;;
        *) if ${variables:-false}; then set -- "$@" -e "$word"; else set -- "$@" "$word"; fi ;;
        esac
    done
    variables=false
    expect "$name" "$wanted" "$@"
}

# start OPTION... [-- ARGUMENT...]: a container; $container is its name. It is removed by the next start.
container=
start() {
    [ -z "$container" ] || docker rm -f "$container" >/dev/null 2>&1
    container=$containers
    options=
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        options="$options $1"
        shift
    done
    [ $# = 0 ] || shift
    docker run -d --name "$container" --cap-drop SYS_TIME $options chronobox "$@" >"$work/output" 2>&1
}

# healthy NAME: until the container's health check says so.
healthy() {
    if wait_for 10 docker exec "$container" healthcheck -- .; then good "$1"; else
        docker logs "$container" >"$work/output" 2>&1
        bad "$1"
    fi
}

# says NAME PATTERN...: the container's log, each pattern once and !pattern never.
says() {
    name=$1
    shift
    docker logs "$container" >"$work/output" 2>&1
    for pattern; do
        case $pattern in
        !*) count=0 ;;
        *) count=1 ;;
        esac
        if [ "$(grep -cE -e "${pattern#!}" "$work/output")" != "$count" ]; then
            bad "$name: does not say '${pattern#!}' $count times"
            return
        fi
    done
    good "$name"
}

runs_as() {
    check "$1" 0 docker exec "$container" ps aux -- "^$2 +1 .*chronyd -d"
}

# --- the environment --------------------------------------------------------------------------------------------

config 'no variables: four servers of the pool, everybody is served, the clock is left alone' 0 \
    '^server 0\.pool\.ntp\.org iburst$' '^server 3\.pool\.ntp\.org iburst$' '^allow all$' '^ratelimit$' '^rtcsync$' \
    '^# chronyd -x$' --
config 'NTP_SERVERS: commas, spaces, quotes' 0 '^server a\.example iburst$' '^server b\.example iburst$' \
    '^server 2001:db8::1 iburst$' '!pool' -- 'NTP_SERVERS="a.example, b.example 2001:db8::1"'
config 'NTP_SERVERS: a trailing dot is kept' 0 '^server a\.example\. iburst$' '^maxdistance 16$' '^makestep 1 -1$' -- \
    NTP_SERVERS=a.example. 'NTP_DIRECTIVES=maxdistance 16,makestep 1 -1'
config 'NTP_SERVERS: 127.* serves the local clock' 0 '^local stratum 10$' '!^server' -- NTP_SERVERS=127.127.1.1
config 'NTP_SERVER is NTP_SERVERS' 0 '^server a\.example iburst$' '!pool' -- NTP_SERVER=a.example
config 'NTP_SERVERS: what is no host is refused by name' 1 'NTP_SERVERS: http://a is no host' -- \
    NTP_SERVERS=http://a
config 'an empty variable is one that is not set' 0 '^server 0\.pool' '^allow all$' '^# chronyd -x$' -- NTP_SERVERS= \
    LOG_LEVEL= NOCLIENTLOG= ENABLE_SYSCLK= NTP_DIRECTIVES= ALLOW_CIDR= 'ENABLE_NTS=""'
config 'LOG_LEVEL: anything else is refused by name' 1 'LOG_LEVEL: debug is not 0' -- LOG_LEVEL=debug
for value in true TRUE yes Y on 1 '"true"'; do
    config "NOCLIENTLOG=$value: no limits without a log" 0 '^noclientlog$' '!ratelimit' -- "NOCLIENTLOG=$value" \
        'NTP_DIRECTIVES=ratelimit,rtcsync'
done
for value in false No off 0; do
    config "NOCLIENTLOG=$value" 0 '!^noclientlog$' '^ratelimit$' -- "NOCLIENTLOG=$value"
done
config 'a boolean that is none is refused by name' 1 'ENABLE_SYSCLK: maybe is no boolean' -- \
    ENABLE_SYSCLK=maybe
config 'ENABLE_SYSCLK' 0 '!# chronyd -x' -- ENABLE_SYSCLK=True
config 'ENABLE_NTS: refused where the build has none, and why' 1 'ENABLE_NTS: this build has no NTS' -- ENABLE_NTS=true
config 'NTP_DIRECTIVES: \n' 0 '^minsources 2$' '^maxupdateskew 5$' '!ratelimit' -- \
    'NTP_DIRECTIVES=minsources 2\nmaxupdateskew 5'
config 'NTP_DIRECTIVES: lines' 0 '^minsources 2$' '^maxupdateskew 5$' -- 'NTP_DIRECTIVES=minsources 2
maxupdateskew 5'
config 'NTP_DIRECTIVES: commas' 0 '^minsources 2$' '^maxupdateskew 5$' -- 'NTP_DIRECTIVES=minsources 2, maxupdateskew 5'
config 'NTP_DIRECTIVES: what chronyd does not know is refused by name' 1 \
    'Invalid directive nonsense at line 2 in file NTP_DIRECTIVES' -- 'NTP_DIRECTIVES=rtcsync,nonsense'
config 'ALLOW_CIDR' 0 '^allow 10\.0\.0\.0/8$' '^allow 2001:db8::/32$' '!allow all' -- 'ALLOW_CIDR=10.0.0.0/8,2001:db8::/32'
config 'ALLOW_CIDR: refused by name' 1 'ALLOW_CIDR: Bad subnet in 10\.0\.0\.0/77' -- ALLOW_CIDR=10.0.0.0/77
config 'CMD_CIDR' 0 '^cmdallow 10\.0\.0\.0/8$' '^bindcmdaddress 0\.0\.0\.0$' -- CMD_CIDR=10.0.0.0/8
config 'a name that is nearly right is refused' 1 'NTP_SERVERS: NTP_SERVRES=a is unknown' -- NTP_SERVRES=a
config "other programs' variables are theirs, an orchestrator's too" 0 '^allow all$' -- NTP_PORT=tcp://10.0.0.1:80 \
    NTP_SERVICE_HOST=10.0.0.1 CHRONY_SERVICE_PORT=123 LOGDIR=/x
printf 'server file.example\n' >"$work/chrony.conf"
chmod 644 "$work/chrony.conf"
for path in /etc/chrony.conf /etc/chrony/chrony.conf; do
    expect "a mounted $path wins in silence" 0 '^server file\.example$' '!pool' '!NTS' '!allow' -- docker run --rm \
        --network none -e NTP_SERVERS=a.example -e ENABLE_NTS=true -e LOG_LEVEL=debug -v "$work/chrony.conf:$path:ro" \
        chronobox --print-config
done
expect 'arguments win over the environment' 1 'Invalid directive nonsense at line 1' '!in file' -- docker run --rm \
    --network none -e ENABLE_NTS=true chronobox chronyd -x nonsense
expect 'TZ: a rule' 0 '^Fri Jul  3 14:40:00 CEST 2009$' -- docker run --rm --network none \
    -e TZ=CET-1CEST,M3.5.0,M10.5.0/3 --entrypoint date chronobox -d @1246624800
expect 'TZ: a mounted zone file' 0 '^Fri Jul  3 08:40:00 EDT 2009$' -- docker run --rm --network none \
    -e TZ=America/New_York -v /usr/share/zoneinfo:/usr/share/zoneinfo:ro --entrypoint date chronobox -d @1246624800
start $alone -e TZ=America/New_York -e NTP_SERVERS=127.0.0.1 -e LOG_LEVEL=1
healthy 'TZ: a zone without a file is no reason not to serve'
says 'LOG_LEVEL: less is said' '!Disabled control'

# --- who it runs as, and what is lost ---------------------------------------------------------------------------

socket_lost='Disabled command socket /run/chrony/chronyd.sock; add a volume there, uid='
drift_lost='Disabled driftfile /var/lib/chrony/chrony.drift; add a volume there, uid='

start $alone -e NTP_SERVERS=127.0.0.1
healthy 'root without SYS_TIME: serves'
runs_as 'root without SYS_TIME: chronyd is not root' chrony
says 'root without SYS_TIME: nothing is lost' "!$socket_lost" "!$drift_lost" '!root privileges' '!adjtimex'
check 'root without SYS_TIME: chronyc may change things' 0 docker exec "$container" chronyc cyclelogs -- '200 OK'

start $alone -e NTP_SERVERS=127.0.0.1 -e ENABLE_SYSCLK=1
healthy 'ENABLE_SYSCLK without SYS_TIME: serves'
says 'ENABLE_SYSCLK without SYS_TIME: what to add' 'adjtimex.*add --cap-add SYS_TIME'

start $alone --cap-drop ALL -e NTP_SERVERS=127.0.0.1
healthy 'root without any capability: serves'
says 'root without any capability: stays root, all else is there' 'Running with root privileges' "!$socket_lost" \
    "!$drift_lost"
check 'root without any capability: chronyc may change things' 0 docker exec "$container" chronyc cyclelogs -- '200 OK'

start $alone --user 1000 --cap-drop ALL --read-only -e NTP_SERVERS=127.0.0.1
healthy '--user 1000 --cap-drop ALL --read-only, no tmpfs: serves'
runs_as '--user 1000 --cap-drop ALL --read-only, no tmpfs: as that user' 1000
says '--user 1000 --cap-drop ALL --read-only, no tmpfs: two losses, a line each' "$socket_lost" "$drift_lost" '!pid'
check '--user 1000 --cap-drop ALL --read-only, no tmpfs: health over the network' 0 docker exec "$container" healthcheck
check '--user 1000 --cap-drop ALL --read-only, no tmpfs: an NTP answer' 0 docker exec "$container" ntpdate -q 127.0.0.1 -- \
    'stratum 10'

start $alone --user 1000 --cap-drop ALL --read-only --tmpfs /run/chrony:uid=1000,gid=0,mode=750 \
    --volume "$containers:/var/lib/chrony" -e NTP_SERVERS=127.0.0.1
healthy 'with what the log says to add: serves'
says 'with what the log says to add: nothing is lost' "!$socket_lost" "!$drift_lost"
check 'with what the log says to add: chronyc may change things' 0 docker exec "$container" chronyc cyclelogs -- '200 OK'

for user in 1000 100:101 chrony 4711:4711; do
    start $alone --user $user -e NTP_SERVERS=127.0.0.1
    healthy "--user $user: serves"
done

mkdir -m 777 "$work/open"
start $alone --user 1000 --volume "$work/open:/run/chrony" -e NTP_SERVERS=127.0.0.1
healthy '/run/chrony open to everybody, of another owner: serves'
says '/run/chrony open to everybody, of another owner: nothing is lost' "!$socket_lost"
mkdir -m 700 "$work/closed"
start $alone --user 1000 --volume "$work/closed:/run/chrony" -e NTP_SERVERS=127.0.0.1
healthy '/run/chrony closed to us: serves'
says '/run/chrony closed to us: what to add' "$socket_lost"
start $alone --volume "$work/open:/run/chrony" -e NTP_SERVERS=127.0.0.1
healthy '/run/chrony open to everybody: serves'
says '/run/chrony open to everybody: nothing is lost' "!$socket_lost"
check '/run/chrony open to everybody: chronyc may change things' 0 docker exec "$container" chronyc cyclelogs -- '200 OK'

printf 'local stratum 10\nallow\nuser chrony\ndriftfile /var/lib/chrony/drift\n' >"$work/chrony.conf"
start $alone -v "$work/chrony.conf:/etc/chrony.conf:ro"
healthy 'a file with "user chrony": serves'
runs_as 'a file with "user chrony": is obeyed' chrony

# An emptyDir is open to everybody, a hostPath that is made belongs to root.
mkdir -m 755 "$work/state"
printf 'NTP_SERVERS=127.0.0.1\nNTP_DIRECTIVES=port 0,cmdport 0,rtcsync\n' >"$work/environment"
start $alone --cap-drop ALL --cap-add SETUID --cap-add SETGID --cap-add CHOWN --cap-add DAC_OVERRIDE \
    --security-opt no-new-privileges --read-only --volume "$work/open:/run/chrony" \
    --volume "$work/state:/var/lib/chrony" --env-file "$work/environment"
healthy 'the DaemonSet of deploy/kubernetes.yaml: serves'
runs_as 'the DaemonSet of deploy/kubernetes.yaml: chronyd is not root' chrony
says 'the DaemonSet of deploy/kubernetes.yaml: nothing is lost' "!$socket_lost" "!$drift_lost"
check 'the DaemonSet of deploy/kubernetes.yaml: chronyc may change things' 0 docker exec "$container" chronyc cyclelogs -- \
    '200 OK'
start $alone --init --user 1000 -e NTP_SERVERS=127.0.0.1
healthy 'process 1 is an init of the engine: the environment counts all the same'

start $alone -e NTP_SERVERS=127.0.0.1 --restart no
healthy '--network none: serves itself'
docker kill "$container" >/dev/null && docker start "$container" >"$work/output" 2>&1
healthy 'a stale pidfile, its own: comes back'
start $alone -e NTP_SERVERS=127.0.0.1 -- tail -f /dev/null
healthy 'beside a command: serves'
docker kill "$container" >/dev/null && docker start "$container" >"$work/output" 2>&1
healthy 'a stale pidfile beside a command: comes back'
start $alone -e NTP_SERVERS=no.such.host.example
if wait_for 10 docker exec "$container" chronyc -c activity -- ',1$'; then
    good '--network none, servers by name: runs, and knows what is missing'
else
    bad '--network none, servers by name: runs, and knows what is missing'
fi
check '--network none, servers by name: health says why not' 1 docker exec "$container" healthcheck -- '^unhealthy: '
start_time=$(date +%s)
docker stop -t 10 "$container" >/dev/null
check 'docker stop ends chronyd at once, with status 0' 0 docker inspect -f '{{.State.ExitCode}}' "$container" -- '^0$'
[ $(($(date +%s) - start_time)) -lt 8 ] || bad 'docker stop ends chronyd at once'

# --- a server that cannot serve ---------------------------------------------------------------------------------

mkfifo "$work/gate"
low='--sysctl net.ipv4.ip_unprivileged_port_start=1024'
expect 'a port that is not ours to open: status 1, and what to do' 1 \
    'Fatal error : Nobody can be served : Permission denied.*ip_unprivileged_port_start=0' -- \
    docker run --rm $alone $low --user 1000 -e NTP_SERVERS=127.0.0.1 chronobox
start $alone $low -e NTP_SERVERS=127.0.0.1
healthy 'root may open it: serves as another account'
start $alone -- chronyd 'server 127.0.0.1'
nsenter -t "$(docker inspect -f '{{.State.Pid}}' "$container")" -n python3 -c '
import socket, sys
held = [socket.socket(family, socket.SOCK_DGRAM) for family in (socket.AF_INET6, socket.AF_INET)]
held[0].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
for one, address in zip(held, ("::", "0.0.0.0")): one.bind((address, 123))
print("held", flush=True)
sys.stdin.read()' <"$work/gate" >"$work/held" 2>&1 &
exec 9>"$work/gate"
wait_for 5 cat "$work/held" -- held || bad 'port 123 is taken'
expect 'the port is taken: status 1, and what to do' 1 'Nobody can be served : .*in use.*stop what has the port' -- \
    docker run --rm --network "container:$container" --cap-drop SYS_TIME -e NTP_SERVERS=127.0.0.1 chronobox
exec 9>&-
expect 'nobody is allowed: nothing to open, nothing to fail' 124 '!Nobody can be served' -- timeout 2 \
    docker run --rm --init $alone $low --user 1000 chronobox chronyd 'server 127.0.0.1' 'cmdport 0'

# --- a user namespace: the engine's own would need another engine -------------------------------------------------

mkdir "$work/root"
docker export "$container" | tar -C "$work/root" -xf -
timeout 2 unshare -Urn --pid --fork --kill-child setpriv --bounding-set=-sys_time \
    env -i NTP_SERVERS=127.0.0.1 "$(command -v chroot)" "$work/root" /bin/entrypoint >"$work/output" 2>&1
if grep -q 'Running with root privileges' "$work/output" && ! grep -qE 'Fatal|Disabled (command|drift)' "$work/output"; then
    good 'a user namespace with one account: runs as it, nothing is lost'
else
    bad 'a user namespace with one account: runs as it, nothing is lost'
fi

docker rm -f "$container" >/dev/null 2>&1
docker volume rm "$containers" >/dev/null 2>&1

# --- other images' compose files --------------------------------------------------------------------------------

# Unchanged but for the image; and for what keeps a test to itself: SYS_TIME, the published port, the way out.
for file in tests/compose/images/*.yml; do
    image=$(basename "$file" .yml)
    sed -e 's|^    image: .*|    image: chronobox|' -e 's/- SYS_TIME$/- NET_BIND_SERVICE/' \
        -e '/^    ports:$/d' -e '/- 123:123.udp$/d' "$file" >"$work/$image.yml"
    printf 'networks:\n  default:\n    internal: true\n' >>"$work/$image.yml"
    other="$program --project-directory $work -p $project-$image -f $work/$image.yml"
    $other up -d >"$work/output" 2>&1 || bad "$image's compose file starts"
    network=$(docker network ls -q -f "label=com.docker.compose.project=$project-$image")
    docker run -d --name "$containers" --network "$network" --network-alias time.cloudflare.com \
        --network-alias 0.pool.ntp.org -e NTP_SERVERS=127.0.0.1 chronobox >"$work/output" 2>&1
    if wait_for 20 $other exec -T ntp chronyc -n -c tracking -- ',11,'; then
        good "$image's compose file: follows its servers"
    else
        $other logs >"$work/output" 2>&1
        bad "$image's compose file: follows its servers"
    fi
    check "$image's compose file: health" 0 $other exec -T ntp healthcheck
    check "$image's compose file: serves" 0 docker run --rm --network "$network" --entrypoint ntpdate chronobox -q ntp -- \
        'stratum 11'
    $other logs --no-color >"$work/output" 2>&1
    if grep -qE 'Disabled (command|driftfile)|Fatal|Could not' "$work/output"; then
        bad "$image's compose file: loses nothing"
    else
        good "$image's compose file: loses nothing"
    fi
    docker rm -f "$containers" >/dev/null 2>&1
    $other down --volumes --timeout 5 >/dev/null 2>&1
done

check 'deploy/swarm.yml: the compose program reads it' 0 $program --project-directory "$work" -f deploy/swarm.yml config -- \
    'mode: global' 'mode: host'
