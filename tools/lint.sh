#!/bin/sh
# tools/lint.sh INCLUDES... FILE: silent where clang-tidy has nothing to say of the file.
for file; do :; done
while [ $# -gt 1 ]; do includes="${includes:-} $1"; shift; done
found=$(clang-tidy --quiet "$file" -- -std=c++20 -fopenmp $includes -DFACET_BUILD_FLAGS='""' 2>&1) ||
    { printf '%s\n' "$found" | grep -E '(error|warning):' || printf '%s: %s\n' "$file" "$found"; exit 1; }
