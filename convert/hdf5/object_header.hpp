#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <milepost/result.hpp>

#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/file.hpp"

namespace milepost::convert::hdf5 {

/// A message of an object header: its content, and whether that is in another header (a committed datatype).
struct Message {
    Cursor at;
    bool is_shared = false;
    std::uint64_t order = 0;  ///< in which attributes were made, if the header tracks it
};

/// The messages of an object that say what it is. What only matters for writing is left out.
struct ObjectHeader {
    std::vector<FileBlock> blocks;  ///< the bytes of all messages
    bool tracks_attributes = false;
    std::optional<Message> dataspace, datatype, old_fill, fill, layout, filters;  ///< of a dataset
    std::optional<Message> external;                                              ///< data in other files
    std::optional<Message> symbol_table, link_info;                               ///< of a group
    std::optional<Message> attribute_info;
    std::vector<Message> links, attributes;
};

/// Reads the header of an object, version 1 or 2, with its continuation blocks. Errors: those of File::read;
/// corrupt/foreign, /foreign_checksum; unsupported/feature for other versions. Throws std::bad_alloc.
[[nodiscard]] Result<ObjectHeader> read_object_header(File& file, std::uint64_t address);

}  // namespace milepost::convert::hdf5
