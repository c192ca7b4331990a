#include "tools/lab/atlas/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>

#include "engine/error.h"
#include "losses/head/geometry.h"
#include "tools/lab/atlas/replay_pictures.h"
#include "tools/lab/atlas/table.h"
#include "tools/terminal.h"

namespace facet::atlas {
namespace {

// The arrays in float64.
struct Frozen {
    std::vector<double> x, w;
    std::vector<int64_t> y;
    int64_t B, C, D;
};

Frozen load(const std::vector<LossSpec>& specs, const ArrayFiles& files) {
    FACET_USAGE(!files.x.empty() && !files.y.empty(),
                "atlas: a replay needs --x and --y, and --w for losses that have proxies");
    for (const LossSpec& spec : specs) {
        FACET_USAGE(!files.w.empty() || !spec.make()->has_proxies(),
                    "loss {}: --w is missing: it has proxies", spec.label());
    }
    const Arrays arrays = read_arrays(files, !files.w.empty());
    return {npy_as<double>(arrays.x),
            files.w.empty() ? std::vector<double>() : npy_as<double>(arrays.w),
            arrays.y,
            arrays.B,
            arrays.C,
            arrays.D};
}

double norm_of(const double* v, int64_t D) {
    double sum = 0;
    for (int64_t k = 0; k < D; ++k) sum += v[k] * v[k];
    return std::sqrt(sum);
}

double dot(const double* a, const double* b, int64_t D) {
    return std::inner_product(a, a + D, b, 0.0);
}

Gradients gradients_of(const LossSpec& spec, const Frozen& in) {
    const auto loss = spec.make();
    Gradients found;
    found.dx.resize(in.x.size());
    std::vector<double> dcos(loss->has_cosines() ? size_t(in.B * in.C) : 0);
    HeadDiagnostics diagnostics;
    const bool proxies = loss->has_proxies();
    found.value = loss->forward_backward(
        {in.x.data(), proxies ? in.w.data() : nullptr, in.y.data(), in.B, proxies ? in.C : 0, in.D},
        {found.dx.data(), nullptr, dcos.empty() ? nullptr : dcos.data()}, diagnostics);
    for (int64_t i = 0; i < in.B; ++i) {
        found.norms.push_back(norm_of(&found.dx[size_t(i * in.D)], in.D));
        if (dcos.empty()) continue;
        std::vector<double> masses;
        for (int64_t j = 0; j < in.C; ++j) {
            if (j != in.y[size_t(i)]) masses.push_back(std::abs(dcos[size_t(i * in.C + j)]));
        }
        found.shares.push_back(share_of(std::move(masses)));
    }
    return found;
}

// --- angles of the state ---

// To proxies; without them to the farthest sample of the class and the nearest of another.
Angles angles_of(const Frozen& in) {
    const bool proxies = in.C > 0;
    const std::vector<double>& against = proxies ? in.w : in.x;
    const int64_t n = proxies ? in.C : in.B;
    const auto unit = [&](const std::vector<double>& v, int64_t rows) {
        std::vector<double> norms(size_t(rows), 0.0), units(v.size());
        vector_norms("array", v.data(), rows, in.D, norms.data());
        unit_vectors(v.data(), norms.data(), rows, in.D, units.data());
        return units;
    };
    const std::vector<double> x = unit(in.x, in.B), w = unit(against, n);
    Angles angles;
    for (int64_t i = 0; i < in.B; ++i) {
        double own = NAN, other = NAN;
        for (int64_t j = 0; j < n; ++j) {
            const int64_t label = proxies ? j : in.y[size_t(j)];
            if (in.y[size_t(i)] < 0 || label < 0 || (!proxies && i == j)) continue;
            const double c = dot(&x[size_t(i * in.D)], &w[size_t(j * in.D)], in.D);
            const double angle = std::acos(std::clamp(c, -1.0, 1.0)) * 180 / std::numbers::pi;
            if (label == in.y[size_t(i)]) {
                own = std::fmax(own, angle);
            } else {
                other = std::fmin(other, angle);
            }
        }
        angles.own.push_back(own);
        angles.other.push_back(other);
    }
    return angles;
}

// --- the numbers ---

void write_angles(const std::filesystem::path& out, const Frozen& in, const Angles& angles) {
    Table table{{"sample", "label", "theta_y_degrees", "theta_other_degrees"}};
    for (size_t i = 0; i < in.y.size(); ++i)
        table.add({double(i), double(in.y[i]), angles.own[i], angles.other[i]});
    write_table(out / "angles", table);
}

void write_gradients(const std::filesystem::path& folder, const Gradients& found) {
    Table table{{"sample", "gradient_norm", "top1", "top10", "top100", "effective_number"}};
    for (size_t i = 0; i < found.norms.size(); ++i) {
        const Share share = found.shares.empty() ? Share{NAN, NAN, NAN, NAN} : found.shares[i];
        table.add(
            {double(i), found.norms[i], share.top1, share.top10, share.top100, share.effective});
    }
    std::filesystem::create_directories(folder);
    write_table(folder / "gradients", table);
}

std::vector<double> cosines_between(const std::vector<LossSpec>& specs,
                                    const std::vector<Gradients>& all,
                                    const std::filesystem::path& out) {
    const size_t n = all.size();
    std::vector<double> cosines(n * n);
    Table table;
    for (const LossSpec& spec : specs) table.columns.push_back(spec.folder());
    for (size_t a = 0; a < n; ++a) {
        for (size_t b = 0; b < n; ++b) {
            const std::vector<double>&u = all[a].dx, &v = all[b].dx;
            const auto size = int64_t(u.size());
            const double lengths = norm_of(u.data(), size) * norm_of(v.data(), size);
            cosines[a * n + b] = lengths > 0 ? dot(u.data(), v.data(), size) / lengths : NAN;
        }
        table.remarks.push_back(specs[a].label());
    }
    table.cells = cosines;
    write_table(out / "cosines", table);
    return cosines;
}

}  // namespace

Page replay(const std::vector<LossSpec>& specs, const ArrayFiles& files,
            const OutputFolder& output) {
    const Frozen in = load(specs, files);
    for (const LossSpec& spec : specs) {
        const auto loss = spec.make();
        if (loss->has_proxies()) loss->require_classes(in.C);
    }
    const std::filesystem::path& out = output.make();
    const Angles angles = angles_of(in);
    write_angles(out, in, angles);
    Page page{
        "Gradients on a frozen state",
        fmt::format("<p>What each loss asks of {} embeddings of dimension {}{}, by its real "
                    "gradient in float64. Beside this page are the numbers behind every "
                    "picture, as CSV and as .npy.</p>\n",
                    in.B, in.D, in.C > 0 ? fmt::format(" and {} proxies", in.C) : std::string()),
        "",
        {{"norms", "Gradient norms", "How much of the step each sample gets.", true},
         {"share", "Who is pushed away", "How the negatives of a sample share its gradient.",
          true}},
        {}};
    std::vector<Gradients> all;
    Progress progress("replay", int64_t(specs.size()));
    for (const LossSpec& spec : specs) {
        all.push_back(gradients_of(spec, in));
        write_gradients(out / spec.folder(), all.back());
        page.parts.push_back(
            {spec.label(), {norms_picture(all.back(), angles), share_picture(all.back())}});
        progress.update(int64_t(all.size()), spec.label());
    }
    page.overview = "<section id=\"glance\">\n<h2>The state</h2>\n" +
                    angle_picture(angles, in.C > 0) +
                    matrix_picture(specs, cosines_between(specs, all, out)) + "</section>\n";
    return page;
}

}  // namespace facet::atlas
