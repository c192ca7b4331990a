#include "tools/lab/compare/report.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "tools/lab/mean.h"
#include "tools/terminal.h"
#include "train/files/atomic.h"
#include "train/files/text.h"

namespace facet::compare {
namespace {

using nlohmann::ordered_json;

template <class Figure>
std::vector<double> over_seeds(const std::vector<RunResult>& results, Figure figure) {
    std::vector<double> values;
    for (const RunResult& result : results) values.push_back(figure(result));
    return values;
}

double auc(const RunResult& o) { return o.verification.auc; }
double gap(const RunResult& o) { return o.verification.gap_of_means; }
double seconds(const RunResult& o) { return o.seconds; }

std::string percent(const std::vector<double>& shares) {
    return fmt::format("{:.2f} ± {:.2f}", 100 * mean(shares), 100 * spread(shares));
}

ordered_json to_json(const Difference& d, const Findings& f) {
    return {{"a", f.losses[d.a]},
            {"b", f.losses[d.b]},
            {"difference", d.mean},
            {"interval95", {d.low, d.high}},
            {"interval95_of_all", {d.wide_low, d.wide_high}},
            {"beyond_noise", d.beyond_noise()}};
}

ordered_json to_json(const std::vector<Difference>& differences, const Findings& f) {
    ordered_json json = ordered_json::array();
    for (const Difference& d : differences) json.push_back(to_json(d, f));
    return json;
}

void csv_differences(std::string& text, const char* merit, const std::vector<Difference>& all,
                     const Findings& f) {
    for (const Difference& d : all) {
        text += fmt::format("{},{},{},{},{},{},{},{},{}\n", merit, csv_field(f.losses[d.a]),
                            csv_field(f.losses[d.b]), d.mean, d.low, d.high, d.wide_low,
                            d.wide_high, d.beyond_noise() ? 1 : 0);
    }
}

}  // namespace

std::vector<size_t> ranking(const Findings& findings) {
    std::vector<size_t> order(findings.losses.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
        return mean(findings.accuracy[a]) > mean(findings.accuracy[b]);
    });
    return order;
}

std::vector<std::string> column_names() {
    return {"loss", "accuracy %", "TAR at FAR 1e-2 %", "AUC", "gap", "s a run"};
}

std::vector<std::vector<std::string>> table_rows(const Findings& f) {
    std::vector<std::vector<std::string>> rows;
    for (const size_t loss : ranking(f)) {
        const auto& results = f.results[loss];
        rows.push_back({f.losses[loss], percent(f.accuracy[loss]), percent(f.tar[loss]),
                        fmt::format("{:.4f}", mean(over_seeds(results, auc))),
                        fmt::format("{:.3f}", mean(over_seeds(results, gap))),
                        fmt::format("{:.0f}", mean(over_seeds(results, seconds)))});
    }
    return rows;
}

std::vector<std::string> statements(const Findings& findings) {
    std::vector<std::string> lines;
    for (const size_t loss : ranking(findings)) {
        std::vector<std::string> beaten;
        for (const Difference& d : findings.accuracy_differences) {
            if (!d.beyond_noise()) continue;
            const int better = d.mean > 0 ? d.a : d.b, worse = d.mean > 0 ? d.b : d.a;
            if (better == static_cast<int>(loss)) {
                const double low = std::min(std::abs(d.wide_low), std::abs(d.wide_high));
                const double high = std::max(std::abs(d.wide_low), std::abs(d.wide_high));
                beaten.push_back(fmt::format("{} by {:.2f} points ({:.2f} to {:.2f})",
                                             findings.losses[worse], 100 * std::abs(d.mean),
                                             100 * low, 100 * high));
            }
        }
        if (!beaten.empty()) {
            lines.push_back(fmt::format("{} is better than {}", findings.losses[loss],
                                        fmt::join(beaten, ", ")));
        }
    }
    if (lines.empty()) return {"no difference in accuracy is larger than noise"};
    lines.push_back("in brackets: 95 % intervals of all comparisons together");
    return lines;
}

nlohmann::ordered_json to_json(const Findings& f) {
    ordered_json json{{"data", f.data},
                      {"judged", f.source},
                      {"seeds", f.seeds},
                      {"resamples", f.resamples},
                      {"losses", ordered_json::array()}};
    for (const size_t loss : ranking(f)) {
        ordered_json entry{
            {"loss", f.losses[loss]},
            {"accuracy",
             {{"mean", mean(f.accuracy[loss])},
              {"sd", spread(f.accuracy[loss])},
              {"runs", f.accuracy[loss]}}},
            {"tar_at_far_1e-2",
             {{"mean", mean(f.tar[loss])}, {"sd", spread(f.tar[loss])}, {"runs", f.tar[loss]}}},
            {"auc", mean(over_seeds(f.results[loss], auc))},
            {"gap_of_means", mean(over_seeds(f.results[loss], gap))},
            {"seconds_a_run", mean(over_seeds(f.results[loss], seconds))}};
        json["losses"].push_back(std::move(entry));
    }
    json["differences"] = {{"accuracy", to_json(f.accuracy_differences, f)},
                           {"tar_at_far_1e-2", to_json(f.tar_differences, f)}};
    json["statements"] = statements(f);
    return json;
}

void print(const Findings& f) {
    facet::Table table(column_names());
    for (const auto& row : table_rows(f)) table.row(row);
    table.print();
    fmt::print("mean ± standard deviation over seeds ({}); judged on {}\n\n", f.seeds.size(),
               f.source);
    for (const std::string& line : statements(f)) fmt::print("{}\n", line);
}

void write_report(const Findings& f, const std::filesystem::path& out) {
    write_file_atomically(out / "report.json", json_text(to_json(f), 2) + "\n");
    std::string table = "loss,seed,accuracy,tar_at_far_1e-2,auc,eer,gap_of_means,seconds\n";
    std::string curves = "loss,seed,step,accuracy,target_cosine\n";
    for (size_t loss = 0; loss < f.losses.size(); ++loss) {
        const std::string name = csv_field(f.losses[loss]);
        for (size_t seed = 0; seed < f.seeds.size(); ++seed) {
            const RunResult& o = f.results[loss][seed];
            table += fmt::format("{},{},{},{},{},{},{},{:.1f}\n", name, f.seeds[seed],
                                 f.accuracy[loss][seed], f.tar[loss][seed], o.verification.auc,
                                 o.verification.equal_error_rate, o.verification.gap_of_means,
                                 o.seconds);
            for (const CurvePoint& p : o.curve) {
                curves += fmt::format("{},{},{},{},{}\n", name, f.seeds[seed], p.step, p.accuracy,
                                      p.target_cosine);
            }
        }
    }
    std::string differences = "merit,a,b,difference,low,high,low_of_all,high_of_all,beyond_noise\n";
    csv_differences(differences, "accuracy", f.accuracy_differences, f);
    csv_differences(differences, "tar_at_far_1e-2", f.tar_differences, f);
    write_file_atomically(out / "table.csv", table);
    write_file_atomically(out / "curves.csv", curves);
    write_file_atomically(out / "differences.csv", differences);
    write_file_atomically(out / "report.html", html_report(f));
}

}  // namespace facet::compare
