#!/bin/bash
# check-image.sh [CMD...]: build container/Dockerfile and run CMD in the image as an ordinary user with a mounted results
# folder, without a container daemon or registry (the base image is made here). Needs root on a Debian-like host.
# CMD is halofil run scenarios/quick.yaml --ranks 2 unless given. RESULTS=DIR keeps the results there.
set -euo pipefail
here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(dirname "$here")
store=${HALOFIL_ENV_ROOT:-/var/lib/halofil}/images
base=localhost/halofil-base                  # stands in for the Dockerfile's debian:trixie-slim
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
b() { buildah --root "$store" --storage-driver overlay "$@"; }

if ! b inspect --type image "$base" >/dev/null 2>&1; then
  say "making the base image with mmdebstrap"
  c=$(b from scratch)
  m=$(b mount "$c")
  mmdebstrap --quiet --mode=root --variant=minbase trixie - ${HALOFIL_DEBIAN_MIRROR:+"$HALOFIL_DEBIAN_MIRROR"} \
    | tar -x -C "$m" \
    || { b rm "$c" >/dev/null; fail "mmdebstrap could not make the base image (no network, or the mirror cannot be reached)."; }
  b umount "$c" >/dev/null
  b commit -q --rm "$c" "$base" >/dev/null
fi

# The host's certificate authorities, where pip needs them to reach its index.
authorities=()
if [ -d /usr/local/share/ca-certificates ]; then
  authorities=(-v /usr/local/share/ca-certificates:/usr/local/share/ca-certificates:ro)
fi
say "building container/Dockerfile"
log=$(mktemp)
b bud --layers --isolation chroot --network host --pull-never --from "$base" "${authorities[@]}" -t "$image" \
  -f "$here/Dockerfile" "$project" >"$log" 2>&1 \
  || { tail -n 15 "$log" >&2; fail "container/Dockerfile does not build ($log)."; }
rm -f "$log"
say "built"

results=${RESULTS:-$(mktemp -d)}
mkdir -p "$results"
results=$(cd -P "$results" && pwd)
chown "$user" "$results"
entrypoint=$(b inspect --type image --format '{{index .OCIv1.Config.Entrypoint 0}}' "$image")
c=$(b from --pull-never "$image")
finish() {
  b rm "$c" >/dev/null
  if [ -z "${RESULTS:-}" ]; then rm -rf "$results"; fi
}
trap finish EXIT
say "running as user $user: ${*//$'\n'/; }"
status=0
b run --isolation chroot --network host --user "$user" -v "$results:/app/results" "$c" -- "$entrypoint" "$@" || status=$?
files=$(find "$results" -type f -printf '%U:%G\n' | sort | uniq -c | xargs)
say "exit status $status; files in the results folder, by owner: ${files:-none}"
exit "$status"
