#include "loading/bulk_read.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "base/out_of_memory.hpp"
#include "base/parallel.hpp"
#include "codec/codec.hpp"
#include "core/gather.hpp"
#include "format/chunks.hpp"
#include "format/index_offsets.hpp"
#include "loading/chunk_error.hpp"
#include "loading/chunk_reader.hpp"
#include "loading/file_access.hpp"
#include "loading/open.hpp"
#include "loading/read_request.hpp"
#include "loading/segment_reader.hpp"
#include "loading/segment_walk.hpp"
#include "platform/cold_file.hpp"

namespace milepost::loading {
namespace {

/// Files from this size on are read past the page cache where they are not in it.
constexpr std::uint64_t kDirectNbytes = std::uint64_t{16} << 20U;
/// So many threads are added then, since some always wait for the disk. Measured: docs/design.md.
constexpr unsigned kWaitingThreads = 4;
/// Threads that may have a segment in memory of their own, of some 6 MiB each with their chunks.
constexpr unsigned kMostWithMemory = 10;

/// Bytes from the first to the last of all requests; saturates.
std::uint64_t extent_of(std::span<const ReadRequest> requests) noexcept {
    std::uint64_t nbytes = 0;
    for (const ReadRequest& request : requests) {
        if (!base::checked_add(nbytes, request.end - request.begin, nbytes)) return UINT64_MAX;
    }
    return nbytes;
}

/// Whether the file is not in the page cache, by a sample of what the requests need.
bool is_cold(const OpenedIndex& opened, std::span<const ReadRequest> requests,
             const platform::ColdFile& file) noexcept {
    constexpr std::size_t kSamples = 8;
    std::size_t absent = 0;
    for (std::size_t i = 0; i < kSamples; ++i) {
        const std::uint32_t storage = requests[requests.size() * i / kSamples].storage;
        const std::uint64_t stored = opened.offsets.encoded.empty()
                                         ? opened.offsets.storage_nbytes(opened.index, storage)
                                         : opened.offsets.encoded[storage].stored_nbytes;
        const std::uint64_t within = stored / kSamples * i;
        absent += file.is_absent(opened.offsets.storage_begin[storage] + within, 1) ? 1 : 0;
    }
    return absent >= kSamples / 4;
}

/// The target of a request if all of the chunk goes there as it is; else nothing.
std::span<std::byte> whole_target(const ReadRequest& request, const format::Chunk& chunk) noexcept {
    const RawRange range = raw_range(chunk);
    const bool is_whole = !request.is_strided() && request.begin <= range.begin && range.end <= request.end;
    if (!is_whole) return {};
    return {request.to + (range.begin - request.begin), static_cast<std::size_t>(chunk.raw_nbytes)};
}

/// Copies what a request wants of a chunk.
void copy_part(const ReadRequest& request, const format::Chunk& chunk, std::span<const std::byte> raw) {
    const RawRange range = raw_range(chunk);
    const std::uint64_t first = std::max(range.begin, request.begin), last = std::min(range.end, request.end);
    if (!request.is_strided()) {
        std::memcpy(request.to + (first - request.begin), raw.data() + (first - range.begin),
                    static_cast<std::size_t>(last - first));
        return;
    }
    const core::ContiguousRuns runs(request.strided.shape, request.strided.strides,
                                    request.strided.element_nbytes);
    runs.visit(first - request.begin, last - request.begin, [&](auto from, auto to, auto nbytes) {
        std::memcpy(request.to + to, raw.data() + (request.begin + from - range.begin), nbytes);
        return true;
    });
}

/// Serves the requests on several threads, each of which takes one segment after the other.
class BulkRead {
public:
    BulkRead(const ChunkSource& source, std::span<const ReadRequest> requests, const BulkReadOptions& options)
        : source_(source), options_(options), requests_(requests), walk_(source.opened, requests) {}

    Result<void> run() {
        const unsigned threads = start();
        base::parallel_for(
            threads, threads, [&] { return Worker(source_, cold_ ? &*cold_ : nullptr); },
            [&](Worker& worker, std::size_t) { work(worker); });
        if (failure_) return std::move(failure_->second);
        return {};
    }

private:
    struct Worker {
        Worker(const ChunkSource& source, platform::ColdFile* cold)
            : chunks(source), segments(source.file, cold) {}
        ChunkReader chunks;
        SegmentReader segments;
        Segment segment;
    };

    /// Finds out how the file is to be read. Returns the number of threads.
    unsigned start() {
        const std::uint64_t nbytes = extent_of(requests_);
        unsigned threads = threads_for(nbytes, options_.threads);
        const bool is_large = nbytes >= kDirectNbytes;
        if (source_.file.file() != nullptr)
            cold_.emplace(*source_.file.file(), is_large && !options_.keep_cached && !source_.keep_cached);
        const bool cold = cold_ && is_large && is_cold(source_.opened, requests_, *cold_);
        if (cold || source_.file.mapped().empty()) threads = std::min(threads, kMostWithMemory);
        const bool waits = cold && cold_->is_direct();
        return waits ? std::min(threads + kWaitingThreads, kMostWithMemory) : threads;
    }

    /// A lack of memory is an error like others: it must not leave the other threads at work.
    void work(Worker& worker) {
        std::uint64_t number = 0;
        try {
            while (take(worker.segment, number)) {
                if (auto served = serve(worker); !served) fail(number, std::move(served).error());
            }
        } catch (const std::bad_alloc&) {
            fail(number, base::out_of_memory());
        }
    }

    bool take(Segment& segment, std::uint64_t& number) {
        const std::lock_guard lock(mutex_);
        if (failure_ || !walk_.next(segment)) return false;
        number = taken_++;
        return true;
    }

    /// All segments before one that fails have been taken. So the first one that fails is always found,
    /// whatever the number of threads.
    void fail(std::uint64_t number, Error error) {
        const std::lock_guard lock(mutex_);
        if (!failure_ || number < failure_->first) failure_.emplace(number, std::move(error));
    }

    Result<void> serve(Worker& worker) {
        const auto stored = worker.segments.read(worker.segment);
        if (!stored) return place(worker.segment, stored.error());
        MILEPOST_TRY(serve_chunks(worker, *stored));
        if (options_.progress == nullptr) return {};
        return options_.progress->add(worker.segment.stored_nbytes);
    }

    Result<void> serve_chunks(Worker& worker, std::span<const std::byte> stored) {
        for (const NeededChunk& needed : worker.segment.chunks) {
            const auto begin = static_cast<std::size_t>(needed.chunk.offset - worker.segment.begin);
            const auto own =
                stored.empty() ? stored
                               : stored.subspan(begin, static_cast<std::size_t>(needed.chunk.stored_nbytes));
            MILEPOST_TRY(serve(worker, needed, own));
        }
        return {};
    }

    /// The error of a read with its place: the first chunk of the segment.
    [[nodiscard]] Error place(const Segment& segment, const Error& error) const {
        if (error.condition() != Condition::read) return error;
        const NeededChunk& first = segment.chunks.front();
        return chunk_error(source_.opened, first.storage, first.chunk, error.condition(), error.message());
    }

    /// `stored` is empty where the bytes are mapped, or to be read by the chunk.
    Result<void> serve(Worker& worker, const NeededChunk& needed, std::span<const std::byte> stored) {
        if (options_.only_check) return worker.chunks.check_stored(needed.storage, needed.chunk, stored);
        const auto requests = std::span<const ReadRequest* const>(worker.segment.requests)
                                  .subspan(needed.first_request, needed.request_count);
        std::span<std::byte> target;
        codec::TargetMemory memory = {};
        for (const ReadRequest* request : requests) {
            if (target.empty()) {
                target = whole_target(*request, needed.chunk);
                memory = request->memory;
            }
        }
        MILEPOST_TRY_ASSIGN(const auto raw, read_chunk(worker.chunks, needed, target, memory, stored));
        for (const ReadRequest* request : requests) {
            if (target.empty() || whole_target(*request, needed.chunk).data() != target.data())
                copy_part(*request, needed.chunk, raw);
        }
        return {};
    }

    /// A chunk that is used in place is checked once, however often it is copied.
    Result<std::span<const std::byte>> read_chunk(ChunkReader& chunks, const NeededChunk& needed,
                                                  std::span<std::byte> target, codec::TargetMemory memory,
                                                  std::span<const std::byte> stored) {
        const format::IndexOffsets& offsets = source_.opened.offsets;
        const bool in_place =
            options_.checked != nullptr && stored.empty() && format::is_stored_raw(offsets, needed.storage);
        if (!in_place) return chunks.read(needed.storage, needed.chunk, target, stored, memory);
        const auto number =
            static_cast<std::size_t>(offsets.storage_chunk[needed.storage] + needed.chunk.number);
        if (!options_.checked->contains(number)) {
            MILEPOST_TRY_ASSIGN(const auto raw, chunks.read(needed.storage, needed.chunk, target));
            options_.checked->insert(number);
            return raw;
        }
        const auto raw = source_.file.mapped().subspan(static_cast<std::size_t>(needed.chunk.offset),
                                                       static_cast<std::size_t>(needed.chunk.raw_nbytes));
        if (!target.empty()) std::memcpy(target.data(), raw.data(), raw.size());
        return raw;
    }

    const ChunkSource& source_;
    const BulkReadOptions& options_;
    std::span<const ReadRequest> requests_;
    std::optional<platform::ColdFile> cold_;
    std::mutex mutex_;  // of all below
    SegmentWalk walk_;
    std::uint64_t taken_ = 0;
    std::optional<std::pair<std::uint64_t, Error>> failure_;
};

}  // namespace

Result<void> bulk_read(const ChunkSource& source, std::span<const ReadRequest> requests,
                       const BulkReadOptions& options) {
    if (requests.empty() || (options.only_check && !source.compare_checksums)) return {};
    return BulkRead(source, requests, options).run();
}

}  // namespace milepost::loading
