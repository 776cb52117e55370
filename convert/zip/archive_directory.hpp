#pragma once

#include <cstdint>
#include <vector>

#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "convert/zip/archive.hpp"

namespace milepost::convert {

/// The central directory of a zip archive of `size` bytes, and all rules of Archive::open but that names are
/// unique. Errors, exceptions: as Archive::open.
[[nodiscard]] Result<std::vector<ZipEntry>> read_directory(const Source& source, std::uint64_t size,
                                                           const Limits& limits);

}  // namespace milepost::convert
