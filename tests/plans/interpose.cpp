// The linker takes these before the library's.
#include "tests/plans/recorder.h"

using namespace facet::cuda;

extern "C" {

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t count,
                                       const void* values) {
    note_set(descriptor, name, type, count, values);
    static auto* const real =
        library<decltype(cudnnBackendSetAttribute)>("cudnnBackendSetAttribute");
    return real(descriptor, name, type, count, values);
}

cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
    forget(descriptor);
    static auto* const real =
        library<decltype(cudnnBackendDestroyDescriptor)>("cudnnBackendDestroyDescriptor");
    return real(descriptor);
}

}  // extern "C"
