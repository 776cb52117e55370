#include "loading/storage_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/out_of_memory.hpp"
#include "core/gather.hpp"
#include "core/storage_provider.hpp"
#include "format/chunks.hpp"
#include "loading/bulk_read.hpp"
#include "loading/chunk_reader.hpp"
#include "loading/open.hpp"
#include "loading/read_request.hpp"

namespace milepost::loading {

using base::out_of_memory;

Result<void> StorageReader::read_all(std::span<const ReadRequest> requests, BulkReadOptions options) const {
    options.checked = mapped_.checked();
    return bulk_read(source_, requests, options);
}

Result<void> StorageReader::read_one(const ReadRequest& request, bool only_check) const {
    return read_all({&request, 1}, {.threads = threads_, .only_check = only_check});
}

Result<std::span<const std::byte>> StorageReader::decoded_bytes(std::uint32_t storage, std::uint64_t begin,
                                                                std::uint64_t end) const {
    return decoded_.bytes(storage, begin, end, [&](std::span<std::byte> to) {
        return read_one({.storage = storage, .begin = 0, .end = to.size(), .to = to.data()});
    });
}

Result<std::span<const std::byte>> StorageReader::bytes(std::uint32_t storage, std::uint64_t begin,
                                                        std::uint64_t end) const try {
    if (begin == end) return std::span<const std::byte>();
    return mapped_.contains(storage) ? mapped_.bytes(storage, begin, end)
                                     : decoded_bytes(storage, begin, end);
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<std::span<std::byte>> StorageReader::private_bytes(std::uint32_t storage, std::uint64_t begin,
                                                          std::uint64_t end) const try {
    if (begin == end) return std::span<std::byte>();
    return mapped_.private_bytes(storage, begin, end);
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<void> StorageReader::read(std::uint32_t storage, std::uint64_t begin, std::span<std::byte> to) const
    try {
    if (to.empty()) return {};
    return read_one({.storage = storage,
                     .begin = begin,
                     .end = begin + to.size(),
                     .to = to.data(),
                     .memory = target_memory(to)});
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<void> StorageReader::gather(std::uint32_t storage, const detail::StridedLayout& layout,
                                   std::span<std::byte> to) const try {
    const core::ContiguousRuns runs(layout.shape, layout.strides, layout.element_nbytes);
    if (mapped_.contains(storage)) return mapped_.gather(storage, layout, runs, to);
    const std::uint64_t end = end_of(layout);
    if (runs.is_nested()) {
        return read_one(
            {.storage = storage, .begin = layout.offset, .end = end, .to = to.data(), .strided = layout});
    }
    // Strides that interleave are rare, and a walk over their runs chunk by chunk could take very long.
    MILEPOST_TRY_ASSIGN(const auto from, decoded_bytes(storage, layout.offset, end));
    core::gather(from.data(), layout.shape, layout.strides, layout.element_nbytes, to.data());
    return {};
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<void> StorageReader::check(std::uint32_t storage, std::uint64_t begin, std::uint64_t end) const try {
    if (begin == end) return {};
    if (mapped_.contains(storage)) return mapped_.check(storage, begin, end);
    return read_one({.storage = storage, .begin = begin, .end = end}, true);
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<void> StorageReader::check_all() const {
    const OpenedIndex& opened = source_.opened;
    for (std::uint32_t storage = 0; storage < opened.index.storage_count(); ++storage) {
        const std::uint64_t nbytes = opened.offsets.storage_nbytes(opened.index, storage);
        if (mapped_.contains(storage)) {
            MILEPOST_TRY(mapped_.check(storage, 0, nbytes));
            continue;
        }
        ChunkReader reader(source_);
        for (format::ChunkIterator chunks(opened.index, opened.offsets, storage); !chunks.done();
             chunks.next()) {
            MILEPOST_TRY(reader.read(storage, chunks.chunk()));
        }
    }
    return {};
}

}  // namespace milepost::loading
