#pragma once

#include <cstdint>

#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "format/index_offsets.hpp"

namespace milepost::format {

/// What the index is judged by, beside itself.
struct ValidationContext {
    std::uint64_t index_offset = 0;  ///< of copy A
    std::uint64_t alignment = 0;     ///< the header's
};

/// All rules of docs/format.md, section 6.5, in their order; the first that is broken decides. Throws
/// std::bad_alloc. Errors: those of the table there.
[[nodiscard]] Result<IndexOffsets> validate(const Index& index, const ValidationContext& validation_context,
                                            const Limits& limits);

/// The same but for the rules on places and chunks (33 to 35, 37, 38), which a writer knows only when all
/// is written; the storages that tensors refer to are not checked either (23, 30, 36): a view was. Throws
/// std::bad_alloc.
[[nodiscard]] Result<void> validate_content(const Index& index, const Limits& limits);

}  // namespace milepost::format
