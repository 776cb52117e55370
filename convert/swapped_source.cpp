#include "convert/swapped_source.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <milepost/result.hpp>

namespace milepost::convert {

void swap_numbers(std::span<std::byte> bytes, std::size_t number_nbytes) noexcept {
    for (; !bytes.empty(); bytes = bytes.subspan(number_nbytes)) {
        const std::span<std::byte> number = bytes.first(number_nbytes);
        std::reverse(number.begin(), number.end());
    }
}

Result<void> SwappedSource::read_part(std::uint64_t number_at, std::size_t past,
                                      std::span<std::byte> to) const {
    std::array<std::byte, 16> number{};
    const auto bytes = std::span(number).first(number_nbytes_);
    MILEPOST_TRY(source_->read(begin_ + number_at, bytes));
    std::reverse(bytes.begin(), bytes.end());
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(past), to.size(), to.begin());
    return {};
}

/// Whole numbers are read at once, and those that are cut at either end one by one.
Result<void> SwappedSource::read(std::uint64_t offset, std::span<std::byte> to) const {
    if (const auto past = static_cast<std::size_t>(offset % number_nbytes_); past != 0) {
        const std::size_t nbytes = std::min(to.size(), number_nbytes_ - past);
        MILEPOST_TRY(read_part(offset - past, past, to.first(nbytes)));
        offset += nbytes;
        to = to.subspan(nbytes);
    }
    const std::size_t whole = to.size() - to.size() % number_nbytes_;
    MILEPOST_TRY(source_->read(begin_ + offset, to.first(whole)));
    swap_numbers(to.first(whole), number_nbytes_);
    if (whole != to.size()) return read_part(offset + whole, 0, to.subspan(whole));
    return {};
}

}  // namespace milepost::convert
