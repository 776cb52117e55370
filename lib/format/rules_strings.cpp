#include <algorithm>
#include <array>

#include "base/message.hpp"
#include "core/text.hpp"
#include "format/file_layout.hpp"
#include "format/rules.hpp"

namespace milepost::format::rules {
namespace {

using base::message;
using core::printable;

struct NamedTexts {
    const StringTable& texts;
    std::string_view name;
    bool may_be_empty = false;
};

std::array<NamedTexts, 6> all_texts(const Index& index) noexcept {
    return {NamedTexts{index.model_names, "model_names"},
            NamedTexts{index.optimizer_names, "optimizer_names"},
            NamedTexts{index.algorithms, "algorithms", true},
            NamedTexts{index.entry_names, "entry_names"},
            NamedTexts{index.param_names, "param_names"},
            NamedTexts{index.dtype_names, "dtype_names"}};
}

/// How far above a space; all that is no printable ASCII is further than '~'.
constexpr std::uint8_t above_space(std::byte byte) noexcept {
    return static_cast<std::uint8_t>(std::to_integer<unsigned>(byte) - 0x20U);
}

/// Printable ASCII throughout: no text of the pool can break a rule of encoding, wherever it begins.
bool is_plain(std::span<const std::byte> bytes) noexcept {
    // Each byte of a block of fixed size has a maximum of its own: compilers make vector code of that.
    constexpr std::size_t kBlock = 64;
    std::uint8_t most = 0;
    if (bytes.size() >= kBlock) {
        std::array<std::uint8_t, kBlock> greatest{};
        for (; bytes.size() >= kBlock; bytes = bytes.subspan(kBlock)) {
            for (std::size_t i = 0; i < kBlock; ++i)
                greatest[i] = std::max(greatest[i], above_space(bytes[i]));
        }
        for (const std::uint8_t each : greatest)
            most = std::max(most, each);
    }
    for (const std::byte byte : bytes)
        most = std::max(most, above_space(byte));
    return most <= above_space(std::byte{'~'});
}

/// Whether rules 3, 4 and 5 hold for one pool, in one pass. Every end is within the pool, so that a size that
/// is negative, or 0 where `least` is 1, is a large one after `least` is taken off.
bool sizes_fit(const StringTable& texts, std::uint32_t least, std::uint32_t most) noexcept {
    if (texts.ends.empty()) return texts.bytes.empty();
    if (texts.bytes.size() > kMaxIndexNbytes) return false;  // a writer may hold what no index can
    const auto end = static_cast<std::uint32_t>(texts.bytes.size());
    if (most < least || most >= std::uint32_t{1} << 31U || texts.ends.back() != end) return false;
    std::uint32_t bad = texts.ends[0] > end || texts.ends[0] - least > most - least ? 1 : 0;
    for (std::size_t i = 1; i < texts.ends.size(); ++i) {
        bad |= texts.ends[i] > end ? 1 : 0;
        bad |= texts.ends[i] - texts.ends[i - 1] - least > most - least ? 1 : 0;
    }
    return bad == 0;
}

}  // namespace

RuleResult texts_tile(Context& context) {
    const auto all = all_texts(context.index);
    context.texts_fit = std::all_of(all.begin(), all.end(), [&](const NamedTexts& each) {
        return sizes_fit(each.texts, each.may_be_empty ? 0 : 1, context.limits.max_name_bytes);
    });
    if (context.texts_fit) return std::nullopt;
    for (const auto& [texts, name, may_be_empty] : all) {
        const bool ascends = std::is_sorted(texts.ends.begin(), texts.ends.end());
        const std::uint64_t end = texts.ends.empty() ? 0 : texts.ends.back();
        if (!ascends || end != texts.bytes.size()) {
            return Error(Condition::name,
                         message("index: ", name, " expected ascending ends up to ", texts.bytes.size(),
                                 ascends ? ", found " : ", found descending ones up to ", end));
        }
    }
    return std::nullopt;
}

RuleResult texts_not_empty(Context& context) {
    if (context.texts_fit) return std::nullopt;
    for (const auto& [texts, name, may_be_empty] : all_texts(context.index)) {
        for (std::size_t i = 0; i < texts.size() && !may_be_empty; ++i) {
            if (texts[i].empty())
                return Error(Condition::name, message("index: ", name, " ", i, " is empty"));
        }
    }
    return std::nullopt;
}

RuleResult texts_within_limit(Context& context) {
    if (context.texts_fit) return std::nullopt;
    const std::uint32_t most = context.limits.max_name_bytes;
    for (const auto& [texts, name, may_be_empty] : all_texts(context.index)) {
        for (std::size_t i = 0; i < texts.size(); ++i) {
            if (texts[i].size() <= most) continue;
            return Error(Condition::name_bytes, message("index: ", name, " ", i, " has ", texts[i].size(),
                                                        " bytes, the limit is ", most));
        }
    }
    return std::nullopt;
}

RuleResult texts_are_utf8(Context& context) {
    for (const auto& [texts, name, may_be_empty] : all_texts(context.index)) {
        if (is_plain(texts.bytes)) continue;
        for (std::size_t i = 0; i < texts.size(); ++i) {
            if (core::is_utf8(texts[i]) && !core::has_control(texts[i])) continue;
            return Error(Condition::name, message("index: ", name, " ", i, ", '", printable(texts[i]),
                                                  "', is no UTF-8 or has control characters"));
        }
    }
    return std::nullopt;
}

}  // namespace milepost::format::rules
