// Center loss (Wen et al., ECCV 2016): features are drawn to the centres of their classes, which
// here are the proxies, raw and not normalised.
//
//   L = 1/(2B) sum_i |x_i - w_{y_i}|^2
//   dx_i = (x_i - w_{y_i}) / B,   dw_j = sum_{i: y_i = j} (w_j - x_i) / B
// Formed from the differences: nothing cancels where x is close to its centre. Without another loss
// beside it everything may collapse into one point.
//
// The paper moves the centres by its own rule, w_j - alpha sum_{y_i = j}(w_j - x_i)/(1 + n_j), not
// by the gradient. Here centres are parameters like all proxies; what the rule would make of them
// is reported by report(), in the state `centers` (C, D); given there, they are used in place
// of the proxies for one call.
//
// Derivation: |x - w|^2/2 has the gradient x - w by x and w - x by w.
#pragma once

#include "losses/geometry.h"
#include "losses/registry.h"

namespace facet {

class Center final : public Loss {
public:
    Center(const LossInfo& info, const Settings& settings)
        : Loss(info, settings), alpha_(settings.number("alpha")) {
        centers_ = &state_.declare("centers", false, false);
    }

    bool has_proxies() const override { return true; }
    bool has_cosines() const override { return false; }

    double forward_backward(const HeadBatch<float>& batch, const HeadGradient<float>& gradient,
                            HeadWorkspace<float>& workspace, const HeadOptions&) override {
        return run(batch, gradient, workspace);
    }
    double forward_backward(const HeadBatch<double>& batch, const HeadGradient<double>& gradient,
                            HeadWorkspace<double>& workspace, const HeadOptions&) override {
        return run(batch, gradient, workspace);
    }
    // The centres (C, D) that the state gives this call in place of the proxies; empty: none.
    // Throws Error if they are not C D.
    const std::vector<double>& take_given(std::int64_t C, std::int64_t D);

    void report(const HeadBatch<float>& batch) override { tell(batch); }
    void report(const HeadBatch<double>& batch) override { tell(batch); }

    static LossInfo info();

private:
    template <class T>
    double run(const HeadBatch<T>& batch, const HeadGradient<T>& gradient,
               HeadWorkspace<T>& workspace);
    template <class T>
    void tell(const HeadBatch<T>& batch);

    double alpha_;
    StateArray* centers_;
    std::vector<double> given_;  // (C, D) centres used instead of the proxies in the last call
};

inline const Registered<Center> registered_center;

}  // namespace facet
