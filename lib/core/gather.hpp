#pragma once

#include <cstddef>
#include <cstdint>

#include "core/layout.hpp"

namespace milepost::core {

/// Copies a strided tensor to contiguous memory. `from` is its first element; `element_nbytes` the size of
/// one. Requires: strides_fit; `from` holds reach_nbytes, `to` the bytes of all elements; the two do not
/// overlap.
void gather(const std::byte* from, Dims shape, Dims strides, std::size_t element_nbytes, std::byte* to);

}  // namespace milepost::core
