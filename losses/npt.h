#pragma once

#include "losses/head/class_loss.h"
#include "losses/head/nearest.h"

namespace facet {

template <class T>
struct Npt {
    static constexpr LossPage page{
        .name = "npt",
        .paper = R"(Khalid et al., NPT-Loss: demystifying face recognition losses with nearest
proxies triplet, TPAMI 2023)",
        .group = LossGroup::founding,
        .what = R"(
NPT-Loss: a triplet hinge on squared distances to the k nearest negative proxies, on a sphere of
radius r.)",
        .formula = R"(
L = sum_{j in N_k} [d_y - d_j + delta]_+
  = 2 r^2 sum_{j in N_k} [c_j - c_y + m]_+,   d_j = 2 r^2 (1 - c_j),   m = delta / (2 r^2))",
        .gradient = R"(
dL/dc_j = 2 r^2 for j in A,   dL/dc_y = -2 r^2 |A|,   A = {j in N_k : hinge > 0})",
        .why = R"(
N_k: the k largest c_j, j != y, ties to the lower class; k = 0 or k > C - 1: all of them. With one
class only there are no negatives and L = 0. own=zero: the own class stays in the list with cosine
0. If it is among the k it adds [m - c_y]_+, which pulls on c_y alone.

Derivation: an active hinge is linear in c_j and c_y; N_k and A are piecewise constant. It is what
CosFace becomes: L_CosFace/s -> L/(2 r^2) for k = 1 and the same m, within log(C)/s (the paper's
eq. 8 prints log(C)/R for log(C)/R^2, its s = R^2).

compat=released: the authors' code has own=zero, the factor 2 r instead of 2 r^2, and takes delta
as the margin on the cosine (0.5 there; with r = 1 the paper's delta = 1 is the same).)"};

    using Scalar = T;
    static constexpr bool normalised = true;
    static constexpr int passes = 1;

    struct Row : RowResult<T> {
        T margin_line = 0;  // c_y - m: the hinge is active above it
        T sin = 0;
        int64_t y = -1;
        NearestCut<T> cut;
    };
    struct Acc {
        double sum = 0;  // of c_j - (c_y - m) over active j
        int64_t active = 0;
        FACET_HD void merge(const Acc& other) {
            sum += other.sum;
            active += other.active;
        }
    };

    double delta = ask().number("delta", 1, 0, 1e6, "margin on squared distances");
    double r = ask().positive("r", 1, "radius of the sphere");
    int64_t k = ask().count("k", 1, "nearest negative proxies; 0: all");
    bool own_zero = ask().choice<bool>("own", {"exclude", "zero"},
                                       "zero: the own class competes with cosine 0");
    bool released = ask().choice<bool>("compat", {"none", "released"},
                                       "released: own=zero, factor 2 r, delta on the cosine");
    T height = T(released ? 2 * r : 2 * r * r);
    T margin = T(released ? delta : delta / (2 * r * r));
    bool all = false;    // N_k is every negative
    bool alone = false;  // C = 1

    Npt() { own_zero = own_zero || released; }

    void open(const Batch<T>& batch) {
        all = k == 0 || k >= batch.C - (own_zero ? 0 : 1);
        alone = batch.C == 1;
    }
    int64_t nearest() const { return all ? 0 : k; }
    Row begin(const Target<T>& y) const { return {{}, y.cos - margin, y.sin, y.y, {}}; }

    FACET_HD void take(int, const Row& row, Acc& acc, T c, int64_t) const {
        acc.sum += c > row.margin_line ? double(c) - double(row.margin_line) : 0.0;
        acc.active += c > row.margin_line;
    }

    void close(int pass, Row& row, Acc acc, TopK<T>& nearest) const {
        if (own_zero && all) take(pass, row, acc, T(0), row.y);
        if (own_zero && !all) nearest.add(T(0), row.y);
        for (const auto& entry : nearest.sorted()) take(pass, row, acc, entry.value, entry.index);
        row.cut = NearestCut<T>::of(nearest);
        if (alone) return;
        row.value = double(height) * acc.sum;
        row.dcos = -height * T(acc.active);
        row.dtheta = -row.sin * row.dcos;
    }

    FACET_HD T derivative(const Row& row, T c, int64_t j) const {
        return (row.cut.keeps(c, j) & (c > row.margin_line)) ? row.weight * height : T(0);
    }
};
FACET_LOSS(npt, ClassLoss<Npt>);

}  // namespace facet
