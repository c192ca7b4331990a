// The scopes of the heads' driver in the ledger, named as those of losses/head.cpp, timed by the
// device.
#pragma once

#include "engine/error.h"
#include "engine/ledger.h"

namespace facet::cuda {

struct HeadScopes {
    DeviceClock* clock;
    int64_t B, D;

    // Over the B x n cosines of a tile, read or written in so many passes.
    LedgerScope tile(const char* name, int64_t n, int passes) const {
        const auto detail = [&] { return fmt::format("B {} C {}", B, n); };
        return {name, 0, passes * double(B * n) * sizeof(float), detail, clock};
    }
    // Over `rows` vectors of length D; FLOPs a number.
    LedgerScope vectors(const char* name, int64_t rows, int flops, int passes) const {
        const auto values = double(rows * D);
        const auto detail = [&] { return fmt::format("({}, {})", rows, D); };
        return {name, flops * values, passes * values * sizeof(float), detail, clock};
    }
    // The product of B, n and D; two of the matrices are (B, D) or (n, D), one is (B, n).
    LedgerScope product(int64_t n) const {
        const auto values = double(B * D + n * D + B * n);
        const auto detail = [&] { return fmt::format("B {} C {} D {}", B, n, D); };
        return {"head_gemm", 2 * double(B) * double(n * D), values * sizeof(float), detail, clock};
    }
};

}  // namespace facet::cuda
