// One problem seen by several methods, and how far apart what they find may be.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "losses/proof/verify.h"

namespace facet::proof {

// Agreement of two float64 methods, relative to the largest entry: sums of at most 100 terms whose
// exponents, logits up to 500, carry an absolute error of 500 epsilons; and angles below 1e-8,
// which the cosine of a negative does not resolve.
inline constexpr double kAgreement = 1e-9;
// The same for the value and for what is left of a sum that cancels, relative to its terms.
inline constexpr double kCancellation = 1e-12;
// A method may lose as much as inputs moved by this lose (a backward error): near a cone point or a
// boundary that is more than rounding alone. Two random displacements do not find the worst
// direction, hence the factor.
inline constexpr double kDisplacement = 64 * std::numeric_limits<double>::epsilon();
inline constexpr double kBeyondProbes = 16;
// dL/dc_ij of an angular margin is 1/sin(theta): nearer than this to a cone point float32 takes it
// as 0, and a composition's sine loses its digits.
inline constexpr double kCone = 1e-5;
// Float32 likewise, from inputs moved by two of its epsilons.
inline constexpr double kDisplacement32 = 2 * std::numeric_limits<float>::epsilon();
// A logit of 500 carries 500 epsilons into its exponential.
inline constexpr double kAgreement32 = 1024 * std::numeric_limits<float>::epsilon();
// Probabilities below the smallest normal number are 0; scales and norms multiply them.
inline constexpr double kUnderflow = 1e-290;
inline constexpr double kUnderflow32 = 1e3 * std::numeric_limits<float>::min();
// Central differences, extrapolated twice: the first step as part of a vector's length, how it
// stays inside of the room there is, and how it shrinks where the first was too large.
inline constexpr double kStep = 1e-4;
inline constexpr double kStepsPerRoom = 12;
inline constexpr double kShrink = 6;
inline constexpr int kSteps = 3;
// Their error: what is left of (curvature x step)^6, and rounding of the value over the step; the
// extrapolation multiplies the latter by 11, logits up to 10 do the rest.
inline constexpr double kTruncation = 2e-8;
inline constexpr double kRounding = 100 * std::numeric_limits<double>::epsilon();

// The value of a composition is a difference of terms of this size, which is not seen in it.
inline constexpr double kComposedTerms = 1;

// Value and gradients of one call. dx and dw are multiplied by the norms of their rows (1 for a
// zero row), dcos by the sine of the angle; dstate: gradients of the learnable arrays; state: all
// arrays after the call.
struct Outcome {
    double value = 0;
    double gain = 0;  // largest |dL/dc_ij|, j != y: the scale on which sums of gradients cancel
    std::vector<double> dx, dw, dcos, dstate, state;

    double gradient_size() const;  // largest entry of dx and dw
};

// Largest |a - b|; infinity where lengths differ or an entry is not finite.
double distance(const std::vector<double>& a, const std::vector<double>& b);
double largest(const std::vector<double>& v);

// A problem and a fresh loss for every question about it.
class Trial {
public:
    Trial(const LossMaker& make, const Problem& problem);

    bool exact_mode() const { return exact_mode_; }
    bool composed() const { return composed_; }
    bool proxies() const { return proxies_; }
    const Problem& problem() const { return problem_; }

    Outcome hand(const Problem& p, const HeadOptions& options = {}) const;
    Outcome hand32(const Problem& p, const HeadOptions& options = {}) const;
    Outcome tape(const Problem& p) const;
    Outcome frozen(double step) const;   // value, dx, dw
    Outcome numeric(double step) const;  // value, dx, dw, dstate
    // Every vector moved in a random direction by about this part of its length.
    Problem displaced(double size, uint64_t seed) const;

private:
    std::unique_ptr<Loss> fresh() const;
    void scale(const Problem& p, Outcome& outcome) const;

    const LossMaker& make_;
    const Problem& problem_;
    bool exact_mode_, composed_, proxies_, cosines_;
};

// What two outcomes may differ by, absolutely.
struct Allowance {
    double value = 0, gradient = 0, dcos = 0, dstate = 0, state = 0;

    // By factor |a - b|; not at all where one of them is not finite.
    void widen(const Outcome& a, const Outcome& b, double factor);
};

// Rounding alone, relative to the sizes in `hand`; smallest: where numbers underflow.
Allowance rounding(const Outcome& hand, double agreement, double cancellation, double smallest);

// The quantity that is worst by its allowance, as error and bound relative to the largest entry.
// Quantities that `found` does not have are left out.
struct Worst {
    std::string what;
    double error = 0, bound = 1;
};
Worst worst(const Outcome& hand, const Outcome& found, const Allowance& allowed);

// <gradient of the outcome, displacement>, the displacement of the raw arrays.
double slope(const Problem& at, const Outcome& outcome, const std::vector<double>& x_move,
             const std::vector<double>& w_move);

// verify_kinks.cpp
Kink look_at_kink(const LossMaker& make, const Region& region);

}  // namespace facet::proof
