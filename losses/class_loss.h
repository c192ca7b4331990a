// A form made into a Loss: `Of` is RowsOf (rows.h) or ColumnsOf (columns.h).
#pragma once

#include "losses/registry.h"
#include "losses/rows.h"

namespace facet {

template <template <class> class Form, template <class> class Of = RowsOf>
class ClassLoss final : public Loss {
public:
    ClassLoss(const LossInfo& info, const Settings& settings)
        : Loss(info, settings),
          float_form_(Form<float>(settings, state_)),
          double_form_(Form<double>(settings, state_)) {}

    static LossInfo info() { return Form<double>::info(); }

    bool has_proxies() const override { return true; }
    HeadForm<float>* form() override { return &float_form_; }
    void prepare(std::int64_t C) override {
        require_classes(C);
        double_form_.prepare(C);
    }

    double forward_backward(const HeadBatch<float>& batch, const HeadGradient<float>& gradient,
                            HeadWorkspace<float>& workspace, const HeadOptions& options) override {
        return call(float_form_, batch, gradient, workspace, options);
    }
    double forward_backward(const HeadBatch<double>& batch, const HeadGradient<double>& gradient,
                            HeadWorkspace<double>& workspace, const HeadOptions& options) override {
        return call(double_form_, batch, gradient, workspace, options);
    }

private:
    template <class T>
    double call(HeadForm<T>& form, const HeadBatch<T>& batch, const HeadGradient<T>& gradient,
                HeadWorkspace<T>& workspace, const HeadOptions& options) {
        const double value = run_head(form, batch, gradient, workspace, options);
        state_.end_call();
        return value;
    }

    Of<Form<float>> float_form_;
    Of<Form<double>> double_form_;
};

}  // namespace facet
