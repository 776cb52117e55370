#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "format/index_columns.hpp"

/// The index as plain columns: docs/format.md, section 6.
namespace milepost::format {

/// A Value is copied and destroyed by recursion: no limit allows deeper ones in a file.
inline constexpr std::uint32_t kGreatestDepth = 1000;
[[nodiscard]] inline std::uint32_t greatest_depth(const Limits& limits) noexcept {
    return std::min(limits.max_depth, kGreatestDepth);
}

/// Rule 25: no limit allows more dimensions.
inline constexpr std::uint32_t kGreatestRank = 64;
[[nodiscard]] inline std::uint32_t greatest_rank(const Limits& limits) noexcept {
    return std::min(limits.max_rank, kGreatestRank);
}

/// All columns. Borrows: from the buffer that was decoded, or from an IndexColumns.
struct Index : BasicIndex<BorrowedColumn, StringTable> {
    [[nodiscard]] std::size_t storage_count() const noexcept {
        return storage_nbytes.empty() ? tensor_layouts.size() : storage_nbytes.size();
    }
    [[nodiscard]] std::uint32_t storage_of(std::size_t tensor) const noexcept {
        return tensor_storages.empty() ? static_cast<std::uint32_t>(tensor) : tensor_storages[tensor];
    }
    /// In its storage, in bytes.
    [[nodiscard]] std::uint64_t offset_of(std::size_t tensor) const noexcept {
        return tensor_offsets.empty() ? 0 : tensor_offsets[tensor];
    }
    [[nodiscard]] CodecRecord codec_of(std::size_t storage) const noexcept {
        return storage_codecs.empty() ? CodecRecord{} : storage_codecs[storage];
    }

    /// Bytes of all columns, without what is between them: encode() returns more.
    [[nodiscard]] std::uint64_t column_nbytes() const noexcept;
    /// The canonical bytes: section 10. Errors: limit_exceeded/index_bytes. Throws std::bad_alloc.
    [[nodiscard]] Result<std::vector<std::byte>> encode(const Limits& limits) const;
    /// Checks that the buffer is sound FlatBuffers and that columns are aligned; what they mean is checked by
    /// validate(). Requires: `buffer` begins at a multiple of 64 and outlives the Index. Errors:
    /// corrupt/index_schema, /index_alignment.
    [[nodiscard]] static Result<Index> decode(std::span<const std::byte> buffer);
};

/// Values of entries and metadata of models: the first ones of the column `values`.
[[nodiscard]] inline std::uint64_t root_count(const Index& index) noexcept {
    return std::uint64_t{index.entry_names.size()} + index.models.size();
}

/// An index that owns its columns, to be filled or edited.
struct IndexColumns : BasicIndex<OwnedColumn, StringTableBuilder> {
    IndexColumns() = default;
    /// A copy. Throws std::bad_alloc.
    explicit IndexColumns(const Index& index);

    /// Borrows from these columns, and is invalid when one of them changes its size.
    [[nodiscard]] Index view() const noexcept;
};

}  // namespace milepost::format
