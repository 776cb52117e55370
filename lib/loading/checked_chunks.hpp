#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace milepost::loading {

/// Which chunks of a mapped file have had the right checksum: they are used in place, so one comparison is
/// enough. Two threads may both check a chunk; neither uses unchecked bytes. Any thread.
class CheckedChunks {
public:
    /// For that many chunks, as the file numbers them. Throws std::bad_alloc.
    explicit CheckedChunks(std::size_t count)
        : states_(std::make_unique<std::atomic<std::uint8_t>[]>(count)) {}

    [[nodiscard]] bool contains(std::size_t chunk) const noexcept {
        return states_[chunk].load(std::memory_order_acquire) != 0;
    }
    void insert(std::size_t chunk) const noexcept { states_[chunk].store(1, std::memory_order_release); }

private:
    std::unique_ptr<std::atomic<std::uint8_t>[]> states_;
};

}  // namespace milepost::loading
