#include "codec/plane_reader.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/little_endian.hpp"
#include "codec/join_kernels.hpp"
#include "codec/list_code.hpp"
#include "codec/list_kernels.hpp"
#include "codec/list_tree.hpp"
#include "codec/plane.hpp"

namespace milepost::codec {
namespace {

constexpr std::string_view kIncomplete = "the lengths are not those of a complete code";
constexpr std::string_view kOtherBits = "a code has more or fewer bits than its values";
constexpr std::string_view kTooLarge = "a plane has a value above its largest one";

/// Whether bits after the first `nbits` of the bytes, which have room for fewer than 8 more, are zero.
bool is_zero_after(std::span<const std::uint8_t> bytes, std::size_t nbits) noexcept {
    return nbits % 8 == 0 || bytes.back() >> nbits % 8 == 0;
}

}  // namespace

std::string_view StoredPlane::take(StoredBytes& stored, const PlaneShape& of, std::size_t limit) noexcept {
    shape = of;
    const auto number = stored.take_byte();
    if (!number) return "a plane is cut";
    form = static_cast<PlaneForm>(*number);
    switch (form) {
        case PlaneForm::one_value: {
            const auto only = stored.take_byte();
            if (!only) return "the value of a plane is cut";
            value = static_cast<std::uint8_t>(*only);
            return *only >= limit ? kTooLarge : std::string_view();
        }
        case PlaneForm::packed: {
            const auto bytes = stored.take(shape.packed_nbytes());
            if (!bytes || !is_zero_after(*bytes, shape.count * shape.bits))
                return "a packed plane is cut, or a bit after it is not zero";
            packed = *bytes;
            const bool may_be_larger = shape.bits == kByteBits && limit < 256;
            if (may_be_larger && *std::max_element(packed.begin(), packed.end()) >= limit) return kTooLarge;
            return {};
        }
        case PlaneForm::coded:
            return take_code(stored, limit);
    }
    return "the form of a plane is not 0, 1 or 2";
}

std::string_view StoredPlane::take_lengths(StoredBytes& stored, std::size_t limit) noexcept {
    const auto last = stored.take_byte();
    if (!last) return "a code is cut";
    if (*last >= limit) return "a code has a value above the largest one of its plane";
    const auto halves = stored.take(*last / 2 + 1);
    if (!halves) return "the lengths of a code are cut";
    lengths = {};
    for (std::size_t i = 0; i < halves->size(); ++i) {
        lengths[2 * i] = (*halves)[i] & 15U;
        lengths[2 * i + 1] = static_cast<std::uint8_t>((*halves)[i] >> 4U);
    }
    if (lengths[*last] == 0) return "the largest value of a code has no code word";
    if (*last % 2 == 0 && lengths[*last + 1] != 0)
        return "the half byte after the lengths of a code is not zero";
    return {};
}

std::string_view StoredPlane::take_code(StoredBytes& stored, std::size_t limit) noexcept {
    if (const auto wrong = take_lengths(stored, limit); !wrong.empty()) return wrong;
    const auto number = stored.take(sizeof(std::uint32_t));
    if (!number) return "the number of bits of a code is cut";
    bits.nbits = base::load_le<std::uint32_t>(std::as_bytes(*number).data());
    bits.bytes = stored.left;
    const auto bytes = stored.take((bits.nbits + 7) / 8);
    if (!bytes) return "the bits of a code are cut";
    if (!is_zero_after(*bytes, bits.nbits)) return "a bit after those of a code is not zero";
    return {};
}

std::string_view StoredPlane::read(const JoinKernels& kernels, ListCoder& coder, ValueBuffer& buffer,
                                   const std::uint8_t*& values) const noexcept {
    values = buffer.data();
    switch (form) {
        case PlaneForm::one_value:
            std::fill_n(buffer.begin(), shape.count, value);
            return {};
        case PlaneForm::packed:
            if (shape.bits == kByteBits)
                values = packed.data();
            else
                kernels.unpack(packed.data(), shape.count, shape.bits, buffer.data());
            return {};
        case PlaneForm::coded:
            break;
    }
    const auto tree = ListTree::make(lengths);
    if (!tree) return kIncomplete;
    return coder.decode(*tree, bits, shape.count, buffer) ? std::string_view() : kOtherBits;
}

std::string_view StoredPlane::read_list(const ListKernels& kernels, ListCoder& coder,
                                        const std::array<std::uint8_t, 256>& written, ValueBuffer& buffer,
                                        ListMerge& list) const noexcept {
    switch (form) {
        case PlaneForm::one_value:
            list = plain_list(nullptr);
            list.zeros.value = written[value];
            return {};
        case PlaneForm::packed:
            std::copy(packed.begin(), packed.end(), buffer.begin());
            kernels.map(buffer.data(), shape.count, written.data(), buffer.data());
            list = plain_list(buffer.data());
            return {};
        case PlaneForm::coded:
            break;
    }
    auto tree = ListTree::make(lengths);
    if (!tree) return kIncomplete;
    for (std::size_t rank = 0; rank < tree->value_count; ++rank)
        tree->values[rank] = written[tree->values[rank]];
    const auto merge = coder.decode_sides(*tree, bits, shape.count);
    if (!merge) return kOtherBits;
    list = *merge;
    return {};
}

}  // namespace milepost::codec
