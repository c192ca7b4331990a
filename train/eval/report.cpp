// A Verification as JSON and as a table.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "train/eval/metrics.h"

namespace facet {
namespace {

using nlohmann::ordered_json;

ordered_json to_json(const Distribution& distribution) {
    ordered_json percentiles;
    for (size_t i = 0; i < distribution.percentiles.size(); ++i) {
        percentiles[fmt::format("{}", Distribution::kPercents[i])] = distribution.percentiles[i];
    }
    return {{"count", distribution.count},
            {"mean", distribution.mean},
            {"std", distribution.std},
            {"min", distribution.min},
            {"max", distribution.max},
            {"percentiles", percentiles},
            {"histogram", {{"low", -1.0}, {"high", 1.0}, {"counts", distribution.histogram}}}};
}

ordered_json to_json(const TarAtFar& point, int64_t different) {
    if (!point.measurable) {
        return {{"target_far", point.target_far},
                {"tar", nullptr},
                {"note", fmt::format("not measurable with {} negatives", different)}};
    }
    return {{"target_far", point.target_far},
            {"tar", point.tar},
            {"far", point.far},
            {"threshold_cos", point.threshold}};
}

std::string row(std::string_view name, const std::string& value) {
    return fmt::format("{:<24}{}\n", name, value);
}

std::string similarities(const Distribution& d) {
    constexpr size_t k5th = 1, kMedian = 3, k95th = 5;
    return fmt::format("mean {:+.3f}, sd {:.3f}, 5 % {:+.3f}, median {:+.3f}, 95 % {:+.3f}", d.mean,
                       d.std, d.percentiles[k5th], d.percentiles[kMedian], d.percentiles[k95th]);
}

}  // namespace

std::string percent(double share) { return fmt::format("{:.2f} %", 100 * share); }

ordered_json to_json(const Verification& v) {
    ordered_json json{{"protocol", v.protocol},
                      {"pairs", {{"same", v.same}, {"different", v.different}}},
                      {"accuracy",
                       {{"mean", v.cross_validated.mean},
                        {"std", v.cross_validated.std},
                        {"interval95", {v.interval.low, v.interval.high}},
                        {"resamples", v.resamples},
                        {"folds_are", v.folds_are},
                        {"folds", v.cross_validated.accuracy},
                        {"thresholds", v.cross_validated.threshold}}},
                      {"best_threshold_on_these_pairs",
                       {{"accuracy", v.best_accuracy}, {"threshold", v.best_threshold}}},
                      {"eer", v.equal_error_rate},
                      {"auc", v.auc},
                      {"similarity",
                       {{"same", to_json(v.similarity_same)},
                        {"different", to_json(v.similarity_different)},
                        {"gap_of_means", v.gap_of_means},
                        {"gap_of_tails", v.gap_of_tails}}}};
    json["tar_at_far"] = ordered_json::array();
    for (const TarAtFar& point : v.tar_at_far) {
        json["tar_at_far"].push_back(to_json(point, v.different));
    }
    if (v.identification) {
        json["identification"] = {{"rank1", v.identification->rank1},
                                  {"probes", v.identification->probes},
                                  {"gallery", v.identification->gallery}};
    }
    return json;
}

std::string table(const Verification& v) {
    std::string text = row("pairs", fmt::format("{} same, {} different", v.same, v.different));
    if (!v.protocol.empty()) text += row("protocol", v.protocol);
    text +=
        row("accuracy", fmt::format("{} (sd {:.2f}, 95 % interval {:.2f} to {:.2f}; {})",
                                    percent(v.cross_validated.mean), 100 * v.cross_validated.std,
                                    100 * v.interval.low, 100 * v.interval.high, v.folds_are));
    text += row("", fmt::format("{} at the best threshold on these pairs, d < {:.2f}",
                                percent(v.best_accuracy), v.best_threshold));
    for (const TarAtFar& point : v.tar_at_far) {
        text +=
            row(fmt::format("TAR@FAR={:g}", point.target_far),
                point.measurable ? fmt::format("{} (FAR achieved {:.3g}, cos > {:.4f})",
                                               percent(point.tar), point.far, point.threshold)
                                 : fmt::format("not measurable with {} negatives", v.different));
    }
    text += row("EER", percent(v.equal_error_rate));
    text += row("AUC", fmt::format("{:.5f}", v.auc));
    if (v.identification) {
        text += row("rank-1", fmt::format("{} ({} probes, each against {} images)",
                                          percent(v.identification->rank1),
                                          v.identification->probes, v.identification->gallery));
    }
    text += row("cos, same", similarities(v.similarity_same));
    text += row("cos, different", similarities(v.similarity_different));
    text += row("gap", fmt::format("{:+.3f} between means, {:+.3f} between tails (5 % to 95 %)",
                                   v.gap_of_means, v.gap_of_tails));
    return text;
}

}  // namespace facet
