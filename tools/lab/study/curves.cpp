#include "tools/lab/study/curves.h"

#include <algorithm>

namespace facet::study {

atlas::Line log_line(const Results& results, const std::string& label, int pen,
                     const std::function<double(const LoggedStep&)>& figure) {
    const auto& runs = results.runs[results.arm(label)];
    atlas::Line line{label, fmt::format("s{}", pen), {}, {}};
    const size_t steps = runs.front().log.size(), parts = std::min<size_t>(20, steps);
    for (size_t part = 0; part < parts; ++part) {
        const size_t first = part * steps / parts, last = (part + 1) * steps / parts;
        double sum = 0;
        for (const Run& run : runs) {
            for (size_t k = first; k < last; ++k) sum += figure(run.log.at(k));
        }
        line.x.push_back(static_cast<double>(first + last + 1) / 2);
        line.y.push_back(sum / static_cast<double>((last - first) * runs.size()));
    }
    return line;
}

double log_mean(const Run& run, double from,
                const std::function<double(const LoggedStep&)>& figure) {
    const auto first = std::min(static_cast<size_t>(from * static_cast<double>(run.log.size())),
                                run.log.size() - 1);
    double sum = 0;
    for (size_t k = first; k < run.log.size(); ++k) sum += figure(run.log[k]);
    return sum / static_cast<double>(run.log.size() - first);
}

double last_cosine(const Run& run) {
    return log_mean(run, 0.9, [](const LoggedStep& step) { return step.target_cosine; });
}

atlas::Line look_line(const Results& results, const std::string& label, const std::string& name,
                      int pen, const std::function<double(const nlohmann::json&)>& figure) {
    const auto& runs = results.runs[results.arm(label)];
    atlas::Line line{name, fmt::format("s{}", pen), {}, {}};
    for (size_t k = 0; k < runs.front().looks.size(); ++k) {
        double sum = 0;
        for (const Run& run : runs) sum += figure(run.looks.at(k));
        line.x.push_back(runs.front().looks[k].at("step").get<double>());
        line.y.push_back(sum / static_cast<double>(runs.size()));
    }
    return line;
}

std::vector<double> look_means(const Results& results, const std::string& label, double from,
                               const std::function<double(const nlohmann::json&)>& figure) {
    return results.over_seeds(label, [&](const Run& run) {
        FACET_CHECK(!run.looks.empty(), "{}: nothing was looked at", run.folder.string());
        const auto first =
            std::min(static_cast<size_t>(from * static_cast<double>(run.looks.size())),
                     run.looks.size() - 1);
        double sum = 0;
        for (size_t k = first; k < run.looks.size(); ++k) sum += figure(run.looks[k]);
        return sum / static_cast<double>(run.looks.size() - first);
    });
}

Dots accuracy_dots(const Results& results) {
    Dots dots{"accuracy on unseen people", "%", {}};
    for (const Arm& arm : results.study.arms) {
        std::vector<double> accuracy = results.accuracy(arm.label);
        for (double& v : accuracy) v *= 100;
        dots.rows.push_back({arm.label, std::move(accuracy)});
    }
    return dots;
}

}  // namespace facet::study
