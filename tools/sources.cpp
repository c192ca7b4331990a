#include "tools/sources.h"

#include <fmt/format.h>

#include "engine/hash.h"
#include "tools/picture_notes.h"
#include "tools/synth/source.h"
#include "tools/terminal.h"
#include "tools/versions.h"
#include "train/files/file_reader.h"
#include "train/files/text.h"

namespace facet {
namespace {

int drawable_pairs(const Dataset& data) {
    std::vector<int64_t> count(data.people.size(), 0);
    for (const int32_t label : data.labels) ++count[label];
    const auto N = static_cast<int64_t>(data.labels.size());
    int64_t same = 0;
    for (const int64_t n : count) same += n * (n - 1) / 2;
    const int64_t different = N * (N - 1) / 2 - same;
    if (same < 2 || different < 2) {
        throw UsageError(fmt::format("evaluation: {} images of {} people make {} same and {} "
                                     "different pairs, at least 2 of each are needed",
                                     N, count.size(), same, different),
                         "evaluate on at least two people with two images each");
    }
    return static_cast<int>(std::min<int64_t>({same, different, kDrawnPairs}));
}

// What read(progress) returns, with progress (pictures are counted only when the source has been
// listed); unreadable pictures that it cannot go on without are listed.
template <class Read>
auto read_with_progress(const std::string& label, const Read& read) {
    std::optional<Progress> progress;
    try {
        return read([&](int64_t done, int64_t total) {
            if (!progress) progress.emplace(label, total);
            progress->update(done);
        });
    } catch (const UnreadablePictures& error) {
        progress.reset();
        throw listed(error);
    }
}

// Down and up again: what detail a camera of so few pixels would have left. 0: as they are.
void reduce_detail(std::vector<Image>& images, int64_t resolution) {
    if (resolution == 0) return;
    const auto side = static_cast<int>(resolution), count = static_cast<int>(images.size());
#pragma omp parallel for schedule(dynamic, 8)
    for (int i = 0; i < count; ++i) {
        const int width = images[i].width, height = images[i].height;
        images[i] = resize(resize(images[i], side, side), width, height);
    }
}

uint64_t data_seed(const RunConfig& config) {
    return static_cast<uint64_t>(config.synth_seed >= 0 ? config.synth_seed : config.seed);
}

std::string label_of(const std::string& name, const DataOptions& options) {
    if (!source_kind(name).page.procedural) return "decode " + line_of(name);
    return options.procedural.unseen ? "unseen faces" : "faces to learn from";
}

}  // namespace

Dataset read_data(const std::string& name, DataOptions options) {
    Dataset data = read_with_progress(label_of(name, options), [&](auto progress) {
        options.progress = progress;
        return load_data(name, options);
    });
    if (!source_kind(name).page.procedural) print_notes(name, data);
    return data;
}

Dataset training_data(const RunConfig& config) {
    DataOptions options;
    options.size = static_cast<int>(config.network.image);
    if (source_kind(config.data).page.procedural) {
        options.procedural = {config.synth_people, config.synth_images, config.synth_difficulty,
                              data_seed(config)};
    } else {
        if (!config.people.empty()) options.people_list = config.people;
        options.min_images = static_cast<int>(config.min_images);
    }
    Dataset data = read_data(config.data, options);
    reduce_detail(data.images, config.resolution);
    return data;
}

namespace {

// Those that config.pairs names.
EvalSet named_pairs(const std::string& name, const RunConfig& config) {
    FACET_USAGE(source_kind(name).page.has_files, "--pairs needs a folder of images, found {}",
                name);
    EvalSet set = read_with_progress("decode " + line_of(name), [&](auto progress) {
        return load_pairs(name, config.pairs, static_cast<int>(config.network.image), progress);
    });
    reduce_detail(set.images, config.eval_resolution);
    return set;
}

EvalSet drawn_pairs(const std::string& name, const RunConfig& config) {
    DataOptions options;
    options.size = static_cast<int>(config.network.image);
    options.procedural = {config.synth_eval_people, config.synth_eval_images,
                          config.synth_difficulty, data_seed(config), true};
    Dataset data = read_data(name, options);
    reduce_detail(data.images, config.eval_resolution);
    const int pairs = drawable_pairs(data);
    return draw_pairs(std::move(data),
                      source_kind(name).page.procedural ? "procedural faces of unseen people"
                                                        : "pairs drawn from " + name,
                      pairs, data_seed(config));
}

}  // namespace

std::optional<EvalSet> evaluation_data(const RunConfig& config) {
    const std::string name = config.eval_data.empty() ? config.data : config.eval_data;
    if (config.pairs.empty() && config.eval_data.empty() && !source_kind(name).page.procedural)
        return std::nullopt;
    EvalSet set = config.pairs.empty() ? drawn_pairs(name, config) : named_pairs(name, config);
    if (config.eval_resolution != 0)
        set.source += fmt::format(", of {} pixels", config.eval_resolution);
    return set;
}

EvaluationCard card_of(const std::filesystem::path& file, const ResNetConfig& network,
                       const EvalSet& set, bool add_mirror, Verification verification) {
    EvaluationCard card;
    card.model = fmt::format("{}: {} at {} pixels, D = {}", file.string(), network.backbone,
                             network.image, network.embedding);
    const std::string content = read_file(file);
    Hash hash;
    hash.add(content.data(), content.size());
    card.model_hash = hash.hex();
    card.data = set.source;
    card.data_hash = set.hash;
    card.images = static_cast<int64_t>(set.images.size());
    card.left_out = set.left_out;
    card.flags = {
        {"mirror", add_mirror ? "embeddings of image and mirror image added" : "not used"},
        {"crop", "largest centred square"},
        {"resize", fmt::format("Catmull-Rom to {0} x {0}", network.image)}};
    card.versions = version_text();
    card.verification = std::move(verification);
    return card;
}

}  // namespace facet
