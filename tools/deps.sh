#!/bin/sh
# Says which Debian packages are missing and what for, then installs them with apt-get.
#
#   tools/deps.sh build|test|format|lint...     DEPS=skip tools/deps.sh ...   does nothing
#
# Silent and immediate when nothing is missing. Uses sudo when not root.
set -eu

[ "${DEPS:-}" != skip ] || exit 0

# group   package               what it is for
packages='
build     g++                   compiles C++20
build     libdnnl-dev           oneDNN: convolutions and matrix products on the CPU
build     libfmt-dev            fmt: text formatting
build     libcli11-dev          CLI11: the command line
build     nlohmann-json3-dev    JSON: logs, cards, safetensors headers
build     libtomlplusplus-dev   toml++: configuration files
build     libstb-dev            stb_image: reading and writing pictures
build     zlib1g-dev            zlib: the pixels of PNGs and their checksums
build     libeigen3-dev         Eigen: linear algebra of the evaluation
test      libgtest-dev          GoogleTest: the tests
format    clang-format          formats the sources
lint      clang-tidy            reads the sources for errors that a compiler passes over
lint      libomp-dev            OpenMP as clang-tidy knows it
'

explain() { printf 'facet: %s\n' "$*" >&2; }

wanted=$(echo "$packages" | while read -r group package purpose; do
    for asked in "$@"; do
        [ "$group" != "$asked" ] || echo "$package"
    done
done)

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    explain 'error: this is not a Debian system, so its packages cannot be installed from here'
    explain 'hint: install the equivalents of:' $wanted
    explain 'hint: then say DEPS=skip to pass this check, for example: make test DEPS=skip'
    exit 1
fi

# dpkg-query fails for a package that it has never heard of: that is missing too.
installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $wanted 2>/dev/null || true)
missing=''
for package in $wanted; do
    echo "$installed" | grep -qx "$package installed" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

explain 'missing packages:'
for package in $missing; do
    echo "$packages" | sed -n "s/^[a-z]* *\($package .*\)/  \1/p" >&2
done

as_root=''
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        explain 'error: installing needs root, and sudo is not here'
        explain "hint: as root: apt-get install --no-install-recommends$missing"
        exit 1
    fi
    as_root=sudo
fi

update() { $as_root apt-get -q -o DPkg::Lock::Timeout=300 update; }
install() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends $missing
}

# A fresh machine has no package lists, an old one has lists of files that are gone.
apt-cache show $missing >/dev/null 2>&1 || update
install || { update && install; } || {
    explain "error: apt-get could not install:$missing"
    explain 'hint: check the network and /etc/apt/sources.list (Debian 12 or newer, section main)'
    exit 1
}
