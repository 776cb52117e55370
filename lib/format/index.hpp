#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "codec/checksum.hpp"

/// The index as plain columns: docs/format.md, section 6. The structs lie in the file exactly so (index.cpp
/// asserts that they are those of schema/checkpoint.fbs), so that decoding copies nothing.
namespace milepost::format {

using Digest = codec::Digest;

inline constexpr std::uint32_t kNoPosition = 0xFFFFFFFF;
/// Whoever copies or destroys a Value goes as deep as it is: deeper, no limit lets a file in.
inline constexpr std::uint32_t kGreatestDepth = 1000;
[[nodiscard]] inline std::uint32_t greatest_depth(const Limits& limits) noexcept {
    return std::min(limits.max_depth, kGreatestDepth);
}
inline constexpr std::uint8_t kStridedFlag = 1;
inline constexpr std::uint8_t kAttributesSubtype = 128;

struct StringTable {
    std::span<const std::uint32_t> ends;
    std::span<const std::byte> bytes;

    [[nodiscard]] std::size_t size() const noexcept { return ends.size(); }
    /// Requires: the ends were checked.
    [[nodiscard]] std::string_view operator[](std::size_t i) const noexcept {
        const std::uint32_t begin = i == 0 ? 0 : ends[i - 1];
        return {reinterpret_cast<const char*>(bytes.data()) + begin, ends[i] - begin};
    }
};

struct ModelRecord {
    std::uint32_t entry_count;
};

struct OptimizerRecord {
    std::uint32_t group_count;
    std::uint32_t state_count;
    std::uint32_t state_extra_count;
    std::uint32_t extra_count;
};

struct GroupRecord {
    std::uint32_t hyperparameter_count;
    std::uint32_t param_count;
    std::uint32_t params_position;
    std::uint32_t param_names_position;
};

struct StateRecord {
    std::uint64_t index;
    std::uint32_t entry_count;
    std::uint32_t reserved;
};

struct ValueRecord {
    std::uint8_t kind;
    std::uint8_t subtype;
};

struct DtypeRecord {
    std::uint8_t code;
    std::uint8_t reserved;
    std::uint16_t bits;
};

struct LayoutRecord {
    std::uint8_t dtype;
    std::uint8_t rank;
    std::uint8_t flags;
    std::uint8_t reserved;
};

[[nodiscard]] inline bool is_strided(const LayoutRecord& layout) noexcept {
    return (layout.flags & kStridedFlag) != 0;
}
/// Numbers that it takes from `dims`.
[[nodiscard]] inline std::uint32_t dims_of(const LayoutRecord& layout) noexcept {
    return std::uint32_t{layout.rank} * (is_strided(layout) ? 2 : 1);
}

struct CodecRecord {
    std::uint8_t code;
    std::uint8_t parameter;
};

/// All columns. Borrows: from the buffer that was decoded, or from what is to be encoded.
struct Index {
    StringTable model_names, optimizer_names, algorithms, entry_names, param_names, dtype_names;
    std::span<const ModelRecord> models;
    std::span<const OptimizerRecord> optimizers;
    std::span<const GroupRecord> groups;
    std::span<const std::uint64_t> params;
    std::span<const StateRecord> states;
    std::span<const std::uint32_t> entry_order;
    std::span<const std::uint32_t> top_order;
    std::span<const ValueRecord> values;
    std::span<const std::uint32_t> value_sizes;
    std::span<const std::byte> value_bytes;
    std::span<const DtypeRecord> dtypes;
    std::span<const LayoutRecord> layouts;
    std::span<const std::uint64_t> dims;
    std::span<const std::uint32_t> tensor_layouts;
    std::span<const std::uint32_t> tensor_storages;  ///< or none: tensor i views storage i
    std::span<const std::uint64_t> tensor_offsets;   ///< or none: all 0
    std::span<const std::uint64_t> storage_nbytes;   ///< or none: what tensor i reaches
    std::span<const CodecRecord> storage_codecs;     ///< or none: all raw
    std::span<const Digest> stored_checksums;
    std::span<const std::uint32_t> stored_nbytes;
    std::span<const Digest> raw_checksums;

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

    /// The canonical bytes: section 10. Errors: limit_exceeded/index_bytes. Throws std::bad_alloc.
    [[nodiscard]] Result<std::vector<std::byte>> encode(const Limits& limits) const;
    /// Sound FlatBuffers and alignment, no meaning (that is validate's). Requires: `buffer` begins at a
    /// multiple of 64 and outlives the Index. Errors: corrupt/index_schema, /index_alignment.
    [[nodiscard]] static Result<Index> decode(std::span<const std::byte> buffer);
};

}  // namespace milepost::format
