// A form (rows.h) made into a Loss.
#pragma once

#include "losses/loss.h"

namespace facet {

template <template <class> class Form>
class ClassLoss final : public Loss {
public:
    ClassLoss(const LossInfo& info, const Settings& settings)
        : Loss(info, settings),
          float_rows_(Form<float>(settings, state_)),
          double_rows_(Form<double>(settings, state_)) {}

    bool has_proxies() const override { return true; }

    double forward_backward(const HeadBatch<float>& batch, const HeadGradient<float>& gradient,
                            HeadWorkspace<float>& workspace, const HeadOptions& options) override {
        return run_head(float_rows_, batch, gradient, workspace, options);
    }
    double forward_backward(const HeadBatch<double>& batch, const HeadGradient<double>& gradient,
                            HeadWorkspace<double>& workspace, const HeadOptions& options) override {
        return run_head(double_rows_, batch, gradient, workspace, options);
    }

private:
    RowsOf<Form<float>> float_rows_;
    RowsOf<Form<double>> double_rows_;
};

}  // namespace facet
