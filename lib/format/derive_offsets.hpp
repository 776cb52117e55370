#pragma once

#include <cstddef>
#include <cstdint>

#include "format/index.hpp"
#include "format/index_offsets.hpp"

/// Computes the parts of IndexOffsets, and the sums that rules compare. Nothing is judged here: each function
/// names the rules of docs/format.md, section 6.5, that must hold before it may be called.
namespace milepost::format {

/// Fills optimizer_group, optimizer_state, group_param, group_name and the entry lists. Requires: rule 7.
void derive_entry_lists(const Index& index, IndexOffsets& offsets) noexcept;

/// Sums over all values.
struct ValueTotals {
    std::uint32_t kinds = 0;         ///< bit k: there are values of kind k
    std::uint64_t tensors = 0;       ///< values of kind tensor
    std::uint64_t children_end = 0;  ///< the number of roots and children
    std::uint64_t bytes = 0;         ///< taken from value_bytes
};

/// Fills value_size, data_begin and tensor_value. Requires: rules 7 and 17.
[[nodiscard]] ValueTotals derive_values(const Index& index, IndexOffsets& offsets) noexcept;

/// Fills layout_dims. Requires: rule 2.
void derive_layout_dims(const Index& index, IndexOffsets& offsets) noexcept;

/// Fills layout_element and layout_extent. Requires: rules 23 to 29.
void derive_layout_extents(const Index& index, IndexOffsets& offsets) noexcept;

/// Sums over the storages of a file without codecs.
struct RawStorageTotals {
    std::uint64_t chunks = 0;
    std::uint64_t end = 0;       ///< of the last storage that has bytes
    std::uint64_t all_bits = 0;  ///< all sizes and offsets, combined by "or": shows whether one is too large
};

/// Fills storage_chunk and storage_begin where no storage has a codec: in one pass, which every open makes.
/// Where the sizes are too large for sums of 64 bits, the offsets are wrong, and all_bits is at least 2^62.
/// Requires: rule 23; layout_extent is derived; no storage_codecs.
[[nodiscard]] RawStorageTotals derive_raw_storages(const Index& index, std::uint64_t alignment,
                                                   IndexOffsets& offsets) noexcept;

/// Fills storage_chunk and, where there are codecs, encoded. Requires: rule 33. Throws std::bad_alloc.
void derive_chunks(const Index& index, IndexOffsets& offsets);

/// Fills storage_begin. Requires: rule 37; the chunks are derived.
void derive_storage_begins(const Index& index, std::uint64_t alignment, IndexOffsets& offsets) noexcept;

/// Bytes of a storage in the file, with the padding between its chunks. Requires: the chunks are derived.
[[nodiscard]] std::uint64_t stored_extent(const Index& index, const IndexOffsets& offsets,
                                          std::size_t storage) noexcept;

}  // namespace milepost::format
