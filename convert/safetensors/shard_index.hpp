#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <milepost/options.hpp>
#include <milepost/result.hpp>

namespace milepost::convert::safetensors {

/// Whether a name can be that of a shard: a plain one, of [A-Za-z0-9._-] and at most 255 bytes, without a
/// leading dot. Such a file is beside the index, whatever it names.
[[nodiscard]] bool is_shard_name(std::string_view name) noexcept;

/// The content of a `*.index.json`.
struct ShardIndex {
    std::map<std::string, std::string, std::less<>> weight_map;  ///< tensor -> shard
    std::optional<std::uint64_t> total_size;                     ///< bytes of all tensors
};

/// Decodes an index. Of its metadata only the size is used; other keys there and at the top are ignored.
/// Errors: corrupt/foreign if it is not JSON of this form, has a key twice, or a shard name that is not a
/// plain one; limit_exceeded/depth, /records, /name_bytes, /decoded_bytes. Throws std::bad_alloc.
[[nodiscard]] Result<ShardIndex> parse_shard_index(std::string_view json, const Limits& limits);

}  // namespace milepost::convert::safetensors
