// What a loss's file says of the loss, in words: the page from which `facet losses` and docs/losses
// are made.
#pragma once

#include <cstdint>
#include <vector>

namespace facet {

struct LossInfo;
struct ParameterInfo;

// The headings under which losses are listed, in this order.
enum class LossGroup { founding, margins, adaptive, weighted, binary, proxies, pairs, others };

// Text of several lines may begin with a line feed; the indentation that all lines share is taken
// off. A run of indented lines is a formula, all else prose.
struct LossPage {
    const char* name;   // as in --loss
    const char* paper;  // authors, title, venue
    LossGroup group;
    const char* what;      // the idea in a sentence
    const char* formula;   // L_i in terms of c_ij, y = y_i
    const char* gradient;  // dL_i/dc_ij
    const char* why;  // where the gradient comes from ("Derivation: ..."); what public code does
    const char* state = "";  // what is kept between steps; "" = nothing
    // The statistic that the gradient holds constant, whatever the modes; "" = none. The gradient
    // is then not the derivative of the value.
    const char* detached = "";
    int64_t fewest_classes = 1;  // over fewer its formula is not defined
    const char* too_few = "";    // why over fewer it is not defined
};

LossInfo describe(const LossPage& page, std::vector<ParameterInfo> parameters);

}  // namespace facet
