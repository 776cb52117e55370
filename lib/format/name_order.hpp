#pragma once

#include <cstdint>
#include <span>

#include "format/index_columns.hpp"

namespace milepost::format {

/// Whether `order` holds numbers below its size, and the names first + number strictly ascend: rules 9 to 11
/// of docs/format.md in one pass, which every open makes over every name. Uses AVX2 where the machine has it.
/// Requires: rule 3; a name for each number.
[[nodiscard]] bool names_strictly_ascend(const StringTable& names, std::span<const std::uint32_t> order,
                                         std::uint32_t first) noexcept;

/// The same with the code for any machine; for tests.
[[nodiscard]] bool names_strictly_ascend_portable(const StringTable& names,
                                                  std::span<const std::uint32_t> order,
                                                  std::uint32_t first) noexcept;

}  // namespace milepost::format
