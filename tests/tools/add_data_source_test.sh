#!/bin/bash
# docs/add-a-data-source.md does what it says: its file is compiled as it stands there and linked to
# the facet that was built; pictures are then read through it, to train, to evaluate, to embed.
set -u
facet=${FACET_BINARY:-$PWD/build/facet}
build=$(dirname "$facet")
fail() { echo "add_data_source_test: $1" >&2; exit 1; }
for needed in "$build/flags" "$build/obj/tools/main.o" "$build/libfacet.a" "$build/libraries"; do
    [ -f "$needed" ] || exit 77
done
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# --- the file of the page, beside main.o and the library: registering needs no more ---
awk '/^```cpp$/ { on = 1; next } /^```$/ { on = 0 } on' docs/add-a-data-source.md >"$tmp/csv_list.h"
lines=$(wc -l <"$tmp/csv_list.h")
[ "$lines" -gt 20 ] && [ "$lines" -le 45 ] || fail "the file has $lines lines"
echo '#include "csv_list.h"' >"$tmp/source.cpp"
read -ra compiler <"$build/flags"
read -ra libraries <"$build/libraries"
"${compiler[@]}" -Werror -I"$tmp" -c "$tmp/source.cpp" -o "$tmp/source.o" || fail "it does not compile"
"${compiler[@]}" "$tmp/source.o" "$build/obj/tools/main.o" "$build/libfacet.a" "${libraries[@]}" \
    -o "$tmp/facet" || fail "it does not link"
facet=$tmp/facet
"$facet" train --help | tr -s ' \n' ' ' | grep -q 'a list FILE.csv of path,person' ||
    fail "facet train --help does not know it"

# --- lists of a folder: six people to learn from, three to be judged on ---
"$facet" synth --people 9 --images 4 --image 32 --seed 3 --out "$tmp/faces" >/dev/null 2>&1 ||
    fail "synth"
(cd "$tmp/faces" && for picture in */*.png; do echo "$picture,${picture%%/*}"; done) >"$tmp/all"
sed -n '1,24p' "$tmp/all" >"$tmp/faces/list.csv"
echo 'no comma in this line' >>"$tmp/faces/list.csv"
sed -n '25,36p' "$tmp/all" >"$tmp/faces/unseen.csv"
mkdir "$tmp/six" && cp -r "$tmp"/faces/person_0000[0-5] "$tmp/six"

# train NAME SOURCE OPTIONS...: two steps.
train() {
    local run=$1 source=$2
    shift 2
    "$facet" train --data "$source" --loss cosface --image 32 --embedding 16 --batch 8 --steps 2 \
        --out "$tmp/$run" "$@" >"$tmp/$run.log" 2>&1 || fail "$(tail -n 3 "$tmp/$run.log")"
}
train list "$tmp/faces/list.csv" --eval-data "$tmp/faces/unseen.csv"
grep -q '^left out: 1 line: not path,person, first no comma in this line$' "$tmp/list.log" ||
    fail "nothing is said of the line that is none: $(cat "$tmp/list.log")"
grep -q 'list.csv: 24 images of 6 people, 0 unreadable$' "$tmp/list.log" || fail "what was read"
grep -q '^pairs drawn from .*unseen.csv: ' "$tmp/list.log" || fail "it is not evaluated"
[ "$(grep -c '"loss"' "$tmp/list/log.jsonl")" = 2 ] || fail "not two steps"

# --- the same pictures under the same names: the same run ---
train folder "$tmp/six"
hash_of() { sed -nE 's/^hash = "(.*)"$/\1/p' "$tmp/$1/config.toml"; }
[ -n "$(hash_of list)" ] && [ "$(hash_of list)" = "$(hash_of folder)" ] || fail "another hash"
cmp -s "$tmp/list/model.safetensors" "$tmp/folder/model.safetensors" || fail "another model"

# --- evaluation, embeddings, and what does not fit ---
model=$tmp/list/model.safetensors
"$facet" eval --model "$model" --data "$tmp/faces/unseen.csv" >"$tmp/eval.log" 2>&1 ||
    fail "$(cat "$tmp/eval.log")"
grep -q 'unseen.csv: 12 images of 3 people' "$tmp/eval.log" || fail "evaluation: what was read"
"$facet" embed --model "$model" --data "$tmp/faces/unseen.csv" --out "$tmp/e.npy" \
    >"$tmp/embed.log" 2>&1 || fail "$(cat "$tmp/embed.log")"
cut -d, -f1 "$tmp/faces/unseen.csv" | cmp -s - "$tmp/e.txt" || fail "embeddings have other names"
"$facet" eval --model "$model" --data "$tmp/faces/unseen.csv" --pairs "$tmp/all" >"$tmp/pairs.log" 2>&1
grep -q -- '--pairs needs a folder of images, found [^ ]*unseen.csv' "$tmp/pairs.log" ||
    fail "pairs: $(cat "$tmp/pairs.log")"
exit 0
