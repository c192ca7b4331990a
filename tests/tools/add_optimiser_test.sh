#!/bin/bash
# docs/add-an-optimiser.md does what it says: its file is compiled as it stands there and linked to
# the facet that was built; the optimiser then moves elements as the page's numbers say, trains, and
# goes on after a kill.
set -u
facet=${FACET_BINARY:-$PWD/build/facet}
build=$(dirname "$facet")
page=docs/add-an-optimiser.md
fail() { echo "add_optimiser_test: $1" >&2; exit 1; }
for needed in "$build/flags" "$build/obj/tools/main.o" "$build/libfacet.a" "$build/libraries"; do
    [ -f "$needed" ] || exit 77
done
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# --- the file of the page, beside main.o and the library: registering needs no more ---
awk '/^```cpp$/ { on = 1; next } /^```$/ { on = 0 } on' $page >"$tmp/rmsprop.h"
lines=$(wc -l <"$tmp/rmsprop.h")
[ "$lines" -gt 20 ] && [ "$lines" -le 40 ] || fail "the file has $lines lines"
echo '#include "rmsprop.h"' >"$tmp/optimiser.cpp"
read -ra compiler <"$build/flags"
read -ra libraries <"$build/libraries"
"${compiler[@]}" -Werror -I"$tmp" -c "$tmp/optimiser.cpp" -o "$tmp/optimiser.o" ||
    fail "it does not compile"
# link PROGRAM OBJECT
link() {
    "${compiler[@]}" "$tmp/optimiser.o" "$2" "$build/libfacet.a" "${libraries[@]}" -o "$tmp/$1" ||
        fail "$1 does not link"
}
link facet "$build/obj/tools/main.o"
facet=$tmp/facet

# --- two steps of an element, in float32 and in float64, are the numbers of the page ---
cat >"$tmp/numbers.cpp" <<'END'
#include <cstdio>

#include "engine/device.h"
#include "train/optimiser/update_rule.h"

int main() {
    const auto rule = facet::make_update_rule("rmsprop", {{"alpha", 0.75}});
    for (facet::Device* device : {&facet::reference_device(), &facet::cpu_device()}) {
        const auto full = [&](double value) { return facet::Tensor::full(*device, {1000}, value); };
        const facet::Tensor w = full(2), dw = full(3), v = full(0);
        for (int step = 1; step <= 2; ++step) {
            rule->move({.lr = 0.1, .weight_decay = 0, .gradient_scale = 1, .step = step}, dw, {&v, 1}, w);
            std::printf("%.6g %.6f\n", v.to_doubles()[999], w.to_doubles()[999]);
        }
    }
}
END
"${compiler[@]}" -c "$tmp/numbers.cpp" -o "$tmp/numbers.o" || fail "numbers.cpp does not compile"
link numbers "$tmp/numbers.o"
found=$("$tmp/numbers" | paste -sd ' ')
[ "$found" = "2.25 1.800000 3.9375 1.648814 2.25 1.800000 3.9375 1.648814" ] ||
    fail "two steps give $found"
for number in 2.25 1.8 3.9375 1.648814; do
    grep -q "= $number" $page || fail "the page does not say $number"
done

# --- its settings ---
# refused WORDS OPTION...
refused() {
    local words=$1 said
    shift
    said=$("$facet" train --data synth --out "$tmp/no" "$@" 2>&1) && fail "taken: $*"
    [[ $said == *"$words"* ]] || fail "$* is refused with: $said"
}
refused "expected sgd, adamw or rmsprop" --optimizer lamb
refused "--alpha has no meaning here: it needs --optimizer rmsprop" --optimizer sgd --alpha 0.5
refused "--eps has no meaning here: it needs --optimizer adamw or rmsprop" --optimizer sgd --eps 1
refused "alpha must lie in [0, 1), found 1" --optimizer rmsprop --alpha 1

# --- training: the mean loss falls; a run that is killed goes on to the same bytes ---
"$facet" synth --people 6 --images 8 --seed 3 --image 32 --out "$tmp/faces" >/dev/null 2>&1 ||
    fail "synth"
options=(--data "$tmp/faces" --loss softmax --image 32 --batch 16 --steps 40 --epochs 20 --warmup 2
    --optimizer rmsprop --lr 0.003 --alpha 0.9 --embedding 32 --dropout 0 --checkpoint-every 3
    --sample-rate 0.8)
"$facet" train "${options[@]}" --out "$tmp/run" >"$tmp/log" 2>&1 || fail "$(tail -n 3 "$tmp/log")"
sed -nE 's/.*"loss": ?([0-9.e+-]+).*/\1/p' "$tmp/run/log.jsonl" | awk '
    { loss[NR] = $1 }
    END {
        for (k = 1; k <= 6; ++k) { first += loss[k]; last += loss[NR + 1 - k] }
        print "mean loss of the first steps " first / 6 ", of the last " last / 6
        exit !(NR >= 40 && last < 0.8 * first)
    }' || fail "the loss does not fall"
grep -q '^alpha = 0.9$' "$tmp/run/config.toml" || fail "config.toml does not tell alpha"
"$facet" inspect "$tmp/run/checkpoint.safetensors" | grep -q 'conv1\.weight\.square' ||
    fail "the checkpoint has no moments"

"$facet" train "${options[@]}" --out "$tmp/killed" >"$tmp/log" 2>&1 &
child=$!
for ((k = 0; k < 600; ++k)); do
    [ "$(wc -l 2>/dev/null <"$tmp/killed/log.jsonl")" -ge 5 ] 2>/dev/null && break
    sleep 0.05
done
kill -KILL $child 2>/dev/null
wait $child 2>/dev/null
"$facet" train --resume "$tmp/killed" >"$tmp/log" 2>&1 || fail "$(tail -n 3 "$tmp/log")"
for file in model checkpoint; do
    cmp "$tmp/run/$file.safetensors" "$tmp/killed/$file.safetensors" ||
        fail "the resumed run ends in another $file"
done
