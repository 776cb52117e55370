#pragma once

#include "format/index.hpp"
#include "input.hpp"
#include "support/columns.hpp"

namespace milepost::fuzz {

/// Changes one element of one column, or its number of elements, as the input selects: a field overwritten or
/// moved by a little, an element repeated, removed or exchanged.
void edit(testing::Columns& of, Input& input);

/// Writes out, or omits, a column with default values; or gives a tensor a layout of its own
/// that is equal to the one it has. The content stays the same, mostly, its canonical form does not.
void say_otherwise(testing::Columns& of, Input& input);

/// Gives a model, an optimizer or an entry the name of another one, or one that a key of an optimizer has.
void repeat_name(testing::Columns& of, Input& input);

/// Two names of 2^31 - 1 bytes: added in 32 bits, they come back to where they began.
void wrap_ends(testing::Columns& of, Input& input);

/// Whether two indices are the same, column by column and byte by byte.
[[nodiscard]] bool same_columns(const format::Index& a, const format::Index& b) noexcept;

}  // namespace milepost::fuzz
