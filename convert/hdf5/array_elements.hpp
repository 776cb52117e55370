#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "convert/hdf5/chunk_index.hpp"
#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/file.hpp"

namespace milepost::convert::hdf5 {

/// The elements of an array that is an index of chunks: each has an address, and for chunks with filters a
/// size and a mask.
class ArrayElements {
public:
    /// Elements are in row-major order of the grid, but that the dimension `first` comes before all others.
    ArrayElements(File& file, ChunkList& list, std::size_t first) noexcept
        : file_(file), list_(list), first_(first) {}

    /// What all blocks of an array begin with: signature, version, and whether chunks have filters.
    [[nodiscard]] Result<void> read_head(Cursor& at, std::string_view signature) const;
    /// Checks the size of an element, from the header of the array.
    [[nodiscard]] Result<void> set_element(const Cursor& at, std::uint64_t nbytes);
    [[nodiscard]] std::uint64_t element_nbytes() const noexcept { return element_nbytes_; }

    /// Reads elements up to the end of the cursor; the first one is number `index`.
    [[nodiscard]] Result<void> read(Cursor at, std::uint64_t index);
    /// Elements in pages, each with a checksum, of which those are there whose bit is set. `bits` are counted
    /// from `first_bit` on, the highest of a byte first.
    struct Pages {
        std::uint64_t address;     ///< of the first page
        std::uint64_t count;       ///< of elements in all of them
        std::uint64_t page_count;  ///< of elements in one
        std::span<const std::byte> bits;
        std::uint64_t first_bit;
        std::string_view what;
    };
    [[nodiscard]] Result<void> read_pages(const Pages& pages, std::uint64_t index);

private:
    /// Whether the grid has such an element: arrays also have those that the dataset may grow to.
    bool find_places(std::uint64_t index, Shape& places) const;

    File& file_;
    ChunkList& list_;
    std::size_t first_;
    std::uint64_t element_nbytes_ = 0;
};

}  // namespace milepost::convert::hdf5
