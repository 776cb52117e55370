#pragma once

#include <cstddef>

#include "codec/huffman.hpp"
#include "codec/list_code.hpp"
#include "codec/plane.hpp"
#include "codec/word_kernels.hpp"

namespace milepost::codec {

/// The most bytes that write_plane() writes.
[[nodiscard]] constexpr std::size_t plane_bound(const PlaneShape& plane) noexcept {
    return plane.packed_nbytes() + 16;
}

/// How often each value of a plane occurs.
[[nodiscard]] Counts count_values(const PlaneShape& plane, const ValueBuffer& values) noexcept;

/// What packs values and codes them.
struct PlaneTools {
    const WordKernels& kernels;
    ListCoder& coder;
};

/// Write a plane in its smallest form, the first one with the values counted; a form that takes longer to
/// decode only where it gains. The second one is for planes that are close to random in most data: it looks
/// at a sample first. Return the number of bytes. Require: room for plane_bound(); the count is at least 1
/// and at most kBlockWords.
///@{
std::size_t write_plane(const PlaneShape& plane, const Counts& counts, const ValueBuffer& values,
                        const PlaneTools& tools, std::byte* to) noexcept;
std::size_t write_plane(const PlaneShape& plane, const ValueBuffer& values, const PlaneTools& tools,
                        std::byte* to) noexcept;
///@}

}  // namespace milepost::codec
