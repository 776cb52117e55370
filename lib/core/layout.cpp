#include "core/layout.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/checked.hpp"

namespace milepost::core {
namespace {

using base::checked_add;
using base::checked_mul;

/// Rules 27, 29: numbers of bits and bytes stay below this.
constexpr std::uint64_t kEnd = 1ULL << 63U;

bool has_elements(Dims shape) noexcept {
    return std::find(shape.begin(), shape.end(), 0U) == shape.end();
}

/// The sum over all dims of (dim - 1) * stride, in elements. Requires: there are elements.
bool span_of(Dims shape, Dims strides, std::uint64_t& out) noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        std::uint64_t step = 0;
        if (!checked_mul(shape[i] - 1, strides[i], step) || !checked_add(sum, step, sum)) return false;
    }
    out = sum;
    return true;
}

}  // namespace

std::string_view describe(LayoutFault fault) noexcept {
    switch (fault) {
        case LayoutFault::none:
            return "the tensor fits its storage";
        case LayoutFault::bits:
            return "an element has 1 to 65528 bits, and whole bytes above 8 bits";
        case LayoutFault::shape:
            return "the shape needs 2^63 bits or more";
        case LayoutFault::part_byte:
            return "the elements do not fill whole bytes";
        case LayoutFault::stride:
            return "the strides do not fit the shape and the dtype";
        case LayoutFault::range:
            return "the tensor does not fit in the storage at its offset";
    }
    return {};
}

std::string dims_text(Dims dims) {
    constexpr std::size_t kShown = 8;
    std::string text = "[";
    for (std::size_t i = 0; i < dims.size() && i < kShown; ++i) {
        if (i != 0) text += ", ";
        text += std::to_string(dims[i]);
    }
    if (dims.size() > kShown) text += ", ...";
    return text + "]";
}

bool bits_allowed(std::uint64_t bits) noexcept {
    return bits >= 1 && bits <= 65528 && (bits <= 8 || bits % 8 == 0);
}

bool element_count(Dims shape, std::uint64_t& out) noexcept {
    std::uint64_t count = has_elements(shape) ? 1 : 0;
    for (const std::uint64_t size : shape) {
        if (count != 0 && !checked_mul(count, size, count)) return false;
    }
    out = count;
    return true;
}

std::vector<std::uint64_t> contiguous_strides(Dims shape) {
    std::vector<std::uint64_t> strides(shape.size());
    std::uint64_t stride = 1;
    for (std::size_t i = shape.size(); i-- > 0;) {
        strides[i] = stride;
        // A size of 0 counts as 1, as NumPy and PyTorch do: strides stay positive.
        if (!checked_mul(stride, std::max<std::uint64_t>(shape[i], 1), stride)) stride = UINT64_MAX;
    }
    return strides;
}

bool is_contiguous(Dims shape, Dims strides) noexcept {
    if (!has_elements(shape)) return true;
    std::uint64_t product = 1;  // of the sizes after dimension i
    bool known = true;          // false: the product is larger than any stride
    for (std::size_t i = shape.size(); i-- > 0;) {
        if (shape[i] != 1 && (!known || strides[i] != product)) return false;
        if (known && !checked_mul(product, shape[i], product)) known = false;
    }
    return true;
}

bool shape_fits(Dims shape, std::uint64_t bits) noexcept {
    std::uint64_t nbytes = 0;
    return contiguous_nbytes(shape, bits, nbytes);
}

bool fills_whole_bytes(Dims shape, std::uint64_t bits) noexcept {
    std::uint64_t count = 0;
    std::uint64_t total = 0;
    return element_count(shape, count) && checked_mul(count, bits, total) && total % 8 == 0;
}

bool strides_fit(Dims shape, Dims strides, std::uint64_t bits) noexcept {
    if (strides.size() != shape.size() || bits % 8 != 0 || !has_elements(shape)) return false;
    if (std::any_of(strides.begin(), strides.end(), [](std::uint64_t stride) { return stride >= kEnd; })) {
        return false;
    }
    if (is_contiguous(shape, strides)) return false;
    std::uint64_t span = 0;
    return span_of(shape, strides, span) && checked_mul(span, bits / 8, span) && span < kEnd;
}

std::uint64_t extent_nbytes(Dims shape, Dims strides, std::uint64_t bits) noexcept {
    std::uint64_t extent = 0;
    if (strides.empty()) return contiguous_nbytes(shape, bits, extent) ? extent : UINT64_MAX;
    if (!has_elements(shape)) return 0;
    const bool fits = span_of(shape, strides, extent) && checked_add(extent, 1, extent) &&
                      checked_mul(extent, bits / 8, extent);
    return fits ? extent : UINT64_MAX;
}

bool is_free_of_overlap(Dims shape, Dims strides) noexcept {
    std::array<std::pair<std::uint64_t, std::uint64_t>, 64> axes;  // (stride, size); at most 62 are above 1
    std::size_t count = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] > 1) axes[count++] = {strides[i], shape[i]};
    }
    std::sort(axes.begin(), axes.begin() + count);
    std::uint64_t reached = 0;  // no overflow: strides_fit holds the sum of all below 2^63
    for (std::size_t i = 0; i < count; ++i) {
        const auto [stride, size] = axes[i];
        if (stride <= reached) return false;
        reached += (size - 1) * stride;
    }
    return true;
}

bool fits_storage(Dims shape, Dims strides, std::uint64_t bits, std::uint64_t offset,
                  std::uint64_t storage_nbytes) noexcept {
    if (bits >= 8 && offset % (bits / 8) != 0) return false;
    return base::range_within(offset, extent_nbytes(shape, strides, bits), storage_nbytes);
}

LayoutFault find_layout_fault(Dims shape, Dims strides, std::uint64_t bits, std::uint64_t offset,
                              std::uint64_t storage_nbytes) noexcept {
    if (!bits_allowed(bits)) return LayoutFault::bits;
    if (!shape_fits(shape, bits)) return LayoutFault::shape;
    if (!fills_whole_bytes(shape, bits)) return LayoutFault::part_byte;
    if (!strides.empty() && !strides_fit(shape, strides, bits)) return LayoutFault::stride;
    if (!fits_storage(shape, strides, bits, offset, storage_nbytes)) return LayoutFault::range;
    return LayoutFault::none;
}

}  // namespace milepost::core
