#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/error.hpp>

#include "format/chunks.hpp"
#include "loading/open.hpp"

namespace milepost::loading {

/// "model/fc1.weight and 2 more chunk 2, bytes 131072..196608: checksum expected 6c01..., found 90ab...".
/// Throws std::bad_alloc.
[[nodiscard]] Error chunk_error(const OpenedIndex& opened, std::uint32_t storage, const format::Chunk& chunk,
                                Condition condition, std::string_view what);

/// Paths of the tensors with bytes in a chunk of a storage. Throws std::bad_alloc.
[[nodiscard]] std::vector<std::string> tensors_in_chunk(const OpenedIndex& opened, std::uint32_t storage,
                                                        const format::Chunk& chunk);

}  // namespace milepost::loading
