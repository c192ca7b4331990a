// A form (pairs.h) made into a Loss.
#pragma once

#include "losses/head/backend.h"
#include "losses/head/device_form.h"
#include "losses/head/loss.h"
#include "losses/head/pairs.h"
#include "losses/head/registry.h"

namespace facet {

template <class Form>
class PairLoss final : public Loss {
public:
    PairLoss(const LossInfo& info, const Settings& settings)
        : Loss(info, settings),
          form_(make_form<Form>(settings, state_)),
          no_pairs_(*state_.number("no_pairs", 0, 0)) {}

    static LossInfo info() {
        LossInfo info = info_of<Form>();
        info.state = "no_pairs, how many calls found no usable pair";
        return info;
    }

    bool has_proxies() const override { return false; }

private:
    double run(const HeadCall<float>& call) override {
        const auto kernels = device_form<PairForm>(name(), static_cast<HostPairs<Form>&>(form_),
                                                   call.backend.device());
        PairForm& form = kernels ? *kernels : form_;
        return counted(run_pair_head<float>(form, call));
    }
    double run(const HeadCall<double>& call) override {
        return counted(run_pair_head<double>(form_, call));
    }
    double counted(std::optional<double> value) {
        if (!value) no_pairs_.value[0] += 1;
        return value.value_or(0);
    }

    PairsOf<Form> form_;
    StateArray& no_pairs_;
};

}  // namespace facet
