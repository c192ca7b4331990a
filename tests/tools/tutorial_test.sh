#!/bin/bash
# docs/tutorial.md does what it says: its ```sh blocks run one after another in one shell, and each
# prints what the ```text block right behind it shows, numbers to six digits.
set -u
facet=$(realpath "${FACET_BINARY:-build/facet}")
page=$(realpath docs/tutorial.md)
fail() { echo "tutorial_test: $1" >&2; exit 1; }
command -v perl >/dev/null || exit 77
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1

# blocks/N.sh and, where the page shows its output, blocks/N.text
mkdir blocks
awk '/^```sh$/ { file = sprintf("blocks/%02d.sh", ++n); printf "" >file; next }
     /^```text$/ && ended == NR - 1 { file = sprintf("blocks/%02d.text", n); printf "" >file; next }
     /^```$/ { if (file ~ /sh$/) ended = NR; file = ""; next }
     file != "" { print >file }' "$page"
outputs=$(find blocks -name '*.text' | wc -l)
[ "$outputs" -ge 7 ] || fail "$outputs outputs found on the page"

# Every number as six digits, so that the last bits of a machine do not matter.
rounded() { awk '{ for (k = 1; k <= NF; ++k) if ($k ~ /^-?[0-9.]+(e-?[0-9]+)?$/) $k = sprintf("%.6g", $k); print }'; }
facet() { "$facet" "$@" 2>>errors; }
for block in blocks/*.sh; do
    # shellcheck source=/dev/null
    . "$block" >output || fail "$(cat errors "$block")"
    shown=${block%.sh}.text
    [ -f "$shown" ] || continue
    diff <(rounded <"$shown") <(rounded <output) >&2 || fail "$block prints something else"
done
echo "$outputs outputs as the page shows them"
