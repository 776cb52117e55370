#include "loading/verify_chunks.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/verify.hpp>

#include "base/parallel.hpp"
#include "core/progress_meter.hpp"
#include "format/chunks.hpp"
#include "loading/chunk_reader.hpp"
#include "loading/damage_list.hpp"
#include "loading/open.hpp"

namespace milepost::loading {
namespace {

using format::ChunkIterator;

/// Some chunks of one storage, with an iterator at the first of them: the unit of parallel work. The iterator
/// is stored because a batch that began its own walk would visit all chunks before it again, and a file may
/// have millions of small ones.
struct Batch {
    std::uint32_t storage;
    ChunkIterator walk;
    std::uint64_t count;
};

std::vector<Batch> make_batches(const OpenedIndex& opened) {
    constexpr std::uint64_t kChunksPerBatch = 16;
    std::vector<Batch> batches;
    for (std::uint32_t i = 0; i < opened.index.storage_count(); ++i) {
        const std::uint64_t chunks = format::chunk_count(opened.offsets, i);
        ChunkIterator walk(opened.index, opened.offsets, i);
        for (std::uint64_t first = 0; first < chunks; first += kChunksPerBatch) {
            walk.skip_to(first);
            batches.push_back({i, walk, std::min(kChunksPerBatch, chunks - first)});
        }
    }
    return batches;
}

class ChunkCheck {
public:
    ChunkCheck(core::ProgressMeter& progress, DamageList& damage, VerifyReport& report)
        : progress_(progress), damage_(damage), report_(report) {}

    void check(const Batch& batch, ChunkReader& reader) {
        ChunkIterator walk = batch.walk;
        std::uint64_t nbytes = 0, stored_nbytes = 0;
        for (std::uint64_t i = 0; i < batch.count; ++i, walk.next()) {
            if (stopped_) return;
            const auto read = reader.read_unplaced(batch.storage, walk.chunk());
            nbytes += walk.chunk().raw_nbytes;
            stored_nbytes += walk.chunk().stored_nbytes;
            if (!read) note(batch.storage, walk.chunk(), read.error());
        }
        const std::lock_guard lock(mutex_);
        report_.chunks += batch.count;
        report_.nbytes += nbytes;
        if (const auto added = progress_.add(stored_nbytes); !added) end(added.error());
    }

    [[nodiscard]] const std::optional<Error>& fatal() const noexcept { return fatal_; }

private:
    void note(std::uint32_t storage, const format::Chunk& chunk, const Error& error) {
        const std::lock_guard lock(mutex_);
        if (!is_fatal_read(error)) return damage_.add_chunk(error, storage, chunk);
        end(error);
    }

    void end(const Error& error) {
        if (!fatal_) fatal_ = error;
        stopped_ = true;
    }

    core::ProgressMeter& progress_;
    DamageList& damage_;
    VerifyReport& report_;
    std::mutex mutex_;
    std::optional<Error> fatal_;
    std::atomic<bool> stopped_ = false;
};

}  // namespace

Result<void> verify_chunks(const ChunkSource& source, unsigned threads, core::ProgressMeter& progress,
                           DamageList& damage, VerifyReport& report) {
    const std::vector<Batch> batches = make_batches(source.opened);
    ChunkCheck check(progress, damage, report);
    base::parallel_for(
        batches.size(), base::thread_count(threads), [&] { return ChunkReader(source); },
        [&](ChunkReader& reader, std::size_t i) { check.check(batches[i], reader); });
    if (check.fatal()) return *check.fatal();
    return {};
}

}  // namespace milepost::loading
