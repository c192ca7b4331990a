#!/bin/bash
# A short run under valgrind's memcheck: train, resume, evaluate, embed. No report is allowed.
#
#   tests/valgrind.sh BUILD_FOLDER     of a build without AVX-512, which valgrind does not know
set -u
cd "$(dirname "$0")/.."
facet=$PWD/${1:-build/valgrind}/facet
export OMP_WAIT_POLICY=passive  # chosen here, or facet would start itself again, outside valgrind
command -v valgrind >/dev/null ||
    { echo "facet: error: valgrind was not found" >&2; echo "facet: hint: apt-get install valgrind" >&2; exit 1; }
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

checked() {
    echo "  valgrind  facet $1"
    valgrind --quiet --error-exitcode=99 \
        "$facet" --threads 1 "$@" >"$folder/out" 2>&1
    local status=$?
    [ $status -eq 0 ] || { cat "$folder/out"; echo "status $status: facet $*"; exit 1; }
}
small=(--data synth --synth-people 4 --synth-images 4 --synth-eval-people 2 --synth-eval-images 4
    --backbone r10 --image 32 --batch 8 --embedding 16 --warmup 1 --checkpoint-every 2)
checked train "${small[@]}" --loss adaface --steps 4 --eval-every 1 --microscope --microscope-every 2 --out "$folder/run"
cp "$folder/run/checkpoint-previous.safetensors" "$folder/run/checkpoint.safetensors"
checked train --resume "$folder/run"
checked train "${small[@]}" --loss triplet --optimizer adamw --lr 0.001 --steps 2 --out "$folder/pairs"
checked synth --out "$folder/faces" --people 2 --images 2 --image 32
checked embed --model "$folder/run/model.safetensors" --data "$folder/faces" --out "$folder/e.npy"
echo "valgrind reports nothing"
