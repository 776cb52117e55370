#pragma once

#include <cstdint>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "convert/zip/source_stream.hpp"

namespace milepost::convert {

/// The end records of a zip archive of `size` bytes. Errors of all: those of the source. Throw
/// std::bad_alloc.
///@{

/// Whether it is an archive without entries, which minizip does not open: an end record of zeros.
[[nodiscard]] Result<bool> is_empty_archive(SourceStream& stream, std::uint64_t size);

/// Why minizip does not open it: truncated/cut if there is no end record, corrupt/foreign if it is wrong.
[[nodiscard]] Error why_not_opened(SourceStream& stream, std::uint64_t size);

/// Whether the end records follow the central directory, and the end of the file follows them: another reader
/// then finds the same ones. Errors: corrupt/foreign if not.
[[nodiscard]] Result<void> check_archive_end(SourceStream& stream, std::uint64_t size,
                                             std::uint64_t directory_end);
///@}

}  // namespace milepost::convert
