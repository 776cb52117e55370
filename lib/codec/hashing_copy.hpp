#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "codec/checksum.hpp"

namespace milepost::codec {

/// Copies bytes and hashes the copy, block by block, so that each block is hashed while it is in the cache:
/// memory is read once. What is hashed is the copy, whatever happens to the original meanwhile. One thread at
/// a time.
class HashingCopy {
public:
    /// Copies to `to` and, what is left, to `rest`. Returns the checksum of the copy. Requires: together they
    /// have the size of `from`; nothing overlaps. Throws std::bad_alloc, and has then copied nothing.
    [[nodiscard]] Digest copy(std::span<const std::byte> from, std::span<std::byte> to,
                              std::span<std::byte> rest = {});

private:
    void hash(std::span<const std::byte> block, std::span<const std::byte> next) noexcept;

    std::unique_ptr<RunningChecksum> checksum_;  ///< made at the first copy of several blocks
};

}  // namespace milepost::codec
