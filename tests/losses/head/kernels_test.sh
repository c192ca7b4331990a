#!/bin/bash
# What nvcc made of the list of losses: kernels for every loss but `center`, which has operations of
# the backend only; and nothing that registers a loss a second time, under the host's own name.
set -u
facet=${FACET_BINARY:-$PWD/build/facet}
kernels=$(dirname "$facet")/cuda/losses/head/cuda
[ -f "$kernels/class_losses.1.o" ] && command -v nm >/dev/null || exit 77
fail() { echo "kernels_test: $1" >&2; exit 1; }

symbols=$(nm -C "$kernels"/*_losses.*.o) || fail "nm"
grep -q 'registered_' <<<"$symbols" && fail "kernels and losses are registered by one variable"
found=$(grep -oE 'facet::make_device_form<facet::Host(Rows|Columns|Pairs)<[^ ]+' <<<"$symbols" | sort -u | wc -l)
losses=$("$facet" losses --json | grep -cE '^    "name": ')
[ "$found" -eq $((losses - 1)) ] || fail "kernels of $found losses, expected all $losses but center"
