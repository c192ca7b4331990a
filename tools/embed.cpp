// facet embed: embeddings of a folder of pictures, as an array and a list of names.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "tools/commands.h"
#include "tools/devices.h"
#include "tools/outputs.h"
#include "tools/sources.h"
#include "tools/terminal.h"
#include "train/files/atomic.h"
#include "train/files/file_reader.h"
#include "train/files/npy.h"
#include "train/files/text.h"
#include "train/model.h"

namespace facet {
namespace {

struct Request {
    std::string model, data, out;
    bool add_mirror = false;
};

// Is it what this command wrote: an array of rows, and a list with a name for each?
bool are_embeddings(const std::filesystem::path& array, const std::filesystem::path& list) {
    if (!std::filesystem::is_regular_file(array) || !std::filesystem::is_regular_file(list)) {
        return false;
    }
    const NpyArray rows = read_npy(array);
    const std::string names = read_file(list);
    return rows.dtype == "<f4" && rows.shape.size() == 2 &&
           rows.shape[0] == std::count(names.begin(), names.end(), '\n');
}

void run(const Request& request) {
    const std::filesystem::path out = request.out;
    FACET_USAGE(out.extension() == ".npy", "--out: expected a name ending in .npy, found {}",
                request.out);
    const auto list = std::filesystem::path(out).replace_extension(".txt");
    const auto is_own = [&](const std::filesystem::path&) { return are_embeddings(out, list); };
    check_output_file("--out", out, is_own);
    check_output_file("--out", list, is_own);
    const auto network = load_model(chosen_device(), request.model);
    // Procedural faces have no end: here their name is that of a folder.
    const bool procedural = source_kind(request.data).page.procedural;
    const Dataset data = read_data((procedural ? "./" : "") + request.data,
                                   {.size = static_cast<int>(network->config().image)});
    const std::vector<float> embeddings = [&] {
        Progress progress("embed", static_cast<int64_t>(data.images.size()));
        return embed_images(
            *network, data.images, request.add_mirror, [&](int64_t done) { progress.update(done); },
            data.files);
    }();
    const int64_t D = network->config().embedding;
    write_npy(out, npy_from(std::span<const float>(embeddings),
                            {static_cast<int64_t>(data.images.size()), D}));
    std::string names;
    for (const std::string& file : data.files) names += line_of(file) + "\n";
    write_file_atomically(list, names);
    fmt::print("{}: ({}, {}) float32; names in {}\n", request.out, data.images.size(), D,
               list.string());
}

}  // namespace

void add_embed_command(CLI::App& app) {
    CLI::App* command =
        app.add_subcommand("embed", "write the embeddings of a folder of pictures to a .npy file");
    auto request = std::make_shared<Request>();
    command->add_option("--model", request->model, "model.safetensors of a run")->required();
    command->add_option("--data", request->data, "folder DIR/<person>/<image>")->required();
    command
        ->add_option("--out", request->out,
                     "E.npy; the names go to E.txt beside it; replaces embeddings only")
        ->required();
    command->add_flag("--mirror", request->add_mirror, "add the embedding of the mirror image");
    command->footer(
        "Example: facet embed --model runs/npt/model.safetensors --data faces --out e.npy");
    command->callback([request] { run(*request); });
}

}  // namespace facet
