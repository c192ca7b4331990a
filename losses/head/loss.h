// A loss as the rest of facet uses it: made by name, asked for value and gradients, its state
// saved.
//
//   auto loss = make_loss("arcface", {{"s", "32"}});
//   HeadDiagnostics diagnostics;
//   double value = loss->forward_backward({x, w, y, B, C, D}, {dx, dw}, diagnostics);
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "losses/head/head.h"
#include "losses/head/parameters.h"
#include "losses/head/state.h"

namespace facet {

// The host's, in which forward_backward() works where no other is given: losses/head/cpu.
template <class T>
HeadBackend<T>& host_backend();

class Loss {
public:
    Loss(const LossInfo& info, Settings settings) : info_(info), settings_(std::move(settings)) {}
    virtual ~Loss() = default;

    const LossInfo& info() const { return info_; }
    const std::string& name() const { return info_.name; }
    const Settings& settings() const { return settings_; }
    // "arcface s=64 m=0.5 beyond=linear grad=exact": everything that decides the gradient.
    std::string describe() const;

    // Throws UsageError, saying why, if the loss is not defined over so few classes.
    void require_classes(int64_t C) const;

    // A class loss has proxies w; a pair loss has none.
    virtual bool has_proxies() const = 0;
    // Whether dL/dcos_ij exists: HeadGradient::dcos may be asked for.
    virtual bool has_cosines() const { return has_proxies(); }

    // Gives the arrays of the state that start from the number of classes their first values;
    // arrays that have values keep them. The first forward_backward() does the same. Throws as
    // require_classes() does.
    virtual void prepare(int64_t) {}

    // The value, and the gradients by the raw arrays. Advances the state by one step.
    // Rows with label -1 do not count: the mean is over the others. Throws Error for a label out of
    // range (naming its row) and non-finite input (row and column).
    template <class T>
    double forward_backward(HeadBackend<T>& backend,
                            const std::type_identity_t<HeadBatch<T>>& batch,
                            const std::type_identity_t<HeadGradient<T>>& gradient,
                            HeadDiagnostics& diagnostics, const HeadOptions& options = {}) {
        const double value = run(HeadCall<T>{backend, batch, gradient, diagnostics, options});
        state_.end_call();
        return value;
    }
    // The same on the host.
    double forward_backward(const HeadBatch<float>& batch, const HeadGradient<float>& gradient,
                            HeadDiagnostics& diagnostics, const HeadOptions& options = {}) {
        return forward_backward(host_backend<float>(), batch, gradient, diagnostics, options);
    }
    double forward_backward(const HeadBatch<double>& batch, const HeadGradient<double>& gradient,
                            HeadDiagnostics& diagnostics, const HeadOptions& options = {}) {
        return forward_backward(host_backend<double>(), batch, gradient, diagnostics, options);
    }

    // After a call on that batch: fills what the state shows to a person but training need not
    // keep.
    virtual void report(const HeadBatch<float>&) {}
    virtual void report(const HeadBatch<double>&) {}

    State& state() { return state_; }
    const State& state() const { return state_; }

protected:
    State state_;

private:
    virtual double run(const HeadCall<float>& call) = 0;
    virtual double run(const HeadCall<double>& call) = 0;

    const LossInfo& info_;
    Settings settings_;
};

// Throws UsageError for an unknown loss (listing the names) and for a bad parameter.
std::unique_ptr<Loss> make_loss(const std::string& name, const KeyValues& parameters = {});

// All losses, under their headings in the order of their names.
std::vector<const LossInfo*> all_losses();
// Throws UsageError for an unknown name.
const LossInfo& loss_info(const std::string& name);

}  // namespace facet
