#pragma once

namespace milepost::platform {

/// Whether a file is on a disk of this machine: not on a file system that is served by a network or by a
/// program of a user, whose pages may fail to come, or come slowly.
[[nodiscard]] bool is_on_local_file_system(int file) noexcept;

}  // namespace milepost::platform
