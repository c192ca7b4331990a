// The scopes in the ledger that heads have, on every device.
#pragma once

#include <cstdint>

#include "engine/error.h"
#include "engine/ledger.h"

namespace facet {

struct HeadScopes {
    std::int64_t B, D;
    double element;                // bytes a number
    DeviceClock* clock = nullptr;  // of a device that works beside the host

    // Over the B x n cosines of a tile, read or written in so many passes.
    LedgerScope tile(const char* name, std::int64_t n, int passes) const {
        const auto detail = [&] { return fmt::format("B {} C {}", B, n); };
        return {name, 0, passes * double(B * n) * element, detail, clock};
    }
    // Over `rows` vectors of length D; FLOPs a number.
    LedgerScope vectors(const char* name, std::int64_t rows, int flops, int passes) const {
        const auto values = double(rows * D);
        const auto detail = [&] { return fmt::format("({}, {})", rows, D); };
        return {name, flops * values, passes * values * element, detail, clock};
    }
    // The product of B, n and D; two of the matrices are (B, D) or (n, D), one is (B, n).
    LedgerScope product(std::int64_t n) const {
        const auto values = double(B * D + n * D + B * n);
        const auto detail = [&] { return fmt::format("B {} C {} D {}", B, n, D); };
        return {"head_gemm", 2 * double(B) * double(n * D), values * element, detail, clock};
    }
};

}  // namespace facet
