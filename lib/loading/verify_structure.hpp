#pragma once

#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "loading/damage_list.hpp"
#include "loading/open.hpp"
#include "loading/verify_progress.hpp"

namespace milepost::loading {

/// Checks everything after the header that is not in a chunk: padding, index copies and footers, in one pass
/// over the file, and the form of the index. Errors: those of is_fatal_read. Throws std::bad_alloc, and
/// what the caller's progress throws.
[[nodiscard]] Result<void> verify_structure(const Source& source, const OpenedIndex& opened,
                                            VerifyProgress& progress, DamageList& damage);

}  // namespace milepost::loading
