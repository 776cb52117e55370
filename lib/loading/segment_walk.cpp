#include "loading/segment_walk.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/codec.hpp"
#include "core/gather.hpp"
#include "format/chunks.hpp"
#include "loading/chunk_error.hpp"
#include "loading/open.hpp"
#include "loading/read_request.hpp"

namespace milepost::loading {
namespace {

/// Bytes between two chunks that are read with them rather than skipped: a read has its own cost.
constexpr std::uint64_t kMostGap = std::uint64_t{64} << 10U;
/// A segment that decodes to more would keep one thread busy while others have nothing to do.
constexpr std::uint64_t kMostRawNbytes = 4 * SegmentWalk::kMostNbytes;

/// Whether any element is in the bytes [begin, end) of the storage, which meet the request.
bool has_bytes_in(const ReadRequest& request, RawRange range) {
    if (!request.is_strided()) return true;
    const core::ContiguousRuns runs(request.strided.shape, request.strided.strides,
                                    request.strided.element_nbytes);
    const std::uint64_t first = std::max(range.begin, request.begin) - request.begin;
    return !runs.visit(first, range.end - request.begin, [](auto, auto, auto) { return false; });
}

}  // namespace

bool SegmentWalk::next(Segment& segment) {
    segment.chunks.clear();
    segment.requests.clear();
    segment.stored_nbytes = 0;
    std::uint64_t raw_nbytes = 0;
    while (is_found_ || find_chunk()) {
        is_found_ = true;
        const format::Chunk& chunk = walk_->chunk();
        if (segment.chunks.empty()) {
            segment.begin = segment.end = chunk.offset;
        } else if (!fits(segment) || raw_nbytes + chunk.raw_nbytes > kMostRawNbytes) {
            break;
        }
        segment.chunks.push_back({storage_, chunk, segment.requests.size(), needing_.size()});
        segment.requests.insert(segment.requests.end(), needing_.begin(), needing_.end());
        segment.end = chunk.offset + chunk.stored_nbytes;
        segment.stored_nbytes += chunk.stored_nbytes;
        raw_nbytes += chunk.raw_nbytes;
        is_found_ = false;
    }
    return !segment.chunks.empty();
}

/// Whether the chunk that was found can be read with the segment.
bool SegmentWalk::fits(const Segment& segment) const noexcept {
    const format::Chunk& chunk = walk_->chunk();
    return chunk.offset - segment.end <= kMostGap &&
           chunk.offset + chunk.stored_nbytes - segment.begin <= kMostNbytes;
}

/// Moves to the next chunk that any request needs; false if there are no more.
bool SegmentWalk::find_chunk() {
    do {
        if (!active_.empty()) {
            walk_->next();
        } else {
            if (next_request_ == requests_.size()) return false;
            const ReadRequest& request = requests_[next_request_];
            if (!walk_ || storage_ != request.storage) {
                storage_ = request.storage;
                walk_.emplace(opened_.index, opened_.offsets, storage_);
            }
            walk_->skip_to(std::max(walk_->chunk().number, request.begin / codec::kChunkNbytes));
        }
        find_needing();
    } while (needing_.empty());
    return true;
}

/// Brings active_ and needing_ to the chunk of walk_; afterwards active_ has those that go on after it.
void SegmentWalk::find_needing() {
    const RawRange range = raw_range(walk_->chunk());
    while (next_request_ < requests_.size() && requests_[next_request_].storage == storage_ &&
           requests_[next_request_].begin < range.end)
        active_.push_back(&requests_[next_request_++]);
    needing_.clear();
    for (const ReadRequest* request : active_) {
        if (has_bytes_in(*request, range)) needing_.push_back(request);
    }
    std::erase_if(active_, [&](const ReadRequest* request) { return request->end <= range.end; });
}

ReadTotals count_reads(const OpenedIndex& opened, std::span<const ReadRequest> requests) {
    ReadTotals totals;
    SegmentWalk walk(opened, requests);
    for (Segment segment; walk.next(segment);) {
        totals.stored_nbytes += segment.stored_nbytes;
        ++totals.segments;
    }
    return totals;
}

}  // namespace milepost::loading
