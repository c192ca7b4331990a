// One batch normalisation as a value: its shape, its inputs and all of its results.
#pragma once

#include "tests/engine/fixtures.h"

namespace facet::test {

struct BatchNormCase {
    Shape shape;  // (N, C, H, W) a map, (N, C) plain
    bool prelu, addend;

    int64_t C() const { return shape[1]; }
    Layout layout() const { return shape.size() == 4 ? Layout::Map : Layout::Plain; }
    int64_t per_channel() const { return count(shape) / C(); }
};

inline std::ostream& operator<<(std::ostream& out, const BatchNormCase& c) {
    return out << to_string(c.shape) << (c.prelu ? " prelu" : "") << (c.addend ? " addend" : "");
}

// z = gamma x_hat + beta, before PReLU and addend, by the reference device.
inline std::vector<double> normalised(const BatchNormCase& c, const std::vector<double>& x,
                                      BatchNorm bn) {
    Device& device = reference_device();
    bn.slope = Tensor();
    const Tensor y = poisoned(device, c.shape, c.layout());
    const Tensor mean(device, {c.C()}), invstd(device, {c.C()});
    const RunningStatistics running{Tensor::full(device, {c.C()}, 0),
                                    Tensor::full(device, {c.C()}, 1)};
    device.batch_norm_train(bn, tensor_of(device, c.shape, x, c.layout()), Tensor(), running, mean,
                            invstd, y);
    return y.to_doubles();
}

// Inputs for which no z lies within 1e-4 of PReLU's kink, where a rounding decides the side.
inline std::vector<double> inputs_off_the_kink(const BatchNormCase& c,
                                               const BatchNorm& reference_bn) {
    std::vector<double> x = random_values(count(c.shape), 1, -1, 3);
    for (int round = 0; round < 100; ++round) {
        const std::vector<double> z = normalised(c, x, reference_bn);
        bool moved = false;
        for (size_t i = 0; i < x.size(); ++i) {
            if (std::abs(z[i]) > 1e-4) continue;
            x[i] = static_cast<float>(x[i] + 0.01);
            moved = true;
        }
        if (!moved) return x;
    }
    ADD_FAILURE() << "no inputs off the kink found";
    return x;
}

inline BatchNorm parameters(Device& device, const BatchNormCase& c) {
    const Shape channels{c.C()};
    return {random_tensor(device, channels, 2, Layout::Plain, 0.5, 2),
            random_tensor(device, channels, 3),
            c.prelu ? random_tensor(device, channels, 4, Layout::Plain, 0, 0.5) : Tensor(), 1e-5};
}

// Inputs and results of one batch normalisation on one device; the same numbers on each.
struct BatchNormOperands {
    BatchNormOperands(Device& device, const BatchNormCase& c)
        : device(device), c(c), bn(parameters(device, c)) {
        x = tensor_of(device, c.shape, inputs_off_the_kink(c, parameters(reference_device(), c)),
                      c.layout());
        dy = random_tensor(device, c.shape, 5, c.layout());
        if (c.addend) addend = random_tensor(device, c.shape, 6, c.layout());
        running = {random_tensor(device, {c.C()}, 7),
                   random_tensor(device, {c.C()}, 8, Layout::Plain, 0.5, 2), 0.25};
        mean = poisoned(device, {c.C()});
        invstd = poisoned(device, {c.C()});
    }

    struct Forward {
        std::vector<double> y, mean, invstd, running_mean, running_variance;
    };
    Forward train() const {
        const Tensor y = poisoned(device, c.shape, c.layout());
        const RunningStatistics moved{running.mean.clone(), running.variance.clone(),
                                      running.momentum};
        device.batch_norm_train(bn, x, addend, moved, mean, invstd, y);
        return {result(y), mean.to_doubles(), invstd.to_doubles(), moved.mean.to_doubles(),
                moved.variance.to_doubles()};
    }
    std::vector<double> eval() const {
        const Tensor y = poisoned(device, c.shape, c.layout());
        device.batch_norm_eval(bn, x, addend, running, y);
        return result(y);
    }

    struct Gradients {
        std::vector<double> dx, dgamma, dbeta, dslope;
    };
    Gradients backward(Grad parameter_mode, Grad dx_mode) const {  // after train()
        const Tensor dx = gradient_target(device, c.shape, dx_mode, c.layout());
        const Tensor dgamma = gradient_target(device, {c.C()}, parameter_mode);
        const Tensor dbeta = gradient_target(device, {c.C()}, parameter_mode);
        const Tensor dslope = c.prelu ? gradient_target(device, {c.C()}, parameter_mode) : Tensor();
        device.batch_norm_backward(bn, x, mean, invstd, dy, dgamma, dbeta, dslope, parameter_mode,
                                   dx, dx_mode);
        return {result(dx), dgamma.to_doubles(), dbeta.to_doubles(),
                c.prelu ? dslope.to_doubles() : std::vector<double>()};
    }

    Device& device;
    BatchNormCase c;
    BatchNorm bn;
    Tensor x, dy, addend, mean, invstd;
    RunningStatistics running;
};

}  // namespace facet::test
