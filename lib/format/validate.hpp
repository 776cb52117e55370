#pragma once

#include <cstdint>

#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "format/index.hpp"
#include "format/index_offsets.hpp"

namespace milepost::format {

/// What the rules compare the index with.
struct ValidationContext {
    std::uint64_t index_offset = 0;  ///< of copy A
    std::uint64_t alignment = 0;     ///< the header's
};

/// All rules of docs/format.md, section 6.5, in their order; the first that is broken decides. Throws
/// std::bad_alloc. Errors: those of the table there.
[[nodiscard]] Result<IndexOffsets> validate(const Index& index, const ValidationContext& context,
                                            const Limits& limits);

/// The same without the rules on storages and references to them (23, 30 to 38): a writer calls this before
/// it has written storages, and has checked the views of tensors one by one. Throws std::bad_alloc.
[[nodiscard]] Result<void> validate_content(const Index& index, const Limits& limits);

}  // namespace milepost::format
