#!/bin/bash
# A loss whose line stands in the wrong part of losses/all.h would have no kernels on a GPU: the
# compiler refuses it, with a message that names the right part.
set -u
fail() { echo "parts_test: $1" >&2; exit 1; }

# compiles FILE PART: what the compiler says
compiles() {
    ${CXX:-g++} -std=c++20 -fopenmp -I. -Itests/gpusim/include -isystem /usr/include/eigen3 -x c++ \
        -fsyntax-only -DFACET_LOSSES="$2" "losses/head/cuda/$1.cu" 2>&1
}
accepted() { compiles "$1" "$2" >/dev/null || fail "$1 of part $2: $(compiles "$1" "$2" | head -n 3)"; }
refused() { grep -q "a $3 of losses/all.h" <<<"$(compiles "$1" "$2")" || fail "$1 of part $2 is accepted"; }

accepted class_losses 1
accepted class_losses 2
accepted pair_losses 3
refused class_losses 3 'pair loss belongs to part 3'
refused pair_losses 1 'class loss belongs to part 1 or 2'
exit 0
