#include "convert/hdf5/chunk_grid.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/hdf5/chunk_cache.hpp"
#include "convert/hdf5/dataspace.hpp"
#include "convert/hdf5/filters.hpp"
#include "convert/hdf5/layout.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

constexpr std::uint64_t kGreatestChunkNbytes = 0xffff'ffffU;

/// Saturates.
std::uint64_t product(std::uint64_t a, std::uint64_t b) noexcept {
    std::uint64_t out = 0;
    return base::checked_mul(a, b, out) ? out : UINT64_MAX;
}

}  // namespace

std::uint64_t ChunkGrid::number_of(std::span<const std::uint64_t> places) const noexcept {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < places.size(); ++i)
        number = number * counts[i] + places[i];
    return number;
}

bool ChunkGrid::has(std::span<const std::uint64_t> places) const noexcept {
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (places[i] >= counts[i]) return false;
    }
    return true;
}

bool ChunkGrid::is_edge(std::span<const std::uint64_t> places) const noexcept {
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (shape[i] - places[i] * chunk[i] < chunk[i]) return true;
    }
    return false;
}

std::uint64_t ChunkGrid::band_nbytes() const noexcept {
    std::uint64_t nbytes = chunk_nbytes + ChunkCache::kEntryNbytes;
    std::size_t first = 0;
    while (first + 1 < chunk.size() && chunk[first] == 1)
        ++first;
    for (std::size_t i = first + 1; i < counts.size(); ++i)
        nbytes = product(nbytes, counts[i]);
    return nbytes;
}

Result<ChunkGrid> make_grid(const Layout& layout, const Dataspace& space, std::uint64_t element_nbytes,
                            const Filters& filters) {
    const auto broken = [](const std::string& why) {
        return Error(Condition::foreign, "HDF5 chunks: " + why);
    };
    if (layout.chunk.size() != space.shape.size())
        return broken(
            message(layout.chunk.size(), " dimensions, those of the dataset are ", space.shape.size()));
    if (layout.element_nbytes != element_nbytes)
        return broken(message("elements of ", layout.element_nbytes, " bytes, those of the datatype have ",
                              element_nbytes));
    ChunkGrid grid;
    grid.shape = space.shape;
    grid.chunk = layout.chunk;
    grid.element_nbytes = element_nbytes;
    grid.is_filtered = !filters.empty();
    grid.edges_unfiltered = layout.edges_unfiltered;
    grid.chunk_nbytes = element_nbytes;
    for (std::size_t i = 0; i < grid.chunk.size(); ++i) {
        const std::uint64_t dim = space.shape[i], greatest = space.greatest[i], chunk = grid.chunk[i];
        grid.chunk_nbytes = product(grid.chunk_nbytes, chunk);
        grid.counts.push_back((dim - 1) / chunk + 1);
        grid.greatest_counts.push_back(greatest == UINT64_MAX ? UINT64_MAX : (greatest - 1) / chunk + 1);
    }
    if (grid.chunk_nbytes > kGreatestChunkNbytes)
        return broken(
            message("a chunk has ", grid.chunk_nbytes, " bytes, the format allows ", kGreatestChunkNbytes));
    return grid;
}

}  // namespace milepost::convert::hdf5
