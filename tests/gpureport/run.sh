#!/bin/bash
# Reports on the kernels and ends with the line "N passed, N failed".
#
#   tests/gpureport/run.sh BUILD_FOLDER/gpureport FOLDER...     what `make gpu-report` has compiled
#
# First the gate is tried on slips.cu: each of its kernels must be refused.
cd "$(dirname "$0")/../.." || exit 1
build=$1
shift
if ! "$build/report" "$build/slips/report" "$build/slips/sm_90" >"$build/slips/log" 2>&1 &&
    grep -q '^0 passed, 3 failed$' "$build/slips/log"; then
    echo "the gate refuses a stack frame, a spill and a missing launch bound"
    OMP_NUM_THREADS=1 "$build/roofline" "$build/convolutions.md" || exit 1
    exec "$build/report" "$build/kernels" "$@"
fi
cat "$build/slips/log"
echo "the gate let a kernel of tests/gpureport/slips.cu pass"
echo "0 passed, 1 failed"
exit 1
