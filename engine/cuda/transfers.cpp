#include "engine/cuda/transfers.h"

#include <cstring>

namespace facet::cuda {

void Transfers::upload(void* device, const void* host, size_t bytes) {
    enqueue(device, host, bytes, work_);
}

// The memory may be a block that earlier work still uses: the copy begins behind that work.
void Transfers::upload_beside(void* device, const void* host, size_t bytes) {
    work_before_.record(work_);
    beside_.wait_for(work_before_);
    enqueue(device, host, bytes, beside_);
    uploaded_.record(beside_);
    waiting_ = true;
}

void Transfers::await_uploads() {
    if (waiting_) work_.wait_for(uploaded_);
    waiting_ = false;
}

void Transfers::download(std::span<const Download> pieces) {
    size_t bytes = 0;
    for (const Download& piece : pieces) bytes += piece.bytes;
    if (bytes == 0) return;
    const Block staging = pinned_.allocate(bytes);
    auto* at = static_cast<std::byte*>(staging.data());
    for (const Download& piece : pieces) {
        if (piece.bytes > 0) copy_to_host(at, piece.device, piece.bytes, work_);
        at += piece.bytes;
    }
    work_.synchronize();
    at = static_cast<std::byte*>(staging.data());
    for (const Download& piece : pieces) {
        if (piece.bytes > 0) std::memcpy(piece.host, at, piece.bytes);
        at += piece.bytes;
    }
}

void Transfers::enqueue(void* device, const void* host, size_t bytes, const Stream& stream) {
    forget_passed();
    Pending pending{Event(), pinned_.allocate(bytes)};
    std::memcpy(pending.staging.data(), host, bytes);
    copy_to_device(device, pending.staging.data(), bytes, stream);
    pending.passed.record(stream);
    pending_.push_back(std::move(pending));
}

// Two streams pass their events out of order; a block held a little longer does no harm.
void Transfers::forget_passed() {
    while (!pending_.empty() && pending_.front().passed.has_passed()) pending_.pop_front();
}

}  // namespace facet::cuda
