// A study: a claim, the runs that could refute it, and how their results are read.
//
// Each study is one file beside this one. It names its arms (what is trained) and reads the
// results into a table, figures and sentences. The rest is shared: runs.h makes the runs, page.h
// writes the page. What a page says of the results is computed, the sentences are chosen by
// statistics.h; only claim, question and what would refute it are written beforehand.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/lab/study/figure.h"
#include "tools/lab/study/statistics.h"
#include "tools/run_options.h"
#include "train/microscope.h"

namespace facet::study {

struct Results;  // runs.h

// What is trained, with every seed: a loss, and how the run differs from the recipe besides.
struct Arm {
    std::string label;            // in table and figures
    std::string loss;             // "npt:r=2,k=10"
    GivenSettings settings = {};  // options of facet train: {"--resolution", "16"}
};

// What the results say.
struct Reading {
    std::vector<std::vector<std::string>> table;  // rows of cells, the first has the titles
    std::vector<Figure> figures;
    std::vector<std::string> sentences;  // the evidence
    std::string conclusion;              // in one sentence: what becomes of the claim here
};

struct Study {
    std::string name, title;
    std::string claim;     // with its paper and place
    std::string question;  // what is asked here
    std::string refuted;   // what would refute the claim
    std::vector<Arm> arms;
    GivenSettings settings = {};  // of all arms, over the recipe
    int64_t seeds = 3;
    // Judge all pairs of the unseen pictures, for low false acceptance rates. Accuracy, which is
    // for about as many same as different pairs, is of no use then.
    bool all_pairs = false;
    int64_t look_every = 0;  // steps between looks at the gradient; 0: none
    // Measures more in each look (train/microscope.h), if given.
    std::function<void(const Arm& arm, const HeadStep& step, nlohmann::ordered_json& line)> measure;
    std::function<Reading(const Results& results)> read;
};

// In the order of docs/studies. Each is defined in the file of its name.
Study npt_range();
Study arcface_factor();
Study unpg_gap();
Study sv_weight();
Study npcface_margin();
Study resolution();

std::vector<Study> all_studies();
// Throws UsageError, naming those that there are, for an unknown name.
Study find_study(const std::string& name);

}  // namespace facet::study
