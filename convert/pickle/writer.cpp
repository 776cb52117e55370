#include "convert/pickle/writer.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace milepost::convert::pickle {
namespace {

/// Longer texts seldom come again, and would take their memory twice.
constexpr std::size_t kMostRemembered = 256;

template <class T>
void append_little_endian(std::string& bytes, T number) {
    for (std::size_t i = 0; i < sizeof number; ++i)
        bytes += static_cast<char>(number >> (8 * i) & 0xffU);
}

/// Its value, if it has at most 4 bytes.
std::int32_t small(std::span<const std::byte> bytes) noexcept {
    const bool is_negative = !bytes.empty() && (bytes.back() & std::byte{0x80}) != std::byte{0};
    std::uint32_t value = is_negative ? UINT32_MAX : 0;
    for (std::size_t i = bytes.size(); i-- > 0;)
        value = value << 8U | std::to_integer<std::uint32_t>(bytes[i]);
    return static_cast<std::int32_t>(value);
}

}  // namespace

Writer::Writer() : bytes_("\x80\x02") {}

void Writer::integer(std::uint64_t value) {
    std::array<std::byte, 9> bytes{};  // the last one is the sign
    std::size_t size = 1;
    for (std::size_t i = 0; i < 8; ++i) {
        bytes[i] = static_cast<std::byte>(value >> (8 * i));
        if (bytes[i] != std::byte{0}) size = (bytes[i] & std::byte{0x80}) != std::byte{0} ? i + 2 : i + 1;
    }
    integer(std::span<const std::byte>(bytes).first(size));
}

void Writer::integer(std::span<const std::byte> bytes) {
    if (bytes.size() > 4) {
        bytes_ += '\x8a';
        bytes_ += static_cast<char>(bytes.size());
        bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return;
    }
    const std::int32_t value = small(bytes);
    if (value >= 0 && value <= UINT8_MAX) {
        bytes_ += 'K';
        bytes_ += static_cast<char>(value);
    } else if (value >= 0 && value <= UINT16_MAX) {
        bytes_ += 'M';
        append_little_endian(bytes_, static_cast<std::uint16_t>(value));
    } else {
        bytes_ += 'J';
        append_little_endian(bytes_, static_cast<std::uint32_t>(value));
    }
}

void Writer::floating(double value) {
    bytes_ += 'G';
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (int shift = 56; shift >= 0; shift -= 8)  // the only number that is big-endian
        bytes_ += static_cast<char>(bits >> static_cast<unsigned>(shift) & 0xffU);
}

void Writer::text(std::string_view utf8) {
    std::string key;
    if (utf8.size() <= kMostRemembered) {
        key = 'X';
        key += utf8;
        if (recall(key)) return;
    }
    bytes_ += 'X';
    append_little_endian(bytes_, static_cast<std::uint32_t>(utf8.size()));
    bytes_ += utf8;
    if (!key.empty()) remember(std::move(key));
}

void Writer::bytes(std::span<const std::byte> content) {
    std::string latin1;
    for (const std::byte byte : content) {
        const auto value = std::to_integer<unsigned char>(byte);
        if (value >= 0x80) latin1 += static_cast<char>(0xc0U | value >> 6U);
        latin1 += static_cast<char>(value >= 0x80 ? 0x80U | (value & 0x3fU) : value);
    }
    global("_codecs", "encode");
    text(latin1);
    text("latin1");
    tuple(2);
    reduce();
}

void Writer::global(std::string_view module, std::string_view name) {
    std::string written = "c";
    written.append(module).append("\n").append(name).append("\n");
    if (recall(written)) return;
    bytes_ += written;
    remember(std::move(written));
}

void Writer::tuple(std::size_t size) {
    constexpr std::array kTupleOpcodes = {')', '\x85', '\x86', '\x87'};
    bytes_ += needs_mark(size) ? 't' : kTupleOpcodes[size];
}

std::string Writer::finish() {
    bytes_ += '.';
    return std::move(bytes_);
}

bool Writer::recall(const std::string& key) {
    const auto at = memo_.find(key);
    if (at == memo_.end()) return false;
    if (at->second <= UINT8_MAX) {
        bytes_ += 'h';
        bytes_ += static_cast<char>(at->second);
    } else {
        bytes_ += 'j';
        append_little_endian(bytes_, at->second);
    }
    return true;
}

void Writer::remember(std::string key) {
    const auto number = static_cast<std::uint32_t>(memo_.size());
    memo_.emplace(std::move(key), number);
    if (number <= UINT8_MAX) {
        bytes_ += 'q';
        bytes_ += static_cast<char>(number);
    } else {
        bytes_ += 'r';
        append_little_endian(bytes_, number);
    }
}

}  // namespace milepost::convert::pickle
