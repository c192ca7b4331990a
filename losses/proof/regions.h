// Where losses are judged: named generators of small problems.
//
// A plain region is one problem. A crossing is a problem that moves with one number, `side`: at 0
// it stands on a boundary (a mask, a hinge, a fallback, a cone point, two equal vectors, a zero
// vector), to the left and to the right of 0 beside it. Where the boundaries of a loss lie depends
// on its margins, which are read from its settings.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "losses/head/loss.h"

namespace facet::proof {

struct Problem {
    int64_t B = 0, C = 0, D = 0;
    std::vector<double> x, w;  // (B, D), (C, D) raw
    std::vector<int64_t> y;    // (B); -1: ignored

    // How far (radians, or part of a norm) a vector may move before it meets the boundary that the
    // problem was placed beside.
    double room = std::numeric_limits<double>::infinity();
    // What makes the problem special holds to the last bit (equal vectors, parallel by a power of
    // two): methods must agree here although they differ in every neighbourhood.
    bool exact = false;
    bool single = true;    // float32 can hold its numbers and their squares
    int steps_before = 0;  // calls on another batch before the one judged: an advanced state
    // Arrays of the state set before the call, where the loss has one of that name.
    std::vector<std::pair<std::string, std::vector<double>>> state = {};

    HeadBatch<double> batch(bool proxies) const;  // a pair loss is shown no w
    double* feature(int64_t i) { return x.data() + i * D; }
    double* proxy(int64_t j) { return w.data() + j * D; }
};

struct Region {
    std::string name;
    std::function<Problem(double side)> at;
    std::string crossing = {};  // what side > 0 does, in words; "": plain, side is not read

    bool crosses() const { return !crossing.empty(); }
};

// All regions for a loss, the plain ones first. quick: only the boundaries of its own margins.
std::vector<Region> regions(const Loss& loss, bool quick);

// The distances from a boundary at which both sides of a crossing are judged.
std::vector<double> distances(bool quick);

// --- what regions are made of ---
// Independent normal entries; classes 3 i mod C, so that some repeat where B > C.
Problem random_problem(int64_t B, int64_t C, int64_t D, uint64_t seed);
// In the plane: features of length 2 and proxies of length 1.5 at these angles (radians).
Problem planar_problem(const std::vector<double>& x, const std::vector<double>& w,
                       std::vector<int64_t> y);
// The number that the loss has under the first of these names, else `otherwise`.
double setting(const Settings& settings, const std::vector<std::string>& names, double otherwise);

void add_plain_regions(std::vector<Region>& to);                        // regions.cpp
void add_vector_crossings(std::vector<Region>& to);                     // regions_crossings.cpp
void add_margin_crossings(std::vector<Region>& to, double m);           // regions_crossings.cpp
void add_class_crossings(std::vector<Region>& to, const Settings& of);  // regions_crossings.cpp
void add_batch_crossings(std::vector<Region>& to, const Settings& of);  // regions_batches.cpp
void add_pair_crossings(std::vector<Region>& to, const Settings& of);   // regions_batches.cpp

}  // namespace facet::proof
