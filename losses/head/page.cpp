#include "losses/head/page.h"

#include <algorithm>
#include <sstream>
#include <string_view>

#include "losses/head/parameters.h"

namespace facet {
namespace {

// The lines of a text, without those that are empty at its ends and the indentation that all share.
std::vector<std::string> lines_of(const char* text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        line.erase(line.find_last_not_of(' ') + 1);
        if (!line.empty() || !lines.empty()) lines.push_back(line);
    }
    while (!lines.empty() && lines.back().empty()) lines.pop_back();
    size_t shared = std::string::npos;
    for (const std::string& line : lines) shared = std::min(shared, line.find_first_not_of(' '));
    for (std::string& line : lines) line.erase(0, std::min(shared, line.size()));
    return lines;
}

std::string joined(const std::vector<std::string>& lines, const char* before, const char* between) {
    std::string text;
    for (const std::string& line : lines) {
        text += (text.empty() ? "" : between) + (line.empty() ? line : before + line);
    }
    return text;
}

// Formulas as one line, with single blanks and a mark between those that stand on lines of their
// own; an indented line goes on with the one before.
std::string in_a_line(const char* text) {
    std::string all;
    for (const std::string& line : lines_of(text)) {
        const bool marked = all.empty() || line[0] == ' ' ||
                            std::string_view(",;:").find(all.back()) != std::string_view::npos;
        if (!marked) all += ';';
        std::istringstream in(line);
        for (std::string word; in >> word;) all += (all.empty() ? "" : " ") + word;
    }
    return all;
}

const char* title_of(LossGroup group) {
    switch (group) {
        case LossGroup::founding:
            return "The four founding papers";
        case LossGroup::margins:
            return "Softmax and margins";
        case LossGroup::adaptive:
            return "Margins and scales that follow the training or the sample";
        case LossGroup::weighted:
            return "Weighted negatives and samples";
        case LossGroup::binary:
            return "Binary classifiers";
        case LossGroup::proxies:
            return "Proxies of metric learning";
        case LossGroup::pairs:
            return "Pairs of rows of the batch, without proxies";
        case LossGroup::others:
            break;
    }
    return "Others";
}

}  // namespace

LossInfo describe(const LossPage& page, std::vector<ParameterInfo> parameters) {
    LossInfo info;
    info.name = page.name;
    info.paper = joined(lines_of(page.paper), "", " ");
    info.group = title_of(page.group);
    info.place = static_cast<int>(page.group);
    info.formula = in_a_line(page.formula);
    info.gradient = in_a_line(page.gradient);
    info.text = joined(lines_of(page.what), "", "\n") + "\n\n" +
                joined(lines_of(page.formula), "  ", "\n") + "\n" +
                joined(lines_of(page.gradient), "  ", "\n") + "\n\n" +
                joined(lines_of(page.why), "", "\n") + "\n";
    info.parameters = std::move(parameters);
    info.state = page.state;
    info.detached = page.detached;
    info.fewest_classes = page.fewest_classes;
    info.too_few = page.too_few;
    return info;
}

}  // namespace facet
