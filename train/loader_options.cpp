#include "train/loader_options.h"

namespace facet {

LoaderOptions loader_options(const RunConfig& config) {
    LoaderOptions options;
    options.batch = static_cast<int>(config.batch);
    options.per_person = static_cast<int>(images_per_person(config));
    options.seed = static_cast<uint64_t>(config.seed);
    options.augment = config.augment;
    options.workers = static_cast<int>(config.workers);
    return options;
}

}  // namespace facet
