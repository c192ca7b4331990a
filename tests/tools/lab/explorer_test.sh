#!/bin/bash
# The explorer's page in a real browser (tests/tools/lab/explorer). Skipped where em++ or Chromium is missing or
# `make explorer` was never run; what is older than its sources is made anew.
set -u
facet=$(realpath "${FACET_BINARY:-build/facet}")
build=$(dirname "$facet")
skip() { echo "explorer_test: skipped: $1" >&2; exit 77; }

command -v "${EMXX:-em++}" >/dev/null || skip "em++ was not found (apt-get install emscripten)"
for name in chromium chromium-browser google-chrome; do
    browser=$(command -v $name) && break
done
[ -n "${browser:-}" ] || skip "Chromium was not found (apt-get install chromium)"
[ -f "$build/explorer/explorer.html" ] || skip "there is no page; make explorer"

relative=$(realpath --relative-to=. "$build")
make --no-print-directory DEPS=skip BUILD="$relative" explorer "$relative/explorer/page-tests" || exit 1
FACET_BINARY=$facet FACET_BROWSER=$browser "$build/explorer/page-tests"
