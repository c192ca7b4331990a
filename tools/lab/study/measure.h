// What studies measure at the head of a step, beyond the microscope.
#pragma once

#include "losses/head/loss.h"
#include "train/learner.h"

namespace facet::study {

// The cosines of a batch with all proxies, and what a loss pulls on them.
struct Pull {
    int64_t B = 0, C = 0;
    std::vector<int64_t> labels;  // (B)
    std::vector<double> cosine;   // (B, C)
    std::vector<double> dcos;     // (B, C) dL/dcos
};

// Of a class loss on the step's embeddings and proxies; the step is not changed. Throws Error for a
// step without proxies.
Pull pull_of(const HeadStep& step, Loss& loss);

// Support vectors of SV-Softmax at a margin on the cosine: negatives j with c_j > c_y - m.
struct Support {
    double negatives = 0;  // their share of all negatives
    double pull = 0;  // their share of the sum of |dL/dc_j| over the negatives; 0 of a sum of 0
};
Support support_of(const Pull& pull, double m);

// NPCFace's margin m0 + m1 * (mean cosine of the row's hard negatives, c_j > cos(theta_y + m0)), or
// m0 without any, over the rows of the batch.
struct CollaborativeMargin {
    double mean = 0, low = 0, high = 0;  // radians: mean, 5 % and 95 % quantile
    double rows = 0;                     // share of rows with a hard negative
    double hard = 0;                     // share of hard negatives among all
};
CollaborativeMargin collaborative_margin(const Pull& pull, double m0, double m1);

}  // namespace facet::study
