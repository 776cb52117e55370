#include "convert/hdf5/dataspace.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/hdf5/cursor.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

/// No limit allows more.
constexpr std::uint32_t kGreatestRank = 64;
/// A checkpoint has no shape of 2^63 bits or more, not even of a tensor that is empty by another dim.
constexpr std::uint64_t kGreatestNbytes = (std::uint64_t{1} << 60U) - 1;
enum SpaceType : std::uint8_t { kScalar = 0, kSimple = 1, kNull = 2 };

Result<void> read_shape(Cursor& at, std::size_t rank, bool has_greatest, Dataspace& space) {
    space.shape.resize(rank);
    for (std::uint64_t& dim : space.shape) {
        MILEPOST_TRY_ASSIGN(dim, at.length());
    }
    space.greatest = space.shape;
    if (!has_greatest) return {};
    for (std::size_t i = 0; i < rank; ++i) {
        MILEPOST_TRY_ASSIGN(space.greatest[i], at.length());
        if (at.widths().length < 8 && space.greatest[i] == (1ULL << 8U * at.widths().length) - 1)
            space.greatest[i] = UINT64_MAX;
        if (space.greatest[i] < space.shape[i])
            return at.broken(
                message("dimension ", i, " is ", space.shape[i], ", but at most ", space.greatest[i]));
    }
    return {};
}

/// Dims of 0 do not excuse the other ones.
Result<void> count_elements(const Cursor& at, Dataspace& space) {
    std::uint64_t count = 1;
    bool is_empty = space.is_null;
    for (const std::uint64_t dim : space.shape) {
        is_empty = is_empty || dim == 0;
        if (dim != 0 && (!base::checked_mul(count, dim, count) || count > kGreatestNbytes))
            return at.broken("its shape is larger than any file");
    }
    space.element_count = is_empty ? 0 : count;
    return {};
}

}  // namespace

Result<Dataspace> read_dataspace(Cursor at, const Limits& limits) {
    Dataspace space;
    MILEPOST_TRY_ASSIGN(const std::uint8_t version, at.byte());
    MILEPOST_TRY_ASSIGN(const std::uint8_t rank, at.byte());
    MILEPOST_TRY_ASSIGN(const std::uint8_t flags, at.byte());
    if (version != 1 && version != 2)
        return at.unsupported(
            message("a dataspace of version ", unsigned{version}, "; versions 1 and 2 are read"));
    MILEPOST_TRY_ASSIGN(const std::uint8_t type, at.byte());
    if (version == 1) {
        MILEPOST_TRY(at.skip(4));
    } else if (type > kNull || (type != kSimple && rank != 0)) {
        return at.broken(message("a dataspace of type ", unsigned{type}, " and rank ", unsigned{rank}));
    }
    space.is_null = version == 2 && type == kNull;
    const std::uint32_t greatest = std::min(limits.max_rank, kGreatestRank);
    if (rank > greatest) {
        return Error(Condition::rank, message("HDF5 dataspace at ", at.offset(), ": ", unsigned{rank},
                                              " dimensions, the limit is ", greatest));
    }
    MILEPOST_TRY(read_shape(at, rank, (flags & 1U) != 0, space));
    MILEPOST_TRY(count_elements(at, space));
    return space;
}

Result<std::uint64_t> nbytes_of(const Dataspace& space, std::uint64_t element_nbytes) {
    std::uint64_t all = element_nbytes;
    for (const std::uint64_t dim : space.shape) {
        if (dim != 0 && (!base::checked_mul(all, dim, all) || all > kGreatestNbytes))
            return Error(Condition::foreign, message("its shape, with ", element_nbytes,
                                                     " bytes an element, is larger than any file"));
    }
    return space.element_count == 0 ? 0 : all;
}

}  // namespace milepost::convert::hdf5
