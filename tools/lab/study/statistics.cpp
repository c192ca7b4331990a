#include "tools/lab/study/statistics.h"

#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>

#include "engine/error.h"

namespace facet::study {

double student_t(int degrees_of_freedom) {
    constexpr double table[] = {12.7062, 4.3027, 3.1824, 2.7764, 2.5706,
                                2.4469,  2.3646, 2.3060, 2.2622, 2.2281};
    FACET_CHECK(degrees_of_freedom >= 1,
                "student_t: expected 1 degree of freedom or more, found {}", degrees_of_freedom);
    if (degrees_of_freedom <= std::ssize(table)) return table[degrees_of_freedom - 1];
    // Abramowitz and Stegun 26.7.5: from the normal quantile z, in powers of 1 / n.
    const double z = 1.959964, n = degrees_of_freedom, cube = z * z * z, fifth = cube * z * z;
    return z + (cube + z) / (4 * n) + (5 * fifth + 16 * cube + 3 * z) / (96 * n * n);
}

Contrast paired(const std::vector<double>& a, const std::vector<double>& b) {
    FACET_CHECK(a.size() == b.size() && !a.empty(),
                "paired: expected as many of both, found {}, {}", a.size(), b.size());
    std::vector<double> differences;
    for (size_t seed = 0; seed < a.size(); ++seed) differences.push_back(a[seed] - b[seed]);
    const double difference = mean(differences);
    const auto n = static_cast<int>(a.size());
    const double half = n < 2 ? std::numeric_limits<double>::infinity()
                              : student_t(n - 1) * spread(differences) / std::sqrt(n);
    return {difference, difference - half, difference + half};
}

Verdict judge(const Contrast& contrast, double matters) {
    if (contrast.low > 0) return Verdict::Larger;
    if (contrast.high < 0) return Verdict::Smaller;
    const bool negligible = contrast.low >= -matters && contrast.high <= matters;
    return negligible ? Verdict::Alike : Verdict::Unclear;
}

std::string outcome_of_claim(const std::vector<Verdict>& parts) {
    size_t in_favour = 0, against = 0;
    for (const Verdict v : parts) {
        in_favour += v == Verdict::Larger;
        against += v == Verdict::Smaller || v == Verdict::Alike;
    }
    if (in_favour == parts.size()) return "The claim holds here";
    if (in_favour > 0) {
        return against > 0 ? "The claim holds in part here"
                           : "The claim holds in part here, the rest is not decided";
    }
    return against > 0 ? "The claim does not hold here" : "The claim is not decided here";
}

std::string number(double value, const Quantity& quantity) {
    const std::string text = fmt::format("{:.{}f}", value * quantity.factor, quantity.digits);
    const bool zero = text.find_first_of("123456789") == std::string::npos;
    return zero && text.starts_with('-') ? text.substr(1) : text;  // no "-0.00"
}

std::string mean_and_spread(const std::vector<double>& values, const Quantity& quantity) {
    return number(mean(values), quantity) + " ± " + number(spread(values), quantity);
}

std::string sentence(const std::string& a, const std::string& b, const Quantity& q,
                     const Contrast& c) {
    if (!std::isfinite(c.low) || !std::isfinite(c.high)) {
        return fmt::format(
            "{} differs by {}{} between {} and {}; one run says nothing of the noise", q.name,
            number(c.difference, q), q.unit, a, b);
    }
    const std::string interval =
        fmt::format("95 % interval {} to {}", number(c.low, q), number(c.high, q));
    const std::string size = number(std::abs(c.difference), q) + q.unit;
    switch (judge(c, q.matters)) {
        case Verdict::Larger:
            return fmt::format("{} is higher with {} than with {}: by {} ({})", q.name, a, b, size,
                               interval);
        case Verdict::Smaller:
            return fmt::format("{} is lower with {} than with {}: by {} ({})", q.name, a, b, size,
                               interval);
        case Verdict::Alike:
            return fmt::format("{} is the same with {} and {} within {}{} ({})", q.name, a, b,
                               number(q.matters, q), q.unit, interval);
        case Verdict::Unclear:
            break;
    }
    return fmt::format("{} with {} and with {} cannot be told apart: they differ by {}{} ({})",
                       q.name, a, b, number(c.difference, q), q.unit, interval);
}

}  // namespace facet::study
