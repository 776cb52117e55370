#include "convert/hdf5/array_elements.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/message.hpp"
#include "convert/hdf5/chunk_index.hpp"
#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/file.hpp"

namespace milepost::convert::hdf5 {

using base::message;

Result<void> ArrayElements::read_head(Cursor& at, std::string_view signature) const {
    MILEPOST_TRY(at.signature(signature));
    MILEPOST_TRY(at.version(0));
    MILEPOST_TRY_ASSIGN(const std::uint8_t client, at.byte());
    if (client == static_cast<std::uint8_t>(list_.grid().is_filtered)) return {};
    return at.broken(
        message("its elements are of type ", unsigned{client}, ", which are not those of the dataset"));
}

Result<void> ArrayElements::set_element(const Cursor& at, std::uint64_t nbytes) {
    const std::uint64_t address = at.widths().address;
    const bool fits =
        list_.grid().is_filtered ? nbytes > address + 4 && nbytes <= address + 12 : nbytes == address;
    if (!fits) return at.broken(message("its elements have ", nbytes, " bytes"));
    element_nbytes_ = nbytes;
    return {};
}

bool ArrayElements::find_places(std::uint64_t index, Shape& places) const {
    const ChunkGrid& grid = list_.grid();
    places.assign(grid.counts.size(), 0);
    for (std::size_t i = places.size(); i-- > 0;) {
        if (i == first_) continue;
        places[i] = index % grid.greatest_counts[i];
        index /= grid.greatest_counts[i];
    }
    places[first_] = index;
    return grid.has(places);
}

Result<void> ArrayElements::read(Cursor at, std::uint64_t index) {
    const ChunkGrid& grid = list_.grid();
    Shape places;
    for (; at.remaining() >= element_nbytes_; ++index) {
        MILEPOST_TRY_ASSIGN(const std::uint64_t address, at.address());
        std::uint64_t nbytes = grid.chunk_nbytes, mask = 0;
        if (grid.is_filtered) {
            MILEPOST_TRY_ASSIGN(
                nbytes, at.number(static_cast<std::size_t>(element_nbytes_) - at.widths().address - 4));
            MILEPOST_TRY_ASSIGN(mask, at.number(4));
        }
        if (address == kNowhere || !find_places(index, places)) continue;
        MILEPOST_TRY(list_.add(places, address, nbytes, static_cast<std::uint32_t>(mask)));
    }
    return {};
}

Result<void> ArrayElements::read_pages(const Pages& pages, std::uint64_t index) {
    const std::uint64_t page_nbytes = pages.page_count * element_nbytes_ + 4;
    for (std::uint64_t done = 0, page = 0; done < pages.count; done += pages.page_count, ++page) {
        const std::uint64_t bit = pages.first_bit + page;
        const std::byte byte = pages.bits[static_cast<std::size_t>(bit / 8)];
        if ((byte >> (7 - bit % 8) & std::byte{1}) == std::byte{0}) continue;
        const std::uint64_t count = std::min(pages.page_count, pages.count - done);
        MILEPOST_TRY(file_.check_range(pages.address, (page + 1) * page_nbytes - 4, pages.what));
        MILEPOST_TRY_ASSIGN(const FileBlock block, file_.read(pages.address + page * page_nbytes,
                                                              count * element_nbytes_ + 4, pages.what));
        Cursor at = block.cursor();
        MILEPOST_TRY_ASSIGN(const Cursor elements, at.part(count * element_nbytes_));
        MILEPOST_TRY(at.checksum());
        MILEPOST_TRY(read(elements, index + done));
    }
    return {};
}

}  // namespace milepost::convert::hdf5
