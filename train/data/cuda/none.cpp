// Pictures on a device, in a build without CUDA: none takes them.
#include "train/data/device_pictures.h"

namespace facet {

bool takes_pictures(const Device&) { return false; }

DevicePictures upload_beside(Device& device, const PictureBatch&) {
    throw Error(fmt::format("pictures on a device: expected cuda, found {}", device.name()));
}

void make_pixels(const DevicePictures&, const Tensor& y) { upload_beside(y.device(), {}); }

}  // namespace facet
