#include "tools/sources.h"

#include <fmt/format.h>

#include "engine/hash.h"
#include "tools/picture_notes.h"
#include "tools/synth/dataset.h"
#include "tools/terminal.h"
#include "tools/versions.h"
#include "train/data/picture_hash.h"
#include "train/files/file_reader.h"
#include "train/files/text.h"

namespace facet {
namespace {

void refuse_containers(const std::string& source) {
    const std::string extension = std::filesystem::path(source).extension();
    if (extension != ".rec" && extension != ".bin") return;
    throw UsageError(fmt::format("{}: {} files cannot be read yet", source, extension),
                     "give a folder DIR/<person>/<image>, or synth");
}

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

// Progress of a folder whose pictures are counted only when it has been listed.
class Decoding {
public:
    explicit Decoding(const std::string& folder) : label_("decode " + line_of(folder)) {}
    std::function<void(int64_t, int64_t)> heard() {
        return [this](int64_t done, int64_t total) {
            if (!progress_) progress_.emplace(label_, total);
            progress_->update(done);
        };
    }

private:
    std::string label_;
    std::optional<Progress> progress_;
};

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

std::string resolution_text(int64_t resolution) {
    return resolution == 0 ? "" : fmt::format(", of {} pixels", resolution);
}

uint64_t synth_seed(const RunConfig& config) {
    return static_cast<uint64_t>(config.synth_seed >= 0 ? config.synth_seed : config.seed);
}

}  // namespace

Dataset folder_data(const std::string& folder, FolderOptions options) {
    refuse_containers(folder);
    Dataset data = with_unreadable_listed([&] {
        Decoding decoding(folder);
        options.heard = decoding.heard();
        return load_folder(folder, options);
    });
    print_notes(folder, data);
    return data;
}

Dataset procedural_faces(int64_t people, int64_t images, double difficulty, int64_t size,
                         uint64_t seed, uint64_t first, const std::string& label) {
    synth::SynthSet set;
    set.people = static_cast<int>(people);
    set.images = static_cast<int>(images);
    set.seed = seed;
    set.size = static_cast<int>(size);
    set.first_person = first;
    for (const synth::KnobInfo& knob : synth::knob_table()) {
        set.knobs.*knob.value = static_cast<float>(difficulty);
    }
    synth::check(set);
    Progress progress(label, people * images);
    synth::Faces faces = synth::render(set, [&](int64_t done) { progress.update(done); });
    Dataset data;
    data.size = static_cast<int>(size);
    data.images = std::move(faces.images);
    data.labels.assign(faces.labels.begin(), faces.labels.end());
    for (int64_t p = 0; p < people; ++p) {
        data.people.push_back(fmt::format("person_{:05}", first + p));
        for (int64_t i = 0; i < images; ++i) {
            data.files.push_back(fmt::format("{}/{:04}", data.people.back(), i));
        }
    }
    data.hashes = picture_hashes(data.images);
    return data;
}

namespace {

Dataset pictures_to_learn_from(const RunConfig& config) {
    if (config.data == "synth") {
        return procedural_faces(config.synth_people, config.synth_images, config.synth_difficulty,
                                config.network.image, synth_seed(config), 0, "faces to learn from");
    }
    FolderOptions options;
    options.size = static_cast<int>(config.network.image);
    if (!config.people.empty()) options.people_list = config.people;
    options.min_images = static_cast<int>(config.min_images);
    return folder_data(config.data, options);
}

}  // namespace

Dataset training_data(const RunConfig& config) {
    Dataset data = pictures_to_learn_from(config);
    reduce_detail(data.images, config.resolution);
    return data;
}

std::optional<EvalSet> evaluation_data(const RunConfig& config) {
    const uint64_t seed = synth_seed(config);
    const auto size = static_cast<int>(config.network.image);
    const std::string detail = resolution_text(config.eval_resolution);
    const std::string folder = config.eval_data.empty() ? config.data : config.eval_data;
    if (!config.pairs.empty()) {
        FACET_USAGE(folder != "synth", "--pairs needs a folder of images, found --data synth");
        EvalSet set = with_unreadable_listed([&] {
            Decoding decoding(folder);
            return load_pairs(folder, config.pairs, size, decoding.heard());
        });
        reduce_detail(set.images, config.eval_resolution);
        set.source += detail;
        return set;
    }
    if (folder == "synth") {
        Dataset data = procedural_faces(config.synth_eval_people, config.synth_eval_images,
                                        config.synth_difficulty, size, seed, kFirstUnseenPerson,
                                        "unseen faces");
        reduce_detail(data.images, config.eval_resolution);
        const int pairs = drawable_pairs(data);
        return draw_pairs(std::move(data), "procedural faces of unseen people" + detail, pairs,
                          seed);
    }
    if (config.eval_data.empty()) return std::nullopt;
    FolderOptions options;
    options.size = size;
    Dataset data = folder_data(folder, options);
    reduce_detail(data.images, config.eval_resolution);
    const int pairs = drawable_pairs(data);
    return draw_pairs(std::move(data), "pairs drawn from " + folder + detail, pairs, seed);
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
