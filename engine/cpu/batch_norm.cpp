// Batch normalisation of the CPU device: float32 over channel blocks.
#include <cmath>

#include "engine/cpu/channels.h"
#include "engine/cpu/cpu_device.h"
#include "engine/shapes.h"

namespace facet {
namespace {

using namespace cpu;

// Statistics are taken of x - pivot, the pivot being the channel's first value: the variance then
// does not cancel when the mean is large against the spread.
struct Moments {
    std::vector<double> mean, variance;  // biased variance
};

template <int Width>
Moments moments(const Tensor& x) {
    const Channels<Width> channels(x);
    const float* data = x.data<float>();
    std::vector<float> pivot(channels.C);
    for (int64_t c = 0; c < channels.C; ++c) {
        pivot[c] = data[channels.offset(0, c / Width) + c % Width];
    }
    const auto sums = channel_sums<Width, 2>(x, [&](int64_t block, auto access) {
        const Lanes<Width> centre = channel_values(pivot.data(), channels, block);
        return [=](int64_t at, Lanes<Width>* sum) {
            const Lanes<Width> d = access.load(data + at) - centre;
            sum[0] += d;
            sum[1] += d * d;
        };
    });
    const double M = static_cast<double>(channels.samples());
    Moments result{std::vector<double>(channels.C), std::vector<double>(channels.C)};
    for (int64_t c = 0; c < channels.C; ++c) {
        const double shift = sums[0][c] / M;
        result.mean[c] = pivot[c] + shift;
        result.variance[c] = std::max(0.0, sums[1][c] / M - shift * shift);
    }
    return result;
}

// y = PReLU(scale (x - mean) + beta) + addend; scale, mean, beta, slope a channel.
template <int Width, bool Prelu, bool Addend>
void apply(const Tensor& x, const float* scale, const float* mean, const float* beta,
           const float* slope, const float* addend, const Tensor& out) {
    const Channels<Width> channels(x);
    const float* from = x.data<float>();
    float* to = out.data<float>();
    each_vector<Width>(x, [&](int64_t block, auto access) {
        const Lanes<Width> a = channel_values(scale, channels, block);
        const Lanes<Width> m = channel_values(mean, channels, block);
        const Lanes<Width> b = channel_values(beta, channels, block);
        const Lanes<Width> s = Prelu ? channel_values(slope, channels, block) : Lanes<Width>{};
        return [=](int64_t at) {
            Lanes<Width> z = a * (access.load(from + at) - m) + b;
            if constexpr (Prelu) z = z > 0 ? z : s * z;
            if constexpr (Addend) z += access.load(addend + at);
            access.store(to + at, z);
        };
    });
}

void normalise(const BatchNorm& bn, const Tensor& x, const Tensor& addend,
               const std::vector<float>& scale, const std::vector<float>& mean, const Tensor& y) {
    const float* beta = bn.beta.data<float>();
    const float* slope = bn.slope.defined() ? bn.slope.data<float>() : nullptr;
    const float* other = addend.defined() ? addend.data<float>() : nullptr;
    with_width([&]<int Width>() {
        const auto run = [&]<bool Prelu, bool Addend>() {
            apply<Width, Prelu, Addend>(x, scale.data(), mean.data(), beta, slope, other, y);
        };
        if (slope && other) run.template operator()<true, true>();
        if (slope && !other) run.template operator()<true, false>();
        if (!slope && other) run.template operator()<false, true>();
        if (!slope && !other) run.template operator()<false, false>();
    });
}

void put(double value, float& to, Grad mode) {
    to = static_cast<float>(accumulates(mode) ? to + value : value);
}

// z = gamma (x - mean) invstd + beta is formed again from x: cheaper than a map kept in memory.
template <int Width, bool Prelu>
void backward(const BatchNorm& bn, const Tensor& x, const Tensor& mean, const Tensor& invstd,
              const Tensor& dy, const Tensor& dgamma, const Tensor& dbeta, const Tensor& dslope,
              Grad parameter_mode, const Tensor& dx, Grad dx_mode) {
    const Channels<Width> channels(x);
    const float *px = x.data<float>(), *pdy = dy.data<float>();
    const float *pmean = mean.data<float>(), *pinvstd = invstd.data<float>();
    const float *pgamma = bn.gamma.data<float>(), *pbeta = bn.beta.data<float>();
    const float* pslope = Prelu ? bn.slope.data<float>() : nullptr;

    const auto sums = channel_sums<Width, 3>(x, [&](int64_t block, auto access) {
        const Lanes<Width> m = channel_values(pmean, channels, block);
        const Lanes<Width> r = channel_values(pinvstd, channels, block);
        const Lanes<Width> scale = r * channel_values(pgamma, channels, block);
        const Lanes<Width> b = channel_values(pbeta, channels, block);
        const Lanes<Width> s = Prelu ? channel_values(pslope, channels, block) : Lanes<Width>{};
        return [=](int64_t at, Lanes<Width>* sum) {
            const Lanes<Width> centred = access.load(px + at) - m, xhat = centred * r;
            Lanes<Width> dz = access.load(pdy + at);
            if constexpr (Prelu) {
                const Lanes<Width> z = scale * centred + b;
                sum[2] += z > 0 ? Lanes<Width>{} : dz * z;
                dz = z > 0 ? dz : s * dz;
            }
            sum[0] += dz;
            sum[1] += dz * xhat;
        };
    });

    // dx = gamma invstd (dz - mean(dz) - xhat mean(dz xhat)) = k1 dz + k2 (x - mean) + k3
    const double M = static_cast<double>(channels.samples());
    std::vector<float> k1(channels.C), k2(channels.C), k3(channels.C);
    for (int64_t c = 0; c < channels.C; ++c) {
        const double scale = static_cast<double>(pgamma[c]) * pinvstd[c];
        k1[c] = static_cast<float>(scale);
        k2[c] = static_cast<float>(-scale * pinvstd[c] * sums[1][c] / M);
        k3[c] = static_cast<float>(-scale * sums[0][c] / M);
        put(sums[0][c], dbeta.data<float>()[c], parameter_mode);
        put(sums[1][c], dgamma.data<float>()[c], parameter_mode);
        if (Prelu) put(sums[2][c], dslope.data<float>()[c], parameter_mode);
    }

    float* to = dx.data<float>();
    const auto write = [&]<bool Accumulate>() {
        each_vector<Width>(x, [&](int64_t block, auto access) {
            const Lanes<Width> m = channel_values(pmean, channels, block);
            const Lanes<Width> a1 = channel_values(k1.data(), channels, block);
            const Lanes<Width> a2 = channel_values(k2.data(), channels, block);
            const Lanes<Width> a3 = channel_values(k3.data(), channels, block);
            const Lanes<Width> b = channel_values(pbeta, channels, block);
            const Lanes<Width> s = Prelu ? channel_values(pslope, channels, block) : Lanes<Width>{};
            return [=](int64_t at) {
                const Lanes<Width> centred = access.load(px + at) - m;
                Lanes<Width> dz = access.load(pdy + at);
                if constexpr (Prelu) dz = a1 * centred + b > 0 ? dz : s * dz;
                Lanes<Width> d = a1 * dz + a2 * centred + a3;
                if constexpr (Accumulate) d += access.load(to + at);
                access.store(to + at, d);
            };
        });
    };
    if (accumulates(dx_mode)) {
        write.template operator()<true>();
    } else {
        write.template operator()<false>();
    }
}

}  // namespace

void CpuDevice::batch_norm_train(const ChannelShape& shape, const BatchNorm& bn, const Tensor& x,
                                 const Tensor& addend, const RunningStatistics& running,
                                 const Tensor& mean, const Tensor& invstd, const Tensor& y) {
    Moments batch;
    with_width([&]<int Width>() { batch = moments<Width>(x); });
    const int64_t C = shape.C;
    const double M = static_cast<double>(shape.per_channel()), k = running.momentum;
    std::vector<float> scale(C), centre(C);
    for (int64_t c = 0; c < C; ++c) {
        const double r = 1 / std::sqrt(batch.variance[c] + bn.eps);
        centre[c] = mean.data<float>()[c] = static_cast<float>(batch.mean[c]);
        invstd.data<float>()[c] = static_cast<float>(r);
        scale[c] = bn.gamma.data<float>()[c] * invstd.data<float>()[c];
        const double unbiased = batch.variance[c] * M / (M - 1);
        float& running_mean = running.mean.data<float>()[c];
        float& running_variance = running.variance.data<float>()[c];
        running_mean = static_cast<float>((1 - k) * running_mean + k * batch.mean[c]);
        running_variance = static_cast<float>((1 - k) * running_variance + k * unbiased);
    }
    normalise(bn, x, addend, scale, centre, y);
}

void CpuDevice::batch_norm_eval(const ChannelShape& shape, const BatchNorm& bn, const Tensor& x,
                                const Tensor& addend, const RunningStatistics& running,
                                const Tensor& y) {
    const int64_t C = shape.C;
    std::vector<float> scale(C), centre(C);
    for (int64_t c = 0; c < C; ++c) {
        const double variance = running.variance.data<float>()[c];
        scale[c] = static_cast<float>(bn.gamma.data<float>()[c] / std::sqrt(variance + bn.eps));
        centre[c] = running.mean.data<float>()[c];
    }
    normalise(bn, x, addend, scale, centre, y);
}

void CpuDevice::batch_norm_backward(const ChannelShape& /*shape*/, const BatchNorm& bn,
                                    const Tensor& x, const Tensor& mean, const Tensor& invstd,
                                    const Tensor& dy, const Tensor& dgamma, const Tensor& dbeta,
                                    const Tensor& dslope, Grad parameter_mode, const Tensor& dx,
                                    Grad dx_mode) {
    with_width([&]<int Width>() {
        const auto run = bn.slope.defined() ? backward<Width, true> : backward<Width, false>;
        run(bn, x, mean, invstd, dy, dgamma, dbeta, dslope, parameter_mode, dx, dx_mode);
    });
}

}  // namespace facet
