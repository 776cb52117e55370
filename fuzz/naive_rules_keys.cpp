// Rule 22: keys of dicts, elements of sets, attributes, and the metadata of models.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <set>
#include <string>

#include "naive_reading.hpp"

namespace milepost::fuzz::naive {
namespace {

using CanonicalKey = std::optional<std::string>;

std::string one_byte(std::uint64_t number) {
    return std::string(1, static_cast<char>(static_cast<std::uint8_t>(number)));
}

std::string four_bytes(std::uint64_t number) {
    std::string bytes;
    for (unsigned i = 0; i < 4; ++i)
        bytes += one_byte(number >> (8 * i));
    return bytes;
}

std::string integer_key(const std::string& bytes) {
    const std::string shortest = minimal(bytes);
    return one_byte(1) + one_byte(shortest.size()) + shortest;
}

/// Two's complement, little-endian. Every step is exact: a division by 256 changes the exponent alone, and
/// the remainder is taken off before. Requires: finite, without a fraction.
std::string integer_bytes(double number) {
    std::string bytes;
    for (double left = std::abs(number); left > 0; left = std::trunc(left / 256))
        bytes += one_byte(static_cast<std::uint64_t>(left - std::trunc(left / 256) * 256));
    bytes += one_byte(0);  // the sign
    if (number >= 0) return bytes;
    unsigned carry = 1;
    for (char& byte : bytes) {
        const unsigned negated = (~static_cast<unsigned>(byte) & 0xFFU) + carry;
        byte = static_cast<char>(static_cast<std::uint8_t>(negated));
        carry = negated >> 8U;
    }
    return bytes;
}

/// None for NaN, which cannot be a key.
CanonicalKey float_key(const std::string& bytes) {
    double number = 0;
    std::memcpy(&number, bytes.data(), sizeof number);
    if (std::isnan(number)) return std::nullopt;
    if (std::isfinite(number) && std::trunc(number) == number) return integer_key(integer_bytes(number));
    return one_byte(2) + bytes;
}

CanonicalKey canonical_key(const Reading& reading, std::size_t value);

/// Goes as deep as the value: rule 19 has bounded it.
CanonicalKey tuple_key(const Reading& reading, std::size_t value) {
    std::string key = one_byte(5) + four_bytes(reading.value_size[value]);
    for (std::uint64_t i = 0; i < reading.value_size[value]; ++i) {
        const CanonicalKey element = canonical_key(reading, reading.first_child[value] + i);
        if (!element) return std::nullopt;
        key += *element;
    }
    return key;
}

/// Section 6.4; none for a value that cannot be a key.
CanonicalKey canonical_key(const Reading& reading, std::size_t value) {
    const std::uint64_t size = reading.value_size[value];
    switch (reading.index.values[value].kind) {
        case kNull:
            return one_byte(0);
        case kBool:
            return integer_key(one_byte(reading.index.values[value].subtype));
        case kInt:
            return integer_key(bytes_of(reading, value));
        case kFloat:
            return float_key(bytes_of(reading, value));
        case kString:
            return one_byte(3) + four_bytes(size) + bytes_of(reading, value);
        case kBytes:
            return one_byte(4) + four_bytes(size) + bytes_of(reading, value);
        case kTuple:
            return tuple_key(reading, value);
        default:
            return std::nullopt;
    }
}

bool has_attributes(const format::ValueRecord& dict) {
    return dict.subtype >= 128;
}

/// A plain dict, not empty, with string keys and without attributes.
bool attributes_hold(const Reading& reading, std::size_t attributes) {
    const format::ValueRecord& value = reading.index.values[attributes];
    if (value.kind != kDict || value.subtype != 0 || reading.value_size[attributes] == 0) return false;
    for (std::uint64_t i = 0; i < reading.value_size[attributes]; i += 2) {
        if (reading.index.values[reading.first_child[attributes] + i].kind != kString) return false;
    }
    return true;
}

bool dict_holds(const Reading& reading, std::size_t dict) {
    const std::uint64_t children = reading.value_size[dict], first = reading.first_child[dict];
    const std::uint64_t skipped = has_attributes(reading.index.values[dict]) ? 1 : 0;
    if (children < skipped || (children - skipped) % 2 != 0) return false;
    if (skipped == 1 && !attributes_hold(reading, first)) return false;
    std::set<std::string> seen;
    for (std::uint64_t i = skipped; i < children; i += 2) {
        const CanonicalKey key = canonical_key(reading, first + i);
        if (!key || !seen.insert(*key).second) return false;
    }
    return true;
}

bool set_holds(const Reading& reading, std::size_t set) {
    std::string before;  // less than any canonical key: none is empty
    for (std::uint64_t i = 0; i < reading.value_size[set]; ++i) {
        const CanonicalKey key = canonical_key(reading, reading.first_child[set] + i);
        if (!key || *key <= before) return false;
        before = *key;
    }
    return true;
}

}  // namespace

/// Rule 22.
bool keys_hold(Reading& reading) {
    const auto& values = reading.index.values;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i].kind == kDict && !dict_holds(reading, i)) return false;
        if (values[i].kind == kSet && !set_holds(reading, i)) return false;
    }
    const std::size_t entries = reading.index.entry_names.ends.size();
    for (std::size_t i = entries; i < entries + reading.index.models.size(); ++i) {
        if (values[i].kind != kNull && values[i].kind != kDict) return false;
    }
    return true;
}

}  // namespace milepost::fuzz::naive
