// Prints the GPU's compute capability and name, "90 NVIDIA H100 80GB HBM3"; without a GPU says so
// on standard error and ends with status 1. Tells `make gpu-check` what to build for.
#include <cuda_runtime_api.h>

#include <cstdio>

int main() {
    int devices = 0;
    const cudaError_t found = cudaGetDeviceCount(&devices);
    if (found != cudaSuccess || devices == 0) {
        std::fprintf(stderr, "no GPU to run on: %s\n",
                     found == cudaSuccess ? "CUDA finds none" : cudaGetErrorString(found));
        return 1;
    }
    cudaDeviceProp properties;
    const cudaError_t asked = cudaGetDeviceProperties(&properties, 0);
    if (asked != cudaSuccess) {
        std::fprintf(stderr, "the GPU does not answer: %s\n", cudaGetErrorString(asked));
        return 1;
    }
    std::printf("%d%d %s\n", properties.major, properties.minor, properties.name);
}
