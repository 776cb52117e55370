#pragma once

#include <milepost/result.hpp>
#include <milepost/verify.hpp>

#include "loading/chunk_reader.hpp"
#include "loading/damage_list.hpp"
#include "loading/verify_progress.hpp"

namespace milepost::loading {

/// Checks all chunks on several threads, whatever is wrong with some of them. Counts them in the report.
/// Errors: those of is_fatal_read. Throws std::bad_alloc, and what the caller's progress throws.
[[nodiscard]] Result<void> verify_chunks(const ChunkSource& source, unsigned threads,
                                         VerifyProgress& progress, DamageList& damage, VerifyReport& report);

}  // namespace milepost::loading
