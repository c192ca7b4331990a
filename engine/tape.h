// Reverse-mode automatic differentiation on a dynamic tape.
//
// An operation computes its result at once and appends a node: its name, its output and a function
// that, given the gradient of the output, adds to the gradients of the inputs. `backward` walks
// the nodes once, last to first; no recursion. What a node saved is freed as soon as it has run.
//
//   Tape tape;
//   Var y = linear(tape, x, w, b);
//   tape.backward(y, dy);         // x->grad, w->grad, b->grad
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/device.h"
#include "engine/tensor.h"

namespace facet {

// A value that gradients flow to. Shared by the operations that use it.
class Variable {
public:
    Variable(Tensor value, bool needs_grad, std::string name = "")
        : value(std::move(value)), needs_grad(needs_grad), name(std::move(name)) {}

    Tensor value;
    Tensor grad;      // shape and layout of value; meaningful only while has_grad()
    bool needs_grad;  // false: no operation computes its gradient
    std::string name;

    bool has_grad() const { return has_grad_; }
    void clear_grad() { has_grad_ = false; }  // keeps the storage for the next step
    void release_grad();

    // Where to write a gradient contribution, and how: the first contribution overwrites, later
    // ones accumulate. Calling it counts as contributing.
    struct Target {
        Tensor tensor;
        Grad mode;
    };
    Target contribute();

    // Contributes `gradient`, which must not be used afterwards: the first contribution takes
    // over its storage instead of copying it.
    void contribute_whole(const Tensor& gradient);

private:
    bool has_grad_ = false;
};

using Var = std::shared_ptr<Variable>;

// Sees every operation as it runs, forward and back.
class TapeObserver {
public:
    virtual ~TapeObserver() = default;
    virtual void after_forward(const std::string& operation, const std::vector<Var>& inputs,
                               const Tensor& output) = 0;
    // dy: the gradient of the output; those of the inputs have their contributions.
    virtual void after_backward(const std::string& operation, const std::vector<Var>& inputs,
                                const Tensor& dy) = 0;
};

class Tape {
public:
    // With recording off (evaluation) operations only compute. The observer, if given, outlives the
    // tape.
    explicit Tape(bool recording = true, TapeObserver* observer = nullptr)
        : recording_(recording), observer_(observer) {}

    bool recording() const { return recording_; }

    Var constant(Tensor value) const;                         // no gradient
    Var variable(Tensor value, std::string name = "") const;  // a leaf with a gradient

    // The output of an operation on `inputs`; it needs a gradient if one of them does. `backward`
    // receives the gradient of the output, which is no longer needed afterwards.
    Var record(std::string name, const std::vector<Var>& inputs, Tensor output,
               std::function<void(const Tensor& dy)> backward);

    // Runs the nodes in reverse from d(output) = `gradient`; the tape is empty afterwards.
    // Gradients of leaves accumulate over calls until cleared.
    void backward(const Var& output, const Tensor& gradient);

    size_t size() const { return nodes_.size(); }

private:
    struct Node {
        std::string name;
        std::string part;         // where it was recorded, see engine/place.h
        std::vector<Var> inputs;  // for an observer only
        Var output;
        std::function<void(const Tensor&)> backward;
    };
    bool recording_;
    TapeObserver* observer_;
    std::vector<Node> nodes_;
};

}  // namespace facet
