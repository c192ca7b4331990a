// The page of a study in Markdown, its figures beside it, and the list of all pages.
#pragma once

#include <filesystem>
#include <string>

#include "tools/lab/study/runs.h"

namespace facet::study {

// `command`: what makes the page again.
std::string page(const Results& results, const Reading& reading, const std::string& command);

// NAME.md, and of every figure NAME-<figure>.svg and .csv, in `out`; then the list.
void write_page(const Results& results, const Reading& reading, const std::string& command,
                const std::filesystem::path& out);

// README.md: every study with its question and, where `out` has its page, what came out.
void write_list(const std::filesystem::path& out);

// Lines of at most 100 columns, broken at blanks; a first line may hang by `indent` blanks.
std::string wrapped(const std::string& text, int indent = 0);

}  // namespace facet::study
