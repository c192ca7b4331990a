// Elementary differentiable operations on plain tensors, in the notation of formulas.
//
// A hand-written gradient is checked against one that nobody wrote: the formula is composed of the
// operations here, each of which knows only its own derivative, and the tape does the rest.
//
//   Expr c{&tape, x}, angle = atan2(sine, c);
//   Expr loss = sum(softplus(s * (c - cos(angle + m))));
//   tape.backward(loss.var, Tensor::full(device, {1}, 1));
//
// These are no primitives of a device: they run plain loops on the host, every element in float64
// and rounded once to the device's element type. They are made for proofs, not for speed. Tensors
// are plain; errors name the operation and the shapes.
#pragma once

#include <memory>

#include "engine/tape.h"
#include "losses/proof/held_constants.h"

namespace facet {

// A variable and the tape on which formulas with it are recorded.
struct Expr {
    Tape* tape = nullptr;
    Var var = nullptr;

    const Tensor& value() const { return var->value; }
    bool defined() const { return var != nullptr; }
    // A tensor that no gradient flows to; held if the thread holds constants (Holding).
    Expr constant(Tensor tensor) const {
        if (HeldConstants* held = held_constants()) tensor = held->hold(std::move(tensor));
        return {tape, tape->constant(std::move(tensor))};
    }
};

// --- two tensors of one shape ---
Expr operator+(const Expr& a, const Expr& b);
Expr operator-(const Expr& a, const Expr& b);
Expr operator*(const Expr& a, const Expr& b);
Expr operator/(const Expr& a, const Expr& b);
Expr atan2(const Expr& sine, const Expr& cosine);  // at (0, 0): 0, derivative 0

// --- a tensor and numbers ---
Expr affine(const Expr& x, double factor, double addend);  // factor x + addend
inline Expr operator+(const Expr& x, double a) { return affine(x, 1, a); }
inline Expr operator-(const Expr& x, double a) { return affine(x, 1, -a); }
inline Expr operator-(double a, const Expr& x) { return affine(x, -1, a); }
inline Expr operator*(double a, const Expr& x) { return affine(x, a, 0); }

// --- one tensor ---
Expr exp(const Expr& x);
Expr log(const Expr& x);
Expr log1p(const Expr& x);  // log(1 + x)
Expr sqrt(const Expr& x);   // at 0 the derivative is taken as 0. Its mask is a constant
Expr sin(const Expr& x);
Expr cos(const Expr& x);
Expr pow(const Expr& x, double power);  // x >= 0; where it is infinite the derivative is taken as 0
Expr relu(const Expr& x);      // max(x, 0); at 0 the derivative is 0. Its mask is a constant
Expr softplus(const Expr& x);  // log(1 + e^x), all digits on both sides

// --- constants: no gradient flows through these ---
Expr detach(const Expr& x);                  // x as a constant
Expr greater(const Expr& a, const Expr& b);  // 1 where a > b, else 0
Expr greater(const Expr& a, double bound);
Expr clamp(const Expr& x, double low, double high);
Expr floor(const Expr& x);
Expr filled(const Expr& like, double value);  // its shape, every element `value`

// x between low and high; the gradient passes in the closed interval and nowhere else.
Expr clip(const Expr& x, double low, double high);

// mask != 0 ? a : b; the mask is read as a constant.
Expr select(const Expr& mask, const Expr& a, const Expr& b);
// The value of `value`, the gradient of `through`.
Expr straight_through(const Expr& value, const Expr& through);
// x itself; the gradient that arrives there in backward() is also left in `seen`.
Expr observe(const Expr& x, std::shared_ptr<Tensor> seen);

}  // namespace facet
