#include "train/tensor_rows.h"

#include <cstring>

namespace facet {
namespace {

char* bytes_of(const Tensor& tensor) {
    if (tensor.dtype() == DType::F32) return reinterpret_cast<char*>(tensor.data<float>());
    return reinterpret_cast<char*>(tensor.data<double>());
}

Shape shape_of_rows(const Tensor& tensor, std::span<const int64_t> rows) {
    Shape shape = tensor.shape();
    shape.at(0) = static_cast<int64_t>(rows.size());
    return shape;
}

void check_rows(const char* operation, const Tensor& tensor, std::span<const int64_t> rows) {
    expect_layout(operation, "the tensor", tensor, Layout::Plain);
    for (const int64_t row : rows) {
        FACET_CHECK(row >= 0 && row < tensor.size(0), "{}: there is no row {} in {}", operation,
                    row, to_string(tensor.shape()));
    }
}

}  // namespace

Tensor gather_rows(const Tensor& from, std::span<const int64_t> rows) {
    check_rows("gather_rows", from, rows);
    const Tensor to(from.device(), shape_of_rows(from, rows));
    const size_t row_bytes = rows.empty() ? 0 : to.bytes() / rows.size();
    const char* source = bytes_of(from);
    char* target = bytes_of(to);
#pragma omp parallel for schedule(static)
    for (size_t k = 0; k < rows.size(); ++k) {
        std::memcpy(target + k * row_bytes, source + rows[k] * row_bytes, row_bytes);
    }
    return to;
}

void scatter_rows(const Tensor& from, std::span<const int64_t> rows, const Tensor& to) {
    check_rows("scatter_rows", to, rows);
    expect_shape("scatter_rows", "the rows", from, shape_of_rows(to, rows));
    const size_t row_bytes = rows.empty() ? 0 : from.bytes() / rows.size();
    const char* source = bytes_of(from);
    char* target = bytes_of(to);
#pragma omp parallel for schedule(static)
    for (size_t k = 0; k < rows.size(); ++k) {
        std::memcpy(target + rows[k] * row_bytes, source + k * row_bytes, row_bytes);
    }
}

}  // namespace facet
