#pragma once

#include <cstddef>
#include <vector>

namespace milepost::platform {

/// Whether a call on an extended attribute failed because the file does not have it, or the file system has
/// none at all.
[[nodiscard]] bool is_attribute_absent(int error) noexcept;

/// Reads the value of an extended attribute of an open file, which may have been opened with O_PATH. Returns
/// an errno, or 0. Throws std::bad_alloc.
[[nodiscard]] int read_attribute(int file, const char* name, std::vector<std::byte>& value);

/// Copies the extended attributes of one open file to another one, as far as the system permits: user.*,
/// trusted.* and security.*, but not those that give rights or describe the content. Requires: the process
/// may write to `to`. Throws std::bad_alloc.
void copy_extended_attributes(int from, int to);

}  // namespace milepost::platform
