// Batch normalisation on the simulated GPU against the reference device.
#include "tests/gpusim/kernel_fixtures.h"

namespace facet::test {
namespace {

// Channels that are not multiples of a pack, of a warp, of a tile; rows of one, primes, several
// runs of rows.
const Shape kShapes[] = {{2, 1, 1, 1},  {3, 5, 1, 7},   {1, 8, 13, 10},
                         {2, 40, 3, 3}, {2, 264, 1, 2}, {1, 3, 17, 97}};

struct Parameters {
    TestArray gamma, beta, slope;
    bool prelu;

    Parameters(int64_t C, bool prelu)
        : gamma({C}, 1, 0.5, 2), beta({C}, 2), slope({C}, 3, -0.5, 0.5), prelu(prelu) {}

    BatchNorm reference() const {
        BatchNorm bn{gamma.reference, beta.reference};
        if (prelu) bn.slope = slope.reference;
        return bn;
    }
    cuda::BatchNormParameters device() const {
        return {gamma.device.data(), beta.device.data(), prelu ? slope.device.data() : nullptr,
                1e-5f};
    }
};

DeviceArray<char> workspace_for(const Shape& shape) {
    return DeviceArray<char>(cuda::batch_norm_workspace(shape[0] * shape[2] * shape[3], shape[1]));
}

template <class T>
void check_forward(const Shape& shape, bool prelu, bool with_addend) {
    const int64_t C = shape[1], rows = shape[0] * shape[2] * shape[3];
    const Parameters parameters(C, prelu);
    // A mean that is large against the spread, as after a bias.
    const TestMap<T> x(shape, 4, 3, 5), addend(shape, 5);
    const DeviceArray<char> workspace = workspace_for(shape);
    in_every_order([&] {
        const TestArray running_mean({C}, 6), running_variance({C}, 7, 0.5, 2);
        const Tensor mean = poisoned(reference_device(), {C}), invstd = mean.clone();
        const Tensor y = x.reference.like();
        const Tensor& other = with_addend ? addend.reference : Tensor();
        reference_device().batch_norm_train(
            parameters.reference(), x.reference, other,
            {running_mean.reference, running_variance.reference, 0.1}, mean, invstd, y);

        const DeviceArray<float> device_mean(C), device_invstd(C);
        const DeviceArray<T> device_y(count(shape));
        const T* device_addend = with_addend ? addend.device.data() : nullptr;
        cuda::batch_norm_train(parameters.device(),
                               {running_mean.device.data(), running_variance.device.data(), 0.1f,
                                device_mean.data(), device_invstd.data()},
                               x.device.data(), device_addend, rows, C, device_y.data(),
                               workspace.data(), nullptr);
        expect_near(to_doubles(device_mean), mean.to_doubles(), 1e-6);
        expect_within(to_doubles(device_invstd), invstd.to_doubles(), absolute(invstd.to_doubles()),
                      1e-5);
        expect_near(to_doubles(running_mean.device), running_mean.reference.to_doubles(), 1e-6);
        expect_near(to_doubles(running_variance.device), running_variance.reference.to_doubles(),
                    1e-6);
        // x - mean loses digits that (x - mean) invstd shows.
        const double spread = largest(invstd.to_doubles());
        expect_near(from_channels_last(device_y, shape), y.to_doubles(),
                    kRounding<T> + 2e-6 * spread);

        reference_device().batch_norm_eval(
            parameters.reference(), x.reference, other,
            {running_mean.reference, running_variance.reference, 0.1}, y);
        const DeviceArray<T> device_eval(count(shape));
        cuda::batch_norm_eval(parameters.device(), running_mean.device.data(),
                              running_variance.device.data(), x.device.data(), device_addend, rows,
                              C, device_eval.data(), nullptr);
        expect_near(from_channels_last(device_eval, shape), y.to_doubles(), kRounding<T> + 1e-5);
    });
}

template <class T>
void check_backward(const Shape& shape, bool prelu, Grad mode) {
    const int64_t C = shape[1], rows = shape[0] * shape[2] * shape[3];
    const Parameters parameters(C, prelu);
    const TestMap<T> x(shape, 4, -2, 2), dy(shape, 5);
    const TestArray mean({C}, 6, -0.2, 0.2), invstd({C}, 7, 0.5, 1);
    const DeviceArray<char> workspace = workspace_for(shape);
    in_every_order([&] {
        const TestArray dgamma({C}, 8), dbeta({C}, 9), dslope({C}, 10);
        const TestMap<T> dx(shape, 11);
        reference_device().batch_norm_backward(parameters.reference(), x.reference, mean.reference,
                                               invstd.reference, dy.reference, dgamma.reference,
                                               dbeta.reference, prelu ? dslope.reference : Tensor(),
                                               mode, dx.reference, mode);
        cuda::batch_norm_backward(parameters.device(), x.device.data(), mean.device.data(),
                                  invstd.device.data(), dy.device.data(), rows, C,
                                  {dgamma.device.data(), dbeta.device.data(),
                                   prelu ? dslope.device.data() : nullptr, accumulates(mode)},
                                  dx.device.data(), accumulates(mode), workspace.data(), nullptr);
        const double sums = 1e-6 * std::sqrt(static_cast<double>(rows)) + 1e-6;
        expect_near(to_doubles(dgamma.device), dgamma.reference.to_doubles(), sums);
        expect_near(to_doubles(dbeta.device), dbeta.reference.to_doubles(), sums);
        expect_near(to_doubles(dslope.device), dslope.reference.to_doubles(), sums);
        expect_near(from_channels_last(dx.device, shape), dx.reference.to_doubles(),
                    kRounding<T> + 2e-6);
    });
}

}  // namespace

TEST(BatchNormKernels, ForwardIsTheReferences) {
    for (const Shape& shape : kShapes) {
        for (const bool prelu : {false, true}) {
            SCOPED_TRACE(to_string(shape) + (prelu ? " with PReLU" : ""));
            check_forward<float>(shape, prelu, !prelu);
            check_forward<bfloat16>(shape, prelu, prelu);
        }
    }
}

TEST(BatchNormKernels, BackwardIsTheReferences) {
    for (const Shape& shape : kShapes) {
        for (const bool prelu : {false, true}) {
            SCOPED_TRACE(to_string(shape) + (prelu ? " with PReLU" : ""));
            check_backward<float>(shape, prelu, prelu ? Grad::Accumulate : Grad::Overwrite);
            check_backward<bfloat16>(shape, prelu, prelu ? Grad::Overwrite : Grad::Accumulate);
        }
    }
}

// The order of threads is not part of the result: sums have one order.
TEST(BatchNormKernels, EveryOrderGivesTheSameBits) {
    const Shape shape = {1, 8, 13, 10};
    const Parameters parameters(8, true);
    const TestMap<float> x(shape, 4);
    const DeviceArray<char> workspace = workspace_for(shape);
    std::vector<float> first;
    in_every_order([&] {
        const TestArray running_mean({8}, 6), running_variance({8}, 7);
        const DeviceArray<float> mean(8), invstd(8), y(count(shape));
        cuda::batch_norm_train<float>(parameters.device(),
                                      {running_mean.device.data(), running_variance.device.data(),
                                       0.1f, mean.data(), invstd.data()},
                                      x.device.data(), nullptr, 130, 8, y.data(), workspace.data(),
                                      nullptr);
        if (first.empty()) first = y.values();
        EXPECT_EQ(y.values(), first);
    });
}

// Rows that begin at odd addresses are read number by number.
TEST(BatchNormKernels, UnalignedMapsWork) {
    const Shape shape = {1, 8, 3, 5};
    const Parameters parameters(8, true);
    const TestArray mean({8}, 6), variance({8}, 7, 0.5, 2);
    const TestMap<float> x(shape, 4);
    const DeviceArray<float> shifted(count(shape) + 1), y(count(shape) + 1);
    for (int64_t i = 0; i < count(shape); ++i) shifted[i + 1] = x.device[i];
    const Tensor expected = x.reference.like();
    reference_device().batch_norm_eval(parameters.reference(), x.reference, Tensor(),
                                       {mean.reference, variance.reference}, expected);
    cuda::batch_norm_eval<float>(parameters.device(), mean.device.data(), variance.device.data(),
                                 shifted.data() + 1, nullptr, 15, 8, y.data() + 1, nullptr);
    std::vector<double> found = to_doubles(y);
    found.erase(found.begin());
    expect_near(transposed(found, 1, 15, 8), expected.to_doubles(), 1e-6);
}

}  // namespace facet::test
