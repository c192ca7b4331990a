// What was said to cuDNN: every attribute that is set on a descriptor is recorded on its way to the
// library, by functions that a program defines in the library's place (interpose.cpp). (Reading
// back will not do: cuDNN 9.19 does not give back the operations of a graph, and gives tensors in a
// form of its own.)
#pragma once

#include <cudnn_graph.h>
#include <dlfcn.h>

#include <map>
#include <memory>
#include <vector>

namespace facet::cuda {

struct Said {
    using Numbers = std::vector<double>;  // exact for every enumerator, count and size in use

    std::map<cudnnBackendAttributeName_t, Numbers> numbers;
    std::map<cudnnBackendAttributeName_t, std::vector<void*>> pointers;
    // As the other descriptor was when it was set.
    std::map<cudnnBackendAttributeName_t, std::shared_ptr<const Said>> descriptors;
};

void note_set(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
              cudnnBackendAttributeType_t type, int64_t count, const void* values);
// The library filled these engine configurations, which are for the graph of those heuristics:
// that graph then is what was said to them as CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH.
void note_results(cudnnBackendDescriptor_t heuristics, int64_t count, const void* results);
// The descriptor is gone; its address may be another's next.
void forget(cudnnBackendDescriptor_t descriptor);

// The library's function that the program's own of that name stands before.
template <class Function>
Function* library(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

// Throws std::out_of_range for a descriptor that nothing was said to.
const Said& said_to(cudnnBackendDescriptor_t descriptor);

}  // namespace facet::cuda
