#include "core/canonical_key.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/value.hpp>

#include "base/little_endian.hpp"
#include "core/integer.hpp"

namespace milepost::core {
namespace {

/// The first byte of a canonical key.
enum class Tag : char { null = 0, integer = 1, floating = 2, string = 3, bytes = 4, tuple = 5 };

constexpr std::size_t kMaxIntBytes = 255;
constexpr std::uint64_t kMaxSize = UINT32_MAX;

void append_tag(std::string& out, Tag tag) {
    out.push_back(static_cast<char>(tag));
}

template <class T>
void append_le(std::string& out, T number) {
    std::array<std::byte, sizeof(T)> bytes;
    base::store_le(bytes.data(), number);
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

/// The two's complement bytes of a float without a fraction, exactly; not minimal. Requires: finite,
/// integral.
std::vector<std::byte> integer_bytes(double value) {
    constexpr int kFractionBits = 52;
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const int exponent = static_cast<int>(bits >> kFractionBits & 0x7FFU) - 1023;
    std::vector<std::byte> bytes(static_cast<std::size_t>(exponent < 0 ? 0 : exponent / 8) + 2);
    if (exponent < 0) return bytes;  // 0: all else below 1 has a fraction
    const std::uint64_t digits = (bits & ((1ULL << kFractionBits) - 1)) | 1ULL << kFractionBits;
    for (int bit = 0; bit <= exponent; ++bit) {
        const int from = bit + kFractionBits - exponent;
        if (from < 0 || (digits >> static_cast<unsigned>(from) & 1U) == 0) continue;
        bytes[static_cast<std::size_t>(bit) / 8] |= std::byte{1} << (bit % 8);
    }
    if (!std::signbit(value)) return bytes;
    // -x is ~x + 1.
    bool carry = true;
    for (std::byte& byte : bytes) {
        byte = ~byte;
        if (carry) byte = static_cast<std::byte>(std::to_integer<unsigned>(byte) + 1U);
        carry = carry && byte == std::byte{0};
    }
    return bytes;
}

Error no_key(std::string_view what) {
    return Error(Condition::save_name, "dict key or set element: " + std::string(what) + " cannot be one");
}

/// Appends the canonical key of a key, but only the header of a tuple.
Result<void> append_key(std::string& out, const Value& key) {
    switch (key.kind()) {
        case Kind::null:
            append_null_key(out);
            return {};
        case Kind::boolean:
            append_bool_key(out, *key.get_if<bool>());
            return {};
        case Kind::integer: {
            const auto bytes = minimal_bytes(key.get_if<Integer>()->bytes);
            if (bytes.empty() || bytes.size() > kMaxIntBytes)
                return no_key("an int of no or more than 255 bytes");
            append_int_key(out, bytes);
            return {};
        }
        case Kind::floating:
            if (!append_float_key(out, *key.get_if<double>())) return no_key("NaN");
            return {};
        case Kind::string: {
            const std::string& text = key.get_if<String>()->text;
            if (text.size() > kMaxSize) return no_key("a string of 4 GiB or more");
            append_string_key(out, text);
            return {};
        }
        case Kind::bytes: {
            const auto& bytes = key.get_if<Bytes>()->bytes;
            if (bytes.size() > kMaxSize) return no_key("4 GiB or more of bytes");
            append_bytes_key(out, bytes);
            return {};
        }
        case Kind::tuple: {
            const auto& items = key.get_if<Tuple>()->items;
            if (items.size() > kMaxSize) return no_key("a tuple of 2^32 or more elements");
            append_tuple_header(out, items.size());
            return {};
        }
        default:
            return no_key("a " + std::string(name(key.kind())));
    }
}

}  // namespace

Result<std::string> canonical_key(const Value& key) {
    std::string out;
    std::vector<const Value*> ahead = {&key};  // what is still to come, the next one last
    while (!ahead.empty()) {
        const Value& next = *ahead.back();
        ahead.pop_back();
        MILEPOST_TRY(append_key(out, next));
        if (const auto* tuple = next.get_if<Tuple>()) {
            for (auto item = tuple->items.rbegin(); item != tuple->items.rend(); ++item)
                ahead.push_back(&*item);
        }
    }
    return out;
}

void append_null_key(std::string& out) {
    append_tag(out, Tag::null);
}

void append_bool_key(std::string& out, bool value) {
    const std::byte byte{value};
    append_int_key(out, {&byte, 1});
}

void append_int_key(std::string& out, std::span<const std::byte> bytes) {
    const auto minimal = minimal_bytes(bytes);
    append_tag(out, Tag::integer);
    out.push_back(static_cast<char>(minimal.size()));
    out.append(reinterpret_cast<const char*>(minimal.data()), minimal.size());
}

bool append_float_key(std::string& out, double value) {
    if (std::isnan(value)) return false;
    if (std::isfinite(value) && std::trunc(value) == value) {
        append_int_key(out, integer_bytes(value));
    } else {
        append_tag(out, Tag::floating);
        append_le(out, std::bit_cast<std::uint64_t>(value));
    }
    return true;
}

void append_string_key(std::string& out, std::string_view text) {
    append_tag(out, Tag::string);
    append_le(out, static_cast<std::uint32_t>(text.size()));
    out.append(text);
}

void append_bytes_key(std::string& out, std::span<const std::byte> bytes) {
    append_tag(out, Tag::bytes);
    append_le(out, static_cast<std::uint32_t>(bytes.size()));
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void append_tuple_header(std::string& out, std::uint64_t count) {
    append_tag(out, Tag::tuple);
    append_le(out, static_cast<std::uint32_t>(count));
}

}  // namespace milepost::core
