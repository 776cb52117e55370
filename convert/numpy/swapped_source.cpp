#include "convert/numpy/swapped_source.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <milepost/result.hpp>

namespace milepost::convert::numpy {

Result<void> SwappedSource::read(std::uint64_t offset, std::span<std::byte> to) const {
    while (!to.empty()) {
        const auto within = static_cast<std::size_t>(offset % number_nbytes_);
        const std::size_t whole = to.size() - to.size() % number_nbytes_;
        std::size_t count = 0;
        if (within == 0 && whole != 0) {
            count = whole;
            const std::span<std::byte> numbers = to.first(count);
            MILEPOST_TRY(source_->read(begin_ + offset, numbers));
            for (std::size_t i = 0; i < count; i += number_nbytes_)
                std::reverse(numbers.begin() + static_cast<std::ptrdiff_t>(i),
                             numbers.begin() + static_cast<std::ptrdiff_t>(i + number_nbytes_));
        } else {  // a part of one number
            std::array<std::byte, 8> bytes = {};
            const std::span<std::byte> number = std::span(bytes).first(number_nbytes_);
            MILEPOST_TRY(source_->read(begin_ + offset - within, number));
            std::reverse(number.begin(), number.end());
            count = std::min(to.size(), number_nbytes_ - within);
            std::copy_n(number.begin() + static_cast<std::ptrdiff_t>(within), count, to.begin());
        }
        to = to.subspan(count);
        offset += count;
    }
    return {};
}

}  // namespace milepost::convert::numpy
