// An operation says what its key means, seen by what is said to the library.
#include <gtest/gtest.h>

#include "tests/plans/fixtures.h"
#include "tests/plans/recorder.h"

namespace facet::cuda {
namespace {

// Rectangular, with no two sizes alike: x (2, 8, 12, 10) -> y (2, 24, 6, 5).
ConvKey distinct(ConvOperation operation, ConvCompute compute, Grad mode) {
    return {operation, compute, 2, 8, 12, 10, 24, 3, 2, 1, mode};
}

struct Names {
    cudnnBackendAttributeName_t x, w, y, convolution, alpha, beta;
};

constexpr Names forward{CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                        CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                        CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                        CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                        CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                        CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
constexpr Names backward_data{CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
constexpr Names backward_filter{CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                                CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                                CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
                                CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                                CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
                                CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};

Said operation_of(ConvOperation operation, ConvCompute compute, Grad mode) {
    const ConvKey key = distinct(operation, compute, mode);
    return said_to(conv_operation(key, conv_tensors(key)).raw());
}

using Numbers = Said::Numbers;

void expect_tensor(const Said& operation, cudnnBackendAttributeName_t name, double id, double type,
                   const Numbers& sizes, const Numbers& strides) {
    SCOPED_TRACE(id);
    const Said& tensor = *operation.descriptors.at(name);
    EXPECT_EQ(tensor.numbers.at(CUDNN_ATTR_TENSOR_UNIQUE_ID), Numbers{id});
    EXPECT_EQ(tensor.numbers.at(CUDNN_ATTR_TENSOR_DATA_TYPE), Numbers{type});
    EXPECT_EQ(tensor.numbers.at(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT), Numbers{16});
    EXPECT_EQ(tensor.numbers.at(CUDNN_ATTR_TENSOR_DIMENSIONS), sizes);
    EXPECT_EQ(tensor.numbers.at(CUDNN_ATTR_TENSOR_STRIDES), strides);
}

class ConvOperations : public testing::TestWithParam<std::pair<ConvOperation, Names>> {};

TEST_P(ConvOperations, TensorsHaveChannelsInnermost) {
    const auto& [operation, names] = GetParam();
    for (const auto compute : {ConvCompute::Float32, ConvCompute::Tf32, ConvCompute::Bfloat16}) {
        const auto type = compute == ConvCompute::Bfloat16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
        const Said op = operation_of(operation, compute, Grad::Overwrite);
        expect_tensor(op, names.x, 1, type, {2, 8, 12, 10}, {960, 1, 80, 8});
        expect_tensor(op, names.w, 2, type, {24, 8, 3, 3}, {72, 1, 24, 8});
        expect_tensor(op, names.y, 3, type, {2, 24, 6, 5}, {720, 1, 120, 24});
    }
}

TEST_P(ConvOperations, TheConvolutionIsTheKeys) {
    const auto& [operation, names] = GetParam();
    const Said op = operation_of(operation, ConvCompute::Bfloat16, Grad::Overwrite);
    const auto& conv = op.descriptors.at(names.convolution)->numbers;
    EXPECT_EQ(conv.at(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS), (Numbers{2}));
    EXPECT_EQ(conv.at(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES), (Numbers{2, 2}));
    EXPECT_EQ(conv.at(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS), (Numbers{1, 1}));
    EXPECT_EQ(conv.at(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS), (Numbers{1, 1}));
    EXPECT_EQ(conv.at(CUDNN_ATTR_CONVOLUTION_DILATIONS), (Numbers{1, 1}));
    EXPECT_EQ(conv.at(CUDNN_ATTR_CONVOLUTION_COMP_TYPE), (Numbers{CUDNN_DATA_FLOAT}));
    EXPECT_EQ(conv.at(CUDNN_ATTR_CONVOLUTION_CONV_MODE), (Numbers{CUDNN_CROSS_CORRELATION}));
}

TEST_P(ConvOperations, AccumulatesOnlyWhenAsked) {
    const auto& [operation, names] = GetParam();
    for (const auto mode : {Grad::Overwrite, Grad::Accumulate}) {
        const Said op = operation_of(operation, ConvCompute::Float32, mode);
        EXPECT_EQ(op.numbers.at(names.alpha), (Numbers{1}));
        EXPECT_EQ(op.numbers.at(names.beta), (Numbers{mode == Grad::Accumulate ? 1.0 : 0.0}));
    }
}

// The graph that is planned is of that very operation, and plans are made for it.
TEST(ConvGraph, IsOfTheOperation) {
    const ConvKey key = distinct(ConvOperation::BackwardData, ConvCompute::Tf32, Grad::Accumulate);
    const CudnnDescriptor graph = conv_graph(key, conv_tensors(key));
    const Said& op = *said_to(graph.raw()).descriptors.at(CUDNN_ATTR_OPERATIONGRAPH_OPS);
    expect_tensor(op, backward_data.x, 1, CUDNN_DATA_FLOAT, {2, 8, 12, 10}, {960, 1, 80, 8});
    EXPECT_EQ(op.numbers.at(backward_data.beta), (Numbers{1}));
}

INSTANTIATE_TEST_SUITE_P(All, ConvOperations,
                         testing::Values(std::pair{ConvOperation::Forward, forward},
                                         std::pair{ConvOperation::BackwardData, backward_data},
                                         std::pair{ConvOperation::BackwardFilter,
                                                   backward_filter}));

}  // namespace
}  // namespace facet::cuda
