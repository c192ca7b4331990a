// Exactly on a boundary a central difference means nothing; the two one-sided derivatives do.
#include <algorithm>
#include <cmath>

#include "losses/proof/verify_compare.h"

namespace facet::proof {
namespace {

// How far from the boundary the sides are looked at: far enough for differences of the value, so
// close that curvature (up to 500^2 by the largest scale) changes a slope by less than kSlope.
constexpr double kBeside = 1e-7;
// Slopes that differ by less, relative to the gradient, are one slope.
constexpr double kSlope = 1e-3;
// Rounding of the value that a slope is a difference of.
constexpr double kNoise = 64 * std::numeric_limits<double>::epsilon();
// A jump of the value that is no rounding.
constexpr double kJump = 1e-5;
// Moves a problem off its boundary, whichever side rounding had put it on.
constexpr double kOff = 1e-11;

class KinkView {
public:
    KinkView(const LossMaker& make, const Region& region)
        : make_(make), region_(region), centre_(region.at(0)) {
        kink_.region = region.name;
        kink_.direction = region.crossing;
        const Problem before = region.at(-1e-4), behind = region.at(1e-4);
        x_move_ = half_difference(behind.x, before.x, 1e-4);
        w_move_ = half_difference(behind.w, before.w, 1e-4);
    }

    Kink look() {
        const Trial trial(make_, centre_);
        const Outcome hand = trial.hand(centre_);
        kink_.hand = slope(centre_, hand, x_move_, w_move_);
        kink_.left = slope_at(-kBeside);
        kink_.right = slope_at(kBeside);
        kink_.jump = value_at(kBeside) - value_at(-kBeside) - (kink_.left + kink_.right) * kBeside;
        const double gain = hand.gain + hand.gradient_size();
        const double sides = std::abs(kink_.left) + std::abs(kink_.right);
        kink_.tolerance = kSlope * (sides + gain) + kNoise * std::abs(hand.value) / kBeside;
        const double step = kJump * (std::abs(hand.value) + gain);
        kink_.exists = !(std::abs(kink_.left - kink_.right) <= kink_.tolerance &&
                         std::abs(kink_.jump) <= step);
        kink_.zero = has_zero(centre_.x, centre_.D) || has_zero(centre_.w, centre_.D);
        kink_.same = !trial.composed() || agree(trial, hand);
        return kink_;
    }

private:
    static std::vector<double> half_difference(const std::vector<double>& a,
                                               const std::vector<double>& b, double step) {
        std::vector<double> move(a.size());
        for (size_t i = 0; i < a.size(); ++i) move[i] = (a[i] - b[i]) / (2 * step);
        return move;
    }

    static bool has_zero(const std::vector<double>& v, int64_t D) {
        for (auto row = v.begin(); row < v.end(); row += D) {
            if (std::all_of(row, row + D, [](double a) { return a == 0; })) return true;
        }
        return false;
    }

    double value_at(double side) const {
        const Problem p = region_.at(side);
        return Trial(make_, p).hand(p).value;
    }

    // Along the displacement: of the value, or, where the gradient is not the value's, the tape's.
    double slope_at(double side) const {
        const Problem p = region_.at(side);
        const Trial trial(make_, p);
        if (!trial.exact_mode()) {
            return slope(p, trial.composed() ? trial.tape(p) : trial.hand(p), x_move_, w_move_);
        }
        const double h = kBeside / 4;
        return (value_at(side + h) - value_at(side - h)) / (2 * h);
    }

    // The tape's gradient is the hand's, or rounding has put them on different sides.
    bool agree(const Trial& trial, const Outcome& hand) const {
        const Outcome tape = trial.tape(centre_);
        if (close(tape, hand)) return true;
        if (centre_.exact) return false;
        for (const double side : {-kOff, kOff}) {
            const Problem p = region_.at(side);
            if (close(tape, trial.hand(p))) return true;
        }
        return false;
    }

    // A problem moved by kOff has moved its gradient by that times its curvature.
    static bool close(const Outcome& tape, const Outcome& hand) {
        const double gain = hand.gain + hand.gradient_size();
        const double apart = std::max(distance(tape.dx, hand.dx), distance(tape.dw, hand.dw));
        return apart <= 1e-6 * gain;
    }

    const LossMaker& make_;
    const Region& region_;
    const Problem centre_;
    std::vector<double> x_move_, w_move_;
    Kink kink_;
};

}  // namespace

bool Kink::passed() const {
    if (!message.empty() || !same || !std::isfinite(hand) || !std::isfinite(left + right + jump))
        return false;
    if (zero && std::abs(hand) <= tolerance) return true;
    return hand >= std::min(left, right) - tolerance && hand <= std::max(left, right) + tolerance;
}

Kink look_at_kink(const LossMaker& make, const Region& region) {
    try {
        return KinkView(make, region).look();
    } catch (const std::exception& error) {
        Kink kink;
        kink.region = region.name;
        kink.direction = region.crossing;
        kink.message = error.what();
        return kink;
    }
}

}  // namespace facet::proof
