// What a composition (losses/proof/composition.h) is built from: the raw arrays of one call, what
// all losses derive of them, and the state.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "losses/head/loss.h"
#include "losses/proof/row_ops.h"

namespace facet {

class Composer {
public:
    // x (B, D) raw embeddings; w (C, D) raw proxies, not defined for a pair loss; labels (B), -1:
    // the row does not count.
    Composer(const Settings& settings, State& state, Expr x, Expr w, Indices labels);

    const Settings& settings;
    const Indices labels;
    const Expr x, w;

    // --- rows and classes ---
    int64_t B() const { return x.value().size(0); }
    int64_t C() const { return w.value().size(0); }
    const Indices& counted() const { return counted_; }  // the rows that have a label
    Expr counts();                                       // (B) constant: 1 for those, else 0

    // --- features against proxies; each is composed at its first use ---
    Expr cosines();        // (B, C) c_ij in [-1, 1]
    Expr products();       // (B, C) <x_i, w_j>
    Expr angles();         // (B, C) theta_ij in [0, pi]
    Expr target_cosine();  // (B) c_iy; 0 for a row that does not count
    Expr target_angle();   // (B) theta_iy in [0, pi]
    Expr others();         // (B, C) constant: 1 at j != y_i
    Expr norms();          // (B) |x_i|; at a zero vector the derivative is 0

    // --- features against features ---
    Expr unit_features();          // (B, D) x_i / |x_i|
    Expr similarities();           // (B, B) their cosines
    Expr positives();              // (B, B) constant: 1 where both count, of one class, u != v
    Expr negatives();              // (B, B) constant: 1 where both count, of two classes
    Expr square_distances();       // (B, B) |x_u - x_v|^2
    Expr unit_square_distances();  // (B, B) 2 - 2 S_uv, by the difference of unit vectors

    // --- the state: read, and assigned to advance it ---
    StateArray& array(const char* name, bool scalar);
    double& number(const char* name, double start);  // a scalar; `start` if it has no value yet
    // A learned array, or number: `start` in all of its elements if it is empty yet.
    Expr learned(const char* name, int64_t size, double start);
    Expr learned_number(const char* name, double start);
    // A pair loss counts the batches that have nothing to compare in "no_pairs"; `usable` marks
    // what can be compared.
    void note_pairs(const Expr& usable);
    void note_pairs(bool any);
    uint64_t seed() const { return state_.seed; }

    // A choice made by looking at values: the rows or pairs that go on, held as a constant is.
    Indices held(const Indices& choice) const;

    // --- how a value ends ---
    Expr mean(const Expr& rows);  // (B) -> (1), over the rows that count; 0 if there are none
    // log((1 - p_y) / p_y), (B), of the softmax of z_y = target (B) and the z_j = logits (B, C)
    // where `rivals` is not 0; j != y_i if it is not given. -log p_y = softplus of it, with all
    // digits where p_y is within rounding of 1.
    Expr odds_against(const Expr& target, const Expr& logits);
    Expr odds_against(const Expr& target, const Expr& logits, const Expr& rivals);
    Expr cross_entropy(const Expr& target, const Expr& logits);  // mean of -log p_y
    Expr zero();  // (1) without gradient, for a batch that has nothing to compare

    // --- after backward() ---
    // (B, C) dL/dc_ij, or dL/d<x_i, w_j> where products() were used. At a cone point the part of
    // the derivative that comes through an angle is 0.
    std::vector<double> cosine_gradient();
    void store_learned_gradients();  // into the state

private:
    // Sines of angles that some cosines have, with the gradient that backward() leaves by them.
    struct Sines {
        Expr value;
        Indices at;  // of the cosines, in row-major order; -1: of none
        std::shared_ptr<Tensor> gradient;
    };

    Expr unit_proxies();
    Expr sines(const Indices& rows, const Indices& classes);
    Expr pair_mask(bool same_class);
    Expr leaf(StateArray& array, int64_t size, double start);

    State& state_;
    Indices counted_;
    Expr cosines_, products_, unit_x_, unit_w_, target_angle_, angles_, similarities_;
    std::shared_ptr<Tensor> by_product_;  // gradient as backward() leaves it
    std::vector<Sines> sines_;
    std::vector<std::pair<StateArray*, Var>> learned_;
};

}  // namespace facet
