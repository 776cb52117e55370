#include "loading/decoded_storages.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "base/parallel.hpp"
#include "codec/codec.hpp"
#include "core/gather.hpp"
#include "format/chunks.hpp"
#include "loading/chunk_reader.hpp"
#include "loading/chunk_runs.hpp"

namespace milepost::loading {

using base::message;
using codec::kChunkNbytes;
using format::ChunkIterator;

Result<std::span<const std::byte>> DecodedStorages::bytes(std::uint32_t storage, std::uint64_t begin,
                                                          std::uint64_t end) const {
    Copy& copy = copy_of(storage);
    const std::lock_guard decoding(copy.mutex);
    if (copy.bytes.empty()) {
        MILEPOST_TRY_ASSIGN(copy.bytes, decode_all(storage));
    }
    return std::span<const std::byte>(copy.bytes.bytes())
        .subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}

DecodedStorages::Copy& DecodedStorages::copy_of(std::uint32_t storage) const {
    const std::lock_guard lock(copies_mutex_);
    return copies_[storage];
}

Result<base::AlignedBuffer> DecodedStorages::decode_all(std::uint32_t storage) const {
    const std::uint64_t nbytes = source_.opened.offsets.storage_nbytes(source_.opened.index, storage);
    MILEPOST_TRY(reserve(storage, nbytes));
    try {
        base::AlignedBuffer decoded(static_cast<std::size_t>(nbytes));
        auto read_all = read(storage, 0, decoded.bytes());
        if (read_all) return decoded;
        give_back(nbytes);
        return std::move(read_all).error();
    } catch (...) {
        give_back(nbytes);
        throw;
    }
}

Result<void> DecodedStorages::reserve(std::uint32_t storage, std::uint64_t nbytes) const {
    const std::lock_guard lock(copies_mutex_);
    std::uint64_t total = 0;
    if (!base::checked_add(copied_nbytes_, nbytes, total) || total > max_total_bytes_) {
        return Error(Condition::total_bytes,
                     message("storage ", storage, " has ", nbytes, " bytes, with ", copied_nbytes_,
                             " in memory already; the limit is ", max_total_bytes_));
    }
    copied_nbytes_ = total;
    return {};
}

void DecodedStorages::give_back(std::uint64_t nbytes) const noexcept {
    const std::lock_guard lock(copies_mutex_);
    copied_nbytes_ -= nbytes;
}

Result<void> DecodedStorages::read(std::uint32_t storage, std::uint64_t begin,
                                   std::span<std::byte> to) const {
    const std::uint64_t end = begin + to.size();
    const unsigned threads = worthwhile_threads(threads_, to.size());
    const std::vector<ChunkRun> runs = split_chunks(begin, end, threads);
    return base::try_parallel_for(
        runs.size(), threads, [&] { return ChunkReader(source_); },
        [&](ChunkReader& reader, std::size_t i) {
            const std::uint64_t from = std::max(begin, runs[i].begin * kChunkNbytes);
            const std::uint64_t until = std::min(end, runs[i].end * kChunkNbytes);
            return read_run(
                reader, storage, from,
                to.subspan(static_cast<std::size_t>(from - begin), static_cast<std::size_t>(until - from)));
        });
}

Result<void> DecodedStorages::read_run(ChunkReader& reader, std::uint32_t storage, std::uint64_t begin,
                                       std::span<std::byte> to) const {
    ChunkIterator chunks(source_.opened.index, source_.opened.offsets, storage);
    chunks.skip_to(begin / kChunkNbytes);
    for (; !to.empty(); chunks.next()) {
        const format::Chunk& chunk = chunks.chunk();
        const std::uint64_t within = begin - chunk.number * kChunkNbytes;
        const auto taken =
            static_cast<std::size_t>(std::min<std::uint64_t>(chunk.raw_nbytes - within, to.size()));
        const auto target = taken == chunk.raw_nbytes ? to.first(taken) : std::span<std::byte>();
        MILEPOST_TRY_ASSIGN(auto raw, reader.read(storage, chunk, target));
        if (target.empty()) std::memcpy(to.data(), raw.data() + within, taken);
        to = to.subspan(taken);
        begin += taken;
    }
    return {};
}

Result<void> DecodedStorages::gather(std::uint32_t storage, const detail::StridedLayout& layout,
                                     const core::ContiguousRuns& runs, std::span<std::byte> to) const {
    const std::uint64_t end = end_of(layout);
    // Strides that interleave are rare, and a walk over their runs chunk by chunk could take very long.
    if (!runs.is_nested()) {
        MILEPOST_TRY_ASSIGN(auto from, bytes(storage, layout.offset, end));
        core::gather(from.data(), layout.shape, layout.strides, layout.element_nbytes, to.data());
        return {};
    }
    const unsigned threads = worthwhile_threads(threads_, to.size());
    const std::vector<ChunkRun> parts = split_chunks(layout.offset, end, threads);
    return base::try_parallel_for(
        parts.size(), threads, [&] { return ChunkReader(source_); },
        [&](ChunkReader& reader, std::size_t i) {
            return gather_run(reader, storage, layout.offset, parts[i], runs, to);
        });
}

/// Copies what the chunks of `run` hold: each chunk is read when its first element is met.
Result<void> DecodedStorages::gather_run(ChunkReader& reader, std::uint32_t storage, std::uint64_t offset,
                                         ChunkRun run, const core::ContiguousRuns& runs,
                                         std::span<std::byte> to) const {
    ChunkIterator chunks(source_.opened.index, source_.opened.offsets, storage);
    chunks.skip_to(run.begin);
    for (; !chunks.done() && chunks.chunk().number < run.end; chunks.next()) {
        const format::Chunk& chunk = chunks.chunk();
        const std::uint64_t chunk_begin = chunk.number * kChunkNbytes;
        const std::uint64_t first = std::max(offset, chunk_begin) - offset;
        const std::uint64_t end = chunk_begin + chunk.raw_nbytes - offset;
        std::optional<Result<std::span<const std::byte>>> raw;
        const bool complete = runs.visit(first, end, [&](auto from, auto target, auto nbytes) {
            if (!raw) raw = reader.read(storage, chunk);
            if (!*raw) return false;
            std::memcpy(to.data() + target, (*raw)->data() + (offset + from - chunk_begin), nbytes);
            return true;
        });
        if (!complete) return std::move(*raw).error();
    }
    return {};
}

Result<void> DecodedStorages::check_stored(std::uint32_t storage, std::uint64_t begin,
                                           std::uint64_t end) const {
    if (!source_.compare_checksums) return {};
    const unsigned threads = worthwhile_threads(threads_, end - begin);
    const std::vector<ChunkRun> runs = split_chunks(begin, end, threads);
    return base::try_parallel_for(
        runs.size(), threads, [&] { return ChunkReader(source_); },
        [&](ChunkReader& reader, std::size_t i) -> Result<void> {
            ChunkIterator chunks(source_.opened.index, source_.opened.offsets, storage);
            chunks.skip_to(runs[i].begin);
            for (std::uint64_t number = runs[i].begin; number < runs[i].end; ++number, chunks.next()) {
                MILEPOST_TRY(reader.check_stored(storage, chunks.chunk()));
            }
            return {};
        });
}

Result<void> DecodedStorages::check(std::uint32_t storage) const {
    ChunkReader reader(source_);
    for (ChunkIterator chunks(source_.opened.index, source_.opened.offsets, storage); !chunks.done();
         chunks.next()) {
        MILEPOST_TRY(reader.read(storage, chunks.chunk()));
    }
    return {};
}

}  // namespace milepost::loading
