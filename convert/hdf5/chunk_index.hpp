#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <milepost/result.hpp>

#include "convert/hdf5/chunk_grid.hpp"
#include "convert/hdf5/file.hpp"
#include "convert/hdf5/filters.hpp"
#include "convert/hdf5/layout.hpp"

namespace milepost::convert::hdf5 {

/// Collects the chunks that an index has.
class ChunkList {
public:
    ChunkList(File& file, const ChunkGrid& grid, const Filters& filters) noexcept
        : file_(file), grid_(grid), filters_(filters) {}

    [[nodiscard]] const ChunkGrid& grid() const noexcept { return grid_; }
    /// Takes the chunk at these places in the grid, which has it. kNowhere: it is not stored. Errors:
    /// corrupt/foreign if the file does not have its bytes, or they are too few or too many for it;
    /// limit_exceeded/decoded_bytes. Throws std::bad_alloc.
    [[nodiscard]] Result<void> add(std::span<const std::uint64_t> places, std::uint64_t address,
                                   std::uint64_t nbytes, std::uint32_t mask);
    /// In their order. Errors: corrupt/foreign if one occurs twice.
    [[nodiscard]] Result<std::vector<Chunk>> finish();

private:
    File& file_;
    const ChunkGrid& grid_;
    const Filters& filters_;
    std::vector<Chunk> chunks_;
};

/// Reads the index of a dataset's chunks. Errors: those of File::read and of ChunkList; corrupt/foreign,
/// /foreign_checksum. Throws std::bad_alloc.
[[nodiscard]] Result<std::vector<Chunk>> read_chunks(File& file, const Layout& layout, const ChunkGrid& grid,
                                                     const Filters& filters);

}  // namespace milepost::convert::hdf5
