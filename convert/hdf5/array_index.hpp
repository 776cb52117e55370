#pragma once

#include <cstdint>

#include <milepost/result.hpp>

#include "convert/hdf5/chunk_index.hpp"
#include "convert/hdf5/file.hpp"

namespace milepost::convert::hdf5 {

/// Read the index of a dataset's chunks that is an array: of a dataset that cannot grow, or only up to a
/// limit; and of one that can grow without a limit along one dimension. kNowhere is an empty index. Errors:
/// those of File::read and of ChunkList; corrupt/foreign, /foreign_checksum. They throw std::bad_alloc.
///@{
[[nodiscard]] Result<void> add_from_fixed_array(File& file, std::uint64_t address, ChunkList& list);
[[nodiscard]] Result<void> add_from_extensible_array(File& file, std::uint64_t address, ChunkList& list);
///@}

}  // namespace milepost::convert::hdf5
