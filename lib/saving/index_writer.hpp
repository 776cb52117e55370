#pragma once

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "format/file_layout.hpp"
#include "format/index.hpp"
#include "saving/output_queue.hpp"

namespace milepost::saving {

/// Validates the index by the reader's own rules, then writes its two copies and their footers, and flushes:
/// everything after the storages. Errors: limit_exceeded/...; invalid_argument/save_name, /layout for an
/// index that breaks a rule; those of the Sink. Throws std::bad_alloc.
[[nodiscard]] Result<void> write_index(const format::Index& index, const format::HeaderBytes& header,
                                       const SaveOptions& options, OutputQueue& queue);

/// The same error as the caller of a save should see it: a broken rule in an index that was just made is a
/// mistake in the checkpoint that was given, not damage.
[[nodiscard]] Error as_argument_error(const Error& error);

}  // namespace milepost::saving
