#!/bin/bash
# Reports on the kernels and ends with the line "N passed, N failed".
#
#   tests/gpureport/run.sh BUILD_FOLDER/gpureport FILE...     what `make gpu-report` has made
#
# First the gate is tried on slips.cu: each of its kernels must be refused for what is wrong with
# it, as slips.txt says.
cd "$(dirname "$0")/../.." || exit 1
build=$1
shift
"$build/report" "$build/slips/report" "$build/slips/slips.log" tests/gpureport/slips.json \
    >"$build/slips/output" 2>&1
while read -r line; do
    grep -qxE -- "$line" "$build/slips/output" && continue
    cat "$build/slips/output"
    echo "the gate did not say of tests/gpureport/slips.cu: $line"
    echo "0 passed, 1 failed"
    exit 1
done <tests/gpureport/slips.txt
echo "the gate refuses every kernel of slips.cu for its fault"
OMP_NUM_THREADS=1 "$build/roofline" "$build/convolutions.md" || exit 1
exec "$build/report" "$build/kernels" "$@"
