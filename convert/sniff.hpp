#pragma once

#include <optional>

#include <milepost/convert.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

namespace milepost::convert {

/// The format of a file, by its content; nothing if it is none of other programs: then it is a file of
/// Milepost, if anything, and a Reader says what is wrong. Errors: those of the source. Throws
/// std::bad_alloc.
[[nodiscard]] Result<std::optional<FileFormat>> sniff(const Source& source);

}  // namespace milepost::convert
