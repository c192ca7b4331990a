#include "engine/cuda/cudnn_graph.h"

#include <array>

#include "engine/error.h"

namespace facet::cuda {
namespace {

CudnnDescriptor channels_last(int64_t id, const ConvTensor& t) {
    const std::array<int64_t, 4> sizes{t.N, t.C, t.H, t.W};
    const std::array<int64_t, 4> strides{t.H * t.W * t.C, 1, t.W * t.C, t.C};
    CudnnDescriptor tensor(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    tensor.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id);
    tensor.set(CUDNN_ATTR_TENSOR_DATA_TYPE, t.type);
    tensor.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, ConvTensorIds::alignment);
    tensor.set_all<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS, sizes);
    tensor.set_all<int64_t>(CUDNN_ATTR_TENSOR_STRIDES, strides);
    tensor.finalize();
    return tensor;
}

CudnnDescriptor convolution(const ConvKey& key) {
    const std::array<int64_t, 2> pads{key.pad, key.pad}, strides{key.stride, key.stride},
        dilations{1, 1};
    CudnnDescriptor conv(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    conv.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, int64_t{2});
    conv.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT);
    conv.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION);
    conv.set_all<int64_t>(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, pads);
    conv.set_all<int64_t>(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, pads);
    conv.set_all<int64_t>(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, strides);
    conv.set_all<int64_t>(CUDNN_ATTR_CONVOLUTION_DILATIONS, dilations);
    conv.finalize();
    return conv;
}

// The three operations differ in the names of their attributes only.
struct OperationNames {
    cudnnBackendDescriptorType_t type;
    cudnnBackendAttributeName_t x, w, y, convolution, alpha, beta;
};

OperationNames names_of(ConvOperation operation) {
    switch (operation) {
        case ConvOperation::Forward:
            return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
        case ConvOperation::BackwardData:
            return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
        case ConvOperation::BackwardFilter:
            return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
    }
    throw Error("unknown convolution operation");
}

}  // namespace

ConvTensors conv_tensors(const ConvKey& key) {
    FACET_CHECK(key.N > 0 && key.C > 0 && key.H > 0 && key.W > 0 && key.K > 0 && key.R > 0 &&
                    key.stride > 0 && key.pad >= 0 && key.H + 2 * key.pad >= key.R &&
                    key.W + 2 * key.pad >= key.R,
                "{}: expected positive sizes and a window that fits", to_string(key));
    const cudnnDataType_t type =
        key.compute == ConvCompute::Bfloat16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
    return {{type, key.N, key.C, key.H, key.W},
            {type, key.K, key.C, key.R, key.R},
            {type, key.N, key.K, key.out_height(), key.out_width()}};
}

CudnnDescriptor conv_operation(const ConvKey& key, const ConvTensors& tensors) {
    const OperationNames names = names_of(key.operation);
    CudnnDescriptor operation(names.type);
    operation.set(names.convolution, convolution(key));
    operation.set(names.x, channels_last(ConvTensorIds::x, tensors.x));
    operation.set(names.w, channels_last(ConvTensorIds::w, tensors.w));
    operation.set(names.y, channels_last(ConvTensorIds::y, tensors.y));
    operation.set(names.alpha, 1.0f);
    operation.set(names.beta, key.mode == Grad::Accumulate ? 1.0f : 0.0f);
    operation.finalize();
    return operation;
}

CudnnDescriptor conv_graph(const ConvKey& key, const ConvTensors& tensors) {
    CudnnDescriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, conv_operation(key, tensors));
    graph.finalize();
    return graph;
}

}  // namespace facet::cuda
