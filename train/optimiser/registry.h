// A form (train/optimiser/form.h) made into an update rule, known by its name.
#pragma once

#include <array>
#include <memory>
#include <utility>

#include "engine/parallel.h"
#include "train/optimiser/form.h"
#include "train/optimiser/update_rule.h"

namespace facet {

template <template <class> class Form>
class RuleOf final : public UpdateRule {
    static constexpr size_t kMoments = Form<float>::moments.size();

public:
    RuleOf(const OptimiserInfo& info, const OptimiserSettings::Values& given)
        : UpdateRule(info), floats_(asked<float>(given)), doubles_(asked<double>(given)) {}

    static OptimiserInfo info() {
        OptimiserSettings settings;
        const Form<double> form(settings);
        return {form.name,
                {form.moments.begin(), form.moments.end()},
                counts_steps<Form<double>>,
                form.flops,
                settings.entries(),
                std::string(form.name) + "_step"};
    }

    std::shared_ptr<cuda::UpdateKernel> kernel() const override {
        const auto make = make_update_kernel<Form<float>>;
        FACET_CHECK(make, "optimizer {}: it has no CUDA kernels in this build", Form<float>::name);
        return make(floats_);
    }

private:
    template <class T>
    static Form<T> asked(const OptimiserSettings::Values& given) {
        OptimiserSettings settings(given);
        return Form<T>(settings);
    }

    void move_elements(const UpdateStep& step, const Tensor& dw, std::span<const Tensor> moments,
                       const Tensor& w) const override {
        constexpr std::make_index_sequence<kMoments> each;
        if (w.dtype() == DType::F32) return move_each(floats_, step, dw, moments, w, each);
        move_each(doubles_, step, dw, moments, w, each);
    }
    template <class T, size_t... k>
    static void move_each(Form<T> form, const UpdateStep& step, const Tensor& dw,
                          std::span<const Tensor> moments, const Tensor& w,
                          std::index_sequence<k...>) {
        begin(form, step.step);
        const Rates<T> rates{T(step.lr), T(step.weight_decay)};
        const T scale = T(step.gradient_scale);
        const T* g = dw.data<T>();
        T* to = w.data<T>();
        [[maybe_unused]] const std::array<T*, kMoments> m{moments[k].template data<T>()...};
        parallel_elements(w.count(),
                          [=](int64_t i) { form.move(rates, scale * g[i], to[i], m[k][i]...); });
    }

    Form<float> floats_;
    Form<double> doubles_;
};

using MakeRule = std::unique_ptr<UpdateRule> (*)(const OptimiserInfo&,
                                                 const OptimiserSettings::Values&);

// Ends the program with a message if the name is taken, or if a setting is another optimiser's too
// and differs in more than its meaning.
void register_optimiser(OptimiserInfo info, MakeRule make);

template <template <class> class Form>
struct RegisteredOptimiser {
    RegisteredOptimiser() {
        register_optimiser(RuleOf<Form>::info(), [](const OptimiserInfo& info,
                                                    const OptimiserSettings::Values& given) {
            return std::unique_ptr<UpdateRule>(std::make_unique<RuleOf<Form>>(info, given));
        });
    }
};

}  // namespace facet
