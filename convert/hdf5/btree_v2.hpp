#pragma once

#include <cstdint>
#include <functional>

#include <milepost/result.hpp>

#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/file.hpp"

namespace milepost::convert::hdf5 {

/// Types of the records of B-trees of version 2. Stored in files.
enum class RecordType : std::uint8_t {
    huge_objects = 1,
    link_names = 5,
    attribute_names = 8,
    chunks = 10,
    filtered_chunks = 11,
};

/// Calls `take` for each record of a tree, in any order. Requires: the address of a header. Errors: those of
/// File::read and of `take`; corrupt/foreign, also if the tree has records of another type;
/// /foreign_checksum. Throws std::bad_alloc.
[[nodiscard]] Result<void> walk_btree_v2(File& file, std::uint64_t address, RecordType type,
                                         const std::function<Result<void>(Cursor record)>& take);

}  // namespace milepost::convert::hdf5
