// Batch normalisation of the reference device.
#include <cmath>

#include "engine/cpu/reference.h"
#include "engine/shapes.h"

namespace facet {
namespace {

// Calls use(i) with the storage index of every element of channel c.
template <class Use>
void for_each_in_channel(const ChannelShape& z, int64_t c, Use use) {
    for (int64_t n = 0; n < z.N; ++n)
        for (int64_t pixel = 0; pixel < z.pixels; ++pixel) use((n * z.C + c) * z.pixels + pixel);
}

// z = gamma x_hat + beta,  y = (z > 0 ? z : slope z) + addend;  x_hat = (x - mean) invstd.
void normalise_channel(const BatchNorm& bn, const ChannelShape& z, int64_t c, double mean,
                       double invstd, const Tensor& x, const Tensor& addend, const Tensor& y) {
    const double gamma = bn.gamma.data<double>()[c], beta = bn.beta.data<double>()[c];
    const double slope = bn.slope.defined() ? bn.slope.data<double>()[c] : 1;
    for_each_in_channel(z, c, [&](int64_t i) {
        const double value = gamma * (x.data<double>()[i] - mean) * invstd + beta;
        const double activated = value > 0 ? value : slope * value;
        y.data<double>()[i] = activated + (addend.defined() ? addend.data<double>()[i] : 0);
    });
}

void update(double& running, double batch, double momentum) {
    running = (1 - momentum) * running + momentum * batch;
}

}  // namespace

void ReferenceDevice::batch_norm_train(const ChannelShape& z, const BatchNorm& bn, const Tensor& x,
                                       const Tensor& addend, const RunningStatistics& running,
                                       const Tensor& mean, const Tensor& invstd, const Tensor& y) {
    const auto M = static_cast<double>(z.per_channel());
    for (int64_t c = 0; c < z.C; ++c) {
        double sum = 0, squares = 0;
        for_each_in_channel(z, c, [&](int64_t i) { sum += x.data<double>()[i]; });
        const double centre = sum / M;
        for_each_in_channel(z, c, [&](int64_t i) {
            const double deviation = x.data<double>()[i] - centre;
            squares += deviation * deviation;
        });
        const double scale = 1 / std::sqrt(squares / M + bn.eps);
        mean.data<double>()[c] = centre;
        invstd.data<double>()[c] = scale;
        update(running.mean.data<double>()[c], centre, running.momentum);
        update(running.variance.data<double>()[c], squares / (M - 1), running.momentum);
        normalise_channel(bn, z, c, centre, scale, x, addend, y);
    }
}

void ReferenceDevice::batch_norm_eval(const ChannelShape& z, const BatchNorm& bn, const Tensor& x,
                                      const Tensor& addend, const RunningStatistics& running,
                                      const Tensor& y) {
    for (int64_t c = 0; c < z.C; ++c) {
        const double mean = running.mean.data<double>()[c];
        const double invstd = 1 / std::sqrt(running.variance.data<double>()[c] + bn.eps);
        normalise_channel(bn, z, c, mean, invstd, x, addend, y);
    }
}

void ReferenceDevice::batch_norm_backward(const ChannelShape& z, const BatchNorm& bn,
                                          const Tensor& x, const Tensor& mean, const Tensor& invstd,
                                          const Tensor& dy, const Tensor& dgamma,
                                          const Tensor& dbeta, const Tensor& dslope,
                                          Grad parameter_mode, const Tensor& dx, Grad dx_mode) {
    const auto M = static_cast<double>(z.per_channel());
    for (int64_t c = 0; c < z.C; ++c) {
        const double gamma = bn.gamma.data<double>()[c], beta = bn.beta.data<double>()[c];
        const double slope = bn.slope.defined() ? bn.slope.data<double>()[c] : 1;
        const double centre = mean.data<double>()[c], scale = invstd.data<double>()[c];
        const auto x_hat = [&](int64_t i) { return (x.data<double>()[i] - centre) * scale; };
        const auto z_of = [&](int64_t i) { return gamma * x_hat(i) + beta; };
        const auto dz = [&](int64_t i) { return dy.data<double>()[i] * (z_of(i) > 0 ? 1 : slope); };

        double sum_dz = 0, sum_dz_x = 0, sum_dslope = 0;
        for_each_in_channel(z, c, [&](int64_t i) {
            sum_dz += dz(i);
            sum_dz_x += dz(i) * x_hat(i);
            if (!(z_of(i) > 0)) sum_dslope += dy.data<double>()[i] * z_of(i);
        });
        write(dgamma.data<double>()[c], sum_dz_x, parameter_mode);
        write(dbeta.data<double>()[c], sum_dz, parameter_mode);
        if (bn.slope.defined()) write(dslope.data<double>()[c], sum_dslope, parameter_mode);
        for_each_in_channel(z, c, [&](int64_t i) {
            // The means take out what a change of x does through the batch's mean and variance.
            const double dx_i = gamma * scale * (dz(i) - sum_dz / M - x_hat(i) * sum_dz_x / M);
            write(dx.data<double>()[i], dx_i, dx_mode);
        });
    }
}

}  // namespace facet
