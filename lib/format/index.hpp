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
inline constexpr std::uint8_t kAttributesFlavour = 128;

struct Texts {
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
    std::uint8_t flavour;
    std::uint16_t reserved;
    std::uint32_t size;
};

struct TensorRecord {
    std::uint64_t offset;
    std::uint32_t storage;
    std::uint8_t dtype;
    std::uint8_t rank;
    std::uint8_t flags;
    std::uint8_t reserved;
};

struct DtypeRecord {
    std::uint8_t code;
    std::uint8_t reserved;
    std::uint16_t bits;
};

struct StorageRecord {
    std::uint64_t offset;
    std::uint64_t nbytes;
    std::uint8_t codec;
    std::uint8_t codec_parameter;
    std::array<std::uint8_t, 6> reserved;
};

/// All columns. Borrows: from the buffer that was decoded, or from what is to be encoded.
struct Index {
    Texts model_names, optimizer_names, algorithms, entry_names, param_names, dtype_names;
    std::span<const ModelRecord> models;
    std::span<const OptimizerRecord> optimizers;
    std::span<const GroupRecord> groups;
    std::span<const std::uint64_t> params;
    std::span<const StateRecord> states;
    std::span<const std::uint32_t> entry_order;
    std::span<const std::uint32_t> top_order;
    std::span<const ValueRecord> values;
    std::span<const std::byte> value_bytes;
    std::span<const DtypeRecord> dtypes;
    std::span<const TensorRecord> tensors;
    std::span<const std::uint64_t> dims;
    std::span<const StorageRecord> storages;
    std::span<const Digest> stored_checksums;
    std::span<const std::uint32_t> stored_nbytes;
    std::span<const Digest> raw_checksums;

    /// The canonical bytes: section 10. Errors: limit_exceeded/index_bytes. Throws std::bad_alloc.
    [[nodiscard]] Result<std::vector<std::byte>> encode(const Limits& limits) const;
    /// Sound FlatBuffers and alignment, no meaning (that is validate's). Requires: `buffer` begins at a
    /// multiple of 64 and outlives the Index. Errors: corrupt/index_schema, /index_alignment.
    [[nodiscard]] static Result<Index> decode(std::span<const std::byte> buffer);
};

}  // namespace milepost::format
