// Finds the first operation that makes a number which is not finite.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/tape.h"
#include "layers/layer.h"

namespace facet {

// A number that is not finite, and where it lies.
struct NotFinite {
    double value = 0;
    std::vector<int64_t> index;  // of the first one, row-major
    int64_t count = 0;           // how many there are
};
std::optional<NotFinite> first_not_finite(const Tensor& x);

struct Finding {
    std::string operation;  // "conv2d", "cosface"
    std::string part;       // "layer2.0.conv1"; empty: in no part
    std::string phase;      // "forward", "backward"
    std::string tensor;     // "its output", "the gradient of layer2.0.conv1.weight"
    Shape shape;
    NotFinite number;
    bool by_sample = false;  // the first index is the sample
    int64_t samples = 0;     // that have such numbers, of shape[0]; by_sample only
};

// Looks at every operation of a step (Learner::watch) and keeps the first finding.
class Watch : public TapeObserver {
public:
    // The names by which findings call gradients; B: samples in the batch.
    Watch(const std::vector<Parameter>& parameters, int64_t B);

    void after_forward(const std::string& operation, const std::vector<Var>& inputs,
                       const Tensor& output) override;
    void after_backward(const std::string& operation, const std::vector<Var>& inputs,
                        const Tensor& dy) override;

    const std::optional<Finding>& finding() const { return finding_; }

private:
    void look(const std::string& operation, const std::string& tensor, const Tensor& x,
              bool by_sample);

    std::map<const Variable*, std::string> names_;
    int64_t B_;
    std::optional<Finding> finding_;
};

}  // namespace facet
