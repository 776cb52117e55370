#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "format/index.hpp"
#include "format/index_offsets.hpp"

namespace milepost::format {

/// The number of the entry that a path names (docs/format.md, section 2): an entry of a model, an entry of an
/// optimizer state, or a top-level value. Nothing for other paths: those of hyperparameters, extra entries
/// and parts of values need a search. Requires: a validated index.
[[nodiscard]] std::optional<std::uint32_t> find_path(const Index& index, const IndexOffsets& offsets,
                                                     std::string_view path);

}  // namespace milepost::format
