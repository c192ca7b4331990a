// What a device does for a head: memory and operations. The algorithms (head.h, losses/center.h)
// are written once over them; losses/head/cpu has them for the host, losses/head/cuda for a GPU.
//
// Pointers are into the backend's memory; what is said to be on the host is there. Norms, angles
// and all of the pairs are double whatever T is: n^2 work beside n^2 D, and a vector's length
// decides where an angle is defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/download.h"
#include "engine/ledger.h"
#include "losses/head/class_form.h"
#include "losses/head/gemm.h"
#include "losses/head/geometry.h"

namespace facet {

namespace cuda {
class HeadDevice;  // losses/head/cuda/head_device.h
}

// The memory in which a head works: the host's, or that of a device that works beside it.
// What is enqueued here is done in the order of the calls.
class HeadMemory {
public:
    virtual ~HeadMemory() = default;

    // Contents undefined; free when the last owner is gone and the work before that is done.
    virtual std::shared_ptr<void> allocate(size_t bytes) = 0;
    // The host's bytes may change once it returns.
    virtual void upload(void* to, const void* host, size_t bytes) = 0;
    // Waits until the bytes are there, once for all the pieces.
    virtual void download(std::span<const Download> pieces) = 0;
    void download(void* host, const void* from, size_t bytes) {
        const Download piece{host, from, bytes};
        download({&piece, 1});
    }
    // For scopes of the ledger; null: the host's.
    virtual DeviceClock* clock() { return nullptr; }
};

// `count` numbers in such a memory.
template <class T>
class HeadArray {
public:
    HeadArray() = default;
    HeadArray(HeadMemory& memory, int64_t count)
        : memory_(&memory), numbers_(memory.allocate(count * sizeof(T))), count_(count) {}
    HeadArray(HeadMemory& memory, const T* values, int64_t count) : HeadArray(memory, count) {
        memory.upload(data(), values, bytes());
    }

    T* data() const { return static_cast<T*>(numbers_.get()); }
    int64_t count() const { return count_; }
    size_t bytes() const { return count_ * sizeof(T); }

    // All of them to `values`, for HeadMemory::download().
    Download into(std::vector<T>& values) const {
        values.resize(count_);
        return {values.data(), data(), bytes()};
    }
    std::vector<T> to_vector() const {
        std::vector<T> values(count_);
        memory_->download(values.data(), data(), bytes());
        return values;
    }

private:
    HeadMemory* memory_ = nullptr;
    std::shared_ptr<void> numbers_;
    int64_t count_ = 0;
};

// Embeddings, proxies, and which belongs to which.
template <class T>
struct Targets {
    Vectors<T> x, w;             // (B, D), (C, D)
    const int64_t* labels;       // (B) class; -1: the row does not count
    const int64_t* host_labels;  // the same, on the host
    int64_t B, C, D;
};

// What a row adds to the gradients besides the cosines with other classes.
struct RowPull {
    double tangent;  // -weight dL_i/dtheta_iy, along the unit tangents at x_i and at w_y
    double norm;     // weight dL_i/d|x_i| / |x_i|, times x_i
};

// The vectors of a pair loss: row u is row rows[u] of the batch.
struct PairVectorRows {
    PairQuantity quantity;
    const int64_t* rows;  // (n)
    const double* norm;   // (B) of the batch's embeddings
    int64_t n, D;
};

template <class T>
class HeadBackend : public HeadMemory {
public:
    // The device whose kernels run a loss's form; null: the host runs it.
    virtual cuda::HeadDevice* device() { return nullptr; }
    // Rows of a tile begin at multiples of so many elements.
    virtual int64_t row_alignment() const { return 1; }

    virtual void fill(T* v, int64_t count, T value) = 0;
    // As in gemm.h.
    virtual void gemm(Op a_op, Op b_op, int64_t M, int64_t N, int64_t K, const T* A, int64_t lda,
                      const T* B, int64_t ldb, T beta, T* C, int64_t ldc) = 0;

    // --- vectors (rows, D), as in geometry.h ---
    // Throws Error, here or at the next download(), for a number that is not finite, naming `what`,
    // its row and its column.
    virtual void vector_norms(const char* what, const T* v, int64_t rows, int64_t D,
                              double* norms) = 0;
    virtual void unit_vectors(Vectors<T> raw, int64_t rows, int64_t D, T* unit) = 0;
    // In place: the gradient of the raw vectors from that of the unit vectors.
    virtual void through_normalisation(const T* unit, const double* norms, int64_t rows, int64_t D,
                                       T* gradient) = 0;

    // --- every row and its target ---
    // angles (B), and products (B): c_iy as the tile has it; <x_i, w_y> where xh, the unit
    // embeddings, is null. Of a row that does not count the default, and 0.
    virtual void target_angles(const Targets<T>& targets, const T* xh, Angle* angles,
                               double* products) = 0;
    // dx_i += tangent / |x_i| times the unit tangent at x_i towards w_y, + norm x_i;
    // dw_y += tangent / |w_y| times the unit tangent at w_y towards x_i, in the order of the rows.
    // pulls (B) on the host.
    virtual void add_pulls(const Targets<T>& targets, const Angle* angles,
                           std::span<const RowPull> pulls, T* dx, T* dw) = 0;
    // values_i = |x_i - w_y|^2 / 2, dx_i = (x_i - w_y) / counted, dw_y -= dx_i in the order of the
    // rows; of a row that does not count 0. `centres` (C, D), if given, stand in for w; dx, dw may
    // be null.
    virtual void target_differences(const Targets<T>& targets, const double* centres,
                                    double counted, double* values, T* dx, T* dw) = 0;

    // --- tiles of cosines ---
    virtual void clip_cosines(const Tile<T>& tile) = 0;  // to [-1, 1]
    virtual void zero_targets(const Tile<T>& tile) = 0;

    // --- pairs of n rows; x, dx (n, D), q, g, h (n, n) ---
    // The rows of v (B, D), divided by their norm where unit vectors are compared.
    virtual void pair_vectors(const PairVectorRows& pairs, const T* v, double* x) = 0;
    // q_uv of every pair; throws Error naming both rows where it overflows.
    virtual void compare_pairs(const PairVectorRows& pairs, const double* x, double* q) = 0;
    // In place of g_uv = dL/dq_uv / scale the factor h_uv with which v enters dL/dx_u.
    virtual void join_pairs(const PairVectorRows& pairs, const double* q, double scale,
                            double* g) = 0;
    // dx_u = sum_v h_uv x_v of products, sum_v h_uv (x_u - x_v) of distances.
    virtual void multiply_pairs_back(const PairVectorRows& pairs, const double* h, const double* x,
                                     double* dx) = 0;
    // Row rows[u] of `gradient` (B, D) = dx_u, through the normalisation where there was one.
    virtual void scatter_pairs(const PairVectorRows& pairs, const double* x, double* dx,
                               T* gradient) = 0;
};

}  // namespace facet
