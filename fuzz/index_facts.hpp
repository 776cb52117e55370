#pragma once

#include <milepost/options.hpp>

#include "format/index.hpp"
#include "format/index_offsets.hpp"
#include "format/validate.hpp"

namespace milepost::fuzz {

/// Asserts what is true of every index that validation has let pass, computed another way than it does: chunk
/// by chunk, element by element, in arithmetic that is wide enough not to wrap.
void check_facts(const format::Index& index, const format::IndexOffsets& offsets,
                 const format::ValidationContext& validation_context, const Limits& limits);

/// Section 10, of an index that validation has let pass: the layouts as tensors first have them, each once,
/// and no column written that has only default values.
[[nodiscard]] bool has_canonical_columns(const format::Index& index, const format::IndexOffsets& offsets);

}  // namespace milepost::fuzz
