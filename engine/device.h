// A device: storage for tensors, and the primitives that compute on them (engine/primitives.def,
// the table).
//
// The CPU device (engine/cpu/cpu_device.h) runs in float32, the CUDA device
// (engine/cuda/cuda_device.h) in float32 or with bfloat16 maps, the reference device
// (engine/cpu/reference.h) in float64.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/hash.h"
#include "engine/memory.h"
#include "engine/tensor.h"

// The parameters of a primitive without their parentheses.
#define FACET_UNWRAP(...) __VA_ARGS__

namespace facet {

class DeviceClock;
class LedgerScope;
struct ChannelShape;
struct ConvShape;
struct ElementShape;
struct GemmShape;
struct RowShape;

enum class Grad { Overwrite, Accumulate };
inline bool accumulates(Grad mode) { return mode == Grad::Accumulate; }
enum class Transpose { No, Yes };

// A square convolution without bias: y = x * w, w (K, C, R, R), no dilation, no groups.
struct ConvGeometry {
    int64_t stride = 1;
    int64_t pad = 0;  // zeros on every side

    int64_t out(int64_t in, int64_t kernel) const { return (in + 2 * pad - kernel) / stride + 1; }
};

// The arithmetic of a GPU. Sums, statistics, parameters, cosines and losses are float32 in each.
enum class Precision {
    Float32,  // float32 products: no tensor cores
    Tf32,     // float32 tensors, products of 10-bit mantissas
    Bfloat16  // maps and the products of convolutions in bfloat16, all else as Float32
};

// "float32", "tf32", "bfloat16". Throws UsageError naming `option` for another name.
Precision precision_named(const std::string& option, const std::string& name);

// Which convolution algorithm a device may use. Auto is a fixed rule of the shape, not a
// measurement, so that the same seed gives the same bits on every run (docs/performance.md has the
// measurements behind the rule).
enum class ConvAlgorithm { Auto, Direct, Winograd };

// Batch normalisation (Ioffe & Szegedy 2015) over N, H, W of x (N, C, H, W) or over N of (N, C),
// then optionally PReLU, then optionally a sum with another map, in one pass over memory:
//   z = gamma (x - mean) invstd + beta,  a = z > 0 ? z : slope z,  y = a + addend
struct BatchNorm {
    Tensor gamma, beta;  // (C)
    Tensor slope = {};   // (C), or undefined: no PReLU
    double eps = 1e-5;
};

// Running statistics: running <- (1 - momentum) running + momentum batch, where the batch variance
// is the unbiased one (divided by M - 1, M = N H W), as in PyTorch.
struct RunningStatistics {
    Tensor mean, variance;  // (C)
    double momentum = 0.1;
};

// See Device::record().
class RecordedWork {
public:
    virtual ~RecordedWork() = default;
    virtual void run(uint64_t step) = 0;
};

class Device {
public:
    virtual ~Device() = default;

    virtual std::string name() const = 0;         // "cpu", "cuda", "reference"
    virtual std::string description() const = 0;  // one line: instruction set, threads, library
    virtual DType dtype() const = 0;              // the element type of its plain tensors
    virtual DType map_dtype() const { return dtype(); }  // and of its maps
    virtual int64_t channel_block() const = 0;  // channels stored side by side in a map; 1: plain

    // --- storage ---
    // Whether tensors lie in memory that host code may read. A device with memory of its own works
    // beside the host: a primitive only enqueues its work, and download() waits for it.
    virtual bool has_host_memory() const { return true; }
    virtual std::shared_ptr<void> allocate(size_t bytes);  // contents undefined; throws Error
    virtual MemoryUse memory_use() const;
    virtual void reset_peak_memory();
    // Numbers of the element type, in row-major order; y and x are plain. `from` may be changed as
    // soon as upload() returns.
    virtual void upload(const void* from, const Tensor& y);
    virtual void download(const Tensor& x, void* to);
    // The same as upload(), but beside the primitives called after it; those that use y come after
    // await_uploads(). For the next step's images while this step computes.
    virtual void upload_beside(const void* from, const Tensor& y) { upload(from, y); }
    virtual void await_uploads() {}
    virtual void synchronize() {}  // waits until all work is done
    // Calls `work`, whose primitives are recorded instead of run, to be run again and again on the
    // same tensors at little cost to the host; null on a device for which that would gain nothing,
    // and then `work` is not called. The work neither uploads nor downloads. Tensors that it makes
    // keep their memory among recordings: the parts of a step are recorded in the order in which
    // they will run. Dropout draws at the step given to run().
    virtual std::unique_ptr<RecordedWork> record(const std::function<void()>& /*work*/) {
        return nullptr;
    }
    // Adds the bytes of plain tensors, one after the other: the same digits for the same numbers on
    // every device.
    virtual void add_to_hash(std::span<const Tensor> all, Hash& hash);
    // y_i = x_{rows_i} and y_{rows_i} = x_i: rows of plain tensors along their first size. Throws
    // Error for a row that is not there; a row is written once.
    virtual void gather_rows(const Tensor& x, std::span<const int64_t> rows, const Tensor& y);
    virtual void scatter_rows(const Tensor& x, std::span<const int64_t> rows, const Tensor& y);

    // --- primitives ---
#define FACET_PRIMITIVE(name, parameters, ...) void name parameters;
#include "engine/primitives.def"
    // Those that give the host a number stand outside the table: they wait for the device.
    virtual double sum_of_squares(const Tensor& x) = 0;
    // The same of several tensors, for which a device beside the host is waited for once.
    virtual std::vector<double> sums_of_squares(std::span<const Tensor> all);

    // --- for devices and those who run kernels of their own on one ---
    // The clock that the ledger reads; null where work is done when its call returns.
    virtual DeviceClock* clock() { return nullptr; }
    // Charges work to the ledger (engine/ledger.h) while the scope lives. `moved` are read or
    // written once each, undefined ones not at all; the first, if any, has the shape that is shown.
    using Moved = std::initializer_list<std::reference_wrapper<const Tensor>>;
    LedgerScope ledger(const char* name, double flops, Moved moved);

protected:
    // A primitive whose shapes have been checked and whose work has been charged.
#define FACET_PRIMITIVE(name, parameters, arguments, Sizes, ...) \
    virtual void name(const Sizes& shape, FACET_UNWRAP parameters) = 0;
#include "engine/primitives.def"
};

Device& reference_device();  // float64, plain loops: the definition of every primitive
Device& cpu_device();        // float32, oneDNN and vectorised loops

// The first GPU, made when it is first asked for, one a precision. Throws Error with the reason
// where there is no GPU to run on or this build has no CUDA device.
Device& cuda_device(Precision precision = Precision::Float32);
std::string why_no_cuda();  // that reason; empty where there is a GPU

// A new tensor of those rows.
Tensor gathered_rows(const Tensor& x, std::span<const int64_t> rows);

// Process-wide choice, to be made before the first convolution of a run.
void set_conv_algorithm(ConvAlgorithm algorithm);
ConvAlgorithm conv_algorithm();

}  // namespace facet
