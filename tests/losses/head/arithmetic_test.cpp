// What the losses are computed with: the exponential, accumulators, matrix products.
#include "losses/head/arithmetic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/random.h"
#include "losses/head/class_form.h"
#include "losses/head/gemm.h"
#include "losses/head/nearest.h"

namespace facet {
namespace {

template <class T>
double worst_ulp(double low, double high, int count) {
    double worst = 0;
    for (int i = 0; i <= count; ++i) {
        const T x = T(low + (high - low) * i / count);
        const long double exact = std::exp((long double)x);
        const T rounded = T(exact);
        const long double ulp =
            (long double)std::nextafter(rounded, std::numeric_limits<T>::infinity()) - rounded;
        worst = std::max(worst, std::abs(double((exp_branch_free(x) - exact) / ulp)));
    }
    return worst;
}

TEST(LossArithmetic, ExponentialIsWithinTwoUnitsInTheLastPlace) {
    EXPECT_LT(worst_ulp<float>(-86.9, 87.9, 400000), 2);
    EXPECT_LT(worst_ulp<float>(-1, 1, 400000), 2);
    EXPECT_LT(worst_ulp<double>(-707.9, 708.9, 400000), 2);
    EXPECT_LT(worst_ulp<double>(-1, 1, 400000), 2);
}

TEST(LossArithmetic, ExponentialOfSpecialValues) {
    const double inf = std::numeric_limits<double>::infinity();
    EXPECT_EQ(exp_branch_free(0.0), 1.0);
    EXPECT_EQ(exp_branch_free(0.0f), 1.0f);
    EXPECT_EQ(exp_branch_free(-inf), 0.0);
    EXPECT_EQ(exp_branch_free(-float(inf)), 0.0f);
    EXPECT_EQ(exp_branch_free(-1e30f), 0.0f);
    EXPECT_EQ(exp_branch_free(inf), inf);
    EXPECT_EQ(exp_branch_free(89.0f), float(inf));
    EXPECT_TRUE(std::isnan(exp_branch_free(std::nan(""))));
    EXPECT_TRUE(std::isnan(exp_branch_free(std::nanf(""))));
}

template <class T>
void expect_softplus_to(double epsilons) {
    const double bound = epsilons * std::numeric_limits<T>::epsilon();
    for (int i = -8000; i <= 8000; ++i) {
        const T x = T(i) / 100;
        const long double e = std::exp((long double)x);
        EXPECT_NEAR(double(softplus_branch_free(x) / std::log1p(e)), 1, bound) << x;
        EXPECT_NEAR(double(sigmoid_branch_free(x) / (e / (1 + e))), 1, bound) << x;
        EXPECT_NEAR(softplus(x) / double(std::log1p(e)), 1, 1e-15) << x;
        EXPECT_NEAR(sigmoid(x) / double(e / (1 + e)), 1, 1e-15) << x;
    }
}

TEST(LossArithmetic, SoftplusAndSigmoidKeepTheirDigitsOnBothSides) {
    expect_softplus_to<float>(4);
    expect_softplus_to<double>(4);
}

TEST(LossArithmetic, LogSumExpMergesInAnyOrderAndRange) {
    LogSumExp<double> nothing, low, high;
    EXPECT_EQ(nothing.log(), -std::numeric_limits<double>::infinity());
    low.add(-2000);
    EXPECT_DOUBLE_EQ(low.log(), -2000);
    low.add(-2000);
    EXPECT_DOUBLE_EQ(low.log(), -2000 + std::log(2.0));
    high.add(3000);
    LogSumExp<double> both = low;
    both.merge(high);
    both.merge(nothing);
    EXPECT_DOUBLE_EQ(both.log(), 3000);
    alignas(64) double z[kBlock] = {1, 2, 3};
    LogSumExp<double> block;
    block.add_block(z, 3);
    EXPECT_DOUBLE_EQ(block.log(), std::log(std::exp(1) + std::exp(2) + std::exp(3)));
}

TEST(LossArithmetic, TopKOfARunIsThatOfItsValuesOneByOne) {
    Random random(1, Purpose::Test);
    for (const int64_t n : {0, 5, 16, 100, 5000}) {
        std::vector<float> values(n);
        for (float& v : values) v = std::round(float(random.normal()) * 20) / 20;  // with ties
        for (const int64_t k : {0, 1, 10, 6000}) {
            TopK<float> run, single;
            run.reset(k);
            single.reset(k);
            // A second run of lower classes: what is kept loses ties to it.
            for (const int64_t first : {7000, 0}) {
                run.add_run(values.data(), n, first);
                for (int64_t j = 0; j < n; ++j) single.add(values[j], first + j);
            }
            const auto a = run.sorted(), b = single.sorted();
            ASSERT_EQ(a.size(), b.size());
            for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].index, b[i].index);
        }
    }
}

TEST(LossArithmetic, TopKKeepsTheLargestTiesToTheLowestIndex) {
    TopK<float> a, b;
    a.reset(3);
    b.reset(3);
    const float values[] = {1, 5, 3, 5, 3, 3, 0};
    for (int i = 6; i >= 4; --i) a.add(values[i], i);
    for (int i = 3; i >= 0; --i) b.add(values[i], i);
    for (const auto& entry : b.entries()) a.add(entry.value, entry.index);
    ASSERT_EQ(a.entries().size(), 3u);
    EXPECT_EQ(a.worst().value, 3);
    EXPECT_EQ(a.worst().index, 2);
    b.reset(0);
    b.add(1, 1);
    EXPECT_TRUE(b.entries().empty());
}

template <class T>
void expect_product(Op a_op, Op b_op, int64_t M, int64_t N, int64_t K, double bound) {
    Random random(3, Purpose::Test);
    const int64_t lda = (a_op == Op::none ? K : M) + 3, ldb = (b_op == Op::none ? N : K) + 1;
    const int64_t ldc = N + 2;
    std::vector<T> A((M + K) * lda), B((N + K) * ldb), C(M * ldc, T(2)), D = C;
    for (T& v : A) v = T(random.normal());
    for (T& v : B) v = T(random.normal());
    std::fill(D.begin(), D.end(), std::numeric_limits<T>::quiet_NaN());
    gemm<T>(a_op, b_op, M, N, K, A.data(), lda, B.data(), ldb, T(1), C.data(), ldc);
    gemm<T>(a_op, b_op, M, N, K, A.data(), lda, B.data(), ldb, T(0), D.data(), ldc);
    for (int64_t i = 0; i < M; ++i) {
        for (int64_t j = 0; j < N; ++j) {
            double sum = 0;
            for (int64_t k = 0; k < K; ++k) {
                sum += double(a_op == Op::none ? A[i * lda + k] : A[k * lda + i]) *
                       double(b_op == Op::none ? B[k * ldb + j] : B[j * ldb + k]);
            }
            ASSERT_NEAR(D[i * ldc + j], sum, bound);
            ASSERT_NEAR(C[i * ldc + j], sum + 2, bound);
        }
        for (int64_t j = N; j < ldc; ++j) ASSERT_EQ(C[i * ldc + j], 2) << "outside C";
    }
}

TEST(LossArithmetic, ProductsOfEveryShape) {
    for (const Op a : {Op::none, Op::transpose}) {
        for (const Op b : {Op::none, Op::transpose}) {
            for (const auto& [M, N, K] :
                 {std::array<int, 3>{1, 1, 1}, {3, 300, 17}, {270, 5, 40}}) {
                expect_product<float>(a, b, M, N, K, 1e-4);
                expect_product<double>(a, b, M, N, K, 1e-12);
            }
        }
    }
}

}  // namespace
}  // namespace facet
