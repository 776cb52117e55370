#pragma once

#include <cstdint>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "saving/new_storage.hpp"

namespace milepost::saving {

/// Memory for copies of storages, kept from one save to the next. One thread at a time.
class Snapshot {
public:
    /// Copies each storage that is memory of the caller, on up to `threads` threads, and makes its view one
    /// of the copy, which is valid until the next call. Storages of open files stay as they are. Throws
    /// std::bad_alloc, and then has changed no view.
    void take(std::vector<NewStorage>& storages, unsigned threads);

    [[nodiscard]] std::uint64_t nbytes() const noexcept { return memory_.bytes().size(); }
    void release() noexcept { memory_ = {}; }

private:
    base::AlignedBuffer memory_;
};

}  // namespace milepost::saving
