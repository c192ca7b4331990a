// Losses composed of elementary operations, differentiated by the tape: an independent derivation
// of what the hand-written gradients in losses/*.h claim.
//
// A composition says the value only, from cosines; it uses none of a loss's own code. To add one,
// write a function as below in a losses/compositions_*.cpp and its line in losses/compositions.h:
//
//   Expr cosface(Composer& c) {
//       const double s = c.settings.number("s"), m = c.settings.number("m");
//       return c.cross_entropy(s * (c.target_cosine() - m), s * c.cosines());
//   }
//
// Masks, top-k sets and statistics that the specification keeps constant are constants here too
// (greater, largest, detach). Float64 throughout.
//
// The cone points. The sine of a target's angle is |xh - wh| |xh + wh| / 2, so an angle theta keeps
// a relative accuracy of about 1e-16 / min(theta, pi - theta). Below 4 epsilons, and at a square
// root of 0, the derivative is taken as 0; automatic differentiation elsewhere returns NaN there.
// A zero vector is at right angles to everything, with gradient 0.
#pragma once

#include <string>
#include <vector>

#include "engine/row_ops.h"
#include "losses/loss.h"

namespace facet {

// What a composition is built from: the raw arrays of one call and what all losses derive of them.
class Composer {
public:
    // x (B, D) raw embeddings; w (C, D) raw proxies, not defined for a pair loss; labels (B), -1:
    // the row does not count.
    Composer(const Settings& settings, State& state, Expr x, Expr w, Indices labels);

    const Settings& settings;
    const Indices labels;
    const Expr x, w;

    // --- what a value starts from; each is composed at its first use ---
    Expr cosines();        // (B, C) c_ij in [-1, 1]
    Expr products();       // (B, C) <x_i, w_j>
    Expr target_cosine();  // (B) c_iy; 0 for a row that does not count
    Expr target_sine();    // (B) sin(theta_iy) >= 0
    Expr target_angle();   // (B) theta_iy in [0, pi]
    Expr others();         // (B, C) constant: 1 at j != y_i
    // A learned array of the state, `start` in all of its `size` elements if it is empty yet.
    Expr learned(const char* name, std::int64_t size, double start);

    // --- how a value ends ---
    Expr mean(const Expr& rows);  // (B) -> (1), over the rows that count; 0 if there are none
    // mean of -log softmax(z)_y with z_y = target (B) and z_j = logits (B, C) for j != y; all
    // digits are kept where p_y is within rounding of 1.
    Expr cross_entropy(const Expr& target, const Expr& logits);

    // --- after backward() ---
    // (B, C) dL/dc_ij, or dL/d<x_i, w_j> where products() were used. At a cone point the part of
    // the derivative that comes through the target's sine is 0.
    std::vector<double> cosine_gradient();
    void store_learned_gradients();  // into the state

private:
    Expr observed(const Expr& products);
    Expr unit_features();
    Expr unit_proxies();

    State& state_;
    Expr cosines_, products_, unit_x_, unit_w_, sine_;
    std::shared_ptr<Tensor> by_product_, by_sine_;  // gradients as backward() leaves them
    std::vector<std::pair<StateArray*, Var>> learned_;
};

using Composition = Expr (*)(Composer&);  // the value, shape (1)

// Throws UsageError for a loss that has none.
Composition composition_of(const std::string& loss);

struct TapeGradient {
    double value;
    std::vector<double> dx, dw;  // (B, D), (C, D) by the raw arrays
    std::vector<double> dcos;    // (B, C); empty for a pair loss
};

// The value and gradients of `batch` by the tape; advances the loss's state as forward_backward
// does. Refuses what it refuses.
TapeGradient tape_gradient(Loss& loss, const HeadBatch<double>& batch);
TapeGradient tape_gradient(Loss& loss, const HeadBatch<double>& batch, Composition composition);

// The value alone, with the constants of the composition recorded in `held` or played back from it.
double composed_value(Loss& loss, const HeadBatch<double>& batch, Composition composition,
                      HeldConstants& held);

}  // namespace facet
