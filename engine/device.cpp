// What every device does alike: how a primitive is called, and storage in host memory.
#include "engine/device.h"

#include <cstring>

#include "engine/flops.h"
#include "engine/ledger.h"
#include "engine/parallel.h"
#include "engine/shapes.h"

namespace facet {
namespace {

// What the ledger shows of a call.
template <class Sizes>
std::string detail_of(const Sizes& /*shape*/, Device::Moved moved) {
    return moved.size() > 0 ? to_string(moved.begin()->get().shape()) : "";
}
std::string detail_of(const ConvShape& s, Device::Moved /*moved*/) {
    return fmt::format("x {} w {} stride {}", to_string({s.N, s.C, s.H, s.W}),
                       to_string({s.K, s.C, s.R, s.R}), s.stride);
}
std::string detail_of(const GemmShape& s, Device::Moved /*moved*/) {
    return fmt::format("M {} N {} K {}", s.M, s.N, s.K);
}

template <class Sizes>
LedgerScope charge(Device& device, const char* name, double flops, Device::Moved moved,
                   const Sizes& shape) {
    double bytes = 0;
    for (const Tensor& x : moved) bytes += x.defined() ? static_cast<double>(x.bytes()) : 0;
    return {name, flops, bytes, [&] { return detail_of(shape, moved); }, device.clock()};
}

}  // namespace

#define FACET_PRIMITIVE(primitive, parameters, arguments, Sizes, check, flops, ...)       \
    void Device::primitive parameters {                                                   \
        [[maybe_unused]] constexpr const char* operation = #primitive;                    \
        const Sizes shape = check;                                                        \
        const LedgerScope scope = charge(*this, #primitive, flops, {__VA_ARGS__}, shape); \
        primitive(shape, FACET_UNWRAP arguments);                                         \
    }
#include "engine/primitives.def"

LedgerScope Device::ledger(const char* name, double flops, Moved moved) {
    return charge(*this, name, flops, moved, 0);
}

Precision precision_named(const std::string& option, const std::string& name) {
    if (name == "float32") return Precision::Float32;
    if (name == "tf32") return Precision::Tf32;
    if (name == "bfloat16") return Precision::Bfloat16;
    throw UsageError(fmt::format("{} must be float32, tf32 or bfloat16, found '{}'", option, name));
}

std::shared_ptr<void> Device::allocate(size_t bytes) { return share_buffer(bytes); }
MemoryUse Device::memory_use() const { return facet::memory_use(); }
void Device::reset_peak_memory() { facet::reset_peak_memory(); }

void Device::upload(const void* from, const Tensor& y) {
    expect_layout("upload", "y", y, Layout::Plain);
    std::memcpy(y.address(), from, y.bytes());
}

void Device::download(const Tensor& x, void* to) {
    expect_layout("download", "x", x, Layout::Plain);
    std::memcpy(to, x.address(), x.bytes());
}

void Device::add_to_hash(std::span<const Tensor> all, Hash& hash) {
    for (const Tensor& x : all) {
        expect_layout("add_to_hash", "x", x, Layout::Plain);
        hash.add(x.address(), x.bytes());
    }
}

std::vector<double> Device::sums_of_squares(std::span<const Tensor> all) {
    std::vector<double> sums;
    for (const Tensor& x : all) sums.push_back(sum_of_squares(x));
    return sums;
}

void Device::gather_rows(const Tensor& x, std::span<const int64_t> rows, const Tensor& y) {
    const size_t bytes = rows_shape("gather_rows", x, rows, y) * size_of(x.dtype());
    const auto* from = static_cast<const std::byte*>(x.address());
    auto* to = static_cast<std::byte*>(y.address());
    parallel_for(std::ssize(rows), std::ssize(rows) * static_cast<int64_t>(bytes),
                 [&](int64_t i) { std::memcpy(to + i * bytes, from + rows[i] * bytes, bytes); });
}

void Device::scatter_rows(const Tensor& x, std::span<const int64_t> rows, const Tensor& y) {
    const size_t bytes = rows_shape("scatter_rows", y, rows, x) * size_of(x.dtype());
    const auto* from = static_cast<const std::byte*>(x.address());
    auto* to = static_cast<std::byte*>(y.address());
    parallel_for(std::ssize(rows), std::ssize(rows) * static_cast<int64_t>(bytes),
                 [&](int64_t i) { std::memcpy(to + rows[i] * bytes, from + i * bytes, bytes); });
}

Tensor gathered_rows(const Tensor& x, std::span<const int64_t> rows) {
    Shape shape = x.shape();
    shape.at(0) = std::ssize(rows);
    Tensor y(x.device(), std::move(shape));
    x.device().gather_rows(x, rows, y);
    return y;
}

}  // namespace facet
