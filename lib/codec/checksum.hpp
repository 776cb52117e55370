#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace milepost::codec {

/// XXH3-128, seed 0, in canonical (big-endian) order: docs/format.md, section 2. Finds accidents, not
/// attackers.
using Digest = std::array<std::byte, 16>;
/// XXH3-64 likewise.
using Digest64 = std::array<std::byte, 8>;

[[nodiscard]] Digest checksum128(std::span<const std::byte> bytes) noexcept;
[[nodiscard]] Digest64 checksum64(std::span<const std::byte> bytes) noexcept;

/// The checksum128 of bytes that come in pieces. Move-only. One thread at a time.
class RunningChecksum {
public:
    /// Throws std::bad_alloc.
    RunningChecksum();

    void update(std::span<const std::byte> piece) noexcept;
    /// The checksum of all pieces since the last call; the next piece begins a new one.
    [[nodiscard]] Digest finish() noexcept;

private:
    struct Free {
        void operator()(void* state) const noexcept;
    };
    std::unique_ptr<void, Free> state_;
};

/// Hex digits, as `xxhsum -H2` prints them.
[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);

}  // namespace milepost::codec
