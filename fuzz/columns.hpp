#pragma once

#include "format/index.hpp"
#include "golden/columns.hpp"
#include "input.hpp"

namespace milepost::fuzz {

/// Changes one element of one column, or its number of elements, as the input says: a field overwritten or
/// moved by a little, an element repeated, removed or exchanged.
void edit(golden::Columns& of, Input& input);

/// Whether two indices are the same, column by column and byte by byte.
[[nodiscard]] bool same_columns(const format::Index& a, const format::Index& b) noexcept;

}  // namespace milepost::fuzz
