#!/bin/bash
# Part of `make test`: without a GPU `make gpu-check` says so and fails, and leaves no report.
set -u
build=$(dirname "$FACET_BINARY")
build=${build#"$PWD"/}
if "${MAKE:-make}" -s "BUILD=$build" "$build/gpu-check/gpu" 2>/dev/null && "$build/gpu-check/gpu"; then
    exit 77 # there is one
fi
output=$("${MAKE:-make}" --no-print-directory gpu-check "BUILD=$build" 2>&1)
status=$?
echo "$output"
[ "$status" -ne 0 ] && grep -qE 'no GPU to run on|has no CUDA device' <<<"$output" &&
    [ ! -e "$build/gpu-check/gpu-check.json" ]
