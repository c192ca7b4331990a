// A form (pairs.h) made into a Loss.
#pragma once

#include "losses/head/on_device.h"
#include "losses/head/pair_head.h"
#include "losses/head/pairs.h"
#include "losses/head/registry.h"

namespace facet {

template <class Form>
class PairLoss final : public Loss {
public:
    PairLoss(const LossInfo& info, const Settings& settings)
        : Loss(info, settings),
          form_(make_form<Form>(settings, state_)),
          no_pairs_(state_.declare("no_pairs", true, false)) {
        no_pairs_.value = {0};
        no_pairs_.lowest = 0;
    }

    static LossInfo info() { return info_of<Form>(); }

    bool has_proxies() const override { return false; }

private:
    double run(HeadBackend<float>& backend, const HeadBatch<float>& batch,
               const HeadGradient<float>& gradient, HeadDiagnostics& diagnostics,
               const HeadOptions&) override {
        const auto kernels =
            device_form<PairForm>(name(), static_cast<HostPairs<Form>&>(form_), backend.device());
        PairForm& form = kernels ? *kernels : form_;
        return run_pair_head(backend, form, no_pairs_, batch, gradient, diagnostics);
    }
    double run(HeadBackend<double>& backend, const HeadBatch<double>& batch,
               const HeadGradient<double>& gradient, HeadDiagnostics& diagnostics,
               const HeadOptions&) override {
        return run_pair_head(backend, form_, no_pairs_, batch, gradient, diagnostics);
    }

    PairsOf<Form> form_;
    StateArray& no_pairs_;
};

}  // namespace facet
