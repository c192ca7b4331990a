#include "tools/loss_texts.h"

#include <algorithm>
#include <sstream>

namespace facet {
namespace {

// Written by tools/loss_texts.awk at build time.
constexpr LossText kTexts[] = {
#include "loss_texts.inc"
};

std::size_t indentation(const std::string& line) { return line.find_first_not_of(' '); }

}  // namespace

const LossText* loss_text(std::string_view name) {
    const auto* found = std::find_if(std::begin(kTexts), std::end(kTexts),
                                     [&](const LossText& text) { return text.name == name; });
    return found == std::end(kTexts) ? nullptr : found;
}

std::vector<LossGroup> loss_groups() {
    std::vector<LossGroup> groups;
    for (const LossText& text : kTexts) {
        if (groups.empty() || groups.back().name != text.group) groups.push_back({text.group, {}});
        groups.back().losses.push_back(&loss_info(std::string(text.name)));
    }
    LossGroup others{"Others", {}};
    for (const LossInfo* info : all_losses()) {
        if (!loss_text(info->name)) others.losses.push_back(info);
    }
    if (!others.losses.empty()) groups.push_back(others);
    return groups;
}

std::vector<Block> blocks_of(std::string_view text) {
    std::vector<Block> blocks;
    bool fresh = true;  // the next line begins a block
    std::istringstream in{std::string(text)};
    for (std::string line; std::getline(in, line);) {
        if (line.empty()) {
            fresh = true;
            continue;
        }
        const bool formulas = line[0] == ' ';
        if (fresh || blocks.back().formulas != formulas) blocks.push_back({formulas, {}});
        blocks.back().lines.push_back(line);
        fresh = false;
    }
    for (Block& block : blocks) {
        std::size_t least = std::string::npos;
        for (const std::string& line : block.lines) least = std::min(least, indentation(line));
        for (std::string& line : block.lines) line.erase(0, least);
    }
    return blocks;
}

}  // namespace facet
