// `facet grad`: one evaluation of a loss on given arrays.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "engine/error.h"
#include "losses/head/loss.h"
#include "losses/head/state_json.h"
#include "losses/proof/composition.h"
#include "losses/proof/numeric.h"
#include "tools/arrays.h"
#include "tools/commands.h"
#include "tools/numbers.h"
#include "tools/option_rules.h"
#include "tools/outputs.h"
#include "train/files/atomic.h"
#include "train/files/file_reader.h"
#include "train/files/npy.h"

namespace facet {
namespace {

namespace fs = std::filesystem;

struct Options {
    std::string loss, state, out;
    ArrayFiles files;
    std::vector<std::string> set;
    std::string dtype = "auto", head = "dense", method = "analytic";
    int64_t tile = HeadOptions().tile;
    double step = 3e-4;
    bool dcos = false;
};

Arrays read_inputs(const Options& options, const Loss& loss) {
    if (!loss.has_proxies()) {
        if (!options.files.w.empty())
            fmt::print(stderr, "warning: {} has no proxies, --w is not read\n", loss.name());
    } else {
        FACET_USAGE(!options.files.w.empty(), "loss {}: --w is missing: it has proxies",
                    loss.name());
    }
    return read_arrays(options.files, loss.has_proxies());
}

template <class T>
void save(const fs::path& path, const std::vector<T>& values, std::vector<int64_t> shape) {
    write_npy(path, npy_from<T>(std::span<const T>(values), std::move(shape)));
}

template <class T>
void run_analytic(const Options& options, Loss& loss, const Arrays& in,
                  const OutputFolder& output) {
    const std::vector<T> x = npy_as<T>(in.x);
    const std::vector<T> w = in.C > 0 ? npy_as<T>(in.w) : std::vector<T>();
    std::vector<T> dx(in.B * in.D), dw(in.C * in.D), dcos(options.dcos ? in.B * in.C : 0);
    const HeadGradient<T> gradient{dx.data(), in.C > 0 ? dw.data() : nullptr,
                                   options.dcos ? dcos.data() : nullptr};
    const HeadOptions head{options.head == "dense" ? Head::dense : Head::streamed, options.tile};
    HeadDiagnostics diagnostics;
    const HeadBatch<T> batch{x.data(), in.C > 0 ? w.data() : nullptr, in.y.data(), in.B, in.C,
                             in.D};
    const double value = loss.forward_backward(batch, gradient, diagnostics, head);
    loss.report(batch);
    const fs::path& out = output.make();  // only once there is something to write
    save<double>(out / "value.npy", {value}, {});
    save(out / "dx.npy", dx, {in.B, in.D});
    if (in.C > 0) save(out / "dw.npy", dw, {in.C, in.D});
    if (options.dcos) save(out / "dcos.npy", dcos, {in.B, in.C});
    fmt::print("value {:.17g}\n", value);
}

// What the other methods find, in float64; dcos is empty where a method does not give it.
struct Found {
    double value;
    std::vector<double> dx, dw, dcos;
};

void run_other(const Options& options, Loss& loss, const Arrays& in, const OutputFolder& output) {
    const std::vector<double> x = npy_as<double>(in.x);
    const std::vector<double> w = in.C > 0 ? npy_as<double>(in.w) : std::vector<double>();
    const HeadBatch<double> batch{x.data(), in.C > 0 ? w.data() : nullptr, in.y.data(), in.B, in.C,
                                  in.D};
    Found found;
    if (options.method == "tape") {
        auto [value, dx, dw, dcos] = tape_gradient(loss, batch);
        found = {value, dx, dw, dcos};
    } else {
        const NumericGradient numeric = numeric_gradient(loss, batch, options.step);
        found = {numeric.value, numeric.dx, numeric.dw, {}};
    }
    const fs::path& out = output.make();
    save<double>(out / "value.npy", {found.value}, {});
    save(out / "dx.npy", found.dx, {in.B, in.D});
    if (in.C > 0) save(out / "dw.npy", found.dw, {in.C, in.D});
    if (options.dcos) save(out / "dcos.npy", found.dcos, {in.B, in.C});
    fmt::print("value {:.17g}\n", found.value);
}

std::vector<std::string> files_of(const Options& options, const Loss& loss) {
    std::vector<std::string> names{"value.npy", "dx.npy", "state.json"};
    if (loss.has_proxies()) names.push_back("dw.npy");
    if (options.dcos) names.push_back("dcos.npy");
    return names;
}

void check_method(const Options& options) {
    if (options.method == "analytic") return;
    FACET_USAGE(options.dtype != "f32", "grad: --method {} works in f64, found --dtype f32",
                options.method);
    FACET_USAGE(!options.dcos || options.method == "tape",
                "grad: --dcos needs --method analytic or tape");
    FACET_USAGE(options.head == "dense", "grad: --head streamed needs --method analytic");
}

void run(const Options& options) {
    check_method(options);
    KeyValues parameters;
    for (const std::string& text : options.set) parameters.push_back(split_assignment(text));
    const auto loss = make_loss(options.loss, parameters);
    refuse_unused(loss->info(), loss->settings(), parameters);
    FACET_USAGE(!options.dcos || loss->has_cosines(),
                "loss {}: --dcos needs a loss of cosines to proxies", loss->name());
    loss->state().seed = globals().seed;
    if (!options.state.empty()) {
        state_from_json(read_file(options.state), options.state, loss->state());
    }
    const OutputFolder out("--out", options.out, files_of(options, *loss));
    const Arrays in = read_inputs(options, *loss);
    if (loss->has_proxies()) loss->require_classes(in.C);
    fmt::print("{}\n", loss->describe());
    const bool single = options.dtype == "f32" || (options.dtype == "auto" && in.x.dtype == "<f4");
    if (options.method != "analytic") {
        run_other(options, *loss, in, out);
    } else if (single) {
        run_analytic<float>(options, *loss, in, out);
    } else {
        run_analytic<double>(options, *loss, in, out);
    }
    write_file_atomically(out.path() / "state.json", state_to_json(loss->state()));
}

}  // namespace

void add_grad_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "grad", "value and gradients of a loss on given arrays, by the raw arrays");
    command->add_option("--loss", options->loss, "name of the loss, see facet losses")
        ->required()
        ->type_name("NAME");
    command->add_option("--set", options->set, "parameters of the loss, k=v")->type_name("k=v");
    command->add_option("--x", options->files.x, "embeddings (B, D), float32 or float64")
        ->required()
        ->type_name("X.npy");
    command->add_option("--w", options->files.w, "proxies (C, D), as --x; not read by a pair loss")
        ->type_name("W.npy");
    command->add_option("--y", options->files.y, "labels (B), int32 or int64; -1: ignored")
        ->required()
        ->type_name("Y.npy");
    command->add_option("--state", options->state, "state before the call")->type_name("S.json");
    command->add_option("--dtype", options->dtype, "computed and written in; auto: that of X")
        ->check(CLI::IsMember({"auto", "f32", "f64"}));
    command
        ->add_option("--head", options->head,
                     "all cosines at once, or a tile of classes; the same to a pair loss")
        ->check(CLI::IsMember({"dense", "streamed"}));
    command->add_option("--tile", options->tile, "classes in a tile of the streamed head")
        ->check(at_least_one())
        ->capture_default_str();
    command->add_option("--method", options->method, "how the gradient is found")
        ->check(CLI::IsMember({"analytic", "tape", "numeric"}))
        ->capture_default_str();
    command->add_option("--step", options->step, "numeric: step as a part of the vector's length")
        ->check(above_zero())
        ->capture_default_str();
    command->add_flag("--dcos", options->dcos, "also write dcos.npy, dL/dc_ij (B, C)");
    command
        ->add_option("--out", options->out,
                     "folder for value, dx, dw .npy and state.json; replaces only what facet wrote")
        ->required()
        ->type_name("DIR");
    act_only(*command,
             {{"--tile", "--head streamed", [options] { return options->head == "streamed"; }},
              {"--step", "--method numeric", [options] { return options->method == "numeric"; }}});
    command->footer(
        "Example: facet grad --loss arcface --set s=32 --x X.npy --w W.npy --y Y.npy --out g\n"
        "  writes g/value.npy, g/dx.npy, g/dw.npy and g/state.json. Two other methods write the "
        "same\n  files, in float64: --method numeric by central differences, --method tape by "
        "automatic\n  differentiation of the loss composed of elementary operations.");
    command->callback([options] { run(*options); });
}

}  // namespace facet
