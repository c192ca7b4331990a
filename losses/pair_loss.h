// A form (pairs.h) made into a Loss.
#pragma once

#include "losses/pairs.h"
#include "losses/registry.h"

namespace facet {

template <class Form>
class PairLoss final : public Loss {
public:
    PairLoss(const LossInfo& info, const Settings& settings)
        : Loss(info, settings),
          pairs_(Form(settings, state_)),
          no_pairs_(state_.declare("no_pairs", true, false)) {
        no_pairs_.value = {0};
        no_pairs_.lowest = 0;
    }

    static LossInfo info() { return Form::info(); }

    bool has_proxies() const override { return false; }
    Pairs* pairs() override { return &pairs_; }

    double forward_backward(const HeadBatch<float>& batch, const HeadGradient<float>& gradient,
                            HeadWorkspace<float>& workspace, const HeadOptions&) override {
        return call(batch, gradient, workspace);
    }
    double forward_backward(const HeadBatch<double>& batch, const HeadGradient<double>& gradient,
                            HeadWorkspace<double>& workspace, const HeadOptions&) override {
        return call(batch, gradient, workspace);
    }

private:
    template <class T>
    double call(const HeadBatch<T>& batch, const HeadGradient<T>& gradient,
                HeadWorkspace<T>& workspace) {
        const double value = run_pairs(pairs_, no_pairs_, batch, gradient, buffers_, workspace);
        state_.end_call();
        return value;
    }

    PairsOf<Form> pairs_;
    StateArray& no_pairs_;
    PairWorkspace buffers_;
};

}  // namespace facet
