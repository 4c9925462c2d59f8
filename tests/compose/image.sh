# shellcheck shell=sh disable=SC2154 # the variables are run's
# The image itself: what is in it, whose it is, what it says of itself, and that a second build gives the same bytes.
# Sourced by run, which has built it.

mkdir "$work/save"
docker save chronobox:latest | tar -C "$work/save" -xf -
layer=$(sed 's/.*"Layers":\["\([^"]*\)"\].*/\1/' "$work/save/manifest.json")
TZ=UTC tar --numeric-owner -tvf "$work/save/$layer" >"$work/layer"

# says_image NAME EXPRESSION WANTED: of docker image inspect.
says_image() {
    docker image inspect -f "$2" chronobox >"$work/output" 2>&1
    if [ "$(cat "$work/output")" = "$3" ]; then good "image: $1"; else bad "image: $1"; fi
}

# holds NAME PATTERN COUNT: so many entries of the layer.
holds() {
    cp "$work/layer" "$work/output"
    if [ "$(grep -cE -e "$2" "$work/layer")" = "$3" ]; then good "image: $1"; else bad "image: $1"; fi
}

version=$(sed -n 's/^#define CHRONOBOX_VERSION "\(.*\)"/\1/p' applets/applets.h)
says_image 'one layer' '{{len .RootFS.Layers}}' 1
says_image 'the entry point' '{{json .Config.Entrypoint}}' '["/bin/entrypoint"]'
says_image 'the default command' '{{json .Config.Cmd}}' '["chronyd"]'
says_image 'the health check needs no shell' '{{json .Config.Healthcheck.Test}}' '["CMD","healthcheck"]'
says_image 'the port' '{{json .Config.ExposedPorts}}' '{"123/udp":{}}'
says_image 'its title' '{{index .Config.Labels "org.opencontainers.image.title"}}' chronobox
says_image 'its version is the program'"'"'s' '{{index .Config.Labels "org.opencontainers.image.version"}}' "$version"
says_image 'its licence' '{{index .Config.Labels "org.opencontainers.image.licenses"}}' MIT
holds 'one program' '^-rwxr-xr-x 0/0 .* bin/chronobox$' 1
holds 'passwd and group, nothing else that is a file' '^-' 3
applets=$(docker run --rm --network none --entrypoint chronobox chronobox --list | wc -l)
holds 'a link for each applet' '^l.* bin/[a-z]* -> chronobox$' "$applets"
holds 'state is for root, for chrony, and for a number in group 0' \
    '^drwxrwx--- 100/0 .* (run|var/lib|var/log)/chrony/$' 3
holds 'nothing else is anybody'"'"'s but root'"'"'s' ' 0/0 ' "$(($(wc -l <"$work/layer") - 3))"
holds 'nothing besides' '.' $((applets + 15))
holds 'every time is fixed' ' 1970-01-01 00:00 ' "$(wc -l <"$work/layer")"
check 'image: no shell' 127 docker run --rm --network none --entrypoint sh chronobox

# What is loaded for other machines says the same of itself as what the engine builds. The layer is this machine's:
# what runs there is tests/cross/run's business.
make image-root >"$work/output" 2>&1 || bad 'make image-root'
scripts/image-archive build/image-root.tar armv7 "$project:armv7" >"$work/first.tar"
scripts/image-archive build/image-root.tar armv7 "$project:armv7" >"$work/second.tar"
if cmp "$work/first.tar" "$work/second.tar" >"$work/output" 2>&1; then
    good 'image for another machine: twice the same bytes'
else
    bad 'image for another machine: twice the same bytes'
fi
docker load -i "$work/first.tar" >"$work/output" 2>&1 || bad 'image for another machine: is loaded'
check 'image for another machine: its architecture' 0 docker image inspect -f '{{.Os}}/{{.Architecture}}/{{.Variant}}' \
    "$project:armv7" -- '^linux/arm/v7$'
for image in chronobox "$project:armv7"; do
    for member in Entrypoint Cmd Env Healthcheck Labels ExposedPorts; do
        docker image inspect -f "{{json .Config.$member}}" "$image"
    done >"$work/says.${image##*:}"
done
if diff "$work/says.chronobox" "$work/says.armv7" >"$work/output"; then
    good 'image for another machine: says of itself what this one says'
else
    bad 'image for another machine: says of itself what this one says'
fi
docker rmi "$project:armv7" >/dev/null 2>&1

# From the compiler on, and with another parent of the last layer, or the engine would take the first build's.
sed -e 's/^COPY Makefile/RUN echo again\n&/' -e 's/^FROM scratch/&\nLABEL again=1/' Dockerfile |
    docker build --build-arg BASE="$base" -t "$project-again" -f - . >"$work/output" 2>&1
docker image inspect -f '{{json .RootFS.Layers}}' chronobox >"$work/first"
docker image inspect -f '{{json .RootFS.Layers}}' "$project-again" >"$work/second" 2>&1
if cmp -s "$work/first" "$work/second"; then
    good 'image: two builds, the same layer'
else
    bad 'image: two builds, the same layer'
fi
docker rmi "$project-again" >/dev/null 2>&1
