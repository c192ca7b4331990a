#!/bin/bash
# Plans every convolution of the networks with cuDNN's own planner, from described devices: no GPU
# is needed. Ends with "N passed, N failed".
#
#   tests/plans/plans_test.sh [BUILD_FOLDER]     FACET_PLANS_FULL=1: the deeper networks too
#
# Skipped (status 77) where the tests were not built: they need cuDNN 9 and its headers.
cd "$(dirname "$0")/../.." || exit 1
build=${1:-$(dirname "${FACET_BINARY:-build/facet}")}
if [ ! -x "$build/facet-plans" ]; then
    echo "skipped: $build/facet-plans is not there; cuDNN 9 was not found when it was to be built"
    exit 77
fi

log=$build/plans.log
export OMP_NUM_THREADS=1  # the networks are only built, not run: threads would wait for each other
# Under AddressSanitizer: memory that cuBLASLt, which cuDNN loads, keeps until the end is no leak of ours.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
FACET_PLANS=$build "$build/facet-plans" --gtest_color=no >"$log" 2>&1
status=$?
announced=$(sed -nE 's/^\[={10}\] Running ([0-9]+) tests? from .*/\1/p' "$log")
passed=$(grep -cE '^\[       OK \]' "$log")
skipped=$(grep -cE '^\[  SKIPPED \] .* \([0-9]+ ms\)$' "$log")
failed=$((${announced:-1} - passed - skipped))
[ "$failed" -eq 0 ] && [ "$status" -eq 0 ] || grep -vE '^\[ RUN|^\[       OK|^\[-' "$log"
echo "plans: $build/plans.md, $build/plans.json; $skipped skipped"
echo "$passed passed, $failed failed"
[ "$status" -eq 0 ] && [ "$failed" -eq 0 ]
