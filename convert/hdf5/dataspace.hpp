#pragma once

#include <cstdint>

#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "convert/hdf5/cursor.hpp"

namespace milepost::convert::hdf5 {

/// How many elements there are.
struct Dataspace {
    bool is_null = false;  ///< none, and no shape either
    Shape shape;
    Shape greatest;  ///< up to which it may grow; UINT64_MAX for no limit
    std::uint64_t element_count = 1;
};

/// Decodes a dataspace message. Errors: corrupt/foreign, also for more elements than any file has;
/// limit_exceeded/rank; unsupported/feature for other versions. Throws std::bad_alloc.
[[nodiscard]] Result<Dataspace> read_dataspace(Cursor at, const Limits& limits);

/// The bytes of all elements. Errors: corrupt/foreign if they are more than any file has.
[[nodiscard]] Result<std::uint64_t> nbytes_of(const Dataspace& space, std::uint64_t element_nbytes);

}  // namespace milepost::convert::hdf5
