#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/aligned_buffer.hpp"

namespace milepost::detail {

/// What an Arena and the views of its memory share. It is taken for one checkpoint at a time, and given back
/// with the last view of it, perhaps by another thread, whose reads are then done before it is taken again.
class ArenaMemory {
public:
    /// Whether it could be taken: false if it is in use.
    [[nodiscard]] bool take() noexcept {
        bool expected = false;
        return in_use_.compare_exchange_strong(expected, true, std::memory_order_acquire);
    }
    void give_back() noexcept { in_use_.store(false, std::memory_order_release); }
    [[nodiscard]] bool in_use() const noexcept { return in_use_.load(std::memory_order_acquire); }

    /// Memory of at least that size, the same as before if that is enough. Its content is not defined.
    /// Requires: it is taken. Throws std::bad_alloc, and holds nothing then.
    [[nodiscard]] std::span<std::byte> reserve(std::size_t nbytes) {
        if (nbytes > bytes_.bytes().size() || bytes_.empty()) {
            bytes_ = base::AlignedBuffer();  // first, so that both never exist at once
            bytes_ = base::AlignedBuffer(nbytes);
        }
        return bytes_.bytes().first(nbytes);
    }
    [[nodiscard]] std::uint64_t nbytes() const noexcept { return bytes_.bytes().size(); }

private:
    base::AlignedBuffer bytes_;
    std::atomic<bool> in_use_ = false;
};

}  // namespace milepost::detail
