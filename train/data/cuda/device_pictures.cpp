#include "train/data/device_pictures.h"

#include "engine/cuda/cuda_device.h"
#include "train/data/cuda/picture_kernels.h"

namespace facet {
namespace {

CudaDevice& cuda_device_of(Device& device) {
    auto* const cuda = dynamic_cast<CudaDevice*>(&device);
    FACET_CHECK(cuda, "pictures on a device: expected cuda, found {}", device.name());
    return *cuda;
}

template <class T>
std::shared_ptr<void> uploaded(CudaDevice& device, const std::vector<T>& values) {
    const size_t bytes = values.size() * sizeof(T);
    std::shared_ptr<void> block = device.allocate(bytes);
    device.transfers().upload_beside(block.get(), values.data(), bytes);
    return block;
}

}  // namespace

bool takes_pictures(const Device& device) {
    return dynamic_cast<const CudaDevice*>(&device) != nullptr;
}

DevicePictures upload_beside(Device& device, const PictureBatch& batch) {
    CudaDevice& cuda = cuda_device_of(device);
    const int64_t each = int64_t{3} * batch.H * batch.W, bytes = std::ssize(batch.pictures);
    const int64_t N = each > 0 ? bytes / each : 0, variations = std::ssize(batch.variations);
    FACET_CHECK(N > 0 && bytes == N * each && (variations == 0 || variations == N),
                "pictures: {} bytes and {} variations, expected bytes (N, {}, {}, 3) and N or no "
                "variations",
                bytes, variations, batch.H, batch.W);
    return {{N, batch.H, batch.W, false},
            uploaded(cuda, batch.pictures),
            variations > 0 ? uploaded(cuda, batch.variations) : nullptr,
            batch.noise};
}

void make_pixels(const DevicePictures& pictures, const Tensor& y) {
    CudaDevice& cuda = cuda_device_of(y.device());
    const auto& [N, H, W, channels_last] = pictures.shape;
    expect_layout("vary_pictures", "y", y, Layout::Plain);
    expect_shape("vary_pictures", "y", y, {N, 3, H, W});
    const auto* const x = static_cast<const uint8_t*>(pictures.pictures.get());
    const auto* const variations = static_cast<const PictureVariation*>(pictures.variations.get());
    const auto values = static_cast<double>(y.count());
    const cudaStream_t stream = cuda.stream().raw();
    if (!variations) {
        const LedgerScope scope = cuda.ledger("normalise_pictures", 3 * values, {y});
        FACET_CUDA(cuda::normalise_pictures(x, pictures.shape, y.raw<float>(), stream));
        return;
    }
    // Bilinear interpolation twice, luma, colour, normalisation.
    const LedgerScope scope = cuda.ledger("vary_pictures", 25 * values, {y});
    FACET_CUDA(
        cuda::vary_pictures(x, pictures.shape, variations, pictures.noise, y.raw<float>(), stream));
}

}  // namespace facet
