#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "core/canonical_key.hpp"
#include "core/text_parts.hpp"

namespace milepost::core {
namespace {

/// The text of a key that has no elements.
std::string leaf_text(const Value& key) {
    switch (key.kind()) {
        case Kind::null:
        case Kind::boolean:
        case Kind::integer:
        case Kind::floating:
            return to_string(key);
        case Kind::string:
            return key.get_if<String>()->text;
        case Kind::bytes:
            return bytes_text(key.get_if<Bytes>()->bytes);
        default:
            return "<" + std::string(name(key.kind())) + ">";
    }
}

}  // namespace

std::string key_text(const Value& key) {
    std::string text;
    // What is still to be written, the next one last: a key, or the end of a tuple if null; and the separator
    // in front of it.
    std::vector<std::pair<const Value*, std::string_view>> ahead = {{&key, ""}};
    while (!ahead.empty()) {
        const auto [next, lead] = ahead.back();
        ahead.pop_back();
        text += lead;
        if (next == nullptr) continue;
        const auto* tuple = next->get_if<Tuple>();
        if (tuple == nullptr) {
            text += leaf_text(*next);
            continue;
        }
        text += "(";
        ahead.emplace_back(nullptr, ")");
        for (std::size_t i = tuple->items.size(); i-- > 0;) {
            ahead.emplace_back(&tuple->items[i], i == 0 ? "" : ",");
        }
    }
    return text;
}

std::string bytes_text(std::span<const std::byte> bytes) {
    std::string text = "b";
    for (const std::byte byte : bytes) {
        text += kHexDigits[std::to_integer<std::size_t>(byte >> 4)];
        text += kHexDigits[std::to_integer<std::size_t>(byte & std::byte{0x0F})];
    }
    return text;
}

}  // namespace milepost::core
