#include "losses/proof/numeric.h"

#include <array>
#include <functional>

#include "losses/head/geometry.h"

namespace facet {
namespace {

using Value = std::function<double(const HeadBatch<double>&)>;

// Differences of `value`, every evaluation from the state in which the loss was found.
class Differences {
public:
    Differences(Loss& loss, const HeadBatch<double>& batch, Value value)
        : loss_(loss),
          before_(prepared(loss, batch).state().save()),
          batch_(batch),
          x_(batch.x, batch.x + batch.B * batch.D),
          w_(batch.w, batch.w + (batch.w ? batch.C * batch.D : 0)),
          value_(std::move(value)) {
        batch_.x = x_.data();
        batch_.w = batch.w ? w_.data() : nullptr;
    }

    NumericGradient all(double step) {
        NumericGradient result;
        value();
        take_first_values();
        result.dx = by_rows(x_, step);
        if (batch_.w) result.dw = by_rows(w_, step);
        for (StateArray& array : before_) {
            if (array.learnable) result.learned.emplace_back(array.name, by_array(array, step));
        }
        result.value = value();
        return result;
    }

private:
    // With the state arrays that start from the number of classes.
    static Loss& prepared(Loss& loss, const HeadBatch<double>& batch) {
        loss.prepare(batch.C);
        return loss;
    }

    double value() {
        loss_.state().restore(before_);
        return value_(batch_);
    }

    // A learned array may get its length and first values from the first call, which does not
    // otherwise move it.
    void take_first_values() {
        for (StateArray& array : before_) {
            if (array.learnable) array.value = loss_.state().find(array.name)->value;
        }
    }

    std::vector<double> by_rows(std::vector<double>& v, double step) {
        const int64_t D = batch_.D, rows = int64_t(v.size()) / D;
        std::vector<double> norms(rows), gradient(v.size());
        vector_norms("array", v.data(), rows, D, norms.data());
        for (size_t at = 0; at < v.size(); ++at) {
            const double norm = norms[at / D];
            gradient[at] = derivative(v[at], step * (norm > 0 ? norm : 1));
        }
        return gradient;
    }

    std::vector<double> by_array(StateArray& array, double step) {
        std::vector<double> gradient;
        for (double& v : array.value) gradient.push_back(derivative(v, step));
        return gradient;
    }

    double derivative(double& coordinate, double h) {
        const double centre = coordinate;
        std::array<double, 3> slope;
        for (int k = 0; k < 3; ++k, h /= 2) {
            coordinate = centre + h;
            const double above = value(), upper = coordinate;
            coordinate = centre - h;
            slope[k] = (above - value()) / (upper - coordinate);
        }
        coordinate = centre;
        const double first = (4 * slope[1] - slope[0]) / 3, second = (4 * slope[2] - slope[1]) / 3;
        return (16 * second - first) / 15;
    }

    Loss& loss_;
    std::vector<StateArray> before_;
    HeadBatch<double> batch_;
    std::vector<double> x_, w_;
    Value value_;
};

}  // namespace

NumericGradient numeric_gradient(Loss& loss, const HeadBatch<double>& batch, double step) {
    HeadDiagnostics diagnostics;
    const auto value = [&](const HeadBatch<double>& at) {
        return loss.forward_backward(at, HeadGradient<double>{}, diagnostics);
    };
    return Differences(loss, batch, value).all(step);
}

NumericGradient frozen_gradient(Loss& loss, const HeadBatch<double>& batch, double step,
                                Composition composition) {
    HeldConstants held;  // recorded by the first evaluation, which is at the centre
    const auto value = [&](const HeadBatch<double>& at) {
        const double found = composed_value(loss, at, composition, held);
        held.next_evaluation();
        return found;
    };
    return Differences(loss, batch, value).all(step);
}

NumericGradient frozen_gradient(Loss& loss, const HeadBatch<double>& batch, double step) {
    return frozen_gradient(loss, batch, step, composition_of(loss.name()));
}

}  // namespace facet
