// A row form (losses/head/rows.h) on a CUDA device: kernels made of its take() and derivative().
//
// A block takes a row of the tile, its threads take entries, their accumulators are merged into the
// row's. Compiled with --fmad=false: the logits of both sweeps then round alike.
#pragma once

#include <optional>
#include <vector>

#include "losses/head/cuda/device_slots.h"
#include "losses/head/cuda/head_kernels.h"
#include "losses/head/cuda/warps.cuh"
#include "losses/head/rows.h"

namespace facet::cuda {

// A form in the host's memory whose kernels run on a device: what has no kernel is the host's.
template <class Host>
class DeviceForm : public ClassForm<float> {
public:
    DeviceForm(Host& host, HeadDevice& device) : host_(host), device_(device) {}

    bool normalised() const override { return host_.normalised(); }
    int passes() const override { return host_.passes(); }
    void prepare(int64_t C) override { host_.prepare(C); }
    double value() const override { return host_.value(); }
    const RowResult<float>& result(int64_t row) const override { return host_.result(row); }

protected:
    Host& host_;
    HeadDevice& device_;
};

// The types of a form, and a pass known when a kernel is compiled.
template <class Form, int kPass = 0>
struct RowTypes {
    using Device = typename HostRows<Form>::KernelForm;
    using Row = typename Form::Row;
    using Acc = typename Form::Acc;
    static constexpr int pass = kPass;
};

constexpr int kStep = 4;  // cosines that a thread reads and writes together

template <class Types>
__global__ void __launch_bounds__(kThreads, kBlocks)
    gather_kernel(const typename Types::Device form, const typename Types::Row* rows,
                  typename Types::Acc* accumulators, const Tile<float> tile) {
    const int64_t i = blockIdx.x;
    const typename Types::Row row = rows[i];
    if (row.weight == 0) return;  // the whole block
    const Chunk<float> chunk = tile.row(i);
    typename Types::Acc acc;
    for (int64_t j = threadIdx.x * kStep; j < chunk.n; j += kThreads * kStep) {
        const Lanes<kStep> c = load<kStep>(chunk.c + j);
        for (int k = 0; k < kStep; ++k) {
            if (j + k == chunk.y || j + k >= chunk.n) continue;
            form.take(Types::pass, row, acc, c[k], chunk.first + j + k);
        }
    }
    acc = block_merge(acc);
    if (threadIdx.x == 0) accumulators[i].merge(acc);
}

template <class Device, class Row>
__global__ void __launch_bounds__(kThreads, kBlocks)
    differentiate_kernel(const Device form, const Row* rows, const Tile<float> tile) {
    const int64_t i = blockIdx.x;
    const Row row = rows[i];
    const Chunk<float> chunk = tile.row(i);
    float* g = tile.c + i * tile.ld;
    const int64_t first = (static_cast<int64_t>(blockIdx.y) * kThreads + threadIdx.x) * kStep;
    const int64_t step = static_cast<int64_t>(gridDim.y) * kThreads * kStep;
    for (int64_t j = first; j < chunk.n; j += step) {
        Lanes<kStep> c = load<kStep>(g + j);
        for (int k = 0; k < kStep; ++k) {
            const bool inside = row.weight != 0 && j + k < chunk.n;
            const float other = inside ? form.derivative(row, c[k], chunk.first + j + k) : 0;
            c[k] = j + k == chunk.y ? row.weight * row.dcos : other;
        }
        store<kStep>(g + j, c);
    }
}

// A block for every (at most) 16 steps of a thread, for every row.
template <class Device, class Row>
void differentiate_rows(const Device& form, const Row* rows, const Tile<float>& tile,
                        cudaStream_t stream) {
    const int64_t parts = ceil_div(tile.n, 16 * kThreads * kStep);
    const dim3 grid(static_cast<unsigned>(tile.B), static_cast<unsigned>(parts));
    constexpr auto kernel = differentiate_kernel<Device, Row>;
    FACET_LAUNCH(kernel, grid, kThreads, 0, stream)(form, rows, tile);
    check_launch(cudaGetLastError());
}

// The k largest cosines of every row's other classes, of one tile.
struct NearestOfTile {
    HeadArray<float> values;     // (B, k)
    HeadArray<int64_t> columns;  // (B, k) in the tile; -1: there are no more
    int64_t first;               // class of the tile
};

template <class Form>
class DeviceRows final : public DeviceForm<HostRows<Form>> {
    using Types = RowTypes<Form>;
    using Row = typename Types::Row;
    using Acc = typename Types::Acc;
    static_assert(std::is_trivially_copyable_v<typename Types::Device>,
                  "the form needs kernel_form(), see losses/head/rows.h");
    static_assert(std::is_trivially_copyable_v<Row> && std::is_trivially_copyable_v<Acc>);

public:
    using DeviceForm<HostRows<Form>>::DeviceForm;

    void open(const Batch<float>& batch) override {
        std::vector<LogSumExp<double>> sums;
        if (const auto rule = host_.pair_slots()) {
            slots_.emplace(device_, *rule, batch);
            sums = slots_->sums();
        }
        host_.open_rows(batch, sums);
        if (StateArray* numbers = host_.per_class()) {
            per_class_ = {device_, numbers->value.data(), batch.C};
            class_sums_ = {device_, batch.C};
        }
        rows_ = {device_, host_.rows().data(), std::ssize(host_.rows())};
        accumulators_ = {device_, host_.accumulators().data(), rows_.count()};
    }

    void gather(int pass, const Tile<float>& tile) override {
        static_assert(Form::passes <= 2);
        if (host_.nearest() > 0) return gather_nearest(tile, host_.nearest());
        pass == 0 ? gather_pass<0>(tile) : gather_pass<Form::passes - 1>(tile);
    }

    void fetch(int) override {
        if (host_.nearest() > 0) return take_nearest();
        device_.download(host_.accumulators().data(), accumulators_.data(), accumulators_.bytes());
    }

    void close(int pass) override {
        host_.close(pass);
        device_.upload(rows_.data(), host_.rows().data(), rows_.bytes());
    }

    void differentiate(const Tile<float>& tile) override {
        differentiate_rows(host_.kernel_form(per_class_.data()), rows_.data(), tile,
                           device_.stream());
        if (class_sums_.count() > 0) sum_columns(tile, class_sums_.data(), device_.stream());
    }

    void finish(const float* xh, float* dxh) override {
        if (slots_) slots_->add_gradient(host_.slot_rows(), xh, dxh);
        if (class_sums_.count() > 0) host_.per_class()->gradient = class_sums_.to_vector();
    }

private:
    template <int kPass>
    void gather_pass(const Tile<float>& tile) {
        FACET_LAUNCH((gather_kernel<RowTypes<Form, kPass>>), static_cast<unsigned>(tile.B),
                     kThreads, 0, device_.stream())
        (host_.kernel_form(per_class_.data()), rows_.data(), accumulators_.data(), tile);
        check_launch(cudaGetLastError());
    }

    void gather_nearest(const Tile<float>& tile, int64_t k) {
        const HeadArray<int64_t> skip(device_, tile.B);
        nearest_.push_back({{device_, tile.B * k}, {device_, tile.B * k}, tile.first});
        target_columns(tile, skip.data(), device_.stream());
        check_launch(top_k(tile.c, tile.B, tile.n, tile.ld, skip.data(), k,
                           nearest_.back().values.data(), nearest_.back().columns.data(),
                           device_.stream()));
    }

    // The host keeps the k largest of all tiles.
    void take_nearest() {
        const size_t tiles = nearest_.size();
        std::vector<std::vector<float>> values(tiles);
        std::vector<std::vector<int64_t>> columns(tiles);
        std::vector<Download> pieces;
        for (size_t t = 0; t < tiles; ++t) {
            pieces.push_back(nearest_[t].values.into(values[t]));
            pieces.push_back(nearest_[t].columns.into(columns[t]));
        }
        device_.download(pieces);
        for (size_t t = 0; t < tiles; ++t) {
            for (int64_t at = 0; at < std::ssize(values[t]); ++at) {
                if (columns[t][at] < 0) continue;
                host_.add_nearest(at / host_.nearest(), values[t][at],
                                  nearest_[t].first + columns[t][at]);
            }
        }
        nearest_.clear();
    }

    using DeviceForm<HostRows<Form>>::device_;
    using DeviceForm<HostRows<Form>>::host_;
    HeadArray<Row> rows_;                       // (B)
    HeadArray<Acc> accumulators_;               // (B)
    HeadArray<double> per_class_, class_sums_;  // (C) of a form with numbers a class
    std::vector<NearestOfTile> nearest_;        // of a form that wants the nearest
    std::optional<DeviceSlots> slots_;          // of a form that has them
};

}  // namespace facet::cuda
