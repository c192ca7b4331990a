// What a loss's own file says in its head comment: formula, gradient, derivation, conventions. It
// is the one text of which `facet losses` and docs/losses are made.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "losses/head/loss.h"

namespace facet {

struct LossText {
    std::string_view name;   // as in --loss
    std::string_view group;  // the heading under which the registry lists it
    std::string_view file;   // "losses/arcface.h"
    std::string_view text;   // lines of at most 98 columns, without the comment signs
};

// nullptr for a loss that is not defined in a file of its name under losses/.
const LossText* loss_text(std::string_view name);

// The losses under the headings of the registry; those from elsewhere last, under "Others".
struct LossGroup {
    std::string_view name;
    std::vector<const LossInfo*> losses;
};
std::vector<LossGroup> loss_groups();

// A run of lines of the text: prose, or the formulas between them, which are indented.
struct Block {
    bool formulas = false;
    std::vector<std::string> lines;  // the indentation of the block taken off
};
std::vector<Block> blocks_of(std::string_view text);

}  // namespace facet
