#!/bin/bash
# A short run under valgrind's memcheck: train, resume, evaluate, embed. No report is allowed.
#
#   tests/valgrind.sh BUILD_FOLDER     of a build without AVX-512, which valgrind does not know
#
# Not facet's, counted and passed over: oneDNN's generated matrix products read a vector or two ahead,
# behind the end of what oneDNN has packed for them.
set -u
cd "$(dirname "$0")/.."
facet=$PWD/${1:-build/valgrind}/facet
export OMP_WAIT_POLICY=passive  # chosen here, or facet would start itself again, outside valgrind
command -v valgrind >/dev/null ||
    { echo "facet: error: valgrind was not found" >&2; echo "facet: hint: apt-get install valgrind" >&2; exit 1; }
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

# Reads valgrind's log; prints the reports that are facet's. A read ahead: a read, by code that no file
# has, of memory behind a block of libdnnl's, or of the vector behind that, which valgrind calls stack.
reports='
function finish() {
    generated = text ~ /^==[0-9]+== Invalid read of size 32\n==[0-9]+==    at 0x[0-9A-F]+: \?\?\?\n/
    ahead = generated && text ~ /bytes after a block of size[^\n]*\n([^\n]*vgpreload[^\n]*\n)+[^\n]*libdnnl/
    behind = generated && after_one && text ~ /Address 0x[0-9a-f]+ is on thread [0-9]+.s stack/
    if (text != "" && !ahead && !behind) printf "%s\n", text
    after_one = ahead
    text = ""
}
/^==[0-9]+== *$/ { finish(); next }
{ text = text $0 "\n" }
END { finish() }'

checked() {
    echo "  valgrind  facet $1"
    valgrind --quiet --log-file="$folder/log" "$facet" --threads 1 "$@" >"$folder/out" 2>&1
    local status=$? found
    found=$(awk "$reports" "$folder/log")
    if [ $status -ne 0 ] || [ -n "$found" ]; then
        tail -n 20 "$folder/out"
        echo "$found"
        echo "status $status: facet $*"
        exit 1
    fi
    ahead=$((ahead + $(grep -c 'Invalid read of size 32' "$folder/log")))
}
ahead=0
small=(--data synth --synth-people 4 --synth-images 4 --synth-eval-people 2 --synth-eval-images 4
    --backbone r10 --image 32 --batch 8 --embedding 16 --warmup 1 --checkpoint-every 2)
checked train "${small[@]}" --loss adaface --steps 4 --eval-every 1 --microscope --microscope-every 2 --out "$folder/run"
cp "$folder/run/checkpoint-previous.safetensors" "$folder/run/checkpoint.safetensors"
checked train --resume "$folder/run"
checked train "${small[@]}" --loss triplet --optimizer adamw --lr 0.001 --steps 2 --out "$folder/pairs"
checked synth --out "$folder/faces" --people 2 --images 2 --image 32
checked embed --model "$folder/run/model.safetensors" --data "$folder/faces" --out "$folder/e.npy"
echo "valgrind reports nothing of facet's ($ahead reads ahead in oneDNN)"
