#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "convert/hdf5/cursor.hpp"

namespace milepost::convert::hdf5 {

/// How the place of a chunk is found.
enum class ChunkIndex : std::uint8_t { btree_v1, single, implicit, fixed_array, extensible_array, btree_v2 };

/// Where the elements of a dataset are.
struct Layout {
    enum class Kind : std::uint8_t { compact, contiguous, chunked };

    Kind kind = Kind::contiguous;
    std::span<const std::byte> bytes = {};  ///< compact: all of them, in the object header
    std::uint64_t address = kNowhere;       ///< of the data, or of the index of chunks
    std::uint64_t nbytes = 0;               ///< contiguous, where it is stated; else 0
    bool states_nbytes = false;
    // Of chunks.
    ChunkIndex index = ChunkIndex::btree_v1;
    Shape chunk = {};                  ///< its shape
    std::uint64_t element_nbytes = 0;  ///< as the layout states it
    bool edges_unfiltered = false;     ///< chunks that reach past the shape are stored as they are
    bool single_filtered = false;      ///< the single chunk has a size and a mask of its own:
    std::uint64_t single_nbytes = 0;
    std::uint32_t single_mask = 0;
};

/// Decodes a data layout message of version 1 to 5. Errors: corrupt/foreign; unsupported/feature for virtual
/// datasets and other versions. Throws std::bad_alloc.
[[nodiscard]] Result<Layout> read_layout(Cursor at);

/// Decodes a fill value message, of the new or the old type: the bytes of an element, or none for zeros.
/// Errors: corrupt/foreign; unsupported/feature. Throws std::bad_alloc.
///@{
[[nodiscard]] Result<std::vector<std::byte>> read_fill(Cursor at);
[[nodiscard]] Result<std::vector<std::byte>> read_old_fill(Cursor at);
///@}

}  // namespace milepost::convert::hdf5
