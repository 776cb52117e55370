#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "format/chunks.hpp"
#include "loading/open.hpp"
#include "loading/read_request.hpp"

namespace milepost::loading {

/// A chunk that is to be read, and the requests that need bytes of it.
struct NeededChunk {
    std::uint32_t storage = 0;
    format::Chunk chunk;
    std::size_t first_request = 0;  ///< in Segment::requests
    std::size_t request_count = 0;
};

/// Chunks that follow each other in the file and are read at once: the unit of work.
struct Segment {
    std::uint64_t begin = 0, end = 0;  ///< bytes of the file
    std::uint64_t stored_nbytes = 0;   ///< of the chunks
    std::vector<NeededChunk> chunks;
    std::vector<const ReadRequest*> requests;
};

/// Finds the segments that some requests need, in the order of the file; each chunk is in one of them,
/// however many requests need it. Holds the requests that it is at, and no list of chunks: its memory does
/// not grow with the file. One thread at a time.
class SegmentWalk {
public:
    /// At most so many bytes of the file are one segment. Large enough for direct I/O at full speed; several
    /// threads hold one each.
    static constexpr std::uint64_t kMostNbytes = std::uint64_t{4} << 20U;

    /// Both are borrowed. Requires: sorted requests (sort_requests); a validated index.
    SegmentWalk(const OpenedIndex& opened, std::span<const ReadRequest> requests) noexcept
        : opened_(opened), requests_(requests) {}

    /// The next segment, into memory that is used again; false if there are no more. Throws std::bad_alloc.
    [[nodiscard]] bool next(Segment& segment);

private:
    [[nodiscard]] bool find_chunk();
    void find_needing();
    [[nodiscard]] bool fits(const Segment& segment) const noexcept;

    const OpenedIndex& opened_;
    std::span<const ReadRequest> requests_;
    std::size_t next_request_ = 0;
    std::optional<format::ChunkIterator> walk_;  ///< at the chunk that was found last
    std::uint32_t storage_ = 0;                  ///< of walk_
    std::vector<const ReadRequest*> active_;     ///< those that have begun and not ended
    std::vector<const ReadRequest*> needing_;    ///< those that need the chunk
    bool is_found_ = false;                      ///< a chunk was found that is in no segment yet
};

/// What the requests make a file read.
struct ReadTotals {
    std::uint64_t stored_nbytes = 0;
    std::uint64_t segments = 0;
};
/// Requires: as SegmentWalk. Throws std::bad_alloc.
[[nodiscard]] ReadTotals count_reads(const OpenedIndex& opened, std::span<const ReadRequest> requests);

}  // namespace milepost::loading
