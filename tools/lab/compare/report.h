// What a comparison found: tables for people and programs, and a page with pictures.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tools/lab/compare/bootstrap.h"
#include "tools/lab/compare/runs.h"

namespace facet::compare {

struct Findings {
    std::vector<std::string> losses;  // labels
    std::vector<int64_t> seeds;
    std::vector<std::vector<RunResult>> results;     // (losses, seeds)
    std::vector<std::vector<double>> accuracy, tar;  // (losses, seeds), see merits()
    std::vector<Difference> accuracy_differences, tar_differences;
    int resamples = 0;
    std::string data;    // what was trained on, in words
    std::string source;  // what was judged, in words
};

// Losses by their mean accuracy, the best first.
std::vector<size_t> ranking(const Findings& findings);

// The table of the report: what its columns are called, and a row a loss in the order of ranking().
// Mean ± standard deviation over the seeds.
std::vector<std::string> column_names();
std::vector<std::vector<std::string>> table_rows(const Findings& findings);

// Which differences are larger than noise: one sentence a loss that beats another, or that none
// does.
std::vector<std::string> statements(const Findings& findings);

nlohmann::ordered_json to_json(const Findings& findings);
void print(const Findings& findings);

// report.json, table.csv, differences.csv, curves.csv and report.html in `out`.
void write_report(const Findings& findings, const std::filesystem::path& out);

// page.cpp: one file that needs nothing else.
std::string html_report(const Findings& findings);

}  // namespace facet::compare
