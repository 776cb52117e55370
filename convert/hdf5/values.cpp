#include "convert/hdf5/values.hpp"

#include <algorithm>
#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "base/little_endian.hpp"
#include "base/message.hpp"
#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/dataspace.hpp"
#include "convert/hdf5/datatype.hpp"
#include "convert/hdf5/file.hpp"
#include "convert/names.hpp"
#include "convert/swapped_source.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

/// Memory of a value in a list, and of one that has an allocation of its own.
constexpr std::uint64_t kScalarNbytes = 64, kNodeNbytes = 192;
constexpr std::size_t kGreatestElement = 16;

double widen(Dtype dtype, std::span<const std::byte> bytes) noexcept {
    double number = 0;
    cast_elements(dtype, bytes, Dtype::f64, std::as_writable_bytes(std::span(&number, 1)));
    return number;
}

template <class T>
std::complex<double> complex_of(const std::byte* bytes) noexcept {
    std::array<T, 2> parts{};
    std::memcpy(parts.data(), bytes, sizeof parts);
    return {static_cast<double>(parts[0]), static_cast<double>(parts[1])};
}

/// A number of this machine.
Value number_of(Dtype dtype, std::span<const std::byte> element) {
    const std::byte* at = element.data();
    switch (dtype) {
        case Dtype::boolean:
            return *at != std::byte{0};
        case Dtype::i8:
            return base::load_le<std::int8_t>(at);
        case Dtype::i16:
            return base::load_le<std::int16_t>(at);
        case Dtype::i32:
            return base::load_le<std::int32_t>(at);
        case Dtype::i64:
            return base::load_le<std::int64_t>(at);
        case Dtype::u8:
            return base::load_le<std::uint8_t>(at);
        case Dtype::u16:
            return base::load_le<std::uint16_t>(at);
        case Dtype::u32:
            return base::load_le<std::uint32_t>(at);
        case Dtype::u64:
            return base::load_le<std::uint64_t>(at);
        case Dtype::f64:
            return base::load_le<double>(at);
        case Dtype::c64:
            return complex_of<float>(at);
        case Dtype::c128:
            return complex_of<double>(at);
        default:
            return widen(dtype, element);
    }
}

/// The bytes of a text of fixed size, without what fills it up.
std::span<const std::byte> trimmed(std::span<const std::byte> bytes, Datatype::Padding padding) noexcept {
    if (padding == Datatype::Padding::null_terminated) {
        const auto end = std::find(bytes.begin(), bytes.end(), std::byte{0});
        return bytes.first(static_cast<std::size_t>(end - bytes.begin()));
    }
    const std::byte filler = padding == Datatype::Padding::space_padded ? std::byte{' '} : std::byte{0};
    while (!bytes.empty() && bytes.back() == filler)
        bytes = bytes.first(bytes.size() - 1);
    return bytes;
}

}  // namespace

Result<Value> ValueMaker::make_text(std::span<const std::byte> bytes) {
    MILEPOST_TRY(file_.budget().take_bytes(kNodeNbytes + bytes.size()));
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (is_utf8(text)) return Value(text);
    return Value(Bytes{{bytes.begin(), bytes.end()}});
}

/// A text without an address is empty. It ends with the first zero byte, as in C.
Result<Value> ValueMaker::make_varied_text(std::span<const std::byte> element) {
    Cursor at(element, 0, "text", file_.widths());
    MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, at.number(4));
    MILEPOST_TRY_ASSIGN(const std::uint64_t collection, at.address());
    MILEPOST_TRY_ASSIGN(const std::uint64_t number, at.number(4));
    if (nbytes == 0 || collection == 0 || collection == kNowhere) return make_text({});
    MILEPOST_TRY_ASSIGN(const auto object, heaps_.object(collection, number));
    if (nbytes > object.size()) {
        return Error(Condition::foreign,
                     message("HDF5 global heap collection at ", collection, ": object ", number, " has ",
                             object.size(), " bytes, but a text of ", nbytes, " is in it"));
    }
    return make_text(
        trimmed(object.first(static_cast<std::size_t>(nbytes)), Datatype::Padding::null_terminated));
}

Result<Value> ValueMaker::make_scalar(const Datatype& type, std::span<const std::byte> element) {
    switch (type.kind) {
        case Datatype::Kind::fixed_text:
            return make_text(trimmed(element, type.padding));
        case Datatype::Kind::varied_text:
            return make_varied_text(element);
        case Datatype::Kind::opaque:
            return Error(Condition::feature, "opaque bytes, which are not read; save numbers or texts");
        case Datatype::Kind::number:
            break;
    }
    std::array<std::byte, kGreatestElement> number{};
    const auto native = std::span(number).first(element.size());
    std::copy(element.begin(), element.end(), native.begin());
    if (type.swapped_nbytes != 0) swap_numbers(native, type.swapped_nbytes);
    return number_of(type.dtype.code, native);
}

/// Recurses once for each dimension, of which Limits::max_depth is above the number.
Result<Value> ValueMaker::make_list(const Datatype& type, const Shape& shape, std::size_t axis,
                                    std::span<const std::byte>& rest) {
    if (axis == shape.size()) {
        const auto element = rest.first(static_cast<std::size_t>(type.nbytes));
        rest = rest.subspan(element.size());
        return make_scalar(type, element);
    }
    const bool has_lists = axis + 1 < shape.size();
    MILEPOST_TRY(file_.budget().take_values(shape[axis], has_lists ? kNodeNbytes : kScalarNbytes));
    Value value = List{};
    auto* list = value.get_if<List>();
    list->items.reserve(static_cast<std::size_t>(shape[axis]));
    for (std::uint64_t i = 0; i < shape[axis]; ++i) {
        MILEPOST_TRY_ASSIGN(Value item, make_list(type, shape, axis + 1, rest));
        list->items.push_back(std::move(item));
    }
    return value;
}

Result<Value> ValueMaker::make(const Datatype& type, const Dataspace& space,
                               std::span<const std::byte> bytes) {
    if (space.is_null) return Value();
    // The dicts of all objects and of one object are around the value, and a scalar is in it.
    if (space.shape.size() + 3 > file_.limits().max_depth)
        return Error(Condition::depth,
                     message(space.shape.size(), " dimensions of values, the limit of depth is ",
                             file_.limits().max_depth));
    MILEPOST_TRY(file_.budget().take_values(1, kNodeNbytes));
    return make_list(type, space.shape, 0, bytes);
}

}  // namespace milepost::convert::hdf5
