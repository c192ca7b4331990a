// The report as a page: who is ahead, by how much, how surely, and how it came about.
#include "tools/lab/charts/page.h"

#include <algorithm>

#include "tools/lab/charts/chart.h"
#include "tools/lab/compare/report.h"
#include "tools/lab/mean.h"

namespace facet::compare {
namespace {

using atlas::Chart;
using atlas::escaped;
using atlas::svg_line;
using atlas::svg_text;

std::string figure(const std::string& picture, const std::string& caption) {
    return fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n", picture, caption);
}

// A horizontal axis in per cent, and rows below it.
struct Rows {
    double low, high;  // of what is shown, in per cent
    int rows;
    double left = 150, width = 400, step = 22, top = 12;

    double x(double value) const { return left + (value - low) / (high - low) * width; }
    double y(int row) const { return top + step * (row + 0.5); }
    double height() const { return top + step * rows + 30; }

    std::string open() const {
        const atlas::Ticks ticks = atlas::nice_ticks(low, high);
        std::string svg = fmt::format("<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\">",
                                      left + width + 20, height());
        for (int i = 0; i < ticks.count; ++i) {
            const double at = ticks.first + i * ticks.step;
            if (at < low || at > high) continue;
            svg += svg_line(x(at), top, x(at), top + step * rows, "grid");
            svg += svg_text(x(at), height() - 14, "middle", atlas::number_text(at), "tick");
        }
        return svg;
    }
};

std::string accuracy_picture(const Findings& f) {
    double low = 100, high = 0;
    for (const auto& runs : f.accuracy) {
        for (const double a : runs) {
            low = std::min(low, 100 * a);
            high = std::max(high, 100 * a);
        }
    }
    const Rows rows{low - 0.5, high + 0.5, static_cast<int>(f.losses.size())};
    std::string svg = rows.open();
    int row = 0;
    for (const size_t loss : ranking(f)) {
        const double y = rows.y(row++);
        svg += svg_text(rows.left - 8, y + 4, "end", escaped(f.losses[loss]));
        const double centre = rows.x(100 * mean(f.accuracy[loss]));
        svg += svg_line(centre, y - 8, centre, y + 8, "curve s0");
        for (const double a : f.accuracy[loss]) {
            svg += fmt::format(
                "<circle style=\"fill:var(--s0)\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\"/>",
                rows.x(100 * a), y);
        }
    }
    return svg + "</svg>";
}

// Zero is in the picture, and every interval.
std::string difference_picture(const Findings& f, const std::vector<Difference>& all) {
    double reach = 0.5;
    for (const Difference& d : all) {
        reach = std::max({reach, 100 * std::abs(d.wide_low), 100 * std::abs(d.wide_high)});
    }
    Rows rows{-reach, reach, static_cast<int>(all.size())};
    rows.left = 230;
    rows.width = 330;
    std::string svg = rows.open();
    svg += svg_line(rows.x(0), rows.top, rows.x(0), rows.top + rows.step * rows.rows, "axis");
    int row = 0;
    for (const Difference& d : all) {
        const double y = rows.y(row++);
        const char* pen = d.beyond_noise() ? "curve s1" : "curve s6";
        svg +=
            svg_text(rows.left - 8, y + 4, "end", escaped(f.losses[d.a] + " − " + f.losses[d.b]));
        svg += svg_line(rows.x(100 * d.wide_low), y, rows.x(100 * d.wide_high), y, pen);
        for (const double end : {d.low, d.high}) {
            svg += svg_line(rows.x(100 * end), y - 4, rows.x(100 * end), y + 4, pen);
        }
        svg +=
            fmt::format("<circle style=\"fill:var(--{})\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\"/>",
                        d.beyond_noise() ? "s1" : "s6", rows.x(100 * d.mean), y);
    }
    return svg + "</svg>";
}

std::string pen_of(size_t number) { return fmt::format("s{}", number % 8); }

// The mean over the seeds at every evaluation.
template <class Value>
std::string curves(const Findings& f, const std::string& title, Value value) {
    Chart chart{title, {"step"}};
    for (size_t loss = 0; loss < f.losses.size(); ++loss) {
        atlas::Line line{f.losses[loss], pen_of(loss), {}, {}};
        const auto& runs = f.results[loss];
        for (size_t i = 0; i < runs.front().curve.size(); ++i) {
            double sum = 0;
            for (const RunResult& run : runs) sum += value(run.curve.at(i));
            line.x.push_back(static_cast<double>(runs.front().curve[i].step));
            line.y.push_back(sum / static_cast<double>(runs.size()));
        }
        chart.lines.push_back(std::move(line));
    }
    return figure(draw(chart) + atlas::legend(chart.lines),
                  "Mean over the seeds, at every evaluation.");
}

// Shares of the pairs in bins of 1/20, of the first seed.
atlas::Line histogram_line(const char* label, const char* pen, const Distribution& distribution) {
    atlas::Line line{label, pen, {}, {}};
    for (size_t bin = 0; bin < distribution.histogram.size(); ++bin) {
        line.x.push_back(-1 + (static_cast<double>(bin) + 0.5) / 20);
        line.y.push_back(100.0 * static_cast<double>(distribution.histogram[bin]) /
                         static_cast<double>(distribution.count));
    }
    return line;
}

std::string similarities(const Findings& f) {
    std::string html = "<div class=\"two\">";
    for (const size_t loss : ranking(f)) {
        const Verification& v = f.results[loss].front().verification;
        Chart chart{
            f.losses[loss], {"cosine of a pair", atlas::Scale::linear, -1, 1}, {"% of the pairs"}};
        chart.lines = {histogram_line("same person", "s2", v.similarity_same),
                       histogram_line("different people", "s1", v.similarity_different)};
        html += figure(draw(chart) + atlas::legend(chart.lines),
                       fmt::format("Gap of the means {:.3f}; 5th percentile of same minus 95th of "
                                   "different {:.3f}.",
                                   v.gap_of_means, v.gap_of_tails));
    }
    return html + "</div>";
}

std::string table_row(const std::vector<std::string>& cells, const char* tag) {
    std::string html;
    for (const std::string& cell : cells) {
        html += fmt::format("<{0} style=\"white-space:nowrap\">{1}</{0}>", tag, escaped(cell));
    }
    return "<tr>" + html + "</tr>";
}

std::string table(const Findings& f) {
    std::string rows;
    for (const auto& row : table_rows(f)) rows += table_row(row, "td");
    return fmt::format(
        "<div class=\"wide\"><table><thead>{}</thead><tbody>{}</tbody></table></div>",
        table_row(column_names(), "th"), rows);
}

std::string section(const std::string& title, const std::string& content) {
    return fmt::format("<section><h2>{}</h2>{}</section>\n", title, content);
}

}  // namespace

std::string html_report(const Findings& f) {
    std::string said;
    for (const std::string& line : statements(f)) said += "<p>" + escaped(line) + ".</p>";
    std::string body = fmt::format(
        "<header><h1>Losses compared</h1><p class=\"lead\">Trained on {}, {} seed{}; judged on {}. "
        "Runs of one seed start from the same network and see the same images in the same "
        "order.</p>"
        "</header><main>",
        escaped(f.data), f.seeds.size(), f.seeds.size() == 1 ? "" : "s", escaped(f.source));
    body += section("What can be said", said + table(f));
    body += section("Accuracy of every run",
                    figure(accuracy_picture(f), "Per cent. A dot is a run, a bar the mean."));
    body += section(
        "Differences",
        figure(difference_picture(f, f.accuracy_differences),
               fmt::format("Points of accuracy, {} bootstrap resamples of people and seeds. Short "
                           "strokes: 95 % for that difference; the line: 95 % for all of them "
                           "together. Coloured where the line does not touch zero.",
                           f.resamples)));
    body += section("Learning",
                    "<div class=\"two\">" + curves(f, "accuracy, %", [](const CurvePoint& p) {
                        return 100 * p.accuracy;
                    }) + curves(f, "mean cosine to the own class", [](const CurvePoint& p) {
                        return p.target_cosine;
                    }) + "</div>");
    body += section("Similarities of pairs", similarities(f));
    return fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\"><title>facet: losses compared</title>"
        "<style>{}</style></head><body>{}</main></body></html>\n",
        atlas::kPageStyle, body);
}

}  // namespace facet::compare
