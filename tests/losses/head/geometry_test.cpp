// Lengths and angles of the vectors that losses compare.
#include "losses/head/geometry.h"

#include <gtest/gtest.h>

#include <cmath>

namespace facet {
namespace {

// 3-4-5 triangles of any size; below the bound of its type a vector counts as zero.
template <class T>
std::vector<double> norms_of(const std::vector<double>& sizes) {
    std::vector<T> rows;
    for (const double size : sizes) rows.insert(rows.end(), {T(0.6 * size), T(-0.8 * size)});
    std::vector<double> norms(sizes.size());
    vector_norms("rows", rows.data(), std::ssize(sizes), 2, norms.data());
    return norms;
}

TEST(LossGeometry, AVectorShorterThanTheBoundIsZero) {
    const std::vector<double> single = norms_of<float>({1, 2e-36, 5e-37, 1e-37, 1e30});
    EXPECT_NEAR(single[0], 1, 1e-7);
    EXPECT_NEAR(single[1] / 2e-36, 1, 1e-6);
    EXPECT_EQ(single[2], 0);
    EXPECT_EQ(single[3], 0);
    EXPECT_NEAR(single[4] / 1e30, 1, 1e-7);
    const std::vector<double> twofold = norms_of<double>({2e-290, 5e-291, 1e-200, 1e200});
    EXPECT_NEAR(twofold[0] / 2e-290, 1, 1e-15);
    EXPECT_EQ(twofold[1], 0);
    EXPECT_NEAR(twofold[2] / 1e-200, 1, 1e-15);
    EXPECT_NEAR(twofold[3] / 1e200, 1, 1e-15);
}

// Angles of 2 to 1e-10 radians in the plane, of vectors of any length.
TEST(LossGeometry, SmallAnglesKeepTheirDigits) {
    const double x[] = {3, 0};
    for (const double theta : {2.0, 1e-3, 1e-6, 1e-10}) {
        const double w[] = {0.5 * std::cos(theta), 0.5 * std::sin(theta)};
        const Angle angle = angle_between(x, 3, w, 0.5, 2);
        EXPECT_TRUE(angle.defined);
        EXPECT_NEAR(angle.cos, std::cos(theta), 1e-15);
        EXPECT_NEAR(angle.sin / std::sin(theta), 1, 1e-12) << theta;
    }
    const double same[] = {0.25, 0};
    EXPECT_FALSE(angle_between(x, 3, same, 0.25, 2).defined);
    EXPECT_EQ(angle_between(x, 3, same, 0.25, 2).sin, 0);
}

TEST(LossGeometry, AnglesOfFloatsAreDefinedFromFourEpsilonsOn) {
    const float x[] = {1, 0}, near[] = {1, 1e-6f}, nearer[] = {1, 1e-7f};
    EXPECT_TRUE(angle_between(x, 1, near, 1, 2).defined);
    EXPECT_FALSE(angle_between(x, 1, nearer, 1, 2).defined);
}

}  // namespace
}  // namespace facet
