// Pictures that the device itself normalises and varies: a batch goes to it as 8-bit pictures and
// the variations drawn for them, a quarter of the bytes of its pixels.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/device.h"
#include "train/data/device_variation.h"

namespace facet {

// A batch in the host's memory.
struct PictureBatch {
    int H = 0, W = 0;
    std::vector<uint8_t> pictures = {};             // (N, H, W, 3)
    std::vector<PictureVariation> variations = {};  // (N), or none: only normalised
    PictureNoise noise = {};
};

// The same in a device's memory.
struct DevicePictures {
    PictureShape shape;
    std::shared_ptr<void> pictures, variations;  // variations: null if there are none
    PictureNoise noise;
};

// Whether the device has the functions below; they throw Error for one that has not.
bool takes_pictures(const Device& device);

// Copies as Device::upload_beside() does. Throws Error if the numbers of bytes and variations do
// not fit each other.
DevicePictures upload_beside(Device& device, const PictureBatch& batch);

// y (N, 3, H, W) plain: what train/data/augment.h makes of the pictures. After
// Device::await_uploads().
void make_pixels(const DevicePictures& pictures, const Tensor& y);

}  // namespace facet
