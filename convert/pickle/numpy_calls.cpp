#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"
#include "convert/pickle/calls.hpp"
#include "convert/pickle/globals.hpp"
#include "convert/pickle/objects.hpp"

namespace milepost::convert::pickle {
namespace {

using base::message;

/// The texts from which numpy.dtype is made. Sizes are in bytes.
constexpr std::array<std::pair<std::string_view, Dtype>, 14> kNumpyDtypes = {{
    {"b1", Dtype::boolean},
    {"i1", Dtype::i8},
    {"i2", Dtype::i16},
    {"i4", Dtype::i32},
    {"i8", Dtype::i64},
    {"u1", Dtype::u8},
    {"u2", Dtype::u16},
    {"u4", Dtype::u32},
    {"u8", Dtype::u64},
    {"f2", Dtype::f16},
    {"f4", Dtype::f32},
    {"f8", Dtype::f64},
    {"c8", Dtype::c64},
    {"c16", Dtype::c128},
}};

/// A number of one element, whose bytes are in the order of this machine.
template <class T>
T element(std::string_view bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

Result<Ref> scalar_of(Objects& objects, Dtype dtype, std::string_view bytes) {
    switch (dtype) {
        case Dtype::boolean:
            return bytes[0] != 0 ? Objects::kTrue : Objects::kFalse;
        case Dtype::i8:
            return objects.add_integer(element<std::int8_t>(bytes));
        case Dtype::i16:
            return objects.add_integer(element<std::int16_t>(bytes));
        case Dtype::i32:
            return objects.add_integer(element<std::int32_t>(bytes));
        case Dtype::i64:
            return objects.add_integer(element<std::int64_t>(bytes));
        case Dtype::u8:
            return objects.add_integer(element<std::uint8_t>(bytes));
        case Dtype::u16:
            return objects.add_integer(element<std::uint16_t>(bytes));
        case Dtype::u32:
            return objects.add_integer(element<std::uint32_t>(bytes));
        case Dtype::u64:
            if (element<std::uint64_t>(bytes) > INT64_MAX)
                return objects.add_text(Type::long_integer, std::string(bytes) + '\0');
            return objects.add_integer(element<std::int64_t>(bytes));
        case Dtype::f32:
            return objects.add_floating(element<float>(bytes));
        case Dtype::f64:
            return objects.add_floating(element<double>(bytes));
        case Dtype::c64:
            return objects.add_complex(element<float>(bytes), element<float>(bytes.substr(sizeof(float))));
        case Dtype::c128:
            return objects.add_complex(element<double>(bytes), element<double>(bytes.substr(sizeof(double))));
        default:
            break;
    }
    return Error(Condition::feature, "a scalar of NumPy of 16 bits: save it as a float");
}

/// Bytes of elements of a dtype, in the order of this machine.
std::string native_bytes(std::string_view bytes, NumpyDtype dtype) {
    std::string made(bytes);
    const bool is_complex = dtype.dtype == Dtype::c64 || dtype.dtype == Dtype::c128;
    const std::size_t size = find_dtype(dtype.dtype)->bits / (is_complex ? 16U : 8U);
    if (!dtype.is_big_endian || size == 1) return made;
    for (std::size_t at = 0; at + size <= made.size(); at += size)
        std::reverse(made.begin() + static_cast<std::ptrdiff_t>(at),
                     made.begin() + static_cast<std::ptrdiff_t>(at + size));
    return made;
}

Result<void> set_shape(const Objects& objects, ArrayObject& array, Ref shape) {
    const auto items = sequence_of(objects, shape);
    if (items && items->size() > objects.limits().max_rank)
        return Error(Condition::rank, message("an array has ", items->size(), " dimensions, more than ",
                                              objects.limits().max_rank));
    auto sizes = counts_of(objects, shape);
    if (!sizes) return Error(Condition::foreign, "the shape of an array is not counts");
    array.shape = *std::move(sizes);
    return {};
}

/// The content of an array: counted here, because several can share it.
Result<void> set_content(Objects& objects, ArrayObject& array, Ref dtype, Ref content) {
    if (objects.type(dtype) != Type::numpy_dtype)
        return Error(Condition::foreign, "the dtype of an array is not one");
    const auto bytes = bytes_of(objects, content);
    if (!bytes)
        return Error(Condition::feature, message("an array of NumPy has a ", type_name(objects.type(content)),
                                                 " in place of bytes: its elements are objects"));
    array.dtype = objects.numpy_dtype(dtype);
    MILEPOST_TRY(objects.charge(2 * bytes->size()));
    MILEPOST_TRY_ASSIGN(array.content, objects.add_text(Type::bytes, native_bytes(*bytes, *array.dtype)));
    return {};
}

}  // namespace

Result<Ref> call_numpy_dtype(const Call& call) {
    const auto text = call.arguments.empty() ? std::nullopt : text_of(call.objects, call.arguments[0]);
    if (!text || call.arguments.size() > 3) return bad_arguments(call);
    std::string_view code = *text;
    const bool is_big_endian = code.starts_with('>');
    if (!code.empty() && std::string_view("<>|=").find(code[0]) != std::string_view::npos)
        code.remove_prefix(1);
    for (const auto& [known, dtype] : kNumpyDtypes) {
        if (known == code) return call.objects.add_numpy_dtype({dtype, is_big_endian});
    }
    return Error(Condition::feature,
                 message("the dtype ", escape(*text, 120),
                         " of NumPy is not one of numbers: save numbers or text instead"));
}

Result<Ref> call_numpy_scalar(const Call& call) {
    if (call.arguments.size() != 2 || call.objects.type(call.arguments[0]) != Type::numpy_dtype)
        return bad_arguments(call);
    const NumpyDtype dtype = call.objects.numpy_dtype(call.arguments[0]);
    const auto bytes = bytes_of(call.objects, call.arguments[1]);
    if (!bytes || bytes->size() != find_dtype(dtype.dtype)->bits / 8U) return bad_arguments(call);
    return scalar_of(call.objects, dtype.dtype, native_bytes(*bytes, dtype));
}

Result<Ref> call_numpy_reconstruct(const Call& call) {
    if (call.arguments.size() != 3 || call.objects.type(call.arguments[0]) != Type::global)
        return bad_arguments(call);
    const GlobalRow& type = global_at(call.objects.global_row(call.arguments[0]));
    if (type.name != "ndarray") return bad_arguments(call);
    return call.objects.add_array();
}

/// Protocol 5: bytes, dtype, shape, order.
Result<Ref> call_numpy_frombuffer(const Call& call) {
    Objects& objects = call.objects;
    if (call.arguments.size() != 4) return bad_arguments(call);
    const auto order = text_of(objects, call.arguments[3]);
    if (order != "C" && order != "F") return bad_arguments(call);
    MILEPOST_TRY_ASSIGN(const Ref made, objects.add_array());
    ArrayObject& array = objects.array(made);
    array.is_fortran = order == "F";
    MILEPOST_TRY(set_shape(objects, array, call.arguments[2]));
    MILEPOST_TRY(set_content(objects, array, call.arguments[1], call.arguments[0]));
    return made;
}

/// (version, shape, dtype, is_fortran, bytes).
Result<void> build_numpy_array(Objects& objects, Ref target, Ref state) {
    const auto items = sequence_of(objects, state);
    if (!items || items->size() != 5 || count_of(objects, (*items)[0]) != 1)
        return Error(Condition::foreign, "the state of an array is not a tuple of 5 objects of version 1");
    ArrayObject& array = objects.array(target);
    const auto is_fortran = boolean_of(objects, (*items)[3]);
    if (!is_fortran) return Error(Condition::foreign, "the order of an array is not a bool");
    array.is_fortran = *is_fortran;
    MILEPOST_TRY(set_shape(objects, array, (*items)[1]));
    return set_content(objects, array, (*items)[2], (*items)[4]);
}

/// (version, byte order, subdtype, names, fields, size, alignment, flags).
Result<void> build_numpy_dtype(Objects& objects, Ref target, Ref state) {
    const auto items = sequence_of(objects, state);
    if (!items || items->size() < 5) return Error(Condition::foreign, "the state of a dtype is not a tuple");
    for (std::size_t i = 2; i < 5; ++i) {
        if ((*items)[i] != Objects::kNone)
            return Error(Condition::feature, "an array of NumPy has records: save its fields");
    }
    const auto order = text_of(objects, (*items)[1]);
    if (!order || order->size() != 1) return Error(Condition::foreign, "the order of a dtype is not one");
    NumpyDtype dtype = objects.numpy_dtype(target);
    dtype.is_big_endian = *order == ">";
    objects.set_numpy_dtype(target, dtype);
    return {};
}

}  // namespace milepost::convert::pickle
