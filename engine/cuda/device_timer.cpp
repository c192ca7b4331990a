#include "engine/cuda/device_timer.h"

#include "engine/cuda/cuda_device.h"
#include "engine/error.h"

namespace facet {

double seconds_on(Device& device, const std::function<void()>& work) {
    const auto* cuda = dynamic_cast<CudaDevice*>(&device);
    FACET_CHECK(cuda, "device {}: it works on the host, there is no stream to time", device.name());
    cuda::Event start(cuda::Event::Timing::Yes), end(cuda::Event::Timing::Yes);
    start.record(cuda->stream());
    work();
    end.record(cuda->stream());
    end.synchronize();
    return cuda::milliseconds_between(start, end) * 1e-3;
}

}  // namespace facet
