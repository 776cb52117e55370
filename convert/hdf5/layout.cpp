#include "convert/hdf5/layout.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/message.hpp"
#include "convert/hdf5/cursor.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

/// Stored in files.
enum LayoutClass : std::uint8_t { kCompact = 0, kContiguous = 1, kChunked = 2, kVirtual = 3 };
constexpr std::uint64_t kChunkedRank = 32;

/// Dims of a chunk; the last number is the size of an element.
Result<void> read_chunk(Cursor& at, std::uint64_t count, std::size_t width, Layout& layout) {
    if (count < 2 || count > kChunkedRank + 1)
        return at.broken(message("chunks of ", count, " dimensions, the size of an element being one"));
    for (std::uint64_t i = 0; i < count; ++i) {
        MILEPOST_TRY_ASSIGN(const std::uint64_t dim, at.number(width));
        if (dim == 0) return at.broken("a chunk without an element");
        layout.chunk.push_back(dim);
    }
    layout.element_nbytes = layout.chunk.back();
    layout.chunk.pop_back();
    return {};
}

/// Versions 1 and 2, after the version.
Result<Layout> read_old(Cursor& at) {
    Layout layout;
    MILEPOST_TRY_ASSIGN(const std::uint8_t count, at.byte());
    MILEPOST_TRY_ASSIGN(const std::uint8_t kind, at.byte());
    MILEPOST_TRY(at.skip(5));
    if (kind > kChunked) return at.broken(message("a layout of class ", unsigned{kind}));
    layout.kind = static_cast<Layout::Kind>(kind);
    if (kind != kCompact) {
        MILEPOST_TRY_ASSIGN(layout.address, at.address());
    }
    if (kind == kChunked) {
        MILEPOST_TRY(read_chunk(at, count, 4, layout));
        return layout;
    }
    MILEPOST_TRY(at.skip(std::uint64_t{4} * count));
    if (kind == kContiguous) return layout;
    MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, at.number(4));
    MILEPOST_TRY_ASSIGN(layout.bytes, at.bytes(nbytes));
    return layout;
}

/// What is after the dims of a chunk from version 4 on.
Result<void> read_index(Cursor& at, Layout& layout) {
    MILEPOST_TRY_ASSIGN(const std::uint8_t type, at.byte());
    if (type < 1 || type > 5) return at.broken(message("an index of chunks of type ", unsigned{type}));
    layout.index = static_cast<ChunkIndex>(type);
    switch (layout.index) {
        case ChunkIndex::single:
            if (!layout.single_filtered) break;
            {
                MILEPOST_TRY_ASSIGN(layout.single_nbytes, at.length());
                MILEPOST_TRY_ASSIGN(const std::uint64_t mask, at.number(4));
                layout.single_mask = static_cast<std::uint32_t>(mask);
            }
            break;
        case ChunkIndex::fixed_array:
            MILEPOST_TRY(at.skip(1));  // what the header of the array states too, as below
            break;
        case ChunkIndex::extensible_array:
            MILEPOST_TRY(at.skip(5));
            break;
        case ChunkIndex::btree_v2:
            MILEPOST_TRY(at.skip(6));
            break;
        default:
            break;
    }
    MILEPOST_TRY_ASSIGN(layout.address, at.address());
    return {};
}

Result<Layout> read_new(Cursor& at, std::uint8_t version) {
    Layout layout;
    MILEPOST_TRY_ASSIGN(const std::uint8_t kind, at.byte());
    if (kind == kVirtual) return at.unsupported("a virtual dataset, whose data is in others; save a copy");
    if (kind > kVirtual) return at.broken(message("a layout of class ", unsigned{kind}));
    layout.kind = static_cast<Layout::Kind>(kind);
    if (kind == kCompact) {
        MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, at.number(2));
        MILEPOST_TRY_ASSIGN(layout.bytes, at.bytes(nbytes));
        return layout;
    }
    if (kind == kContiguous) {
        MILEPOST_TRY_ASSIGN(layout.address, at.address());
        MILEPOST_TRY_ASSIGN(layout.nbytes, at.length());
        layout.states_nbytes = true;
        return layout;
    }
    if (version == 3) {
        MILEPOST_TRY_ASSIGN(const std::uint8_t count, at.byte());
        MILEPOST_TRY_ASSIGN(layout.address, at.address());
        MILEPOST_TRY(read_chunk(at, count, 4, layout));
        return layout;
    }
    MILEPOST_TRY_ASSIGN(const std::uint8_t flags, at.byte());
    layout.edges_unfiltered = (flags & 1U) != 0;
    layout.single_filtered = (flags & 2U) != 0;
    MILEPOST_TRY_ASSIGN(const std::uint8_t count, at.byte());
    MILEPOST_TRY_ASSIGN(const std::uint8_t width, at.byte());
    if (width < 1 || width > 8) return at.broken(message("dimensions of ", unsigned{width}, " bytes"));
    MILEPOST_TRY(read_chunk(at, count, width, layout));
    MILEPOST_TRY(read_index(at, layout));
    return layout;
}

Result<std::vector<std::byte>> read_sized_fill(Cursor& at) {
    MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, at.number(4));
    MILEPOST_TRY_ASSIGN(const auto bytes, at.bytes(nbytes));
    const bool is_zero =
        std::all_of(bytes.begin(), bytes.end(), [](std::byte each) { return each == std::byte{0}; });
    return is_zero ? std::vector<std::byte>() : std::vector<std::byte>(bytes.begin(), bytes.end());
}

}  // namespace

Result<Layout> read_layout(Cursor at) {
    MILEPOST_TRY_ASSIGN(const std::uint8_t version, at.byte());
    if (version == 1 || version == 2) return read_old(at);
    if (version >= 3 && version <= 5) return read_new(at, version);
    return at.unsupported(message("a layout of version ", unsigned{version}, "; versions 1 to 5 are read"));
}

Result<std::vector<std::byte>> read_fill(Cursor at) {
    MILEPOST_TRY_ASSIGN(const std::uint8_t version, at.byte());
    if (version < 1 || version > 3)
        return at.unsupported(
            message("a fill value of version ", unsigned{version}, "; versions 1 to 3 are read"));
    bool has_value = true;
    if (version == 3) {
        MILEPOST_TRY_ASSIGN(const std::uint8_t flags, at.byte());
        has_value = (flags & 32U) != 0;
    } else {
        MILEPOST_TRY(at.skip(2));  // when space is taken, and when it is filled
        MILEPOST_TRY_ASSIGN(const std::uint8_t is_defined, at.byte());
        has_value = version == 1 || is_defined != 0;
    }
    if (!has_value) return std::vector<std::byte>();
    return read_sized_fill(at);
}

Result<std::vector<std::byte>> read_old_fill(Cursor at) {
    return read_sized_fill(at);
}

}  // namespace milepost::convert::hdf5
