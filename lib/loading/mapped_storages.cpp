#include "loading/mapped_storages.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/parallel.hpp"
#include "codec/codec.hpp"
#include "core/gather.hpp"
#include "format/chunks.hpp"
#include "loading/chunk_reader.hpp"
#include "loading/read_request.hpp"
#include "platform/file.hpp"

namespace milepost::loading {

using codec::kChunkNbytes;

MappedStorages::MappedStorages(const ChunkSource& source, unsigned threads)
    : source_(source), threads_(threads) {
    if (!source.file.mapped().empty()) checked_.emplace(source.opened.index.stored_checksums.size());
}

bool MappedStorages::contains(std::uint32_t storage) const noexcept {
    return checked_ && format::is_stored_raw(source_.opened.offsets, storage);
}

std::span<const std::byte> MappedStorages::in_place(std::uint32_t storage, std::uint64_t begin,
                                                    std::uint64_t end) const noexcept {
    const std::uint64_t at = source_.opened.offsets.storage_begin[storage] + begin;
    return source_.file.mapped().subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(end - begin));
}

Result<std::span<const std::byte>> MappedStorages::bytes(std::uint32_t storage, std::uint64_t begin,
                                                         std::uint64_t end) const {
    MILEPOST_TRY(check(storage, begin, end));
    return in_place(storage, begin, end);
}

Result<std::span<std::byte>> MappedStorages::private_bytes(std::uint32_t storage, std::uint64_t begin,
                                                           std::uint64_t end) const {
    MILEPOST_TRY(check(storage, begin, end));
    const Result<platform::Mapping>& mapping =
        private_.get([&] { return source_.file.file()->map_private(); });
    if (!mapping) return mapping.error();
    const std::uint64_t at = source_.opened.offsets.storage_begin[storage] + begin;
    return mapping->writable_bytes().subspan(static_cast<std::size_t>(at),
                                             static_cast<std::size_t>(end - begin));
}

Result<void> MappedStorages::gather(std::uint32_t storage, const detail::StridedLayout& layout,
                                    const core::ContiguousRuns& runs, std::span<std::byte> to) const {
    const std::uint64_t end = end_of(layout);
    // Strides that interleave are rare, and a walk over their runs chunk by chunk could take very long.
    auto checked =
        runs.is_nested() ? check_runs(storage, layout.offset, end, runs) : check(storage, layout.offset, end);
    if (!checked) return checked;
    const auto from = in_place(storage, layout.offset, end);
    core::gather(from.data(), layout.shape, layout.strides, layout.element_nbytes, to.data());
    return {};
}

Result<void> MappedStorages::check(std::uint32_t storage, std::uint64_t begin, std::uint64_t end) const {
    if (!source_.compare_checksums || begin == end) return {};
    const std::uint64_t first = begin / kChunkNbytes;
    const auto count = static_cast<std::size_t>(format::chunk_count(end) - first);
    return base::try_parallel_for(
        count, threads_for(end - begin, threads_), [&] { return ChunkReader(source_); },
        [&](ChunkReader& reader, std::size_t i) { return check_chunk(reader, storage, first + i); });
}

Result<void> MappedStorages::check_chunk(ChunkReader& reader, std::uint32_t storage,
                                         std::uint64_t number) const {
    const auto in_file = static_cast<std::size_t>(source_.opened.offsets.storage_chunk[storage] + number);
    if (checked_->contains(in_file)) return {};
    format::ChunkIterator chunks(source_.opened.index, source_.opened.offsets, storage);
    chunks.skip_to(number);
    MILEPOST_TRY(reader.read(storage, chunks.chunk()));
    checked_->insert(in_file);
    return {};
}

/// Checks the chunks of [offset, end) that hold a run, neighbours together.
Result<void> MappedStorages::check_runs(std::uint32_t storage, std::uint64_t offset, std::uint64_t end,
                                        const core::ContiguousRuns& runs) const {
    std::uint64_t unchecked = offset;  // where the used chunks begin that are not checked yet
    for (std::uint64_t begin = offset; begin < end;) {
        const std::uint64_t chunk_end = std::min(end, (begin / kChunkNbytes + 1) * kChunkNbytes);
        const bool is_unused =
            runs.visit(begin - offset, chunk_end - offset, [](auto, auto, auto) { return false; });
        if (is_unused) {
            MILEPOST_TRY(check(storage, unchecked, begin));
            unchecked = chunk_end;
        }
        begin = chunk_end;
    }
    return check(storage, unchecked, std::max(unchecked, end));
}

}  // namespace milepost::loading
