#!/bin/bash
# check-image.sh [CMD...]: build container/Dockerfile and run CMD in the image as an ordinary user with a mounted results
# folder, without a container daemon and, where there is none to reach, without a registry. Needs root on a Debian-like host.
# CMD is halofil run scenarios/quick.yaml --ranks 2 unless given. RESULTS=DIR keeps the results there.
set -euo pipefail
here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(dirname "$here")
base=docker.io/library/debian:trixie-slim    # the full name of the image that FROM debian:trixie-slim means
image=localhost/halofil-check
user=12345:12345                             # nobody's id: the image must not need a name for its user

if [ $# = 0 ]; then set -- halofil run scenarios/quick.yaml --ranks 2; fi
say() { printf 'check-image: [%3d s] %s\n' "$SECONDS" "$*" >&2; }
fail() { printf 'check-image: %s\n' "$*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || fail "needs root (buildah's chroot isolation)."
missing=()
for tool in buildah mmdebstrap; do command -v "$tool" >/dev/null || missing+=("$tool"); done
if [ ${#missing[@]} != 0 ]; then
  say "installing ${missing[*]}"
  apt-get -qq update >/dev/null 2>&1 || true
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 \
    || fail "apt-get could not install ${missing[*]}."
fi
b() { buildah --root "${HALOFIL_ENV_ROOT:-/var/lib/halofil}/images" --storage-driver overlay "$@"; }

if ! b inspect --type image "$base" >/dev/null 2>&1; then
  say "getting $base"
  if ! timeout -k 1 60 buildah --root "${HALOFIL_ENV_ROOT:-/var/lib/halofil}/images" --storage-driver overlay pull -q "$base" >/dev/null 2>&1; then
    say "no registry: making it with mmdebstrap"
    c=$(b from scratch)
    m=$(b mount "$c")
    mmdebstrap --quiet --mode=root --variant=minbase trixie - ${HALOFIL_DEBIAN_MIRROR:+"$HALOFIL_DEBIAN_MIRROR"} | tar -x -C "$m"
    b umount "$c" >/dev/null
    b commit -q --rm "$c" "$base" >/dev/null
  fi
fi

# The host's certificate authorities, where pip needs them to reach its index.
authorities=()
if [ -d /usr/local/share/ca-certificates ]; then
  authorities=(-v /usr/local/share/ca-certificates:/usr/local/share/ca-certificates:ro)
fi
say "building container/Dockerfile"
log=$(mktemp)
b bud --layers --isolation chroot --network host --pull-never "${authorities[@]}" -t "$image" -f "$here/Dockerfile" "$project" >"$log" 2>&1 \
  || { tail -n 15 "$log" >&2; fail "container/Dockerfile does not build ($log)."; }
rm -f "$log"
say "built"

results=${RESULTS:-$(mktemp -d)}
mkdir -p "$results"
chown "$user" "$results"
entrypoint=$(b inspect --type image --format '{{index .OCIv1.Config.Entrypoint 0}}' "$image")
c=$(b from --pull-never "$image")
finish() {
  b rm "$c" >/dev/null
  if [ -z "${RESULTS:-}" ]; then rm -rf "$results"; fi
}
trap finish EXIT
say "running as user $user: $*"
status=0
b run --isolation chroot --network host --user "$user" -v "$results:/app/results" "$c" -- "$entrypoint" "$@" || status=$?
say "exit status $status; in the results folder: $(cd "$results" && find . -type f | wc -l) files, owned by $(find "$results" -mindepth 1 -printf '%U:%G\n' | sort -u | xargs)"
exit "$status"
