#include "loading/storage_reader.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>
#include <vector>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "base/parallel.hpp"
#include "core/text.hpp"

namespace milepost::loading {
namespace {

using base::message;
using base::out_of_memory;
using codec::kChunkNbytes;
using format::ChunkIterator;

/// Below this, a copy is not worth a second thread.
constexpr std::uint64_t kParallelNbytes = 8 * kChunkNbytes;

}  // namespace

StorageReader::StorageReader(const Source& source, std::span<const std::byte> mapped,
                             const OpenedIndex& opened, const platform::InputFile* file,
                             const StorageReaderOptions& options)
    : chunk_bytes_{source, mapped, opened, options.check != Check::never}, file_(file), options_(options) {
    if (!mapped.empty()) {
        checked_ = std::make_unique<std::atomic<std::uint8_t>[]>(opened.index.stored_checksums.size());
    }
}

bool StorageReader::is_mapped(std::uint32_t storage) const noexcept {
    const OpenedIndex& opened = chunk_bytes_.opened;
    return !chunk_bytes_.mapped.empty() && format::is_stored_raw(opened.offsets, storage);
}

/// A chunk that is wrong in a file that has changed since it was opened is no damage.
Error StorageReader::error_of(std::uint32_t storage, const format::Chunk& chunk, ChunkOutcome outcome) const {
    if (file_ != nullptr) {
        if (auto unchanged = file_->check_unchanged(); !unchanged) return std::move(unchanged).error();
    }
    if (outcome.io_error) return *std::move(outcome.io_error);
    return chunk_error(chunk_bytes_.opened, storage, chunk, *outcome.fault);
}

Result<void> StorageReader::check_mapped(std::uint32_t storage, std::uint64_t begin,
                                         std::uint64_t end) const {
    if (!chunk_bytes_.check || begin == end) return {};
    const std::uint64_t first = begin / kChunkNbytes;
    const auto count = static_cast<std::size_t>(format::chunk_count(end) - first);
    const std::size_t at = chunk_bytes_.opened.offsets.storage_chunk[storage];
    std::mutex mutex;
    std::optional<std::pair<std::uint64_t, Error>> damage;  // that of the lowest chunk
    const unsigned threads = end - begin < kParallelNbytes ? 1 : base::thread_count(options_.threads);
    base::parallel_for(count, threads, [&] {
        return [&, checker = ChunkReader(chunk_bytes_)](std::size_t i) mutable {
            std::atomic<std::uint8_t>& checked = checked_[at + first + i];
            if (checked.load(std::memory_order_acquire) != 0) return;
            ChunkIterator walk(chunk_bytes_.opened.index, chunk_bytes_.opened.offsets, storage);
            walk.skip_to(first + i);
            ChunkOutcome outcome = checker.check(storage, walk.chunk());
            if (outcome.ok()) {
                checked.store(1, std::memory_order_release);
                return;
            }
            Error error = error_of(storage, walk.chunk(), std::move(outcome));
            const std::lock_guard lock(mutex);
            if (!damage || damage->first > i) damage.emplace(i, std::move(error));
        };
    });
    if (damage) return std::move(damage->second);
    return {};
}

Result<std::span<const std::byte>> StorageReader::bytes(std::uint32_t storage, std::uint64_t begin,
                                                        std::uint64_t end) const try {
    if (begin == end) return std::span<const std::byte>();
    if (!is_mapped(storage)) {
        auto all = cached(storage);
        if (!all) return all;
        return all->subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    }
    if (auto checked = check_mapped(storage, begin, end); !checked) return std::move(checked).error();
    return mapped_bytes(storage, begin, end);
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<std::span<const std::byte>> StorageReader::mapped_bytes(std::uint32_t storage, std::uint64_t begin,
                                                               std::uint64_t end) const {
    const std::uint64_t at = chunk_bytes_.opened.offsets.storage_begin[storage] + begin;
    return chunk_bytes_.mapped.subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(end - begin));
}

/// The raw bytes of a whole storage, in memory that lives as long as the reader.
Result<std::span<const std::byte>> StorageReader::cached(std::uint32_t storage) const {
    const OpenedIndex& opened = chunk_bytes_.opened;
    const std::uint64_t nbytes = opened.offsets.storage_nbytes(opened.index, storage);
    std::unique_lock lock(copies_mutex_);
    Copy& copy = copies_[storage];
    lock.unlock();
    const std::lock_guard filling(copy.mutex);
    if (!copy.bytes.empty()) return std::span<const std::byte>(copy.bytes.bytes());
    lock.lock();
    std::uint64_t total = 0;
    if (!base::checked_add(copied_nbytes_, nbytes, total) || total > options_.max_total_bytes) {
        return Error(Condition::total_bytes,
                     message("storage ", storage, " has ", nbytes, " bytes, with ", copied_nbytes_,
                             " in memory already; the limit is ", options_.max_total_bytes));
    }
    copied_nbytes_ = total;
    lock.unlock();
    auto give_back = [&] {
        const std::lock_guard again(copies_mutex_);
        copied_nbytes_ -= nbytes;
    };
    try {
        base::AlignedBuffer bytes(static_cast<std::size_t>(nbytes));
        if (auto filled = read_range(storage, 0, bytes.bytes()); !filled) {
            give_back();
            return std::move(filled).error();
        }
        copy.bytes = std::move(bytes);
    } catch (const std::bad_alloc&) {
        give_back();
        return out_of_memory();
    }
    return std::span<const std::byte>(copy.bytes.bytes());
}

Result<void> StorageReader::read(std::uint32_t storage, std::uint64_t begin, std::span<std::byte> to) const
    try {
    if (to.empty()) return {};
    if (is_mapped(storage)) {
        auto from = bytes(storage, begin, begin + to.size());
        if (!from) return std::move(from).error();
        std::memcpy(to.data(), from->data(), to.size());
        return {};
    }
    return read_range(storage, begin, to);
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<void> StorageReader::read_range(std::uint32_t storage, std::uint64_t begin,
                                       std::span<std::byte> to) const {
    const std::uint64_t end = begin + to.size();
    return for_chunk_runs(begin, end, to.size(), [&](ChunkReader& checker, ChunkRun run) {
        const std::uint64_t from = std::max(begin, run.begin * kChunkNbytes);
        const std::uint64_t until = std::min(end, run.end * kChunkNbytes);
        return read_chunks(
            checker, storage, from,
            to.subspan(static_cast<std::size_t>(from - begin), static_cast<std::size_t>(until - from)));
    });
}

Result<void> StorageReader::for_chunk_runs(
    std::uint64_t begin, std::uint64_t end, std::uint64_t nbytes,
    const std::function<Result<void>(ChunkReader&, ChunkRun)>& work) const {
    const unsigned threads = nbytes < kParallelNbytes ? 1 : base::thread_count(options_.threads);
    const std::uint64_t first = begin / kChunkNbytes;
    const std::uint64_t chunks = format::chunk_count(end) - first;
    const std::size_t runs = std::min<std::uint64_t>(threads, chunks);
    std::vector<Result<void>> outcomes(runs);
    base::parallel_for(runs, threads, [&] {
        return [&, checker = ChunkReader(chunk_bytes_)](std::size_t run) mutable {
            outcomes[run] = work(checker, {first + chunks * run / runs, first + chunks * (run + 1) / runs});
        };
    });
    for (Result<void>& outcome : outcomes) {
        if (!outcome) return std::move(outcome);
    }
    return {};
}

Result<void> StorageReader::read_chunks(ChunkReader& checker, std::uint32_t storage, std::uint64_t begin,
                                        std::span<std::byte> to) const {
    ChunkIterator walk(chunk_bytes_.opened.index, chunk_bytes_.opened.offsets, storage);
    walk.skip_to(begin / kChunkNbytes);
    for (; !to.empty(); walk.next()) {
        const format::Chunk& chunk = walk.chunk();
        const std::uint64_t within = begin - chunk.number * kChunkNbytes;
        const std::size_t taken =
            static_cast<std::size_t>(std::min<std::uint64_t>(chunk.raw_nbytes - within, to.size()));
        const auto target = taken == chunk.raw_nbytes ? to.first(taken) : std::span<std::byte>();
        ChunkOutcome outcome = checker.check(storage, chunk, target);
        if (!outcome.ok()) return error_of(storage, chunk, std::move(outcome));
        if (target.empty()) std::memcpy(to.data(), outcome.raw.data() + within, taken);
        to = to.subspan(taken);
        begin += taken;
    }
    return {};
}

Result<void> StorageReader::check_all() const {
    const OpenedIndex& opened = chunk_bytes_.opened;
    ChunkReader checker(chunk_bytes_);
    for (std::uint32_t storage = 0; storage < opened.index.storage_count(); ++storage) {
        const std::uint64_t nbytes = opened.offsets.storage_nbytes(opened.index, storage);
        if (is_mapped(storage)) {
            if (auto checked = check_mapped(storage, 0, nbytes); !checked) return checked;
            continue;
        }
        for (ChunkIterator walk(opened.index, opened.offsets, storage); !walk.done(); walk.next()) {
            ChunkOutcome outcome = checker.check(storage, walk.chunk());
            if (!outcome.ok()) return error_of(storage, walk.chunk(), std::move(outcome));
        }
    }
    return {};
}

}  // namespace milepost::loading
