#pragma once

#include <cstdint>
#include <string>

#include "format/index.hpp"
#include "format/index_offsets.hpp"

/// Paths, as docs/format.md, section 2, defines them. Requires: a validated index. Throws std::bad_alloc.
namespace milepost::format {

[[nodiscard]] std::string entry_path(const Index& index, const IndexOffsets& offsets, std::uint32_t entry);
[[nodiscard]] std::string value_path(const Index& index, const IndexOffsets& offsets, std::uint32_t value);
[[nodiscard]] std::string tensor_path(const Index& index, const IndexOffsets& offsets, std::uint32_t tensor);

}  // namespace milepost::format
