#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <milepost/result.hpp>

#include "convert/hdf5/cursor.hpp"

namespace milepost::convert::hdf5 {

/// What is done to a chunk before it is stored.
enum class Filter : std::uint8_t { deflate = 1, shuffle = 2, fletcher32 = 3 };

/// The filters of a dataset, in the order in which they are applied.
class Filters {
public:
    /// Decodes a filter pipeline message. Errors: corrupt/foreign; unsupported/feature for other filters, by
    /// their name. Throws std::bad_alloc.
    [[nodiscard]] static Result<Filters> read(Cursor at);

    [[nodiscard]] bool empty() const noexcept { return steps_.empty(); }
    /// Whether a chunk with that mask, of filters that were left out, is stored as it is.
    [[nodiscard]] bool skips_all(std::uint32_t mask) const noexcept;
    /// Whether a chunk with so many bytes in the file can have `nbytes` bytes: deflate makes neither much
    /// more of them nor much less.
    [[nodiscard]] bool can_become(std::uint64_t stored_nbytes, std::uint64_t nbytes) const noexcept;

    /// Undoes them: `to` takes the whole chunk. Errors: corrupt/foreign, /foreign_checksum; messages do not
    /// name the chunk. Throws std::bad_alloc.
    [[nodiscard]] Result<void> decode(std::vector<std::byte> stored, std::uint32_t mask,
                                      std::vector<std::byte>& to, std::uint64_t nbytes) const;

private:
    struct Step {
        Filter filter;
        std::uint32_t element_nbytes;  ///< shuffle
    };
    static Result<Step> read_step(Cursor& at, std::uint8_t version);

    std::vector<Step> steps_;
};

}  // namespace milepost::convert::hdf5
