// Kernels that the gate must refuse: one indexes an array that cannot stay in registers, one is
// forced to spill, one states no launch bound; slips.json does not name one as tested, and names
// one whose test failed in the only order it ran in.
__global__ void __launch_bounds__(256) stack_kernel(const int* index, float* y) {
    float values[64];
    for (int i = 0; i < 64; ++i) values[i] = 0;
    for (int i = 0; i < 64; ++i) values[index[i] + index[threadIdx.x]] += y[i];
    y[threadIdx.x] = values[index[threadIdx.x]];
}

__global__ void __launch_bounds__(1024, 2) spill_kernel(const float* x, float* y) {
    float values[96];
#pragma unroll
    for (int i = 0; i < 96; ++i) values[i] = x[i * 1024 + threadIdx.x];
    __syncthreads();
    float sum = 0;
#pragma unroll
    for (int i = 0; i < 96; ++i) sum = sum * values[95 - i] + values[(i * 7) % 96];
    y[threadIdx.x] = sum;
}

__global__ void unbounded_kernel(float* y) { y[threadIdx.x] = 1; }

__global__ void __launch_bounds__(256) untested_kernel(float* y) { y[threadIdx.x] = 1; }

__global__ void __launch_bounds__(256) half_tested_kernel(float* y) { y[threadIdx.x] = 1; }
