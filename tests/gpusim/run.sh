#!/bin/bash
# Runs the tests of the simulated GPU and ends with the line "N passed, N failed".
#
#   tests/gpusim/run.sh BUILD_FOLDER/gpusim       what `make test-gpusim` has built
#
# Three kinds of tests: the kernels with every access checked, the kernels under AddressSanitizer,
# and for each line of mutants.txt that a kernel with that fault fails with the expected report.
# The first also writes launches.json, which `make gpu-report` reads.
# Tests that need checked accesses are skipped under AddressSanitizer and not counted there.
set -u
cd "$(dirname "$0")/../.."
build=$1
passed=0 failed=0
# Newer sanitizers keep frames that have ended, for every fiber: minutes instead of seconds.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_stack_use_after_return=0

count() { grep -cE -- "$1" "$2"; }

# $1: program
run_tests() {
    local log=$build/$1.log status ok announced skipped bad
    "$build/$1" --gtest_color=no >"$log" 2>&1
    status=$?
    announced=$(sed -nE 's/^\[={10}\] Running ([0-9]+) tests? from .*/\1/p' "$log" | head -n 1)
    ok=$(count '\[       OK \] .* \([0-9]+ ms\)$' "$log")
    skipped=$(count '\[  SKIPPED \] .* \([0-9]+ ms\)$' "$log")
    bad=$((${announced:-0} - ok - skipped))
    if [ "$status" -ne 0 ] && [ "$bad" -le 0 ]; then bad=1; fi
    passed=$((passed + ok)) failed=$((failed + bad))
    if [ "$bad" -ne 0 ]; then
        grep -vE '^\[ RUN|^\[       OK|^\[-+\]|^\[  SKIPPED' "$log" | head -n 60
    fi
    echo "$1: $ok passed, $bad failed"
}

# A mutant is caught when a test fails and the report says what was put in.
run_mutant() {  # $1: macro, $2: filter, $3: words of the report
    local log=$build/mutants/$1.log
    if timeout 60 "$build/mutants/$1" --gtest_color=no --gtest_filter="$2" >"$log" 2>&1; then
        echo "[  FAILED  ] $1 was not caught by $2"
        failed=$((failed + 1))
    elif ! grep -qF -- "$3" "$log"; then
        echo "[  FAILED  ] $1 fails, but its report does not say '$3':" && tail -n 20 "$log"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
}

GPUSIM_LAUNCHES=$build/launches.json run_tests race-tests
run_tests address-tests
mutants=0
while read -r macro _ filter words; do
    run_mutant "$macro" "$filter" "$words"
    mutants=$((mutants + 1))
done < <(grep '^BUG_' tests/gpusim/mutants.txt)
echo "mutants: $mutants run"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
