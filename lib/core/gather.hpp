#pragma once

#include <cstddef>
#include <cstdint>

#include "core/layout.hpp"

namespace milepost::core {

/// Copies a strided tensor to contiguous memory. `from` is its first element; `element_nbytes` the size of
/// one. Requires: strides_fit; `from` holds reach_nbytes, `to` the bytes of all elements; the two do not
/// overlap.
void gather(const std::byte* from, Dims shape, Dims strides, std::size_t element_nbytes,
            std::byte* to) noexcept;

/// Its counterpart: copies contiguous memory into a strided tensor, whose first element is at `to`. Requires:
/// as gather; no two elements of the tensor lie in the same place.
void scatter(const std::byte* from, Dims shape, Dims strides, std::size_t element_nbytes,
             std::byte* to) noexcept;

}  // namespace milepost::core
