// What a study may say: differences between arms, how sure they are, and the words that follow.
#pragma once

#include <string>
#include <vector>

#include "tools/lab/mean.h"

namespace facet::study {

// A difference a - b with its 95 % interval; infinite where nothing is known of the noise.
struct Contrast {
    double difference = 0, low = 0, high = 0;
};

// Over seeds: the runs of a seed start from the same weights and see the same pictures, so their
// differences are taken seed by seed; Student's t of these. (seeds) each. Throws Error for vectors
// of different lengths or none.
Contrast paired(const std::vector<double>& a, const std::vector<double>& b);

// Two-sided 95 % quantile of Student's t.
double student_t(int degrees_of_freedom);

enum class Verdict {
    Larger,   // the interval lies above 0
    Smaller,  // below 0
    Alike,    // it holds 0 and no difference that would matter
    Unclear   // it holds 0 and differences that would matter
};

// `matters`: the smallest difference of consequence, >= 0.
Verdict judge(const Contrast& contrast, double matters);

// What becomes of a claim with several parts. Each verdict is of a difference that the claim wants
// to be larger than 0: Larger is in favour, Smaller and Alike are against, Unclear decides nothing.
// "The claim holds here", "... in part", "... does not hold here", "... is not decided here".
std::string outcome_of_claim(const std::vector<Verdict>& parts);

// How a figure is spoken of: accuracy in points is {"accuracy", " points", 100, 2, 0.01}.
struct Quantity {
    std::string name;
    std::string unit;   // with the blank before it
    double factor = 1;  // from the value to what is printed
    int digits = 3;
    double matters = 0;  // in the value's own unit
};

// One sentence, chosen by judge(): "accuracy is higher with A than with B: by 2.10 points (95 %
// interval 1.20 to 3.00)".
std::string sentence(const std::string& a, const std::string& b, const Quantity& quantity,
                     const Contrast& contrast);

// "1.20", at the quantity's digits and factor.
std::string number(double value, const Quantity& quantity);
// "93.10 ± 0.42" over the seeds.
std::string mean_and_spread(const std::vector<double>& values, const Quantity& quantity);

}  // namespace facet::study
