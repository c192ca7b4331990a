#!/bin/bash
# Runs the CUDA device on the CPU, with doubles of its libraries. Ends with "N passed, N failed".
#
#   tests/gpudoubles/gpudoubles_test.sh [BUILD_FOLDER]
#
# Skipped (status 77) where the tests were not built: they need CUDA's headers and cuDNN 9.
cd "$(dirname "$0")/../.." || exit 1
build=${1:-$(dirname "${FACET_BINARY:-build/facet}")}
if [ ! -x "$build/facet-gpudoubles" ]; then
    echo "skipped: $build/facet-gpudoubles is not there; cuDNN 9 was not found when it was to be built"
    exit 77
fi

log=$build/gpudoubles.log
export OMP_NUM_THREADS=1  # small networks: threads would wait for each other
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0:handle_segv=0  # the doubles handle it
"$build/facet-gpudoubles" --gtest_color=no >"$log" 2>&1
status=$?
announced=$(sed -nE 's/^\[={10}\] Running ([0-9]+) tests? from .*/\1/p' "$log" | head -n 1)
passed=$(grep -cE '^\[       OK \]' "$log")
skipped=$(grep -cE '^\[  SKIPPED \] .* \([0-9]+ ms\)$' "$log")
failed=$((${announced:-1} - passed - skipped))
[ "$failed" -eq 0 ] && [ "$status" -eq 0 ] || grep -vE '^\[ RUN|^\[       OK|^\[-' "$log"

# A fault of the caller, put in by the doubles (doubles.h), must make the tests named beside it fail.
while read -r fault filter; do
    if FACET_DOUBLES_FAULT=$fault "$build/facet-gpudoubles" --gtest_color=no --gtest_brief=1 \
        --gtest_filter="$filter" >"$build/gpudoubles-$fault.log" 2>&1; then
        echo "[  FAILED  ] the fault $fault was not caught by $filter"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
done <<'FAULTS'
shifted-padding   Shapes/ConvOnDevice.EveryAlgorithm*/8
plain-strides     Shapes/ConvOnDevice.EveryAlgorithm*/8
ignored-beta      Shapes/ConvOnDevice.EveryAlgorithm*/8
transposed-gemm   Shapes/GemmOnDevice.*
lost-synchronise  Shapes/GemmOnDevice.*
stale-upload      Shapes/GemmOnDevice.*
stale-upload      Update.TheDevice*
lost-wait         Transfers.*
lost-wait         Pictures.Batches*
FAULTS

# $1: a name, $2: what it must print, then the command, run on the doubled device.
run=$(mktemp -d)
expect() {
    local name=$1 words=$2 log=$build/gpudoubles-$1.log
    shift 2
    if "$build/facet-doubles" "$@" --device cuda >"$log" 2>&1 && grep -qE -- "$words" "$log"; then
        passed=$((passed + 1))
    else
        echo "[  FAILED  ] facet $* --device cuda" && tail -n 20 "$log"
        failed=$((failed + 1))
    fi
}

# The command trains an epoch, evaluates and leaves a model; what measures, measures.
expect train "accuracy" train --out "$run/faces" --data synth --synth-people 8 --synth-images 2 \
    --synth-eval-people 4 --synth-eval-images 2 --image 32 --batch 8 --epochs 1 --warmup 1 --seed 1
[ -s "$run/faces/model.safetensors" ] || { echo "[  FAILED  ] no model" && failed=$((failed + 1)); }
small=(--image 32 --batch 2 --classes 10 --embedding 16 --warmup 1)
expect step '"images_per_s"' bench step "${small[@]}" --steps 3 --json
expect head '"gflop_per_s"' bench head --loss cosface,npt --classes 100 --batch 4 --embedding 16 \
    --repetitions 1 --json
expect profile "loss_gather" profile "${small[@]}" --steps 3 --out "$run/profile"
rm -rf "$run"
echo "$passed passed, $failed failed"
[ "$status" -eq 0 ] && [ "$failed" -eq 0 ]
