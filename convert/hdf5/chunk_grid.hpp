#pragma once

#include <cstdint>
#include <span>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "convert/hdf5/dataspace.hpp"
#include "convert/hdf5/filters.hpp"
#include "convert/hdf5/layout.hpp"

namespace milepost::convert::hdf5 {

/// A chunk that is stored. Chunks are counted in row-major order.
struct Chunk {
    std::uint64_t number, address, nbytes;
    std::uint32_t mask;  ///< bit i: filter i was left out
    bool is_plain;       ///< stored as it is
};

/// How a dataset is cut into chunks of one shape.
struct ChunkGrid {
    Shape shape, chunk;
    Shape counts;           ///< of chunks, along each dimension
    Shape greatest_counts;  ///< if the dataset grows as far as it may; UINT64_MAX for no limit
    std::uint64_t element_nbytes = 0;
    std::uint64_t chunk_nbytes = 0;
    bool is_filtered = false, edges_unfiltered = false;

    /// The number of the chunk at these places in the grid.
    [[nodiscard]] std::uint64_t number_of(std::span<const std::uint64_t> places) const noexcept;
    /// Whether there is a chunk at these places; whether it reaches past the shape.
    ///@{
    [[nodiscard]] bool has(std::span<const std::uint64_t> places) const noexcept;
    [[nodiscard]] bool is_edge(std::span<const std::uint64_t> places) const noexcept;
    ///@}
    /// The bytes of the chunks that are needed again and again while the elements are read in their order:
    /// all those along one chunk's first dimension with more than one element.
    [[nodiscard]] std::uint64_t band_nbytes() const noexcept;
};

/// Requires: a layout of chunks, and at least one element. Errors: corrupt/foreign if it does not fit.
/// Throws std::bad_alloc.
[[nodiscard]] Result<ChunkGrid> make_grid(const Layout& layout, const Dataspace& space,
                                          std::uint64_t element_nbytes, const Filters& filters);

}  // namespace milepost::convert::hdf5
