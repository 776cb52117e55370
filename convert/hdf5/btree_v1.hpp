#pragma once

#include <cstdint>
#include <functional>

#include <milepost/result.hpp>

#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/file.hpp"

namespace milepost::convert::hdf5 {

/// What a B-tree of version 1 holds. Stored in files.
enum class TreeType : std::uint8_t { group = 0, chunks = 1 };

/// Calls `take` for each child of a leaf: with its key, a cursor at its first byte, and its address. The tree
/// has nodes at the address; kNowhere is an empty tree. `key_nbytes` is the size of a key. Errors: those of
/// File::read and of `take`; corrupt/foreign. Throws std::bad_alloc.
[[nodiscard]] Result<void> walk_btree_v1(
    File& file, std::uint64_t address, TreeType type, std::uint64_t key_nbytes,
    const std::function<Result<void>(Cursor key, std::uint64_t child)>& take);

}  // namespace milepost::convert::hdf5
