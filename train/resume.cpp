#include "train/resume.h"

#include "train/files/atomic.h"

namespace facet {
namespace {

namespace fs = std::filesystem;

std::string name_of(const fs::path& file) { return file.filename().string(); }

// Takes up one checkpoint. Throws Error if it is missing, damaged, or not what the log says.
Position take_up(const fs::path& file, const RunFolder& folder, const LoggedSteps& logged,
                 Learner& learner) {
    FACET_CHECK(fs::exists(file), "{}: it is missing", file.string());
    Position position = load_checkpoint(file, learner);
    if (position.steps == 0) return position;  // before the first line
    FACET_CHECK(position.steps <= logged.steps(),
                "{}: it is of step {}, {} can be read to step {} only", file.string(),
                position.steps, name_of(folder.log()), logged.steps());
    const std::string& expected = logged.hashes.at(position.steps - 1);
    const std::string found = learner.parameter_hash();
    FACET_CHECK(found == expected,
                "{}: its parameters are not those of step {}: their hash is {}, in {} it is {}",
                file.string(), position.steps, found, name_of(folder.log()), expected);
    return position;
}

// There is no trace of a step: the run was killed between its configuration and its first
// checkpoint.
bool has_not_begun(const RunFolder& folder, const LoggedSteps& logged) {
    return logged.lines == 0 && !fs::exists(folder.checkpoint()) &&
           !fs::exists(folder.previous()) && !fs::exists(folder.model());
}

std::string hint_for(const RunFolder& folder) {
    return fmt::format(
        "put a whole {} and its {} back from a copy; or make the run again, to the same bytes: "
        "facet train --config {} --out ANOTHER",
        name_of(folder.checkpoint()), name_of(folder.log()), folder.config().string());
}

}  // namespace

Resumption restore(const RunFolder& folder, Learner& learner) {
    const LoggedSteps logged = folder.logged();
    if (has_not_begun(folder, logged)) return {};
    Resumption resumption;
    resumption.logged = logged.steps();
    std::string newer;
    try {
        resumption.position = take_up(folder.checkpoint(), folder, logged, learner);
        return resumption;
    } catch (const Error& error) {
        newer = error.what();
    }
    try {
        resumption.position = take_up(folder.previous(), folder, logged, learner);
    } catch (const Error& older) {
        throw Error(fmt::format("{}; nor can {} be gone on from: {}; {} tells of {} steps", newer,
                                name_of(folder.previous()), older.what(), name_of(folder.log()),
                                logged.steps()),
                    hint_for(folder));
    }
    const int64_t steps = resumption.position->steps;
    resumption.fell_back = true;
    resumption.warning =
        fmt::format("{}; going on from {}, of step {}; {} is cut back to it from step {}", newer,
                    name_of(folder.previous()), steps, name_of(folder.log()), logged.steps());
    return resumption;
}

void settle_folder(RunFolder& folder, const Resumption& resumption, bool keep_evaluation) {
    // The next checkpoint makes the last one the previous one: that must be the one that is whole.
    if (resumption.fell_back) share_file(folder.previous(), folder.checkpoint());
    folder.rewind_log(resumption.position ? resumption.position->steps : 0, keep_evaluation);
}

}  // namespace facet
