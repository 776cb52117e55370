#pragma once

#include <cstdint>

namespace milepost::platform {

/// The largest size that this process may give to a file. The kernel answers a write beyond RLIMIT_FSIZE with
/// SIGXFSZ, which ends the process, so sizes are compared with the limit first.
[[nodiscard]] std::uint64_t file_size_limit() noexcept;

/// Allocates space for a file of `nbytes`, and sets `extent`, the size of the file, to that. Does nothing if
/// the file system cannot do it: then the writes report a lack of space. Returns an errno, or 0.
[[nodiscard]] int reserve_space(int file, std::uint64_t nbytes, std::uint64_t& extent) noexcept;

/// Copies the content of one open file, of `nbytes`, to an empty one, without moving it through this process
/// where the file system can do that. Returns an errno, or 0; EIO if the file is shorter. Throws
/// std::bad_alloc.
[[nodiscard]] int copy_content(int from, int to, std::uint64_t nbytes);

}  // namespace milepost::platform
