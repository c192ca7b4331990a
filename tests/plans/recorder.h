// What was said to cuDNN: every attribute that is set on a descriptor is recorded on its way to the
// library. (Reading back will not do: cuDNN 9.19 does not give back the operations of a graph, and
// gives tensors in a form of its own.)
#pragma once

#include <cudnn_graph.h>

#include <map>
#include <memory>
#include <vector>

namespace facet::cuda {

struct Said {
    using Numbers = std::vector<double>;  // exact for every enumerator, count and size in use

    std::map<cudnnBackendAttributeName_t, Numbers> numbers;
    // As the other descriptor was when it was set.
    std::map<cudnnBackendAttributeName_t, std::shared_ptr<const Said>> descriptors;
};

// Throws std::out_of_range for a descriptor that nothing was said to.
const Said& said_to(cudnnBackendDescriptor_t descriptor);

}  // namespace facet::cuda
