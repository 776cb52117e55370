#pragma once

#include <cstddef>
#include <cstring>
#include <span>

#include "format/index_columns.hpp"

namespace milepost::format {

/// Where the run of equal records ends that begins at `begin`: a thousand tensors in a row are one step.
[[nodiscard]] inline std::size_t end_of_run(std::span<const ValueRecord> values, std::size_t begin) noexcept {
    constexpr std::size_t kStep = 64;
    std::size_t end = begin + 1;
    while (end + kStep <= values.size() &&
           std::memcmp(&values[end], &values[end - 1], kStep * sizeof(ValueRecord)) == 0) {
        end += kStep;
    }
    while (end < values.size() && values[end].kind == values[begin].kind &&
           values[end].subtype == values[begin].subtype) {
        ++end;
    }
    return end;
}

}  // namespace milepost::format
