// Fingerprints of device memory, the same that the host would compute (engine/hash.h).
#include "engine/cuda/kernels.h"
#include "engine/cuda/lanes.cuh"
#include "engine/hash.h"

namespace facet::cuda {
namespace {

// A thread takes a chunk: chunks are sequential inside, and there are hundreds of them.
constexpr int kHashThreads = 32;

__global__ void __launch_bounds__(kHashThreads)
    hash_chunks_kernel(const std::byte* __restrict__ data, size_t bytes, int64_t chunks,
                       uint64_t* __restrict__ hashes) {
    const int64_t i = static_cast<int64_t>(blockIdx.x) * kHashThreads + threadIdx.x;
    if (i >= chunks) return;
    const size_t first = i * Hash::chunk, rest = bytes - first;
    hashes[i] = hash_chunk(data + first, rest < Hash::chunk ? rest : Hash::chunk);
}

}  // namespace

int64_t hash_chunk_count(size_t bytes) { return (bytes + Hash::chunk - 1) / Hash::chunk; }

cudaError_t hash_chunks(const void* data, size_t bytes, uint64_t* hashes, cudaStream_t stream) {
    const int64_t chunks = hash_chunk_count(bytes);
    FACET_LAUNCH(hash_chunks_kernel, static_cast<unsigned>(ceil_div(chunks, kHashThreads)),
                 kHashThreads, 0, stream)
    (static_cast<const std::byte*>(data), bytes, chunks, hashes);
    return cudaGetLastError();
}

}  // namespace facet::cuda
