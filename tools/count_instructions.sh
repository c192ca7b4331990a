#!/bin/bash
# tools/count_instructions.sh LOSS...: instructions an element of a loss's kernels, counted by
# callgrind. For machines where the processor does not count for a user (`facet profile --loss-rows`
# says so there). Valgrind knows no AVX-512, so a build for AVX2 is made in build/avx2 and measured.
set -eu
cd "$(dirname "$0")/.."
command -v callgrind_annotate >/dev/null || { echo "valgrind is needed: apt-get install valgrind" >&2; exit 1; }
[ $# -gt 0 ] || { echo "usage: tools/count_instructions.sh LOSS..." >&2; exit 2; }
make --no-print-directory BUILD=build/avx2 OPTIMISE="-O3 -march=x86-64-v3" CUDA=no build/avx2/facet >&2

batch=32 classes=2000 embedding=16 repetitions=3
counts=$(mktemp)
trap 'rm -f "$counts"' EXIT
printf '%-18s %-14s %s\n' loss kernel 'instructions an element'
for loss in "$@"; do
    OMP_NUM_THREADS=1 valgrind --tool=callgrind --callgrind-out-file="$counts" -q \
        build/avx2/facet profile --loss-rows --losses "$loss" --batch $batch --classes $classes \
        --embedding $embedding --steps $repetitions >/dev/null 2>&1 ||
        { echo "count_instructions: $loss: callgrind or facet failed" >&2; exit 1; }
    # A kernel is called for every repetition and once before them.
    callgrind_annotate --inclusive=yes --threshold=100 "$counts" |
        awk -v loss="$loss" -v cosines=$((batch * classes)) -v pairs=$((batch * batch)) \
            -v calls=$((repetitions + 1)) '
            match($0, /::(gather|differentiate|anchor)\(/) && /(Rows|Columns|Pairs)Of</ {
                kernel = substr($0, RSTART + 2, RLENGTH - 3); gsub(",", "", $1)
                if ($1 > count[kernel]) count[kernel] = $1  # with all that it calls
            }
            END {
                for (kernel in count) printf "%-18s %-14s %.1f\n", loss, kernel,
                    count[kernel] / (kernel == "anchor" ? pairs : cosines) / calls
            }'
done
