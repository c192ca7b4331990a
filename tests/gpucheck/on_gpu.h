// What the tests on a GPU share: they need one, and run in every precision.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "engine/device.h"

namespace facet::test {

class OnGpu : public testing::TestWithParam<Precision> {
protected:
    void SetUp() override {
        const std::string reason = why_no_cuda();
        ASSERT_EQ(reason, "") << "these tests need a GPU";
    }
    Device& gpu() const { return cuda_device(GetParam()); }
};

inline std::string precision_name(const testing::TestParamInfo<Precision>& info) {
    if (info.param == Precision::Float32) return "Float32";
    return info.param == Precision::Tf32 ? "Tf32" : "Bfloat16";
}

inline const auto every_precision =
    testing::Values(Precision::Float32, Precision::Tf32, Precision::Bfloat16);

}  // namespace facet::test
