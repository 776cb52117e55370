#include <milepost/digest.hpp>

#include <cstddef>
#include <new>
#include <string>
#include <string_view>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "core/text.hpp"
#include "core/text_parts.hpp"

namespace milepost {
namespace {

using core::kHexDigits;

/// Another kind of digest will have another prefix.
constexpr std::string_view kKind = "xxh3-128:";

Error not_a_digest(std::string_view text) {
    return {Condition::option, base::message("a digest is expected to be '", kKind, "' and 32 of the digits ",
                                             kHexDigits, ", found '", core::printable(text), "'")};
}

}  // namespace

std::string Digest::to_string() const {
    std::string text(kKind);
    for (const std::byte byte : bytes) {
        text += kHexDigits[std::to_integer<std::size_t>(byte >> 4U)];
        text += kHexDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
    }
    return text;
}

Result<Digest> Digest::parse(std::string_view text) try {
    Digest digest;
    const std::size_t nbytes = digest.bytes.size();
    if (!text.starts_with(kKind) || text.size() != kKind.size() + 2 * nbytes) return not_a_digest(text);
    for (std::size_t i = 0; i < 2 * nbytes; ++i) {
        const std::size_t value = kHexDigits.find(text[kKind.size() + i]);
        if (value == std::string_view::npos) return not_a_digest(text);
        std::byte& byte = digest.bytes[i / 2];
        byte = byte << 4U | static_cast<std::byte>(value);
    }
    return digest;
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost
