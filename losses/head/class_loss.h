// A form made into a Loss: `Of` is RowsOf (rows.h) or ColumnsOf (columns.h).
#pragma once

#include "losses/head/backend.h"
#include "losses/head/columns.h"
#include "losses/head/device_form.h"
#include "losses/head/loss.h"
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
    void prepare(int64_t C) override {
        require_classes(C);
        double_form_.prepare(C);
    }

private:
    double run(const HeadCall<float>& call) override {
        const auto kernels = device_form<ClassForm<float>>(
            name(), static_cast<typename Of<Form<float>>::Host&>(float_form_),
            call.backend.device());
        ClassForm<float>& form = kernels ? *kernels : float_form_;
        return run_class_head(form, call);
    }
    double run(const HeadCall<double>& call) override { return run_class_head(double_form_, call); }

    Of<Form<float>> float_form_;
    Of<Form<double>> double_form_;
};

}  // namespace facet
