#pragma once

#include <span>

#include <milepost/result.hpp>

#include "core/progress_meter.hpp"
#include "loading/checked_chunks.hpp"
#include "loading/chunk_reader.hpp"
#include "loading/read_request.hpp"

namespace milepost::loading {

/// How requests are served.
struct BulkReadOptions {
    unsigned threads = 0;     ///< that decode and hash; 0: as many as the machine has
    bool only_check = false;  ///< compare the checksums of the stored chunks, and no more
    /// What is read from the disk goes through the page cache, as with OpenOptions::keep_cached: it will be
    /// read again soon.
    bool keep_cached = false;
    const CheckedChunks* checked = nullptr;   ///< of a mapped file
    core::ProgressMeter* progress = nullptr;  ///< counts the stored bytes of chunks
};

/// Reads, verifies and decodes the chunks that the requests need, each of them once, in the order of the
/// file, and copies their bytes to where they are wanted. The only way of the library to read tensors into
/// memory. Memory: per thread, one segment (SegmentWalk) and two chunks at most.
///
/// A file that is not in the page cache is read past it by more threads than decode, so that the disk always
/// has several reads to do; where that is refused, the system is asked to read ahead.
///
/// Ends soon after an error; every byte of the targets is then as before, or zero in a chunk that is damaged
/// or could not be read, or right. Damaged bytes are not in them.
/// Errors: those of ChunkReader, of the first chunk in the file that has one; those of the progress. Throws
/// std::bad_alloc. Requires: sorted requests (sort_requests), whose targets do not overlap.
[[nodiscard]] Result<void> bulk_read(const ChunkSource& source, std::span<const ReadRequest> requests,
                                     const BulkReadOptions& options);

}  // namespace milepost::loading
