#include "engine/cpu/onednn.h"

#include <algorithm>
#include <map>
#include <oneapi/dnnl/dnnl.hpp>
#include <tuple>

#include "engine/memory.h"
#include "engine/parallel.h"

namespace facet::onednn {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

const dnnl::engine& engine() {
    static const dnnl::engine instance(dnnl::engine::kind::cpu, 0);
    return instance;
}

// A stream and scratch memory for each thread: pieces of a batch run beside each other.
dnnl::stream& stream() {
    thread_local dnnl::stream instance(engine());
    return instance;
}

// Runs a oneDNN call and turns its exceptions into facet's.
template <class Call>
auto checked(const char* what, Call call) {
    try {
        return call();
    } catch (const dnnl::error& error) {
        throw Error(fmt::format("oneDNN: {} failed: {} (status {})", what, error.what(),
                                static_cast<int>(error.status)));
    }
}

// Shared by all primitives that the thread runs, one after the other.
void* scratch(size_t bytes) {
    thread_local Buffer buffer;
    thread_local size_t capacity = 0;
    if (bytes > capacity) {
        buffer = Buffer();
        capacity = 0;
        buffer = Buffer(bytes);
        capacity = bytes;
    }
    return buffer.data();
}

// Calls of convolution() so far.
std::map<std::pair<ConvProblem, Direction>, int64_t> uses;

Tag map_tag() { return channel_block() == 16 ? Tag::nChw16c : Tag::nChw8c; }

memory::desc describe(const memory::dims& dims, Tag tag) {
    return memory::desc(dims, memory::data_type::f32, tag);
}

memory view(const memory::desc& desc, const float* data) {
    return memory(desc, engine(), const_cast<float*>(data));
}

memory::dims filter_dims(const ConvProblem& s) { return {s.K, s.C, s.R, s.R}; }

// What a convolution works on; oneDNN chooses the order of the filter itself.
struct Operands {
    memory::desc x, w, y;
    memory::dims strides, pads;

    explicit Operands(const ConvProblem& s)
        : x(describe({s.N, s.C, s.H, s.W}, s.plain_input ? Tag::nchw : map_tag())),
          w(describe(filter_dims(s), Tag::any)),
          y(describe({s.N, s.K, s.out_height(), s.out_width()}, map_tag())),
          strides{s.stride, s.stride},
          pads{s.pad, s.pad} {}
};

dnnl::primitive_attr own_scratch() {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return attributes;
}

// oneDNN 2 describes an operation first and asks an engine for it after; oneDNN 3 does both at
// once. Throws dnnl::error where there is no implementation.
using Forward = dnnl::convolution_forward;
Forward::primitive_desc prepare(const Operands& o, dnnl::algorithm algorithm) {
    constexpr auto training = dnnl::prop_kind::forward_training;
#if DNNL_VERSION_MAJOR >= 3
    return {engine(), training, algorithm, o.x, o.w, o.y, o.strides, o.pads, o.pads, own_scratch()};
#else
    return {
        {training, algorithm, o.x, o.w, o.y, o.strides, o.pads, o.pads}, own_scratch(), engine()};
#endif
}

// Backward descriptions ask for the forward one as a hint.
template <class Backward>
typename Backward::primitive_desc prepare(const Operands& o, dnnl::algorithm algorithm,
                                          const Forward::primitive_desc& hint) {
#if DNNL_VERSION_MAJOR >= 3
    return {engine(), algorithm, o.x, o.w, o.y, o.strides, o.pads, o.pads, hint, own_scratch()};
#else
    return {{algorithm, o.x, o.w, o.y, o.strides, o.pads, o.pads}, own_scratch(), engine(), hint};
#endif
}

// Images that one thread convolves at a time. oneDNN gives every thread a fixed share of a batch,
// so that a thread whose core another program keeps busy holds up all others. Where a batch falls
// into at least four pieces of 8 to 16 images, a thread that is free takes the next piece instead.
// Filter gradients are sums over the batch: their order is oneDNN's.
int64_t images_a_piece(const ConvProblem& s, Direction direction) {
    if (direction == Direction::BackwardFilter) return s.N;
    for (int64_t images = 16; images >= 8; --images) {
        if (s.N % images == 0 && s.N / images >= 4) return images;
    }
    return s.N;
}

}  // namespace

const char* name_of(Direction direction) {
    switch (direction) {
        case Direction::Forward:
            return "forward";
        case Direction::BackwardData:
            return "backward-data";
        case Direction::BackwardFilter:
            return "backward-filter";
    }
    return "";
}

int channel_block() {
    static const int block = [] {
        const auto isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
        const auto avx512 = static_cast<unsigned>(dnnl::cpu_isa::avx512_core);
        return (isa & avx512) == avx512 ? 16 : 8;
    }();
    return block;
}

std::string description() {
    const dnnl_version_t* version = dnnl_version();
    return fmt::format("oneDNN {}.{}.{}, {}", version->major, version->minor, version->patch,
                       channel_block() == 16 ? "AVX-512" : "AVX2 or older");
}

struct Convolution::Parts {
    Direction direction;
    int64_t pieces;  // of the batch; the primitive computes one
    dnnl::primitive primitive;
    memory::desc map_in, map_out;       // the maps the primitive reads (and writes)
    memory::desc plain_filter, filter;  // (K, C, R, R) row-major, and as the primitive wants it
    memory::desc scratch;
    Buffer filter_storage;
    dnnl::reorder filter_reorder;  // plain -> blocked, or back for BackwardFilter
    std::string implementation;

    float* filter_data() const { return static_cast<float*>(filter_storage.data()); }

    template <class PrimitiveDesc>
    void adopt(const PrimitiveDesc& desc, const memory::desc& filter_desc) {
        filter = filter_desc;
        scratch = desc.scratchpad_desc();
        implementation = desc.impl_info_str();
        filter_storage = Buffer(filter.get_size());
        const bool gradient = direction == Direction::BackwardFilter;
        filter_reorder = dnnl::reorder({engine(), gradient ? filter : plain_filter, engine(),
                                        gradient ? plain_filter : filter});
    }

    void reorder(memory from, memory to) { filter_reorder.execute(stream(), from, to); }

    void load_filter(const float* w) {
        reorder(view(plain_filter, w), view(filter, filter_data()));
    }

    // `in` and `out` are x and y, dy and dx, or x and dy.
    void execute(const float* in, const float* out) {
        const auto in_step = static_cast<int64_t>(map_in.get_size() / sizeof(float));
        const auto out_step = static_cast<int64_t>(map_out.get_size() / sizeof(float));
        parallel_for(pieces, pieces * in_step,
                     [&](int64_t i) { execute_piece(in + i * in_step, out + i * out_step); });
    }

    void execute_piece(const float* in, const float* out) {
        const memory pad = memory(scratch, engine(), onednn::scratch(scratch.get_size()));
        const memory first = view(map_in, in), second = view(map_out, out);
        const memory weights = view(filter, filter_data());
        switch (direction) {
            case Direction::Forward:
                primitive.execute(stream(), {{DNNL_ARG_SRC, first},
                                             {DNNL_ARG_WEIGHTS, weights},
                                             {DNNL_ARG_DST, second},
                                             {DNNL_ARG_SCRATCHPAD, pad}});
                break;
            case Direction::BackwardData:
                primitive.execute(stream(), {{DNNL_ARG_DIFF_DST, first},
                                             {DNNL_ARG_WEIGHTS, weights},
                                             {DNNL_ARG_DIFF_SRC, second},
                                             {DNNL_ARG_SCRATCHPAD, pad}});
                break;
            case Direction::BackwardFilter:
                primitive.execute(stream(), {{DNNL_ARG_SRC, first},
                                             {DNNL_ARG_DIFF_DST, second},
                                             {DNNL_ARG_DIFF_WEIGHTS, weights},
                                             {DNNL_ARG_SCRATCHPAD, pad}});
                break;
        }
    }
};

Convolution::Convolution(const ConvProblem& shape, Direction direction, bool winograd)
    : parts_(std::make_unique<Parts>()) {
    checked("creating a convolution", [&] {
        ConvProblem s = shape;
        s.N = images_a_piece(shape, direction);
        // oneDNN decides when it creates a primitive how many threads will run it.
        const OneOpenMpThread alone(s.N < shape.N);
        const Operands operands(s);
        const auto algorithm =
            winograd ? dnnl::algorithm::convolution_winograd : dnnl::algorithm::convolution_direct;

        Parts& parts = *parts_;
        parts.direction = direction;
        parts.pieces = shape.N / s.N;
        parts.plain_filter = describe(filter_dims(s), Tag::oihw);
        const bool forwards = direction == Direction::Forward;
        const auto forward =
            prepare(operands, forwards ? algorithm : dnnl::algorithm::convolution_direct);
        if (forwards) {
            parts.primitive = Forward(forward);
            parts.map_in = operands.x;
            parts.map_out = operands.y;
            parts.adopt(forward, forward.weights_desc());
        } else if (direction == Direction::BackwardData) {
            const auto desc =
                prepare<dnnl::convolution_backward_data>(operands, algorithm, forward);
            parts.primitive = dnnl::convolution_backward_data(desc);
            parts.map_in = operands.y;
            parts.map_out = operands.x;
            parts.adopt(desc, desc.weights_desc());
        } else {
            const auto desc =
                prepare<dnnl::convolution_backward_weights>(operands, algorithm, forward);
            parts.primitive = dnnl::convolution_backward_weights(desc);
            parts.map_in = operands.x;
            parts.map_out = operands.y;
            parts.adopt(desc, desc.diff_weights_desc());
        }
    });
}

Convolution::~Convolution() = default;

void Convolution::forward(const float* x, const float* w, float* y) {
    checked("convolution forward", [&] {
        parts_->load_filter(w);
        parts_->execute(x, y);
    });
}

void Convolution::backward_data(const float* dy, const float* w, float* dx) {
    checked("convolution backward-data", [&] {
        parts_->load_filter(w);
        parts_->execute(dy, dx);
    });
}

void Convolution::backward_filter(const float* x, const float* dy, float* dw) {
    checked("convolution backward-filter", [&] {
        parts_->execute(x, dy);
        parts_->reorder(view(parts_->filter, parts_->filter_data()),
                        view(parts_->plain_filter, dw));
    });
}

void Convolution::run_bare(const float* map_in, float* map_out) {
    checked("convolution", [&] { parts_->execute(map_in, map_out); });
}

const std::string& Convolution::implementation() const { return parts_->implementation; }

bool has_winograd(const ConvProblem& shape, Direction direction) {
    if (shape.R != 3 || shape.stride != 1 || shape.plain_input) return false;
    static std::map<std::pair<ConvProblem, Direction>, bool> known;
    const auto [entry, unknown] = known.try_emplace({shape, direction}, false);
    if (unknown) {
        try {
            entry->second = Convolution(shape, direction, true).implementation().find("wino") !=
                            std::string::npos;
        } catch (const Error&) {
            entry->second = false;
        }
    }
    return entry->second;
}

bool offers_winograd() {
    return has_winograd({1, 64, 28, 28, 64, 3, 1, 1, false}, Direction::Forward);
}

Convolution& convolution(const ConvProblem& shape, Direction direction) {
    const bool winograd =
        conv_algorithm() != ConvAlgorithm::Direct && has_winograd(shape, direction);
    ++uses[{shape, direction}];
    static std::map<std::tuple<ConvProblem, Direction, bool>, std::unique_ptr<Convolution>> cache;
    auto& entry = cache[{shape, direction, winograd}];
    if (!entry) entry = std::make_unique<Convolution>(shape, direction, winograd);
    return *entry;
}

std::vector<ConvUse> convolution_uses() {
    std::vector<ConvUse> list;
    for (const auto& [key, calls] : uses) list.push_back({key.first, key.second, calls});
    return list;
}

void gemm(bool transpose_a, bool transpose_b, int64_t M, int64_t N, int64_t K, float alpha,
          const float* a, const float* b, float beta, float* c) {
    const dnnl_status_t status =
        dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', M, N, K, alpha, a,
                   transpose_a ? M : K, b, transpose_b ? K : N, beta, c, N);
    FACET_CHECK(status == dnnl_success, "oneDNN: sgemm of ({}, {}) x ({}, {}) failed, status {}", M,
                K, K, N, static_cast<int>(status));
}

void to_blocks(const float* plain, int64_t N, int64_t C, int64_t spatial, float* blocked) {
    const int64_t b = channel_block(), blocks = (C + b - 1) / b;
    parallel_for(N * blocks, N * C * spatial, [&](int64_t cell) {
        const int64_t n = cell / blocks, cb = cell % blocks;
        float* to = blocked + cell * spatial * b;
        const float* from = plain + (n * C + cb * b) * spatial;
        const int64_t used = std::min(b, C - cb * b);
        for (int64_t p = 0; p < spatial; ++p) {
            for (int64_t l = 0; l < b; ++l) to[p * b + l] = l < used ? from[l * spatial + p] : 0;
        }
    });
}

void from_blocks(const float* blocked, int64_t N, int64_t C, int64_t spatial, float* plain) {
    const int64_t b = channel_block(), blocks = (C + b - 1) / b;
    parallel_for(N * blocks, N * C * spatial, [&](int64_t cell) {
        const int64_t n = cell / blocks, cb = cell % blocks;
        const float* from = blocked + cell * spatial * b;
        float* to = plain + (n * C + cb * b) * spatial;
        const int64_t used = std::min(b, C - cb * b);
        for (int64_t l = 0; l < used; ++l) {
            for (int64_t p = 0; p < spatial; ++p) to[l * spatial + p] = from[p * b + l];
        }
    });
}

}  // namespace facet::onednn
