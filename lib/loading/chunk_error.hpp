#pragma once

#include <cstdint>
#include <string_view>

#include <milepost/error.hpp>

#include "codec/codec.hpp"
#include "format/chunks.hpp"
#include "loading/open.hpp"

namespace milepost::loading {

/// Names the place of an error of a chunk: "model/fc1.weight and 2 more chunk 2, bytes 131072..196608: WHAT".
/// Its time does not depend on how long paths are. Throws std::bad_alloc.
[[nodiscard]] Error chunk_error(const OpenedIndex& opened, std::uint32_t storage, const format::Chunk& chunk,
                                Condition condition, std::string_view what);

/// The raw bytes [begin, end) of a chunk within its storage.
struct RawRange {
    std::uint64_t begin, end;
};
[[nodiscard]] constexpr RawRange raw_range(const format::Chunk& chunk) noexcept {
    const std::uint64_t begin = chunk.number * codec::kChunkNbytes;
    return {begin, begin + chunk.raw_nbytes};
}

}  // namespace milepost::loading
