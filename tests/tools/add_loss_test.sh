#!/bin/bash
# docs/add-a-loss.md does what it says: its file is compiled as it stands there and linked to the
# facet that was built; the loss is then listed, differentiated, proved and trained.
set -u
facet=${FACET_BINARY:-$PWD/build/facet}
build=$(dirname "$facet")
fail() { echo "add_loss_test: $1" >&2; exit 1; }
for needed in "$build/flags" "$build/obj/tools/main.o" "$build/libfacet.a" "$build/libraries"; do
    [ -f "$needed" ] || exit 77
done
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# --- the file of the page, beside main.o and the library: registering needs no more ---
awk '/^```cpp$/ { on = 1; next } /^```$/ { on = 0 } on' docs/add-a-loss.md >"$tmp/d_softmax.h"
lines=$(wc -l <"$tmp/d_softmax.h")
[ "$lines" -gt 20 ] && [ "$lines" -le 40 ] || fail "the file has $lines lines"
echo '#include "d_softmax.h"' >"$tmp/loss.cpp"
read -ra compiler <"$build/flags"
read -ra libraries <"$build/libraries"
"${compiler[@]}" -Werror -I"$tmp" -c "$tmp/loss.cpp" -o "$tmp/loss.o" || fail "it does not compile"
"${compiler[@]}" "$tmp/loss.o" "$build/obj/tools/main.o" "$build/libfacet.a" "${libraries[@]}" \
    -o "$tmp/facet" || fail "it does not link"
facet=$tmp/facet

"$facet" losses d-softmax | grep -qE '^d +0\.9 ' || fail "facet losses does not know its parameters"

# --- its gradient ---
# array NAME ROWS COLUMNS: random numbers in +-[0.5, 1) as a .npy file: the exponent and the sign of
# a double are its last two bytes.
array() {
    printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' \
        "{'descr': '<f8', 'fortran_order': False, 'shape': ($2, $3), }" >"$tmp/$1.npy"
    printf '%b' "$(awk -v n=$(($2 * $3)) -v seed="${#1}$2" 'function next8() {
            seed = (seed * 1103 + 12345) % 65536
            return int(seed / 256)
        }
        BEGIN {
            for (k = 0; k < n; ++k) {
                for (b = 0; b < 6; ++b) printf "\\0%03o", next8()
                printf "\\0%03o\\0%03o", 224 + next8() % 16, next8() % 2 ? 191 : 63
            }
        }')" >>"$tmp/$1.npy"
}
numbers() {
    local header
    header=$(od -An -t u2 -j 8 -N 2 "$1")
    tail -c +$((header + 11)) "$1" | od -An -v -t f8 -w8
}
# agree A B BOUND: the largest difference of two arrays, relative to the largest entry.
agree() {
    paste <(numbers "$1") <(numbers "$2") | awk -v bound="$3" '
        function abs(v) { return v < 0 ? -v : v }
        { if (abs($2) > top) top = abs($2); if (abs($1 - $2) > worst) worst = abs($1 - $2) }
        END { exit !(NR > 0 && top > 0 && worst <= bound * top) }'
}
array x 6 16
array w 37 16
{
    printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' \
        "{'descr': '<i4', 'fortran_order': False, 'shape': (6,), }"
    for label in 0 36 5 5 17 2; do printf '%b' "\\0$(printf '%03o' $label)\\0000\\0000\\0000"; done
} >"$tmp/y.npy"
gradient() {
    "$facet" grad --loss d-softmax --set s=16 d=0.5 --x "$tmp/x.npy" --w "$tmp/w.npy" \
        --y "$tmp/y.npy" --out "$@" || fail "facet grad $*"
}
gradient "$tmp/dense"
gradient "$tmp/streamed" --head streamed --tile 8
gradient "$tmp/numeric" --method numeric
for name in value dx dw; do
    agree "$tmp/dense/$name.npy" "$tmp/streamed/$name.npy" 1e-13 || fail "streamed: another $name"
    agree "$tmp/dense/$name.npy" "$tmp/numeric/$name.npy" 1e-7 || fail "numeric: another $name"
done

"$facet" verify --loss d-softmax --quick >"$tmp/table" 2>/dev/null || fail "$(cat "$tmp/table")"
grep -qE '^d-softmax .* pass$' "$tmp/table" || fail "it is not in the proof table"

# --- training: the mean loss of the last steps is below that of the first ---
"$facet" synth --people 6 --images 8 --seed 3 --out "$tmp/faces" >/dev/null 2>&1 || fail "synth"
"$facet" train --data "$tmp/faces" --loss d-softmax --set s=16 d=0.6 --batch 16 --steps 24 \
    --epochs 8 --warmup 2 --lr 0.05 --embedding 32 --dropout 0 --out "$tmp/run" >"$tmp/log" 2>&1 ||
    fail "$(tail -n 3 "$tmp/log")"
sed -nE 's/.*"loss": ?([0-9.e+-]+).*/\1/p' "$tmp/run/log.jsonl" | awk '
    { loss[NR] = $1 }
    END {
        for (k = 1; k <= 6; ++k) { first += loss[k]; last += loss[NR + 1 - k] }
        print "mean loss of the first steps " first / 6 ", of the last " last / 6
        exit !(NR >= 24 && last < 0.8 * first)
    }' || fail "the loss does not fall"
