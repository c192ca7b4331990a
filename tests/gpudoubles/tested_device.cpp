// The tests of primitives (tests/engine) on the CUDA device.
#include "tests/engine/fixtures.h"

namespace facet::test {

Device& tested_device() { return cuda_device(Precision::Float32); }

}  // namespace facet::test
