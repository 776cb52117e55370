#include <cstddef>
#include <cstdint>

#include "base/checked.hpp"
#include "codec/codec.hpp"
#include "format/chunks.hpp"
#include "format/derive_offsets.hpp"
#include "format/file_layout.hpp"
#include "format/index.hpp"
#include "format/index_offsets.hpp"

namespace milepost::format {
namespace {

template <class Nbytes>
RawStorageTotals place_raw_storages(std::uint64_t alignment, IndexOffsets& offsets,
                                    Nbytes nbytes_of) noexcept {
    const std::uint64_t small = alignment - 1;
    const std::uint64_t large = storage_alignment(kLargeStorageNbytes, alignment) - 1;
    const auto chunks = offsets.storage_chunk;
    const auto begins = offsets.storage_begin;
    RawStorageTotals totals;
    // Every storage begins at a multiple of the alignment, so the next offset is one addition away from the
    // one before: nothing else is waited for.
    std::uint64_t next = base::align_up(kHeaderNbytes, alignment);
    for (std::size_t i = 0; i < begins.size(); ++i) {
        const std::uint64_t nbytes = nbytes_of(i);
        chunks[i] = static_cast<std::uint32_t>(totals.chunks);
        totals.chunks += chunk_count(nbytes);
        if (nbytes >= kLargeStorageNbytes) next = (next + large) & ~large;
        begins[i] = next;
        totals.all_bits |= nbytes | next;  // no sum wraps before one of its parts has set a high bit here
        next += (nbytes + small) & ~small;
    }
    chunks.back() = static_cast<std::uint32_t>(totals.chunks);
    std::size_t last = begins.size();
    while (last != 0 && nbytes_of(last - 1) == 0)
        --last;
    totals.end = last == 0 ? kHeaderNbytes : begins[last - 1] + nbytes_of(last - 1);
    return totals;
}

}  // namespace

RawStorageTotals derive_raw_storages(const Index& index, std::uint64_t alignment,
                                     IndexOffsets& offsets) noexcept {
    // By value: what the loop writes could be part of `index`, for all that a compiler knows.
    if (const auto nbytes = index.storage_nbytes; !nbytes.empty())
        return place_raw_storages(alignment, offsets, [nbytes](std::size_t i) { return nbytes[i]; });
    return place_raw_storages(
        alignment, offsets, [layouts = index.tensor_layouts, extents = offsets.layout_extent](std::size_t i) {
            return extents[layouts[i]];
        });
}

void derive_chunks(const Index& index, IndexOffsets& offsets) {
    std::uint32_t chunks = 0;
    for (std::size_t i = 0; i < index.storage_count(); ++i) {
        offsets.storage_chunk[i] = chunks;
        chunks += static_cast<std::uint32_t>(chunk_count(offsets.storage_nbytes(index, i)));
    }
    offsets.storage_chunk.back() = chunks;
    if (index.storage_codecs.empty()) return;
    offsets.encoded.resize(index.storage_count() + 1);
    EncodedStart next;
    for (std::uint32_t i = 0; i < index.storage_count(); ++i) {
        const std::uint64_t nbytes = offsets.storage_nbytes(index, i);
        EncodedStart& start = offsets.encoded[i];
        start = next;
        start.stored_nbytes = nbytes;
        if (!codec::is_compressing(index.codec_of(i).code)) continue;
        start.stored_nbytes = 0;
        for (std::uint32_t chunk = 0; chunk < chunk_count(offsets, i); ++chunk) {
            const std::uint64_t stored = index.stored_nbytes[next.stored_size++];
            if (stored < chunk_raw_nbytes(nbytes, chunk)) ++next.raw_checksum;
            start.stored_nbytes = base::align_up(start.stored_nbytes, kChunkAlignment) + stored;
        }
    }
    offsets.encoded.back() = next;
}

void derive_storage_begins(const Index& index, std::uint64_t alignment, IndexOffsets& offsets) noexcept {
    std::uint64_t end = kHeaderNbytes;
    for (std::size_t i = 0; i < index.storage_count(); ++i) {
        std::uint64_t& begin = offsets.storage_begin[i];
        begin = end;
        const std::uint64_t nbytes = offsets.storage_nbytes(index, i);
        if (nbytes == 0) continue;
        (void)storage_begin(end, nbytes, alignment, begin);  // rule 37: nothing wraps
        end = begin + stored_extent(index, offsets, i);
    }
}

std::uint64_t stored_extent(const Index& index, const IndexOffsets& offsets, std::size_t storage) noexcept {
    return offsets.encoded.empty() ? offsets.storage_nbytes(index, storage)
                                   : offsets.encoded[storage].stored_nbytes;
}

}  // namespace milepost::format
