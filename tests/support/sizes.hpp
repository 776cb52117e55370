#pragma once

#include <cstddef>

namespace milepost::testing {

inline constexpr std::size_t kMib = std::size_t{1} << 20U;

}  // namespace milepost::testing
