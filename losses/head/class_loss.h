// A form made into a Loss: `Of` is RowsOf (rows.h) or ColumnsOf (columns.h).
#pragma once

#include "losses/head/class_head.h"
#include "losses/head/columns.h"
#include "losses/head/on_device.h"
#include "losses/head/registry.h"
#include "losses/head/rows.h"

namespace facet {

template <template <class> class Form, template <class> class Of = RowsOf>
class ClassLoss final : public Loss {
public:
    ClassLoss(const LossInfo& info, const Settings& settings)
        : Loss(info, settings),
          float_form_(make_form<Form<float>>(settings, state_)),
          double_form_(make_form<Form<double>>(settings, state_)) {}

    static LossInfo info() { return info_of<Form<double>>(); }

    bool has_proxies() const override { return true; }
    void prepare(std::int64_t C) override {
        require_classes(C);
        double_form_.prepare(C);
    }

private:
    double run(HeadBackend<float>& backend, const HeadBatch<float>& batch,
               const HeadGradient<float>& gradient, HeadDiagnostics& diagnostics,
               const HeadOptions& options) override {
        const auto kernels = device_form<ClassForm<float>>(
            name(), static_cast<typename Of<Form<float>>::Host&>(float_form_), backend.device());
        ClassForm<float>& form = kernels ? *kernels : float_form_;
        return run_class_head(backend, form, batch, gradient, diagnostics, options);
    }
    double run(HeadBackend<double>& backend, const HeadBatch<double>& batch,
               const HeadGradient<double>& gradient, HeadDiagnostics& diagnostics,
               const HeadOptions& options) override {
        return run_class_head(backend, double_form_, batch, gradient, diagnostics, options);
    }

    Of<Form<float>> float_form_;
    Of<Form<double>> double_form_;
};

}  // namespace facet
