#pragma once

#include <cstddef>
#include <span>

#include <milepost/dtype.hpp>

namespace milepost::core {

/// Whether cast() converts between the two: f16, bf16, f32 and f64, any into any.
[[nodiscard]] bool can_cast(Dtype from, Dtype to) noexcept;

/// Converts contiguous elements, to nearest, ties to even. A number that is too large becomes infinite. A NaN
/// remains a NaN with its sign and the leading bits of its payload (IEEE 754-2019, sections 4.3.1 and 6.2.3).
/// Requires: can_cast; both spans hold as many elements; they do not overlap. Any alignment.
void cast(Dtype from_dtype, std::span<const std::byte> from, Dtype to_dtype,
          std::span<std::byte> to) noexcept;

}  // namespace milepost::core
