// What plans, keys and numerical notes are called in messages and tables.
#include "engine/cuda/cudnn_graph.h"
#include "engine/error.h"

namespace facet::cuda {

const char* to_string(ConvOperation operation) {
    switch (operation) {
        case ConvOperation::Forward:
            return "forward";
        case ConvOperation::BackwardData:
            return "backward-data";
        case ConvOperation::BackwardFilter:
            return "backward-filter";
    }
    return "unknown";
}

const char* to_string(ConvCompute compute) {
    switch (compute) {
        case ConvCompute::Float32:
            return "float32";
        case ConvCompute::Tf32:
            return "tf32";
        case ConvCompute::Bfloat16:
            return "bfloat16";
    }
    return "unknown";
}

std::string to_string(const ConvKey& key) {
    return fmt::format(
        "convolution {} {} x ({}, {}, {}, {}), w ({}, {}, {}, {}), stride {}, pad "
        "{}{}",
        to_string(key.operation), to_string(key.compute), key.N, key.C, key.H, key.W, key.K, key.C,
        key.R, key.R, key.stride, key.pad, key.mode == Grad::Accumulate ? ", accumulated" : "");
}

const char* to_string(cudnnBackendNumericalNote_t note) {
    switch (note) {
        case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
            return "tensor core";
        case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS:
            return "inputs converted down";
        case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
            return "reduced precision sums";
        case CUDNN_NUMERICAL_NOTE_FFT:
            return "FFT";
        case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
            return "nondeterministic";
        case CUDNN_NUMERICAL_NOTE_WINOGRAD:
            return "Winograd";
        case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4:
            return "Winograd tile 4x4";
        case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6:
            return "Winograd tile 6x6";
        case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13:
            return "Winograd tile 13x13";
        case CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP:
            return "strict NaN propagation";
        default:
            return "unknown";
    }
}

}  // namespace facet::cuda
