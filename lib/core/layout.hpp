#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/checked.hpp"

namespace milepost::core {

/// Sizes or strides of the dimensions, outermost first. Strides are in elements; none means contiguous.
using Dims = std::span<const std::uint64_t>;

/// The rules of docs/format.md, section 6.5, that a tensor can break, in the order of checking.
enum class LayoutFault : std::uint8_t {
    none,
    bits,       ///< rule 16: an impossible element size
    shape,      ///< rule 27: too many bits
    part_byte,  ///< rule 28: elements below 8 bits that do not fill whole bytes
    stride,     ///< rule 29
    range,      ///< rule 30
};

/// What a fault means, for messages: "the shape has 2^63 bits or more".
[[nodiscard]] std::string_view describe(LayoutFault fault) noexcept;

/// Sizes or strides as messages show them: "[6, 3, 5, 5]"; the first 8 of many.
[[nodiscard]] std::string dims_text(Dims dims);

/// Rule 16: 1 to 65528 bits, whole bytes above 8.
[[nodiscard]] bool bits_allowed(std::uint64_t bits) noexcept;

/// The product of the sizes; returns false and leaves `out` unchanged if it does not fit. If one size is 0,
/// the product is 0, whatever the others are.
[[nodiscard]] bool element_count(Dims shape, std::uint64_t& out) noexcept;

/// The strides of a contiguous tensor. Requires: shape_fits(shape, 1).
[[nodiscard]] std::vector<std::uint64_t> contiguous_strides(Dims shape);

/// Whether the strides are those of a contiguous tensor, as docs/format.md, section 10, defines it: any
/// stride will do for a size of 1, and any strides for a tensor without elements. Requires: as many strides
/// as sizes.
[[nodiscard]] bool is_contiguous(Dims shape, Dims strides) noexcept;

/// Bytes of a contiguous tensor, and rule 27: returns false and leaves `nbytes` unchanged unless the product
/// of the sizes that are not 0, times bits, is below 2^63. Here, since it is called for each tensor of each
/// file that is opened.
[[nodiscard]] inline bool contiguous_nbytes(Dims shape, std::uint64_t bits, std::uint64_t& nbytes) noexcept {
    std::uint64_t product = bits;
    bool is_empty = false;
    for (const std::uint64_t size : shape) {
        is_empty |= size == 0;
        if (size != 0 && !base::checked_mul(product, size, product)) return false;
    }
    if (product >= 1ULL << 63U) return false;
    nbytes = is_empty ? 0 : (product + 7) / 8;
    return true;
}

/// Rule 27 alone.
[[nodiscard]] bool shape_fits(Dims shape, std::uint64_t bits) noexcept;

/// Rule 28. Requires: shape_fits.
[[nodiscard]] bool fills_whole_bytes(Dims shape, std::uint64_t bits) noexcept;

/// Rule 29, for a tensor with strides. Requires: bits_allowed, shape_fits.
[[nodiscard]] bool strides_fit(Dims shape, Dims strides, std::uint64_t bits) noexcept;

/// Bytes from the first byte of the tensor to the end of its last element (rule 30); `strides` is empty if
/// contiguous.
/// Requires: shape_fits; strides_fit where there are strides.
[[nodiscard]] std::uint64_t extent_nbytes(Dims shape, Dims strides, std::uint64_t bits) noexcept;

/// Whether sizes and strides show that no two elements overlap: each stride is larger than the extent of all
/// smaller ones. Requires: strides_fit.
[[nodiscard]] bool is_free_of_overlap(Dims shape, Dims strides) noexcept;

/// Rule 30. Requires: as extent_nbytes.
[[nodiscard]] bool fits_storage(Dims shape, Dims strides, std::uint64_t bits, std::uint64_t offset,
                                std::uint64_t storage_nbytes) noexcept;

/// The first of all these rules that the tensor breaks, for one tensor; nothing is required. `strides` empty
/// if contiguous; as many as sizes otherwise, or else LayoutFault::stride.
[[nodiscard]] LayoutFault find_layout_fault(Dims shape, Dims strides, std::uint64_t bits,
                                            std::uint64_t offset, std::uint64_t storage_nbytes) noexcept;

}  // namespace milepost::core
