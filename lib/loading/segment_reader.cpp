#include "loading/segment_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <milepost/result.hpp>

#include "base/aligned_buffer.hpp"
#include "base/checked.hpp"
#include "base/memory.hpp"
#include "codec/codec.hpp"
#include "loading/file_access.hpp"
#include "loading/segment_walk.hpp"
#include "platform/cold_file.hpp"

namespace milepost::loading {
namespace {

/// Chunks of this size on average are read one by one from a file: each goes to where it is wanted, and is
/// still in the cache when it is hashed.
constexpr std::uint64_t kLargeChunkNbytes = codec::kChunkNbytes / 2;
/// What is smaller comes with a page or two that the system reads ahead anyway: it is not worth asking.
constexpr std::uint64_t kLeastColdNbytes = std::uint64_t{64} << 10U;
/// From this size on one read of a segment is the fastest way through the page cache, and past it. The system
/// fetches smaller ones at once where it is told before the first page of a mapping is touched.
constexpr std::uint64_t kLeastReadNbytes = std::uint64_t{1} << 20U;

}  // namespace

Result<std::span<const std::byte>> SegmentReader::read(const Segment& segment) {
    constexpr std::span<const std::byte> kOneByOne;
    const std::uint64_t nbytes = segment.end - segment.begin;
    const bool is_file = file_.file() != nullptr;
    const bool is_cold =
        cold_ != nullptr && nbytes >= kLeastColdNbytes && cold_->is_absent(segment.begin, nbytes);
    if (is_cold && nbytes < kLeastReadNbytes) {
        cold_->will_need(segment.begin, nbytes);
    } else if (is_cold) {
        if (const auto bytes = read_direct(segment); !bytes.empty()) return bytes;
        return read_cached(segment);
    }
    const bool has_large_chunks = nbytes / segment.chunks.size() >= kLargeChunkNbytes;
    if (segment.chunks.size() == 1 || !file_.mapped().empty()) return kOneByOne;
    if (is_file && has_large_chunks) return kOneByOne;
    return read_cached(segment);
}

Result<std::span<const std::byte>> SegmentReader::read_cached(const Segment& segment) {
    const std::span<std::byte> to = memory(static_cast<std::size_t>(segment.end - segment.begin));
    if (auto read = file_.source().read(segment.begin, to); !read) {
        if (file_.file() != nullptr) return std::span<const std::byte>();
        return std::move(read).error();
    }
    return std::span<const std::byte>(to);
}

/// Nothing where that is not possible.
std::span<const std::byte> SegmentReader::read_direct(const Segment& segment) {
    constexpr std::size_t kAlignment = platform::ColdFile::kAlignment;
    constexpr std::size_t kRoom = SegmentWalk::kMostNbytes + 2 * kAlignment;  // of a size that is aligned
    static_assert(kRoom >= base::kLargeNbytes);
    if (!cold_->is_direct()) return {};
    const std::uint64_t begin = segment.begin / kAlignment * kAlignment;
    const auto before = static_cast<std::size_t>(segment.begin - begin);
    const auto needed = static_cast<std::size_t>(segment.end - begin);
    const auto to = memory(kRoom).first(static_cast<std::size_t>(base::align_up(needed, kAlignment)));
    if (!cold_->read(begin, to, needed)) return {};
    return to.subspan(before, needed - before);
}

std::span<std::byte> SegmentReader::memory(std::size_t nbytes) {
    if (buffer_.bytes().size() < nbytes) buffer_ = base::AlignedBuffer(nbytes);
    return buffer_.bytes().first(nbytes);
}

}  // namespace milepost::loading
