#pragma once

#include <milepost/convert.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

namespace milepost::convert {

/// The format of a file, by its content. Errors: not_a_checkpoint/magic if it is none that is known here;
/// truncated/empty; those of the source. Throws std::bad_alloc.
[[nodiscard]] Result<FileFormat> sniff(const Source& source);

}  // namespace milepost::convert
