#include "loading/segment_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <milepost/result.hpp>

#include "base/aligned_buffer.hpp"
#include "codec/codec.hpp"
#include "loading/file_access.hpp"
#include "loading/segment_walk.hpp"

namespace milepost::loading {
namespace {

/// Chunks of this size on average are read one by one from a file: each goes to where it is wanted, and is
/// still in the cache when it is hashed.
constexpr std::uint64_t kLargeChunkNbytes = codec::kChunkNbytes / 2;

}  // namespace

Result<std::span<const std::byte>> SegmentReader::read(const Segment& segment) {
    constexpr std::span<const std::byte> kOneByOne;
    const std::uint64_t nbytes = segment.end - segment.begin;
    const bool has_large_chunks = nbytes / segment.chunks.size() >= kLargeChunkNbytes;
    if (segment.chunks.size() == 1 || !file_.mapped().empty()) return kOneByOne;
    if (file_.is_file() && has_large_chunks) return kOneByOne;
    if (buffer_.bytes().size() < nbytes) buffer_ = base::AlignedBuffer(static_cast<std::size_t>(nbytes));
    const std::span<std::byte> to = buffer_.bytes().first(static_cast<std::size_t>(nbytes));
    if (auto read = file_.source().read(segment.begin, to); !read) {
        if (file_.is_file()) return kOneByOne;
        return std::move(read).error();
    }
    return std::span<const std::byte>(to);
}

}  // namespace milepost::loading
