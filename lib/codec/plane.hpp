#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "codec/huffman.hpp"
#include "codec/list_code.hpp"

namespace milepost::codec {

// One plane of a block as it is stored: docs/format.md, section 4.4.

/// Values of one plane, and how many bits each has, 1 to 8.
struct PlaneShape {
    std::size_t count;
    unsigned bits;
};

/// The most bytes that write_plane() writes.
[[nodiscard]] constexpr std::size_t plane_bound(const PlaneShape& plane) noexcept {
    return (plane.count * plane.bits + 7) / 8 + 16;
}

/// How often each value of a plane occurs.
[[nodiscard]] Counts count_values(const PlaneShape& plane, const ValueBuffer& values) noexcept;

/// Write a plane in its smallest form, the first one with the values counted; a form that takes longer to
/// decode only where it gains. The second one is for planes that are close to random in most data: it looks
/// at a sample first. Return the number of bytes. Require: room for plane_bound(); the count is at least 1
/// and at most kBlockWords.
///@{
std::size_t write_plane(const PlaneShape& plane, const Counts& counts, const ValueBuffer& values,
                        ListCoder& coder, std::byte* to) noexcept;
std::size_t write_plane(const PlaneShape& plane, const ValueBuffer& values, ListCoder& coder,
                        std::byte* to) noexcept;
///@}

/// What is left of the stored bytes of a block.
struct StoredBytes {
    std::span<const std::byte> left;

    /// The next `nbytes`, or nothing where there are fewer.
    [[nodiscard]] std::optional<std::span<const std::byte>> take(std::size_t nbytes) noexcept {
        if (nbytes > left.size()) return std::nullopt;
        const auto taken = left.first(nbytes);
        left = left.subspan(nbytes);
        return taken;
    }
    [[nodiscard]] std::optional<unsigned> take_byte() noexcept {
        const auto taken = take(1);
        return taken ? std::optional(std::to_integer<unsigned>((*taken)[0])) : std::nullopt;
    }
};

/// Reads a plane whose values are all less than `limit`, and points `values` at them: in `buffer`, or where
/// they are stored. Returns what is wrong, or "".
[[nodiscard]] std::string_view read_plane(const PlaneShape& plane, std::size_t limit, StoredBytes& stored,
                                          ListCoder& coder, ValueBuffer& buffer,
                                          const std::uint8_t*& values) noexcept;

}  // namespace milepost::codec
