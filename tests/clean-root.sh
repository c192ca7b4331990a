#!/bin/bash
# Tries the documented commands on a bare Debian: nothing but its minimal base, git and make.
# Not part of `make test`: it needs root, debootstrap, a network, 2 GB in ROOT and some minutes.
#
#   tests/clean-root.sh                    runs `make test` in a fresh root
#   tests/clean-root.sh make train ...     runs another command there, ROOT is made if absent
#
# RELEASE bookworm (Debian 12), trixie (13) or a later one
# MIRROR  a Debian mirror            ROOT  where the root is made
# KEEP    1: leave ROOT in place, so that the next call starts from it
# PREPARE a command run inside the root once it is made, for example to set up a proxy
set -eu
RELEASE=${RELEASE:-bookworm}
MIRROR=${MIRROR:-http://deb.debian.org/debian}
ROOT=${ROOT:-/tmp/facet-clean-root-$RELEASE}
project=$(cd "$(dirname "$0")/.." && git rev-parse --show-toplevel)
[ $# -gt 0 ] || set -- make test

inside() { chroot "$ROOT" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

# The mark says that this script made the folder, so that it may also delete it, and of what.
mark=$ROOT/.made-by-facet-clean-root
if [ -n "$(ls -A "$ROOT" 2>/dev/null)" ] && [ ! -e "$mark" ]; then
    echo "facet: error: ROOT=$ROOT holds something else; name an absent or empty folder" >&2
    exit 2
fi

made=$(cat "$mark" 2>/dev/null || true)  # the release that is there, whole
if [ -n "$made" ] && [ "$made" != "$RELEASE" ]; then
    echo "facet: error: ROOT=$ROOT holds $made, not $RELEASE; name another folder" >&2
    exit 2
fi

leave() {
    umount "$ROOT/proc" 2>/dev/null || true
    if [ "${KEEP:-}" != 1 ] && ! mountpoint -q "$ROOT/proc"; then
        rm -rf --one-file-system "$ROOT"
    fi
}
trap leave EXIT

if [ -z "$made" ]; then
    mkdir -p "$ROOT" && touch "$mark"
    debootstrap --variant=minbase --include=git,make "$RELEASE" "$ROOT" "$MIRROR"
    cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
    [ -z "${PREPARE:-}" ] || inside sh -c "$PREPARE"
    echo "$RELEASE" >"$mark"
fi
mkdir -p "$ROOT/proc"
mountpoint -q "$ROOT/proc" || mount -t proc proc "$ROOT/proc"

# What is committed, as somebody else would clone it.
rm -rf "$ROOT/root/facet"
git clone --quiet --no-hardlinks "$project" "$ROOT/root/facet"
inside sh -c 'cd /root/facet && "$@"' sh "$@"
