// The documentation of the losses as files: docs/losses.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "losses/head/loss.h"

namespace facet {

// The losses under their headings.
struct ListedLosses {
    std::string name;
    std::vector<const LossInfo*> losses;
};
std::vector<ListedLosses> listed_losses();

// A run of lines of a loss's text: prose, or the formulas between them, which are indented.
struct Block {
    bool formulas = false;
    std::vector<std::string> lines;  // the indentation of the block taken off
};
std::vector<Block> blocks_of(std::string_view text);

// "Khalid et al., TPAMI 2023": authors and venue of the (first) paper.
std::string short_paper(const LossInfo& info);

// A page of Markdown: the text of the loss's file, parameters, modes, state, picture.
std::string loss_page(const LossInfo& info);
// README.md: what all losses share, and the table of them.
std::string losses_index();

// What all losses share: conventions, how dL/dcos becomes gradients by vectors, cone points,
// detached statistics. Markdown.
std::string_view losses_introduction();

// Writes README.md and for every loss NAME.md and NAME.svg into `folder`, which is made if it does
// not exist. The number of losses. Throws Error where a file cannot be written.
int write_loss_pages(const std::filesystem::path& folder);

}  // namespace facet
