// Plans of the real cuDNN, executed by the double, against the reference device: forward,
// backward-data, backward-filter in float32 and bfloat16, overwriting and accumulating.
#include "engine/cuda/cudnn_plan.h"
#include "tests/gpudoubles/fixtures.h"
#include "tests/gpusim/kernel_fixtures.h"

namespace gpudoubles {
namespace {

using namespace facet::cuda;
using facet::accumulates;
using facet::ConvGeometry;
using facet::Error;
using facet::Grad;
using facet::Layout;
using facet::reference_device;
using facet::Tensor;
using facet::test::expect_within;
using facet::test::gradient_target;
using facet::test::kBothModes;
using facet::test::kUnit;
using facet::test::tensor_of;
using facet::test::transposed;
using Doubles = std::vector<double>;

// A handle with its stream, and everything that plans ask for.
struct Library {
    Stream stream;
    cudnnHandle_t handle = nullptr;

    Library() {
        FACET_CUDNN(cudnnCreate(&handle));
        FACET_CUDNN(cudnnSetStream(handle, stream.raw()));
    }
    ~Library() { cudnnDestroy(handle); }
};

const CudnnDevice& device_of_a_handle() {
    static const CudnnDevice device = [] {
        const Library library;
        return CudnnDevice(library.handle);
    }();
    return device;
}

// x, w, y in float64, plain, of which the operation overwrites one.
struct Operands {
    Doubles x, w, y;
};

// Shapes of a key's tensors.
facet::Shape x_shape(const ConvKey& k) { return {k.N, k.C, k.H, k.W}; }
facet::Shape w_shape(const ConvKey& k) { return {k.K, k.C, k.R, k.R}; }
facet::Shape y_shape(const ConvKey& k) { return {k.N, k.K, k.out_height(), k.out_width()}; }

// Random numbers that T holds exactly.
template <class T>
Operands operands_of(const ConvKey& key) {
    const auto draw = [](const facet::Shape& shape, uint64_t seed) {
        return facet::test::exact_values<T>(facet::count(shape), seed);
    };
    return {draw(x_shape(key), 1), draw(w_shape(key), 2), draw(y_shape(key), 3)};
}

Operands magnitudes_of(const Operands& o) {
    using facet::test::absolute;
    return {absolute(o.x), absolute(o.w), absolute(o.y)};
}

// The definition, in float64.
Doubles expected(const ConvKey& key, const Operands& o) {
    facet::Device& device = reference_device();
    const Tensor x = tensor_of(device, x_shape(key), o.x, Layout::Map);
    const Tensor w = tensor_of(device, w_shape(key), o.w);
    const Tensor y = tensor_of(device, y_shape(key), o.y, Layout::Map);
    const ConvGeometry geometry{key.stride, key.pad};
    switch (key.operation) {
        case ConvOperation::Forward: {
            device.conv_forward(x, w, geometry, y);
            Doubles sum = y.to_doubles();
            for (size_t i = 0; i < sum.size(); ++i) sum[i] += accumulates(key.mode) ? o.y[i] : 0;
            return sum;
        }
        case ConvOperation::BackwardData:
            device.conv_backward_data(y, w, geometry, x, key.mode);
            return x.to_doubles();
        case ConvOperation::BackwardFilter:
            device.conv_backward_filter(x, y, geometry, w, key.mode);
            return w.to_doubles();
    }
    return {};
}

// Plain (A, B, C D) on the device with B innermost.
template <class T>
struct OnDevice {
    facet::Shape shape;
    DeviceArray<T> array;

    OnDevice(const facet::Shape& s, const Doubles& plain)
        : shape(s), array(facet::test::stored<T>(transposed(plain, s[0], s[1], s[2] * s[3]))) {}
    Doubles plain() const {
        Doubles last;
        for (const T value : array.values()) last.push_back(to_float(value));
        return transposed(last, shape[0], shape[2] * shape[3], shape[1]);
    }
};

template <class T>
Doubles executed(const ConvKey& key, const Operands& o) {
    const Library library;
    const ConvPlan plan(device_of_a_handle(), key);
    const OnDevice<T> x(x_shape(key), o.x), w(w_shape(key), o.w), y(y_shape(key), o.y);
    const DeviceArray<char> workspace(std::max<int64_t>(1, plan.workspace_bytes()));
    plan.execute(library.handle, {x.array.data(), w.array.data(), y.array.data()},
                 workspace.data());
    library.stream.synchronize();
    return key.operation == ConvOperation::Forward        ? y.plain()
           : key.operation == ConvOperation::BackwardData ? x.plain()
                                                          : w.plain();
}

int64_t terms_of(const ConvKey& key) {
    switch (key.operation) {
        case ConvOperation::Forward:
            return key.C * key.R * key.R;
        case ConvOperation::BackwardData:
            return key.K * key.R * key.R;
        case ConvOperation::BackwardFilter:
            return key.N * key.out_height() * key.out_width();
    }
    return 0;
}

// Sums of n products in float32 err by at most about n u of the sum of magnitudes (Higham 2002,
// chapter 3); the result is rounded once more to T.
template <class T>
void expect_plan_matches(ConvKey key) {
    SCOPED_TRACE(to_string(key));
    key.compute = sizeof(T) == 2 ? ConvCompute::Bfloat16 : ConvCompute::Float32;
    const double tolerance =
        static_cast<double>(terms_of(key) + 2) * kUnit + (sizeof(T) == 2 ? 0x1p-8 : 0);
    const Operands o = operands_of<T>(key);
    expect_within(executed<T>(key, o), expected(key, o), expected(key, magnitudes_of(o)),
                  tolerance);
}

constexpr ConvOperation kOperations[] = {ConvOperation::Forward, ConvOperation::BackwardData,
                                         ConvOperation::BackwardFilter};

// N, C, H, W, K, R, stride, pad
struct Sizes {
    int64_t N, C, H, W, K, R, stride, pad;
    ConvKey key(ConvOperation operation, Grad mode) const {
        return {operation, ConvCompute::Float32, N, C, H, W, K, R, stride, pad, mode};
    }
};

class ConvPlanExecution : public DoublesTest {};

TEST_F(ConvPlanExecution, TheDeviceOfAHandleIsTheDescribedOne) {
    EXPECT_EQ(device_of_a_handle().name(), "NVIDIA H100 80GB HBM3");
    EXPECT_EQ(device_of_a_handle().architecture(), "sm_90");
}

TEST_F(ConvPlanExecution, MatchesTheReferenceInFloat32) {
    const Sizes all[] = {{2, 3, 9, 11, 16, 3, 1, 1},
                         {2, 16, 9, 8, 24, 3, 2, 1},
                         {1, 8, 7, 6, 8, 1, 2, 0},
                         {3, 8, 5, 4, 16, 3, 1, 0},
                         {2, 32, 4, 4, 16, 1, 1, 0}};
    for (const Sizes& sizes : all)
        for (const ConvOperation operation : kOperations)
            for (const Grad mode : kBothModes)
                expect_plan_matches<float>(sizes.key(operation, mode));
}

TEST_F(ConvPlanExecution, MatchesTheReferenceInBfloat16) {
    const Sizes all[] = {{2, 16, 9, 8, 24, 3, 2, 1}, {2, 8, 5, 6, 8, 1, 1, 0}};
    for (const Sizes& sizes : all)
        for (const ConvOperation operation : kOperations)
            for (const Grad mode : kBothModes)
                expect_plan_matches<bfloat16>(sizes.key(operation, mode));
    expect_plan_matches<bfloat16>(
        Sizes{2, 3, 9, 11, 16, 3, 1, 1}.key(ConvOperation::Forward, Grad::Overwrite));
    expect_plan_matches<bfloat16>(
        Sizes{2, 3, 9, 11, 16, 3, 1, 1}.key(ConvOperation::BackwardFilter, Grad::Accumulate));
}

// What would be seen if the descriptors said something else than they should.
TEST_F(ConvPlanExecution, WrongDescriptorsShow) {
    const Sizes sizes{2, 16, 9, 8, 24, 3, 2, 1};
    for (const ConvOperation operation : kOperations) {
        const ConvKey key = sizes.key(operation, Grad::Accumulate);
        const Operands o = operands_of<float>(key);
        const Doubles right = expected(key, o);
        for (const Fault fault : {Fault::ShiftedPadding, Fault::PlainStrides, Fault::IgnoredBeta}) {
            const WithFault put_in(fault);
            EXPECT_GT(facet::test::relative_error(executed<float>(key, o), right), 1e-2);
        }
    }
}

TEST_F(ConvPlanExecution, WaitsForItsStream) {
    const ConvKey key = Sizes{1, 8, 4, 4, 8, 3, 1, 1}.key(ConvOperation::Forward, Grad::Overwrite);
    const Operands o = operands_of<float>(key);
    const Library library;
    const ConvPlan plan(device_of_a_handle(), key);
    const OnDevice<float> x(x_shape(key), o.x), w(w_shape(key), o.w), y(y_shape(key), o.y);
    const DeviceArray<char> workspace(std::max<int64_t>(1, plan.workspace_bytes()));
    plan.execute(library.handle, {x.array.data(), w.array.data(), y.array.data()},
                 workspace.data());
    EXPECT_EQ(y.plain(), o.y);
    library.stream.synchronize();
    EXPECT_NE(y.plain(), o.y);
}

// Pointers that are not the device's or too small are refused by name.
TEST_F(ConvPlanExecution, WrongMemoryIsRefused) {
    const ConvKey key =
        Sizes{1, 32, 32, 32, 64, 3, 1, 1}.key(ConvOperation::Forward, Grad::Overwrite);
    const Library library;
    const ConvPlan plan(device_of_a_handle(), key);
    ASSERT_GT(plan.workspace_bytes(), 0);
    const DeviceArray<float> x(32 * 1024), w(64 * 32 * 9), y(64 * 1024);
    const DeviceArray<char> workspace(plan.workspace_bytes());
    const DeviceArray<char> small(plan.workspace_bytes() - 1);
    alignas(16) static float host[16];
    const auto refused = [&](const ConvPointers& pointers, void* space, const char* words) {
        EXPECT_THROW(plan.execute(library.handle, pointers, space), Error);
        expect_report(words);
    };
    refused({host, w.data(), y.data()}, workspace.data(), "tensor x: ");
    refused({x.data(), w.data() + 4, y.data()}, workspace.data(), "tensor w: ");
    refused({x.data(), w.data(), y.data()}, small.data(), "workspace: ");
    refused({x.data(), w.data(), y.data()}, nullptr, "workspace: ");
    plan.execute(library.handle, {x.data(), w.data(), y.data()}, workspace.data());
    library.stream.synchronize();
}

}  // namespace
}  // namespace gpudoubles
