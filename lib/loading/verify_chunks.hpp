#pragma once

#include <milepost/result.hpp>
#include <milepost/verify.hpp>

#include "core/progress_meter.hpp"
#include "loading/chunk_reader.hpp"
#include "loading/damage_list.hpp"

namespace milepost::loading {

/// Checks all chunks on several threads, whatever is wrong with some of them. Counts them in the report.
/// Errors: those of is_fatal_read and of `progress`. Throws std::bad_alloc.
[[nodiscard]] Result<void> verify_chunks(const ChunkSource& source, unsigned threads,
                                         core::ProgressMeter& progress, DamageList& damage,
                                         VerifyReport& report);

}  // namespace milepost::loading
