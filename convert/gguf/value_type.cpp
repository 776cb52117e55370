#include "convert/gguf/value_type.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/stable_vector.hpp>
#include <milepost/value.hpp>

namespace milepost::convert::gguf {
namespace {

struct ScalarRow {
    std::string_view word;
    std::uint64_t nbytes;
};

/// By number.
constexpr std::array<ScalarRow, kScalarTypeCount> kScalars = {{
    {"u8", 1},
    {"i8", 1},
    {"u16", 2},
    {"i16", 2},
    {"u32", 4},
    {"i32", 4},
    {"f32", 4},
    {"bool", 1},
    {"string", 8},
    {"array", 12},
    {"u64", 8},
    {"i64", 8},
    {"f64", 8},
}};

/// Goes through a value and the lists in it, in the order of a file, without recursion. Calls
/// list(items, depth) with depth 1 for the value itself, and leaf(value, depth) with the number of lists
/// around it; stops, and returns false, when one of them does.
template <class OnList, class OnLeaf>
bool walk(const Value& value, OnList on_list, OnLeaf on_leaf) {
    struct Open {
        const StableVector<Value>* items;
        std::size_t next;
    };
    std::vector<Open> open;
    for (const Value* at = &value; at != nullptr;) {
        if (const auto* list = at->get_if<List>()) {
            open.push_back({&list->items, 0});
            if (!on_list(list->items, static_cast<std::uint32_t>(open.size()))) return false;
        } else if (!on_leaf(*at, static_cast<std::uint32_t>(open.size()))) {
            return false;
        }
        while (!open.empty() && open.back().next == open.back().items->size())
            open.pop_back();
        at = open.empty() ? nullptr : &(*open.back().items)[open.back().next++];
    }
    return true;
}

std::optional<ScalarType> default_scalar(const Value& value) {
    switch (value.kind()) {
        case Kind::boolean:
            return ScalarType::boolean;
        case Kind::integer:
            if (value.as_int()) return ScalarType::i64;
            return value.as_uint() ? std::optional(ScalarType::u64) : std::nullopt;
        case Kind::floating:
            return ScalarType::f64;
        case Kind::string:
            if (value.get_if<String>()->subtype != StringSubtype::str) return std::nullopt;
            return ScalarType::string;
        default:
            return std::nullopt;
    }
}

template <class T>
bool fits_integer(const Value& value) {
    if (value.kind() != Kind::integer) return false;
    if constexpr (std::numeric_limits<T>::is_signed) {
        const auto number = value.as_int();
        return number && std::in_range<T>(*number);
    } else {
        const auto number = value.as_uint();
        return number && std::in_range<T>(*number);
    }
}

bool fits_string(const Value& value) noexcept {
    if (const auto* text = value.get_if<String>()) return text->subtype == StringSubtype::str;
    const auto* bytes = value.get_if<Bytes>();
    return bytes != nullptr && bytes->subtype == BytesSubtype::bytes;
}

bool fits_scalar(const Value& value, ScalarType type) {
    switch (type) {
        case ScalarType::u8:
            return fits_integer<std::uint8_t>(value);
        case ScalarType::i8:
            return fits_integer<std::int8_t>(value);
        case ScalarType::u16:
            return fits_integer<std::uint16_t>(value);
        case ScalarType::i16:
            return fits_integer<std::int16_t>(value);
        case ScalarType::u32:
            return fits_integer<std::uint32_t>(value);
        case ScalarType::i32:
            return fits_integer<std::int32_t>(value);
        case ScalarType::u64:
            return fits_integer<std::uint64_t>(value);
        case ScalarType::i64:
            return fits_integer<std::int64_t>(value);
        case ScalarType::f32:
            return value.get_if<double>() != nullptr && narrow(*value.get_if<double>());
        case ScalarType::f64:
            return value.get_if<double>() != nullptr;
        case ScalarType::boolean:
            return value.get_if<bool>() != nullptr;
        case ScalarType::string:
            return fits_string(value);
        case ScalarType::array:
            return false;
    }
    return false;
}

void append_string(std::string& bytes, const Value& value) {
    if (const auto* text = value.get_if<String>()) {
        append_number<std::uint64_t>(bytes, text->text.size());
        bytes += text->text;
        return;
    }
    const auto& content = value.get_if<Bytes>()->bytes;
    append_number<std::uint64_t>(bytes, content.size());
    bytes.append(reinterpret_cast<const char*>(content.data()), content.size());
}

void append_scalar(std::string& bytes, const Value& value, ScalarType type) {
    if (const auto* floating = value.get_if<double>()) {
        if (type == ScalarType::f32)
            append_number(bytes, *narrow(*floating));
        else
            append_number(bytes, *floating);
    } else if (const auto* truth = value.get_if<bool>()) {
        append_number<std::uint8_t>(bytes, *truth ? 1 : 0);
    } else if (const auto* integer = value.get_if<Integer>()) {
        // Two's complement of as few bytes as possible: the sign fills the rest.
        const auto& given = integer->bytes;
        const bool is_negative = !given.empty() && (given.back() & std::byte{0x80}) != std::byte{0};
        const auto size = static_cast<std::size_t>(nbytes_of(type));
        for (std::size_t i = 0; i < size; ++i)
            bytes += i < given.size() ? static_cast<char>(given[i]) : is_negative ? '\xff' : '\0';
    } else {
        append_string(bytes, value);
    }
}

}  // namespace

std::uint64_t nbytes_of(ScalarType type) noexcept {
    return kScalars[static_cast<std::size_t>(type)].nbytes;
}

std::string text_of(ValueType type) {
    return std::string(type.depth, '[') + std::string(kScalars[static_cast<std::size_t>(type.leaf)].word) +
           std::string(type.depth, ']');
}

std::optional<ValueType> find_value_type(std::string_view text) noexcept {
    std::uint32_t depth = 0;
    while (text.starts_with('[') && text.ends_with(']') && text.size() >= 2) {
        text = text.substr(1, text.size() - 2);
        ++depth;
    }
    for (std::uint32_t i = 0; i < kScalarTypeCount; ++i) {
        if (kScalars[i].word == text) return ValueType{static_cast<ScalarType>(i), depth};
    }
    return std::nullopt;
}

std::optional<ValueType> default_type(const Value& value) {
    std::optional<ValueType> type;
    std::uint32_t lists = 0;  // greatest depth of one
    bool has_large = false, has_negative = false;
    const auto on_list = [&](const StableVector<Value>&, std::uint32_t depth) {
        lists = std::max(lists, depth);
        return true;
    };
    const auto on_leaf = [&](const Value& leaf, std::uint32_t depth) {
        auto scalar = default_scalar(leaf);
        if (!scalar) return false;
        has_large = has_large || scalar == ScalarType::u64;
        has_negative = has_negative || (scalar == ScalarType::i64 && *leaf.as_int() < 0);
        if (scalar == ScalarType::u64) scalar = ScalarType::i64;
        if (!type) type = ValueType{*scalar, depth};
        return type == ValueType{*scalar, depth};
    };
    if (!walk(value, on_list, on_leaf)) return std::nullopt;
    if (!type) return ValueType{ScalarType::i64, lists};
    if (lists > type->depth || (has_large && has_negative)) return std::nullopt;
    if (has_large) type->leaf = ScalarType::u64;
    return type;
}

bool fits(const Value& value, ValueType type) {
    const auto on_list = [&](const StableVector<Value>& items, std::uint32_t depth) {
        if (depth == type.depth && type.leaf == ScalarType::array) return items.empty();
        return depth <= type.depth;
    };
    const auto on_leaf = [&](const Value& leaf, std::uint32_t depth) {
        return depth == type.depth && fits_scalar(leaf, type.leaf);
    };
    return walk(value, on_list, on_leaf);
}

void append_value(std::string& bytes, const Value& value, ValueType type) {
    const auto on_list = [&](const StableVector<Value>& items, std::uint32_t depth) {
        append_number(bytes, static_cast<std::uint32_t>(depth < type.depth ? ScalarType::array : type.leaf));
        append_number<std::uint64_t>(bytes, items.size());
        return true;
    };
    const auto on_leaf = [&](const Value& leaf, std::uint32_t) {
        append_scalar(bytes, leaf, type.leaf);
        return true;
    };
    walk(value, on_list, on_leaf);
}

double widen(std::uint32_t bits) noexcept {
    constexpr std::uint32_t kExponent = 0x7f800000U, kFraction = 0x007fffffU;
    if ((bits & kExponent) != kExponent) return std::bit_cast<float>(bits);
    // Infinities and NaN: a conversion would make signaling NaN quiet.
    return std::bit_cast<double>(std::uint64_t{bits & 0x80000000U} << 32U | 0x7ff0000000000000ULL |
                                 std::uint64_t{bits & kFraction} << 29U);
}

std::optional<std::uint32_t> narrow(double value) noexcept {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    constexpr std::uint64_t kExponent = 0x7ff0000000000000ULL, kFraction = 0x000fffffffffffffULL;
    std::uint32_t narrowed = 0;
    if ((bits & kExponent) == kExponent) {
        narrowed = static_cast<std::uint32_t>(bits >> 32U & 0x80000000U) | 0x7f800000U |
                   static_cast<std::uint32_t>((bits & kFraction) >> 29U);
    } else {
        if (value > std::numeric_limits<float>::max() || value < -std::numeric_limits<float>::max())
            return std::nullopt;
        narrowed = std::bit_cast<std::uint32_t>(static_cast<float>(value));
    }
    if (std::bit_cast<std::uint64_t>(widen(narrowed)) != bits) return std::nullopt;
    return narrowed;
}

}  // namespace milepost::convert::gguf
