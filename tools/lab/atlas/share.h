// How unevenly a gradient is shared over negatives.
#pragma once

#include <vector>

namespace facet::atlas {

struct Share {
    double top1, top10, top100;  // parts of the sum that the largest have
    double effective;            // (sum g)^2 / sum g^2: n where all are equal, 1 where one has all
};

// masses: |dL/dcos_j|. All NaN where their sum is 0.
Share share_of(std::vector<double> masses);

}  // namespace facet::atlas
