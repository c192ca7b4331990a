#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/error.h"

namespace facet {

void check_schedule(const ScheduleConfig& config) {
    const std::string& kind = config.kind;
    FACET_USAGE(kind == "cosine" || kind == "step" || kind == "poly" || kind == "constant",
                "unknown schedule '{}', expected cosine, step, poly or constant", kind);
    FACET_USAGE(config.lr > 0 && std::isfinite(config.lr), "lr must be positive, found {}",
                config.lr);
    FACET_USAGE(config.warmup >= 0, "warmup must not be negative, found {}", config.warmup);
    FACET_USAGE(config.final_lr >= 0 && config.final_lr <= config.lr,
                "final_lr must lie in [0, lr = {}], found {}", config.lr, config.final_lr);
    FACET_USAGE(config.power > 0, "power must be positive, found {}", config.power);
    FACET_USAGE(config.factor > 0 && config.factor <= 1, "factor must lie in (0, 1], found {}",
                config.factor);
    for (const double milestone : config.milestones) {
        FACET_USAGE(milestone > 0 && milestone < 1,
                    "milestones are fractions of the run in (0, 1), found {}", milestone);
    }
}

double learning_rate(const ScheduleConfig& config, int64_t step, int64_t total) {
    if (step < config.warmup) {
        return config.lr * static_cast<double>(step + 1) / static_cast<double>(config.warmup);
    }
    const double rest = static_cast<double>(std::max<int64_t>(total - config.warmup, 1));
    const double p = std::clamp(static_cast<double>(step - config.warmup) / rest, 0.0, 1.0);
    const double span = config.lr - config.final_lr;
    if (config.kind == "cosine") {
        return config.final_lr + span * (1 + std::cos(std::numbers::pi * p)) / 2;
    }
    if (config.kind == "poly") return config.final_lr + span * std::pow(1 - p, config.power);
    if (config.kind == "step") {
        const double done =
            static_cast<double>(step) / static_cast<double>(std::max<int64_t>(total, 1));
        const auto passed = std::count_if(config.milestones.begin(), config.milestones.end(),
                                          [&](double milestone) { return milestone <= done; });
        return config.lr * std::pow(config.factor, static_cast<double>(passed));
    }
    return config.lr;
}

}  // namespace facet
