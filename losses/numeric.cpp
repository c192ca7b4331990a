#include "losses/numeric.h"

#include <array>

namespace facet {
namespace {

class Differences {
public:
    Differences(Loss& loss, const HeadBatch<double>& batch)
        : loss_(loss),
          before_(loss.state().save()),
          batch_(batch),
          x_(batch.x, batch.x + batch.B * batch.D),
          w_(batch.w, batch.w + (batch.w ? batch.C * batch.D : 0)) {
        batch_.x = x_.data();
        batch_.w = batch.w ? w_.data() : nullptr;
    }

    double value() {
        loss_.state().restore(before_);
        return loss_.forward_backward(batch_, HeadGradient<double>{}, workspace_);
    }

    std::vector<double> by_x(double step) { return by(x_, step); }
    std::vector<double> by_w(double step) { return by(w_, step); }

private:
    std::vector<double> by(std::vector<double>& v, double step) {
        const std::int64_t D = batch_.D, rows = std::int64_t(v.size()) / D;
        std::vector<double> norms(rows), gradient(v.size());
        vector_norms("array", v.data(), rows, D, norms.data());
        for (std::size_t at = 0; at < v.size(); ++at) {
            const double norm = norms[at / D];
            gradient[at] = derivative(v[at], step * (norm > 0 ? norm : 1));
        }
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
    const std::vector<StateArray> before_;
    HeadBatch<double> batch_;
    std::vector<double> x_, w_;
    HeadWorkspace<double> workspace_;
};

}  // namespace

NumericGradient numeric_gradient(Loss& loss, const HeadBatch<double>& batch, double step) {
    Differences differences(loss, batch);
    NumericGradient result;
    result.dx = differences.by_x(step);
    if (batch.w) result.dw = differences.by_w(step);
    result.value = differences.value();
    return result;
}

}  // namespace facet
