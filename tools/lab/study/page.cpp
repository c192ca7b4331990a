#include "tools/lab/study/page.h"

#include <fmt/ranges.h>
#include <omp.h>

#include <algorithm>
#include <sstream>

#include "tools/terminal.h"
#include "train/files/atomic.h"
#include "train/files/file_reader.h"
#include "train/files/text.h"

namespace facet::study {
namespace {

const std::string kInShort = "**In short.** ";
constexpr size_t kLineWidth = 100;  // columns

// Bytes that continue a character of UTF-8 take no column.
size_t columns(const std::string& word) {
    return static_cast<size_t>(
        std::count_if(word.begin(), word.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// At the start of a line Markdown would take these for a list or a quotation.
bool begins_a_list(const std::string& word) {
    return word == "-" || word == "+" || word == "*" || word == ">";
}

// Words; a number with its percent sign is one.
std::vector<std::string> unbreakable(const std::string& text) {
    std::istringstream words(text);
    std::vector<std::string> result;
    for (std::string word; words >> word;) {
        if (word.starts_with('%') && !result.empty()) {
            result.back() += " " + word;
        } else {
            result.push_back(word);
        }
    }
    return result;
}

std::string markdown_table(const std::vector<std::vector<std::string>>& rows) {
    std::string text;
    for (size_t row = 0; row < rows.size(); ++row) {
        text += fmt::format("| {} |\n", fmt::join(rows[row], " | "));
        if (row > 0) continue;
        text += "|";
        for (size_t column = 0; column < rows[row].size(); ++column) text += " --- |";
        text += "\n";
    }
    return text;
}

double training_seconds(const Results& results) {
    double seconds = 0;
    for (const auto& arm : results.runs) {
        for (const Run& run : arm) seconds += run.result.seconds;
    }
    return seconds;
}

std::string what_was_run(const Results& results) {
    const RunConfig& c = results.configs.front();
    const Verification& v = results.runs[0][0].result.verification;
    const size_t runs = results.runs.size() * results.seeds.size();
    return wrapped(fmt::format(
        "{} at {} pixels with D = {}, trained on {}, {} steps of {} pictures; {} arms, {} seed{} "
        "each ({} runs, {} of training in all, {} thread{}). Runs of one seed start from the same "
        "network and see the same pictures in the same order. Judged on {} same and {} different "
        "pairs, {}. This is small: {:.0f} s of training a run, on drawn faces. It shows how the "
        "losses behave here, not how they rank on a million photographs.",
        c.network.backbone, c.network.image, c.network.embedding, results.data, results.steps,
        c.batch, results.runs.size(), results.seeds.size(), results.seeds.size() == 1 ? "" : "s",
        runs, format_duration(training_seconds(results)), omp_get_max_threads(),
        omp_get_max_threads() == 1 ? "" : "s", v.same, v.different, results.evaluation.source,
        training_seconds(results) / static_cast<double>(runs)));
}

std::string arms(const Results& results) {
    std::vector<std::vector<std::string>> rows{{"arm", "`--loss`", "besides"}};
    for (const Arm& arm : results.study.arms) {
        std::string besides;
        for (const auto& [option, text] : arm.settings) {
            besides += fmt::format("{}`{} {}`", besides.empty() ? "" : ", ", option, text);
        }
        rows.push_back({arm.label, "`" + arm.loss + "`", besides});
    }
    return markdown_table(rows);
}

std::string figure_text(const Figure& figure, const std::string& name) {
    const std::string file = name + "-" + figure.name;
    return fmt::format("![{0}]({1}.svg)\n\n", figure.name, file) +
           wrapped(fmt::format("{} Numbers: [{}.csv]({}.csv).", figure.caption, file, file)) + "\n";
}

// What the page in `file` says in short; empty without a page.
std::string in_short(const std::filesystem::path& file) {
    std::istringstream in(std::filesystem::exists(file) ? read_file(file) : "");
    std::string text;
    for (std::string line; std::getline(in, line);) {
        if (text.empty() && !line.starts_with(kInShort)) continue;
        if (line.empty()) break;
        text += (text.empty() ? "" : " ") + line;
    }
    return text.empty() ? "" : text.substr(kInShort.size());
}

}  // namespace

std::string wrapped(const std::string& text, int indent) {
    std::string result;
    size_t column = 0;
    for (const std::string& word : unbreakable(text)) {
        const bool breaks = column + 1 + columns(word) > kLineWidth && !begins_a_list(word);
        if (column > 0 && breaks) {
            result += "\n" + std::string(indent, ' ');
            column = indent;
        } else if (column > 0) {
            result += ' ';
            ++column;
        }
        result += word;
        column += columns(word);
    }
    return result + "\n";
}

std::string page(const Results& results, const Reading& reading, const std::string& command) {
    const Study& study = results.study;
    std::string text = fmt::format("# {}\n\n", study.title);
    text += wrapped("**Claim.** " + study.claim) + "\n";
    text += wrapped("**Question.** " + study.question) + "\n";
    text += wrapped("**What would refute it.** " + study.refuted) + "\n";
    text += wrapped(kInShort + reading.conclusion) + "\n";
    text += "```\n" + command + "\n```\n\n## What was run\n\n" + what_was_run(results) + "\n" +
            arms(results) + "\n## Results\n\n" + markdown_table(reading.table) + "\n";
    text += wrapped("Mean ± standard deviation over the seeds.") + "\n";
    for (const Figure& figure : reading.figures) text += figure_text(figure, study.name);
    text += "## Reading\n\n";
    text += wrapped(
                "Each sentence is chosen by the command from the difference measured and its "
                "noise: the 95 % interval of a paired bootstrap over people and seeds for "
                "accuracy and acceptance rates, of Student's t over seeds for all else. Each "
                "interval is for "
                "its own comparison: of twenty, one may be beyond the noise by chance.") +
            "\n";
    for (const std::string& line : reading.sentences) text += wrapped("- " + line + ".", 2);
    return text;
}

void write_page(const Results& results, const Reading& reading, const std::string& command,
                const std::filesystem::path& out) {
    std::filesystem::create_directories(out);
    const std::string& name = results.study.name;
    for (const Figure& figure : reading.figures) {
        write_file_atomically(out / (name + "-" + figure.name + ".svg"), svg(figure));
        write_file_atomically(out / (name + "-" + figure.name + ".csv"), csv(figure));
    }
    write_file_atomically(out / (name + ".md"), text_of(page(results, reading, command)));
    write_list(out);
}

void write_list(const std::filesystem::path& out) {
    std::string text = "# Studies\n\n";
    text += wrapped(
        "Claims of papers, tried on a small scale with one command each, minutes on one core: "
        "`facet study NAME --config tools/recipes/study.toml --out docs/studies`. A page states "
        "what would refute the claim; its numbers, figures and "
        "sentences are computed from the runs, and whichever way it comes out it stays. "
        "`facet study --list` lists them, `--all` in place of a name makes them all.");
    for (const Study& study : all_studies()) {
        const std::string found = in_short(out / (study.name + ".md"));
        const std::string link =
            found.empty() ? fmt::format("**{}** (`facet study {}`)", study.title, study.name)
                          : fmt::format("[{}]({}.md)", study.title, study.name);
        text += "\n" + wrapped(fmt::format("- {}. {} {}", link, study.question, found), 2);
    }
    write_file_atomically(out / "README.md", text);
}

}  // namespace facet::study
