#include "tools/loss_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <sstream>

#include "engine/error.h"
#include "tools/loss_picture.h"
#include "tools/outputs.h"
#include "train/files/atomic.h"

namespace facet {
namespace {

// A setting ("grad=exact") is set as code; what Markdown would take for its own signs is escaped.
std::string markdown_word(const std::string& word) {
    const size_t length = word.find_last_not_of(".,;:)") + 1;
    const size_t equals = word.find('=');
    const bool setting = equals != std::string::npos && equals > 0 && equals + 1 < length &&
                         std::isalpha(static_cast<unsigned char>(word[0])) &&
                         word.find_first_of("<>(") == std::string::npos;
    if (setting) return "`" + word.substr(0, length) + "`" + word.substr(length);
    std::string escaped;
    for (const char sign : word) {
        if (std::string_view("*_<>").find(sign) != std::string_view::npos) escaped += '\\';
        escaped += sign;
    }
    return escaped;
}

// Words in `...` already stay as they are.
std::string markdown_prose(const std::string& text) {
    std::string prose;
    bool quoted = false;
    size_t at = 0;
    for (size_t end; at < text.size(); at = end) {
        end = text.find_first_of(" \n", at);
        if (end == at) {
            prose += text[end++];
            continue;
        }
        end = std::min(end, text.size());
        const std::string word = text.substr(at, end - at);
        const auto ticks = std::count(word.begin(), word.end(), '`');
        prose += quoted || ticks > 0 ? word : markdown_word(word);
        quoted = quoted != (ticks % 2 == 1);
    }
    return prose;
}

std::string markdown(std::string_view text) {
    std::string page;
    for (const Block& block : blocks_of(text)) {
        const std::string lines = join_names(block.lines, "\n");
        page += block.formulas ? "```text\n" + lines + "\n```\n\n" : markdown_prose(lines) + "\n\n";
    }
    return page;
}

// A cell of a table: | would end it.
std::string cell(std::string text) {
    for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
        text.insert(at, "\\");
    }
    return text;
}

std::string parameter_table(const LossInfo& info) {
    if (info.parameters.empty()) return "It has no parameters.\n\n";
    std::string table = "| parameter | default | allowed | meaning |\n| --- | --- | --- | --- |\n";
    for (const ParameterInfo& p : info.parameters) {
        table += fmt::format("| `{}` | {} | {} | {} |\n", p.name,
                             p.default_text.empty() ? "not set" : "`" + p.default_text + "`",
                             cell(p.allowed()), cell(markdown_prose(p.doc)));
    }
    return table + "\n";
}

std::string facts(const LossInfo& info) {
    std::string list;
    for (const ParameterInfo* mode : info.gradient_modes()) {
        list += fmt::format("{} `{}` ({})", list.empty() ? "- **Gradient modes**" : ",", mode->name,
                            join_names(mode->choices));
    }
    if (!list.empty()) list += "\n";
    if (!info.detached.empty()) {
        list += fmt::format(
            "- **Held constant** by the gradient, so that it is not the derivative of the value: "
            "{}\n",
            markdown_prose(info.detached));
    }
    list +=
        fmt::format("- **State** {}\n", info.state.empty() ? "none" : markdown_prose(info.state));
    list += fmt::format("- **Paper** {}\n", info.paper);
    return list;
}

std::string example(const LossInfo& info) {
    std::string settings;
    if (!info.parameters.empty()) {
        const ParameterInfo& p = info.parameters.front();
        if (!p.default_text.empty()) settings = fmt::format(" --set {}={}", p.name, p.default_text);
    }
    return fmt::format(
        "```sh\n"
        "build/facet losses {0}           # this text\n"
        "build/facet verify --loss {0}    # its gradient against independent ones\n"
        "build/facet train --data synth --loss {0}{1} --out runs/{0}\n"
        "```\n",
        info.name, settings);
}

}  // namespace

std::vector<ListedLosses> listed_losses() {
    std::vector<ListedLosses> groups;
    for (const LossInfo* info : all_losses()) {
        if (groups.empty() || groups.back().name != info->group)
            groups.push_back({info->group, {}});
        groups.back().losses.push_back(info);
    }
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
        size_t least = std::string::npos;
        for (const std::string& line : block.lines)
            least = std::min(least, line.find_first_not_of(' '));
        for (std::string& line : block.lines) line.erase(0, least);
    }
    return blocks;
}

std::string short_paper(const LossInfo& info) {
    std::string paper = info.paper.substr(0, info.paper.find(';'));
    if (const size_t note = paper.rfind(" ("); note != std::string::npos) paper.resize(note);
    const size_t first = paper.find(", "), last = paper.rfind(", ");
    if (first == std::string::npos) return paper;
    return paper.substr(0, first) + paper.substr(last);
}

std::string loss_page(const LossInfo& info) {
    std::string page = fmt::format("# {}\n\n", info.name);
    page += markdown(info.text);
    const CurvePicture picture = loss_curves(info);
    page +=
        fmt::format("![value and gradient of {0}]({0}.svg)\n\n{1}\n\n", info.name, picture.caption);
    page += "## Parameters\n\n" + parameter_table(info) + facts(info) + "\n" + example(info);
    page += fmt::format("\nAll of it is in [{0}](../../{0}). ", info.file);
    return page + "What the losses share: [README.md](README.md).\n";
}

std::string losses_index() {
    std::string page(losses_introduction());
    for (const ListedLosses& group : listed_losses()) {
        page += fmt::format("\n### {}\n\n| loss | paper | parameters |\n| --- | --- | --- |\n",
                            group.name);
        for (const LossInfo* info : group.losses) {
            std::string parameters;
            for (const ParameterInfo& p : info->parameters) {
                parameters += fmt::format("{}`{}{}{}`", parameters.empty() ? "" : " ", p.name,
                                          p.default_text.empty() ? "" : "=", p.default_text);
            }
            page += fmt::format("| [{0}]({0}.md) | {1} | {2} |\n", info->name, short_paper(*info),
                                parameters);
        }
    }
    return page;
}

int write_loss_pages(const std::filesystem::path& out) {
    std::vector<std::string> names{"README.md"};
    for (const LossInfo* info : all_losses()) {
        names.push_back(info->name + ".md");
        names.push_back(info->name + ".svg");
    }
    const OutputFolder output("--docs", out, std::move(names));
    const std::filesystem::path& folder = output.make();
    write_file_atomically(folder / "README.md", losses_index());
    for (const LossInfo* info : all_losses()) {
        write_file_atomically(folder / (info->name + ".md"), loss_page(*info));
        write_file_atomically(folder / (info->name + ".svg"),
                              loss_picture(info->name, loss_curves(*info)));
    }
    return int(all_losses().size());
}

}  // namespace facet
