#!/bin/bash
# The proof table of all losses, in full, as `make verify` prints it: nothing may fail.
set -u
facet=${FACET_BINARY:-build/facet}
fail() { echo "verify_test: $1" >&2; exit 1; }

table=$("$facet" verify --loss all 2>/dev/null) || { tail -n 40 <<<"$table"; fail "status $?"; }
tail -n 1 <<<"$table" | grep -qE '^[1-9][0-9]{4,} checks, 0 failures$' || fail "$(tail -n 1 <<<"$table")"
losses=$("$facet" losses --json | grep -cE '^    "name": ')
told=$(grep -E ' pass$' <<<"$table" | awk '{print $1}' | sort -u | wc -l)
[ "$losses" -gt 0 ] && [ "$told" -eq "$losses" ] || fail "$told of $losses losses in the table"
grep -q '^kinks: ' <<<"$table" || fail "no section of kinks"

"$facet" verify --loss npt --region interior --json | grep -q '"failures": 0' || fail "no JSON"
"$facet" verify --loss npt --region interior -v | grep -qE '^pass npt own=exclude, interior: tape' ||
    fail "-v shows no checks"
"$facet" verify --loss npt --region nowhere >/dev/null 2>&1
[ $? -eq 2 ] || fail "a region that does not exist was not refused"
"$facet" verify --loss nptt >/dev/null 2>&1
[ $? -eq 2 ] || fail "a loss that does not exist was not refused"
