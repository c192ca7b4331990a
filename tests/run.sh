#!/bin/bash
# Runs every test and ends with the line "N passed, N failed" on standard output.
#
#   tests/run.sh BUILD_FOLDER [GoogleTest options, for example --gtest_filter='Npy.*']
#
# The GoogleTest binary is started once a core, each start taking its share of the tests. As each
# ends the scripts tests/**/*_test.sh follow, as many at a time; such a script passes with status 0
# and is skipped with 77.
# Only failures are shown; the whole output is kept in BUILD_FOLDER/test-logs. The exit status is 0
# if something passed and nothing failed.
set -u
cd "$(dirname "$0")/.."
build=${1:-build}
shift $(($# > 0))
logs=$build/test-logs
rm -rf "$logs" && mkdir -p "$logs" || exit 1

export FACET_BINARY=$PWD/$build/facet
# What tests and the commands that they run leave behind goes with them.
TMPDIR=$(mktemp -d) || exit 1
export TMPDIR TEST_TMPDIR=$TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
# The shares run beside each other: waiting threads must not spin on the others' cores.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}

passed=0 failed=0 skipped=0
matches() { grep -cE -- "$1" "$2"; }

# What a share printed says what became of each of its tests. A test that was announced and did not
# pass has failed: a crash takes the tests after it along. $1: log, $2: status of the binary.
count_share() {
    local announced ok skip bad
    announced=$(sed -nE 's/^\[={10}\] Running ([0-9]+) tests? from .*/\1/p' "$1" | head -n 1)
    ok=$(matches '\[       OK \] .* \([0-9]+ ms\)$' "$1")
    skip=$(matches '\[  SKIPPED \] .* \([0-9]+ ms\)$' "$1")
    bad=$((${announced:-0} - ok - skip))
    if [ "$2" -ne 0 ] && [ "$bad" -le 0 ]; then
        bad=1  # it died outside any test
    fi
    passed=$((passed + ok)) skipped=$((skipped + skip)) failed=$((failed + bad))
    [ "$bad" -eq 0 ] || show_failures "$1" "$2"
}

# Prints the output of each test that did not pass; at a crash that is the end of the log.
show_failures() {
    awk '/^\[ RUN      \]/ { text = "" }
         { text = text $0 "\n" }
         /\[  FAILED  \] .* \([0-9]+ ms\)$/ { printf "%s", text }
         /\[       OK \] |\[  SKIPPED \] |\[  FAILED  \] |^\[-+\]|^\[=+\]/ { text = "" }
         END { if (crashed) printf "%s", text }' crashed="$(($2 > 1))" "$1"
    if [ "$2" -gt 1 ]; then
        echo "facet-tests ended with status $2; the tests after the last one shown did not run"
    fi
}

# $1: number of the share, then GoogleTest's options
run_share() {
    local log=$logs/share-$1.log
    GTEST_TOTAL_SHARDS=$shares GTEST_SHARD_INDEX=$1 "$build/facet-tests" --gtest_color=no "${@:2}" \
        >"$log" 2>&1
    echo $? >"${log%.log}.status"
}

# $1: script
run_script() {
    local log=$logs/$(basename "$1").log
    bash "$1" >"$log" 2>&1 </dev/null
    echo $? >"${log%.log}.status"
}

shares=$(nproc)
scripts=()
[ $# -gt 0 ] || mapfile -t scripts < <(find tests -name '*_test.sh' | sort)
echo "running the tests in $shares processes, logs in $logs"
for ((i = 0; i < shares; ++i)); do
    run_share $i "$@" &
done
for script in "${scripts[@]}"; do
    wait -n
    run_script "$script" &
done
wait

for ((i = 0; i < shares; ++i)); do
    count_share "$logs/share-$i.log" "$(cat "$logs/share-$i.status")"
done
for script in "${scripts[@]}"; do
    log=$logs/$(basename "$script").log
    case $(cat "${log%.log}.status") in
        0) passed=$((passed + 1)) ;;
        77) skipped=$((skipped + 1)) && echo "[  SKIPPED ] $script (0 ms)" >>"$log" ;;
        *) failed=$((failed + 1)) && cat "$log" && echo "[  FAILED  ] $script" ;;
    esac
done

[ "$skipped" -eq 0 ] || echo "$skipped skipped: $(grep -hoE '\[  SKIPPED \] [^ ,]+ \([0-9]+ ms\)$' "$logs"/*.log | sed 's/.*\] //; s/ (.*//' | paste -sd ' ')"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
