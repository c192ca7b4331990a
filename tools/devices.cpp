#include "tools/devices.h"

#include "tools/commands.h"

namespace facet {

Device& chosen_device(Precision precision) {
    const std::string& asked = globals().device;
    if (asked == "cuda" || computes_on_gpu()) return cuda_device(precision);
    if (precision != Precision::Float32) {
        throw UsageError("the CPU computes in float32 only, --precision asks for another",
                         asked == "cpu" ? "leave --precision out, or say --device cuda"
                                        : "there is no GPU to run on: " + why_no_cuda());
    }
    return cpu_device();
}

bool computes_on_gpu() { return globals().device != "cpu" && why_no_cuda().empty(); }

std::string device_line(const Device& device) {
    std::string line = fmt::format("{}: {}", device.name(), device.description());
    if (globals().device == "auto" && device.has_host_memory()) {
        line += fmt::format(" (no GPU: {})", why_no_cuda());
    }
    return line;
}

}  // namespace facet
