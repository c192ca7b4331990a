#include "tests/engine/fixtures.h"

namespace facet::test {

Device& tested_device() { return cpu_device(); }

}  // namespace facet::test
