#!/bin/bash
# Tests, trains and measures facet on this machine's GPU.
#
#   tests/gpucheck/gpu_check.sh BUILD_FOLDER/gpu-check       what `make gpu-check` runs
#
# Without a GPU it says so and ends with status 1. Otherwise every stage runs whatever became of the
# others; gpu-check.md and gpu-check.json in the folder say what came out, the log of each stage is
# beside them. The exit status is 0 if none failed. Needs no network. Not yet run on a GPU.
set -u
cd "$(dirname "$0")/../.." || exit 1
out=$1
gpu=$("$out/gpu") || { echo "gpu-check: needs a GPU; nothing was checked" >&2; exit 1; }
rm -rf "$out"/*.log "$out"/*.json "$out"/*.md "$out"/stages "$out"/run-*
build=$out/build
facet=$build/facet
failed=0

# stage NAME SECONDS COMMAND...: runs the command for at most that long, and notes what became of
# it. Status 77: it could not be run here, which is no failure.
stage() {
    local name=$1 limit=$2 start=$SECONDS status
    shift 2
    echo "gpu-check: $name"
    timeout "$limit" "$@" >"$out/$name.log" 2>&1
    status=$?
    case $status in
        0) result=passed ;;
        77) result=skipped ;;
        *) result=failed failed=1 && tail -n 20 "$out/$name.log" ;;
    esac
    printf '%s %s %s\n' "$name" "$result" "$((SECONDS - start))" >>"$out/stages"
    [ "$result" = passed ]
}

# measure NAME SECONDS COMMAND...: a stage whose standard output is NAME.json.
measure() {
    local name=$1 limit=$2
    shift 2
    stage "$name" "$limit" bash -c '"${@:2}" >"$1"' - "$out/$name.json" "$@" || rm -f "$out/$name.json"
}

build_for_this_gpu() {
    "${MAKE:-make}" --no-print-directory -j"$(nproc)" DEPS=skip BUILD="$build" CUDA_ARCHS="${gpu%% *}" \
        gpu-check-programs
}

train() { "$facet" train --config tools/recipes/faces.toml --device cuda --out "$out/run-$1"; }

# The lower end of the 95 % interval, over the pairs, of a run of this recipe on the CPU. The GPU's sums
# have another order, so that its run is another one of the same kind.
accuracy_is_the_processors() {
    awk -F '[:,]' '/"accuracy"/ { inside = 1 }
                   inside && /"mean"/ { print "accuracy", $2; exit !($2 >= 0.9355) }' "$out/run-1/card.json"
}

same_model_twice() { train 2 && cmp "$out/run-1/model.safetensors" "$out/run-2/model.safetensors"; }

sanitizer() {
    local tool
    tool=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer) || return 77
    "$tool" --tool memcheck --error-exitcode 9 "$build/facet-gpu-tests" --gtest_filter='*Kernels.*' &&
        "$tool" --tool racecheck --error-exitcode 9 "$build/facet-gpu-tests" --gtest_filter='RowKernels.*:TopK.*' &&
        "$tool" --tool memcheck --error-exitcode 9 "$facet" bench step --device cuda --batch 4 --steps 3 --warmup 1
}

peers() {
    python3 -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null || return 77
    python3 tests/peers/gpu_speed.py >"$out/peers.json"
}
export -f build_for_this_gpu train accuracy_is_the_processors same_model_twice sanitizer peers
export out build facet gpu

echo "gpu-check: $gpu"
if stage build 600 bash -c build_for_this_gpu; then
    stage doctor 30 "$facet" doctor
    stage tests 180 "$build/facet-gpu-tests" --gtest_color=no
    stage train 180 bash -c 'train 1' && stage accuracy 5 bash -c accuracy_is_the_processors
    stage determinism 180 bash -c same_model_twice
    stage sanitizer 120 bash -c sanitizer
    for network in r10,64,64 r10,64,512 r18,112,256 r50,112,256; do
        IFS=, read -r backbone image batch <<<"$network"
        for precision in float32 tf32 bfloat16; do
            measure "step-$backbone-$image-$batch-$precision" 60 "$facet" bench step --device cuda --json \
                --backbone "$backbone" --image "$image" --batch "$batch" --precision "$precision"
        done
    done
    for classes in 10000 100000 1000000; do
        measure "head-$classes" 90 "$facet" bench head --device cuda --json --streamed --classes "$classes"
    done
    stage peers 180 bash -c peers
    "$build/gpu-summary" "$out" "${gpu#* }" "$(git rev-parse --short HEAD 2>/dev/null)" || failed=1
fi
exit "$failed"
