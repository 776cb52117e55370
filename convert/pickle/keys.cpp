#include "convert/pickle/keys.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "convert/pickle/objects.hpp"

namespace milepost::convert::pickle {
namespace {

using base::message;

void append_number(std::string& to, std::uint64_t number) {
    for (unsigned shift = 0; shift < 64; shift += 8)
        to += static_cast<char>(number >> shift & 0xFFU);
}

/// A text after its size, so that no two lists of texts have the same bytes.
void append_text(std::string& to, char type, std::string_view text) {
    to += type;
    append_number(to, text.size());
    to += text;
}

/// An int as two's complement of as few bytes as possible, lowest first.
std::string integer_bytes(std::int64_t value) {
    std::string bytes;
    do {
        bytes += static_cast<char>(value & 0xFF);
        value >>= 8;
    } while (value != 0 && value != -1);
    const bool is_negative = static_cast<unsigned char>(bytes.back()) >= 0x80;
    if (is_negative != (value < 0)) bytes += value < 0 ? '\xFF' : '\0';
    return bytes;
}

/// The int that a float without a fraction is, in the same form. Requires: it is finite, and at least 2^63.
std::string integer_bytes(double magnitude, bool is_negative) {
    int exponent = 0;
    const double fraction = std::frexp(magnitude, &exponent);
    auto mantissa = static_cast<std::uint64_t>(std::ldexp(fraction, 64));
    std::string bytes;
    const auto shift = static_cast<unsigned>(exponent - 64 < 0 ? 0 : exponent - 64);
    if (exponent < 64) mantissa >>= static_cast<unsigned>(64 - exponent);
    bytes.assign(shift / 8, '\0');
    append_number(bytes, mantissa << shift % 8);
    bytes += static_cast<char>(shift % 8 == 0 ? 0 : mantissa >> (64 - shift % 8));
    bytes += '\0';
    if (is_negative) {
        bool carry = true;
        for (char& byte : bytes) {
            byte = static_cast<char>(~static_cast<unsigned char>(byte) + (carry ? 1 : 0));
            carry = carry && byte == 0;
        }
    }
    const auto is_repeated = [](char last, char next) {
        return last == (static_cast<unsigned char>(next) >= 0x80 ? '\xFF' : '\0');
    };
    while (bytes.size() > 1 && is_repeated(bytes.back(), bytes[bytes.size() - 2]))
        bytes.pop_back();
    return bytes;
}

/// A float is the int that it equals, if there is one. NaN equals nothing but itself as an object.
void append_float(std::string& to, double value, Ref ref) {
    constexpr double kEndOfInt = 9223372036854775808.0;
    if (std::isnan(value)) {
        to += 'n';
        append_number(to, ref);
    } else if (std::isinf(value) || std::trunc(value) != value) {
        to += 'f';
        append_number(to, std::bit_cast<std::uint64_t>(value));
    } else if (value >= -kEndOfInt && value < kEndOfInt) {
        append_text(to, 'i', integer_bytes(static_cast<std::int64_t>(value)));
    } else {
        append_text(to, 'i', integer_bytes(std::fabs(value), value < 0));
    }
}

/// A key other than a tuple.
Result<void> append_plain(std::string& to, const Objects& objects, Ref ref) {
    switch (objects.type(ref)) {
        case Type::none:
            to += 'N';
            return {};
        case Type::boolean:
            append_text(to, 'i', integer_bytes(ref == Objects::kTrue ? 1 : 0));
            return {};
        case Type::integer:
            append_text(to, 'i', integer_bytes(objects.integer(ref)));
            return {};
        case Type::long_integer:
            append_text(to, 'i', objects.text(ref));
            return {};
        case Type::floating:
            append_float(to, objects.floating(ref), ref);
            return {};
        case Type::string:
        case Type::old_string:
            append_text(to, 's', objects.text(ref));
            return {};
        case Type::bytes:
            append_text(to, 'b', objects.text(ref));
            return {};
        case Type::list:
        case Type::dict:
        case Type::ordered_dict:
        case Type::counter:
        case Type::set:
        case Type::bytearray:
            return Error(Condition::foreign, message("a key is a ", type_name(objects.type(ref)),
                                                     ", which Python does not take as a key"));
        default:
            break;
    }
    return Error(Condition::feature, message("a key is a ", type_name(objects.type(ref)),
                                             ": keys are None, bool, int, float, str, bytes and tuples"));
}

/// Bytes that two keys have in common exactly if Python holds them equal.
Result<std::string> canonical_key(Objects& objects, Ref key) {
    std::string made;
    std::vector<std::pair<Ref, std::size_t>> tuples;  // that are not complete, and their next item
    Ref next = key;
    for (;;) {
        const std::size_t before = made.size();
        if (objects.type(next) == Type::tuple) {
            if (tuples.size() > objects.limits().max_depth)
                return Error(Condition::depth,
                             message("a key is nested deeper than ", objects.limits().max_depth));
            made += '(';
            append_number(made, objects.items(next).size());
            tuples.emplace_back(next, 0);
        } else {
            MILEPOST_TRY(objects.charge(objects.type(next) == Type::string ? objects.text(next).size() : 0));
            MILEPOST_TRY(append_plain(made, objects, next));
        }
        MILEPOST_TRY(objects.charge(made.size() - before));
        while (!tuples.empty() && tuples.back().second == objects.items(tuples.back().first).size())
            tuples.pop_back();
        if (tuples.empty()) return made;
        next = objects.items(tuples.back().first)[tuples.back().second++];
    }
}

/// For each key the number of the first one that equals it.
Result<std::vector<std::size_t>> first_equals(Objects& objects, const std::vector<Ref>& keys) {
    std::vector<std::pair<std::string, std::size_t>> sorted;
    sorted.reserve(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        MILEPOST_TRY_ASSIGN(std::string key, canonical_key(objects, keys[i]));
        sorted.emplace_back(std::move(key), i);
    }
    std::sort(sorted.begin(), sorted.end());
    std::vector<std::size_t> first(keys.size());
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        const bool is_new = i == 0 || sorted[i].first != sorted[i - 1].first;
        first[sorted[i].second] = is_new ? sorted[i].second : first[sorted[i - 1].second];
    }
    return first;
}

}  // namespace

Result<std::vector<Ref>> unique_items(Objects& objects, Ref dict) {
    const std::vector<Ref>& items = objects.items(dict);
    std::vector<Ref> keys;
    MILEPOST_TRY(objects.charge(items.size() * (sizeof(std::string) + sizeof(std::size_t))));
    for (std::size_t i = 0; i < items.size(); i += 2)
        keys.push_back(items[i]);
    MILEPOST_TRY_ASSIGN(const auto first, first_equals(objects, keys));
    std::vector<Ref> unique;
    std::vector<std::size_t> place(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (first[i] == i) {
            place[i] = unique.size();
            unique.insert(unique.end(), {keys[i], items[2 * i + 1]});
        } else {
            unique[place[first[i]] + 1] = items[2 * i + 1];
        }
    }
    return unique;
}

Result<std::vector<Ref>> unique_elements(Objects& objects, Ref set) {
    const std::vector<Ref>& items = objects.items(set);
    MILEPOST_TRY(objects.charge(items.size() * (sizeof(std::string) + sizeof(std::size_t))));
    MILEPOST_TRY_ASSIGN(const auto first, first_equals(objects, items));
    std::vector<Ref> unique;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (first[i] == i) unique.push_back(items[i]);
    }
    return unique;
}

}  // namespace milepost::convert::pickle
