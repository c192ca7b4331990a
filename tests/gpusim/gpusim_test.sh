#!/bin/bash
# Part of `make test`: the CUDA kernels on the simulated GPU.
set -u
build=$(dirname "$FACET_BINARY")
exec "${MAKE:-make}" --no-print-directory test-gpusim BUILD="${build#"$PWD"/}"
