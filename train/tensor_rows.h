// Some rows of a tensor, side by side: what a step over part of a parameter computes with.
#pragma once

#include <cstdint>
#include <span>

#include "engine/tensor.h"

namespace facet {

// (n, ...) with row k = row rows[k] of `from` (C, ...), plain. Throws Error for a row that `from`
// does not have.
Tensor gather_rows(const Tensor& from, std::span<const int64_t> rows);

// Row rows[k] of `to` (C, ...) = row k of `from` (n, ...), plain; `rows` names each row at most
// once. Throws Error for a row that `to` does not have and for shapes that disagree.
void scatter_rows(const Tensor& from, std::span<const int64_t> rows, const Tensor& to);

}  // namespace facet
