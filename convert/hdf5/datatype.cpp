#include "convert/hdf5/datatype.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "convert/hdf5/cursor.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

/// Classes of datatypes. Stored in files.
enum Class : std::uint8_t {
    kInteger = 0,
    kFloat = 1,
    kText = 3,
    kOpaque = 5,
    kCompound = 6,
    kEnum = 8,
    kVaried = 9,
};
constexpr std::array<std::string_view, 12> kClassNames = {"integers",
                                                          "floats",
                                                          "times",
                                                          "texts",
                                                          "bit fields",
                                                          "opaque bytes",
                                                          "records of several fields",
                                                          "references",
                                                          "enumerations",
                                                          "sequences of varying size",
                                                          "arrays",
                                                          "complex numbers of HDF5 2.0"};

struct FloatRow {
    Dtype dtype;
    std::uint8_t bits, exponent_begin, exponent_bits, mantissa_bits;
    std::uint32_t bias;
};
constexpr std::array<FloatRow, 4> kFloats = {{
    {Dtype::f16, 16, 10, 5, 10, 15},
    {Dtype::bf16, 16, 7, 8, 7, 127},
    {Dtype::f32, 32, 23, 8, 23, 127},
    {Dtype::f64, 64, 52, 11, 52, 1023},
}};

/// What all datatypes begin with.
struct TypeHead {
    std::uint8_t version = 0, type_class = 0;
    std::uint32_t flags = 0;
    std::uint64_t nbytes = 0;
};

Result<TypeHead> read_type_head(Cursor& at) {
    TypeHead head;
    MILEPOST_TRY_ASSIGN(const std::uint8_t first, at.byte());
    head.version = first >> 4U;
    head.type_class = first & 15U;
    MILEPOST_TRY_ASSIGN(const std::uint64_t flags, at.number(3));
    head.flags = static_cast<std::uint32_t>(flags);
    MILEPOST_TRY_ASSIGN(head.nbytes, at.number(4));
    if (head.version < 1 || head.version > 5)
        return at.unsupported(
            message("a datatype of version ", unsigned{head.version}, "; versions 1 to 5 are read"));
    if (head.nbytes == 0 && head.type_class != kText) return at.broken("a datatype without a byte");
    return head;
}

void set_dtype(Datatype& type, Dtype dtype) {
    type.dtype = *find_dtype(dtype);
}

Result<Datatype> read_integer(Cursor& at, const TypeHead& head) {
    MILEPOST_TRY_ASSIGN(const std::uint64_t begin, at.number(2));
    MILEPOST_TRY_ASSIGN(const std::uint64_t bits, at.number(2));
    constexpr std::array<Dtype, 4> kSigned = {Dtype::i8, Dtype::i16, Dtype::i32, Dtype::i64};
    constexpr std::array<Dtype, 4> kUnsigned = {Dtype::u8, Dtype::u16, Dtype::u32, Dtype::u64};
    Datatype type;
    type.nbytes = head.nbytes;
    for (std::size_t i = 0; i < kSigned.size(); ++i) {
        if (head.nbytes != std::uint64_t{1} << i || begin != 0 || bits != 8 * head.nbytes) continue;
        set_dtype(type, (head.flags & 8U) != 0 ? kSigned[i] : kUnsigned[i]);
        if ((head.flags & 1U) != 0 && head.nbytes > 1)
            type.swapped_nbytes = static_cast<std::uint32_t>(head.nbytes);
        return type;
    }
    return at.unsupported(message("integers of ", bits, " bits from ", begin, " on in ", head.nbytes,
                                  " bytes; those of 8, 16, 32 or 64 bits without padding are read"));
}

Result<Datatype> read_float(Cursor& at, const TypeHead& head) {
    MILEPOST_TRY_ASSIGN(const std::uint64_t begin, at.number(2));
    MILEPOST_TRY_ASSIGN(const std::uint64_t bits, at.number(2));
    MILEPOST_TRY_ASSIGN(const std::uint8_t exponent_begin, at.byte());
    MILEPOST_TRY_ASSIGN(const std::uint8_t exponent_bits, at.byte());
    MILEPOST_TRY_ASSIGN(const std::uint8_t mantissa_begin, at.byte());
    MILEPOST_TRY_ASSIGN(const std::uint8_t mantissa_bits, at.byte());
    MILEPOST_TRY_ASSIGN(const std::uint64_t bias, at.number(4));
    const std::uint32_t order = (head.flags & 1U) | (head.flags >> 5U & 2U);
    const std::uint32_t normalization = head.flags >> 4U & 3U, sign = head.flags >> 8U & 255U;
    constexpr std::uint32_t kImplied = 2;
    for (const FloatRow& row : kFloats) {
        if (head.nbytes != row.bits / 8U || begin != 0 || bits != row.bits || sign != row.bits - 1U ||
            exponent_begin != row.exponent_begin || exponent_bits != row.exponent_bits ||
            mantissa_begin != 0 || mantissa_bits != row.mantissa_bits || bias != row.bias ||
            normalization != kImplied || order > 1)
            continue;
        Datatype type;
        type.nbytes = head.nbytes;
        set_dtype(type, row.dtype);
        if (order == 1) type.swapped_nbytes = row.bits / 8U;
        return type;
    }
    return at.unsupported(message("floats of ", bits, " bits with ", unsigned{exponent_bits},
                                  " of exponent; f16, bf16, f32 and f64 of IEEE are read"));
}

Result<Datatype> read_number(Cursor& at) {
    MILEPOST_TRY_ASSIGN(const TypeHead head, read_type_head(at));
    if (head.type_class == kInteger) return read_integer(at, head);
    if (head.type_class == kFloat) return read_float(at, head);
    return at.unsupported("a field or an enumeration that is not of numbers");
}

/// The name of a member; up to version 2 it fills a multiple of 8 bytes.
Result<std::string_view> read_member_name(Cursor& at, std::uint8_t version) {
    const std::size_t begin = at.position();
    MILEPOST_TRY_ASSIGN(const std::string_view name, at.text());
    if (version < 3) MILEPOST_TRY(at.skip((8 - (at.position() - begin) % 8) % 8));
    return name;
}

std::size_t offset_nbytes(const TypeHead& head) noexcept {
    if (head.version < 3) return 4;
    std::size_t nbytes = 1;
    while (nbytes < 4 && head.nbytes >> 8U * nbytes != 0)
        ++nbytes;
    return nbytes;
}

/// A complex number, as h5py writes it: two floats, r and i.
Result<Datatype> read_compound(Cursor& at, const TypeHead& head) {
    constexpr std::array<std::string_view, 2> kParts = {"r", "i"};
    const Error refused = at.unsupported(
        "records of several fields, but for complex numbers (r and i); save a dataset for each field");
    if ((head.flags & 0xffffU) != kParts.size()) return refused;
    Datatype part;
    for (std::size_t i = 0; i < kParts.size(); ++i) {
        MILEPOST_TRY_ASSIGN(const std::string_view name, read_member_name(at, head.version));
        MILEPOST_TRY_ASSIGN(const std::uint64_t begin, at.number(offset_nbytes(head)));
        if (name != kParts[i]) return refused;
        if (head.version == 1) MILEPOST_TRY(at.skip(28));  // dims of a field that is an array
        auto read = read_number(at);
        if (!read) return read.error().code() == Code::unsupported ? refused : read.error();
        if (i == 1 && (read->dtype != part.dtype || read->swapped_nbytes != part.swapped_nbytes))
            return refused;
        part = *read;
        if (begin != i * part.nbytes) return refused;
    }
    if (head.nbytes != 2 * part.nbytes) return refused;
    if (part.dtype.code == Dtype::f32) {
        set_dtype(part, Dtype::c64);
    } else if (part.dtype.code == Dtype::f64) {
        set_dtype(part, Dtype::c128);
    } else {
        return refused;
    }
    part.nbytes = head.nbytes;
    return part;
}

/// A bool, as h5py writes it, or the integers of another enumeration.
Result<Datatype> read_enum(Cursor& at, const TypeHead& head) {
    MILEPOST_TRY_ASSIGN(Datatype type, read_number(at));
    if (type.nbytes != head.nbytes) return at.broken("an enumeration has another size than its integers");
    constexpr std::array<std::string_view, 2> kBools = {"FALSE", "TRUE"};
    const std::uint32_t count = head.flags & 0xffffU;
    if (type.dtype.code != Dtype::i8 || count != kBools.size()) return type;
    for (const std::string_view expected : kBools) {
        MILEPOST_TRY_ASSIGN(const std::string_view name, read_member_name(at, head.version));
        if (name != expected) return type;
    }
    MILEPOST_TRY_ASSIGN(const std::uint64_t values, at.number(2));
    if (values == 0x0100U) set_dtype(type, Dtype::boolean);
    return type;
}

Result<Datatype> read_text(Cursor& at, const TypeHead& head) {
    Datatype type;
    type.kind = Datatype::Kind::fixed_text;
    type.nbytes = head.nbytes;
    const std::uint32_t padding = head.flags & 15U;
    if (padding > 2) return at.broken(message("texts with a padding of type ", padding));
    type.padding = static_cast<Datatype::Padding>(padding);
    return type;
}

/// The size, then the address and the number of an object in a global heap.
Result<Datatype> read_varied(Cursor& at, const TypeHead& head) {
    if ((head.flags & 15U) != 1)
        return at.unsupported("sequences of varying size; save a dataset for each of them, or pad them");
    Datatype type;
    type.kind = Datatype::Kind::varied_text;
    type.nbytes = head.nbytes;
    if (head.nbytes == 8U + at.widths().address) return type;
    return at.broken(message("texts of varying size take ", head.nbytes, " bytes each"));
}

}  // namespace

Result<Datatype> read_datatype(Cursor at) {
    MILEPOST_TRY_ASSIGN(const TypeHead head, read_type_head(at));
    switch (head.type_class) {
        case kInteger:
            return read_integer(at, head);
        case kFloat:
            return read_float(at, head);
        case kText:
            return read_text(at, head);
        case kOpaque: {
            Datatype type;
            type.kind = Datatype::Kind::opaque;
            type.nbytes = head.nbytes;
            return type;
        }
        case kCompound:
            return read_compound(at, head);
        case kEnum:
            return read_enum(at, head);
        case kVaried:
            return read_varied(at, head);
        default:
            break;
    }
    if (head.type_class >= kClassNames.size())
        return at.broken(message("a datatype of class ", unsigned{head.type_class}));
    return at.unsupported(message("elements that are ", kClassNames[head.type_class],
                                  ", which are not read; save numbers or texts"));
}

}  // namespace milepost::convert::hdf5
