#include "convert/hdf5/chunk_index.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/hdf5/array_index.hpp"
#include "convert/hdf5/btree_v1.hpp"
#include "convert/hdf5/btree_v2.hpp"
#include "convert/hdf5/chunk_grid.hpp"
#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/file.hpp"
#include "convert/hdf5/filters.hpp"
#include "convert/hdf5/layout.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

/// Keys have the offsets of the first elements.
Result<void> add_from_btree_v1(ChunkList& list, Cursor key, std::uint64_t address) {
    const ChunkGrid& grid = list.grid();
    MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, key.number(4));
    MILEPOST_TRY_ASSIGN(const std::uint64_t mask, key.number(4));
    Shape places;
    for (std::size_t i = 0; i < grid.chunk.size(); ++i) {
        MILEPOST_TRY_ASSIGN(const std::uint64_t begin, key.number(8));
        if (begin % grid.chunk[i] != 0 || begin >= grid.shape[i])
            return key.broken(message("a chunk begins at ", begin, " of dimension ", i));
        places.push_back(begin / grid.chunk[i]);
    }
    return list.add(places, address, nbytes, static_cast<std::uint32_t>(mask));
}

/// Records have the places in the grid.
Result<void> add_from_btree_v2(ChunkList& list, Cursor record) {
    const ChunkGrid& grid = list.grid();
    const std::uint64_t places_nbytes = 8 * grid.chunk.size();
    MILEPOST_TRY_ASSIGN(const std::uint64_t address, record.address());
    std::uint64_t nbytes = grid.chunk_nbytes, mask = 0;
    if (grid.is_filtered) {
        if (record.remaining() < places_nbytes + 5 || record.remaining() > places_nbytes + 12)
            return record.broken("records of chunks of another size");
        MILEPOST_TRY_ASSIGN(nbytes,
                            record.number(record.remaining() - static_cast<std::size_t>(places_nbytes) - 4));
        MILEPOST_TRY_ASSIGN(mask, record.number(4));
    }
    Shape places;
    for (std::size_t i = 0; i < grid.chunk.size(); ++i) {
        MILEPOST_TRY_ASSIGN(const std::uint64_t place, record.number(8));
        places.push_back(place);
    }
    if (!grid.has(places)) return record.broken("a chunk is outside of the dataset");
    return list.add(places, address, nbytes, static_cast<std::uint32_t>(mask));
}

/// The only chunk.
Result<void> add_single(ChunkList& list, const Layout& layout) {
    const ChunkGrid& grid = list.grid();
    const Shape places(grid.counts.size(), 0);
    for (const std::uint64_t count : grid.counts) {
        if (count != 1) return Error(Condition::foreign, "HDF5 chunks: several, but the index is of one");
    }
    const std::uint64_t nbytes = layout.single_filtered ? layout.single_nbytes : grid.chunk_nbytes;
    return list.add(places, layout.address, nbytes, layout.single_filtered ? layout.single_mask : 0);
}

/// Chunks are one after the other, also those that the dataset may grow to.
Result<void> add_implicit(ChunkList& list, const Layout& layout) {
    const ChunkGrid& grid = list.grid();
    if (layout.address == kNowhere) return {};
    Shape places(grid.counts.size(), 0);
    for (;;) {
        std::uint64_t number = 0;
        for (std::size_t i = 0; i < places.size(); ++i) {
            if (!base::checked_mul(number, grid.greatest_counts[i], number) ||
                !base::checked_add(number, places[i], number))
                return Error(Condition::foreign, "HDF5 chunks: more than any file has");
        }
        std::uint64_t address = 0;
        if (!base::checked_mul(number, grid.chunk_nbytes, address) ||
            !base::checked_add(address, layout.address, address))
            return Error(Condition::foreign, "HDF5 chunks: more than any file has");
        MILEPOST_TRY(list.add(places, address, grid.chunk_nbytes, 0));
        std::size_t axis = places.size();
        while (axis > 0 && ++places[axis - 1] == grid.counts[axis - 1])
            places[--axis] = 0;
        if (axis == 0) return {};
    }
}

Result<void> add_all(File& file, const Layout& layout, ChunkList& list) {
    switch (layout.index) {
        case ChunkIndex::btree_v1:
            return walk_btree_v1(
                file, layout.address, TreeType::chunks, 8 + 8 * (list.grid().chunk.size() + 1),
                [&](Cursor key, std::uint64_t address) { return add_from_btree_v1(list, key, address); });
        case ChunkIndex::btree_v2: {
            if (layout.address == kNowhere) return {};
            const RecordType type =
                list.grid().is_filtered ? RecordType::filtered_chunks : RecordType::chunks;
            return walk_btree_v2(file, layout.address, type,
                                 [&](Cursor record) { return add_from_btree_v2(list, record); });
        }
        case ChunkIndex::single:
            return add_single(list, layout);
        case ChunkIndex::implicit:
            return add_implicit(list, layout);
        case ChunkIndex::fixed_array:
            return add_from_fixed_array(file, layout.address, list);
        case ChunkIndex::extensible_array:
            return add_from_extensible_array(file, layout.address, list);
    }
    return {};
}

}  // namespace

Result<void> ChunkList::add(std::span<const std::uint64_t> places, std::uint64_t address,
                            std::uint64_t nbytes, std::uint32_t mask) {
    if (address == kNowhere) return {};
    const bool is_plain = filters_.skips_all(mask) || (grid_.edges_unfiltered && grid_.is_edge(places));
    MILEPOST_TRY(file_.check_range(address, nbytes, "chunk"));
    if (is_plain ? nbytes != grid_.chunk_nbytes : !filters_.can_become(nbytes, grid_.chunk_nbytes))
        return Error(Condition::foreign, message("HDF5 chunk at ", address, ": its ", nbytes,
                                                 " bytes cannot become ", grid_.chunk_nbytes));
    MILEPOST_TRY(file_.budget().take_bytes(3 * sizeof(Chunk)));
    chunks_.push_back({grid_.number_of(places), address, nbytes, mask, is_plain});
    return {};
}

Result<std::vector<Chunk>> ChunkList::finish() {
    std::sort(chunks_.begin(), chunks_.end(),
              [](const Chunk& a, const Chunk& b) { return a.number < b.number; });
    const auto twice = std::adjacent_find(
        chunks_.begin(), chunks_.end(), [](const Chunk& a, const Chunk& b) { return a.number == b.number; });
    if (twice != chunks_.end())
        return Error(Condition::foreign, message("HDF5 chunk at ", twice->address, ": the index has chunk ",
                                                 twice->number, " twice"));
    return std::move(chunks_);
}

Result<std::vector<Chunk>> read_chunks(File& file, const Layout& layout, const ChunkGrid& grid,
                                       const Filters& filters) {
    ChunkList list(file, grid, filters);
    MILEPOST_TRY(add_all(file, layout, list));
    return list.finish();
}

}  // namespace milepost::convert::hdf5
