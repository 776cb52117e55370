#pragma once

#include <cstdint>

#include <milepost/result.hpp>

#include "convert/hdf5/file.hpp"

namespace milepost::convert::hdf5 {

/// Finds the superblock, sets the base and the widths of the file, and returns the address of the header of
/// the root group. Errors: not_a_checkpoint/magic; truncated/cut if the file is shorter than it states;
/// corrupt/foreign, /foreign_checksum; unsupported/feature for versions above 3. Throws std::bad_alloc.
[[nodiscard]] Result<std::uint64_t> read_superblock(File& file);

}  // namespace milepost::convert::hdf5
