// Every primitive of the CUDA device against the reference device: on a GPU, with NVIDIA's
// libraries. In each precision.
#include "engine/cuda/bfloat16.h"
#include "engine/hash.h"
#include "tests/engine/fixtures.h"
#include "tests/gpucheck/on_gpu.h"
#include "tests/train/optimiser/move.h"

namespace facet::test {
namespace {

using Outputs = std::vector<std::vector<double>>;
using Work = std::function<Outputs(Device&)>;

// Numbers that all storage types hold exactly, so that every device starts from the same.
Tensor numbers(Device& device, const Shape& shape, uint64_t seed, Layout layout = Layout::Plain,
               double low = -1, double high = 1) {
    std::vector<double> values = random_values(count(shape), seed, low, high);
    for (double& value : values)
        value = cuda::to_float(cuda::to_bfloat16(static_cast<float>(value)));
    return tensor_of(device, shape, values, layout);
}

constexpr Layout kMap = Layout::Map;
constexpr Grad kModes[] = {Grad::Overwrite, Grad::Accumulate};

class CudaPrimitives : public OnGpu {
protected:
    // Relative to the largest number of an output. Products carry the precision's rounding, what
    // else is computed only that of storing maps.
    double product_tolerance() const {
        if (GetParam() == Precision::Float32) return 1e-5;
        return GetParam() == Precision::Tf32 ? 2e-3 : 2e-2;
    }
    double other_tolerance() const { return GetParam() == Precision::Bfloat16 ? 1e-2 : 1e-5; }

    void expect_same(double tolerance, const Work& work) {
        const Outputs expected = work(reference_device());
        const Outputs found = work(gpu());
        ASSERT_EQ(found.size(), expected.size());
        for (size_t i = 0; i < found.size(); ++i)
            EXPECT_LE(relative_error(found[i], expected[i]), tolerance) << "output " << i;
        EXPECT_EQ(work(gpu()), found) << "a second call gives other numbers";
    }
};

}  // namespace

TEST_P(CudaPrimitives, Convolutions) {
    const struct {
        int64_t N, C, H, W, K, R;
        ConvGeometry g;
        Layout layout;
    } cases[] = {{2, 3, 16, 16, 32, 3, {1, 1}, Layout::Plain},
                 {2, 32, 8, 8, 32, 3, {1, 1}, kMap},
                 {4, 32, 9, 7, 64, 3, {2, 1}, kMap},
                 {2, 64, 8, 8, 32, 1, {2, 0}, kMap},
                 {1, 16, 5, 5, 8, 1, {1, 0}, kMap},
                 {64, 32, 32, 32, 64, 3, {2, 1}, kMap}};
    for (const auto& c : cases) {
        SCOPED_TRACE(fmt::format("N {}, C {}, {} x {}, K {}, R {}, stride {}", c.N, c.C, c.H, c.W,
                                 c.K, c.R, c.g.stride));
        expect_same(product_tolerance(), [&](Device& device) {
            const Shape y_shape = {c.N, c.K, c.g.out(c.H, c.R), c.g.out(c.W, c.R)};
            const Tensor x = numbers(device, {c.N, c.C, c.H, c.W}, 1, c.layout);
            const Tensor w = numbers(device, {c.K, c.C, c.R, c.R}, 2);
            const Tensor dy = numbers(device, y_shape, 3, kMap), y(device, y_shape, kMap);
            device.conv_forward(x, w, c.g, y);
            Outputs outputs = {y.to_doubles()};
            for (const Grad mode : kModes) {
                const Tensor dx = numbers(device, x.shape(), 4, c.layout);
                const Tensor dw = numbers(device, w.shape(), 5);
                device.conv_backward_data(dy, w, c.g, dx, mode);
                device.conv_backward_filter(x, dy, c.g, dw, mode);
                outputs.push_back(dx.to_doubles());
                outputs.push_back(dw.to_doubles());
            }
            return outputs;
        });
    }
}

TEST_P(CudaPrimitives, MatrixProducts) {
    for (const auto& [M, N, K] : {std::tuple<int64_t, int64_t, int64_t>{1, 1, 1},
                                  {7, 5, 3},
                                  {64, 256, 4096},
                                  {64, 1000, 256},
                                  {33, 130, 65}})
        for (const Transpose ta : {Transpose::No, Transpose::Yes})
            for (const Transpose tb : {Transpose::No, Transpose::Yes})
                expect_same(product_tolerance(), [&](Device& device) {
                    const Tensor a =
                        numbers(device, ta == Transpose::No ? Shape{M, K} : Shape{K, M}, 1);
                    const Tensor b =
                        numbers(device, tb == Transpose::No ? Shape{K, N} : Shape{N, K}, 2);
                    const Tensor c = numbers(device, {M, N}, 3);
                    device.gemm(ta, tb, 0.5, a, b, 0, c);
                    Outputs outputs = {c.to_doubles()};
                    device.gemm(ta, tb, 1, a, b, -2, c);
                    outputs.push_back(c.to_doubles());
                    return outputs;
                });
}

TEST_P(CudaPrimitives, BatchNormalisation) {
    for (const Shape& shape : {Shape{2, 5, 3, 3}, Shape{4, 32, 16, 16}, Shape{9, 264}}) {
        const Layout layout = shape.size() == 4 ? kMap : Layout::Plain;
        for (const bool prelu : {false, true})
            expect_same(other_tolerance(), [&](Device& device) {
                const Shape C = {shape[1]};
                BatchNorm bn{numbers(device, C, 1, Layout::Plain, 0.5, 2), numbers(device, C, 2)};
                if (prelu) bn.slope = numbers(device, C, 3, Layout::Plain, 0, 0.5);
                const Tensor x = numbers(device, shape, 4, layout, -1, 2);
                const Tensor addend = numbers(device, shape, 5, layout), y = x.like();
                const RunningStatistics running{numbers(device, C, 6),
                                                numbers(device, C, 7, Layout::Plain, 0.5, 1)};
                const Tensor mean(device, C), invstd(device, C);
                device.batch_norm_train(bn, x, addend, running, mean, invstd, y);
                Outputs outputs = {y.to_doubles(), mean.to_doubles(), invstd.to_doubles(),
                                   running.mean.to_doubles(), running.variance.to_doubles()};
                device.batch_norm_eval(bn, x, Tensor(), running, y);
                outputs.push_back(y.to_doubles());
                for (const Grad mode : kModes) {
                    const Tensor dgamma = numbers(device, C, 8), dbeta = numbers(device, C, 9);
                    const Tensor dslope = prelu ? numbers(device, C, 10) : Tensor();
                    const Tensor dx = numbers(device, shape, 11, layout);
                    device.batch_norm_backward(bn, x, numbers(device, C, 12),
                                               numbers(device, C, 13, Layout::Plain, 0.5, 1),
                                               numbers(device, shape, 14, layout), dgamma, dbeta,
                                               dslope, mode, dx, mode);
                    for (const Tensor& t : {dgamma, dbeta, dx}) outputs.push_back(t.to_doubles());
                    if (prelu) outputs.push_back(dslope.to_doubles());
                }
                return outputs;
            });
    }
}

TEST_P(CudaPrimitives, RowsAndElements) {
    for (const Shape& shape : {Shape{1, 1}, Shape{7, 33}, Shape{64, 256}, Shape{2, 4099}})
        expect_same(1e-5, [&](Device& device) {
            const Tensor x = numbers(device, shape, 1), y = numbers(device, shape, 2);
            const Tensor bias = numbers(device, {shape[1]}, 3);
            device.add_bias(y, bias);
            device.sum_rows(x, bias, Grad::Accumulate);
            Outputs outputs = {y.to_doubles(), bias.to_doubles()};
            for (const Grad mode : kModes) {
                const Tensor kept = numbers(device, shape, 5);
                device.dropout(x, 0.4, 7, 8, kept, mode);
                outputs.push_back(kept.to_doubles());
            }
            device.axpby(0.5, x, -2, y);
            outputs.push_back(y.to_doubles());
            outputs.push_back(device.sums_of_squares(std::vector<Tensor>{x, y}));
            outputs.push_back({device.sum_of_squares(x)});
            const std::vector<int64_t> rows = {shape[0] - 1};
            const Tensor row(device, {1, shape[1]});
            device.gather_rows(x, rows, row);
            outputs.push_back(row.to_doubles());
            device.scatter_rows(row, rows, y);
            device.fill(row, 3);
            outputs.push_back(y.to_doubles());
            outputs.push_back(row.to_doubles());
            return outputs;
        });
}

TEST_P(CudaPrimitives, OptimiserSteps) {
    expect_same(1e-5, [&](Device& device) {
        const Shape shape = {37, 29};
        const Tensor dw = numbers(device, shape, 1), v = numbers(device, shape, 2);
        const Tensor w = numbers(device, shape, 3), m = numbers(device, shape, 4);
        const Tensor u = numbers(device, shape, 5, Layout::Plain, 0, 1);
        move(*make_update_rule("sgd"), {0.1, 5e-4, 0.5, 1}, dw, {v}, w);
        move(*make_update_rule("adamw"), {0.01, 0.1, 0.5, 3}, dw, {m, u}, w);
        return Outputs{v.to_doubles(), m.to_doubles(), u.to_doubles(), w.to_doubles()};
    });
}

TEST_P(CudaPrimitives, HashesAreTheProcessors) {
    const auto hash = [](Device& device) {
        const std::vector<Tensor> tensors = {numbers(device, {5}, 1),
                                             numbers(device, {300, 17}, 2)};
        Hash hash;
        device.add_to_hash(tensors, hash);
        return hash.hex();
    };
    EXPECT_EQ(hash(gpu()), hash(cpu_device()));
}

INSTANTIATE_TEST_SUITE_P(Gpu, CudaPrimitives, every_precision, precision_name);

}  // namespace facet::test
