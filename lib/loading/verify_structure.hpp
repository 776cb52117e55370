#pragma once

#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "core/progress_meter.hpp"
#include "loading/damage_list.hpp"
#include "loading/open.hpp"

namespace milepost::loading {

/// Checks everything after the header that is not in a chunk: padding, index copies and footers, in one pass
/// over the file, and the form of the index. Errors: those of is_fatal_read and of `progress`. Throws
/// std::bad_alloc.
[[nodiscard]] Result<void> verify_structure(const Source& source, const OpenedIndex& opened,
                                            core::ProgressMeter& progress, DamageList& damage);

}  // namespace milepost::loading
