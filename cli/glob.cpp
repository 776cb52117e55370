#include "glob.hpp"

#include <cstddef>
#include <optional>

#include "text.hpp"

namespace milepost::cli {
namespace {

/// Beyond Unicode, so that a byte that is no UTF-8 matches only itself and the wildcards.
constexpr char32_t kInvalidByte = 0x110000;

std::u32string decode(std::string_view text) {
    std::u32string decoded;
    decoded.reserve(text.size());
    while (!text.empty()) {
        const Character character = first_character(text);
        decoded += character.valid ? character.code_point : kInvalidByte + character.code_point;
        text.remove_prefix(character.nbytes);
    }
    return decoded;
}

/// What one step over the pattern found: whether the character fits, and where the pattern goes on.
struct Step {
    bool fits;
    std::size_t next;
};

/// A character of a bracket expression, and where the pattern goes on; nothing at the end of the pattern.
struct Member {
    char32_t character;
    std::size_t next;
};

std::optional<Member> read_member(std::u32string_view pattern, std::size_t at) {
    if (at < pattern.size() && pattern[at] == U'\\') ++at;
    if (at >= pattern.size()) return std::nullopt;
    return Member{pattern[at], at + 1};
}

/// The bracket expression whose `[` stands before `at`; nothing if it does not end.
std::optional<Step> match_bracket(std::u32string_view pattern, std::size_t at, char32_t character) {
    const bool negated = at < pattern.size() && (pattern[at] == U'!' || pattern[at] == U'^');
    if (negated) ++at;
    bool found = false;
    for (bool first = true; at < pattern.size() && (first || pattern[at] != U']'); first = false) {
        const auto low = read_member(pattern, at);
        if (!low) return std::nullopt;
        at = low->next;
        char32_t high = low->character;
        if (at + 1 < pattern.size() && pattern[at] == U'-' && pattern[at + 1] != U']') {
            const auto end = read_member(pattern, at + 1);
            if (!end) return std::nullopt;
            high = end->character;
            at = end->next;
        }
        found = found || (low->character <= character && character <= high);
    }
    if (at >= pattern.size()) return std::nullopt;
    return Step{found != negated, at + 1};
}

/// One character against the pattern at `at`, which is no star. Requires: at < pattern.size().
Step match_one(std::u32string_view pattern, std::size_t at, char32_t character) {
    if (pattern[at] == U'?') return {true, at + 1};
    if (pattern[at] == U'[') {
        if (const auto step = match_bracket(pattern, at + 1, character)) return *step;
    }
    if (pattern[at] == U'\\' && at + 1 < pattern.size()) ++at;
    return {pattern[at] == character, at + 1};
}

}  // namespace

Glob::Glob(std::string_view pattern) : pattern_(decode(pattern)) {}

bool Glob::matches(std::string_view text) const {
    const std::u32string characters = decode(text);
    std::size_t at = 0;
    std::size_t position = 0;
    std::optional<std::size_t>
        behind_star;  // only the last star is ever widened: linear in memory, no recursion
    std::size_t star_end = 0;
    while (position < characters.size()) {
        if (at < pattern_.size() && pattern_[at] == U'*') {
            behind_star = ++at;
            star_end = position;
            continue;
        }
        const Step step =
            at < pattern_.size() ? match_one(pattern_, at, characters[position]) : Step{false, at};
        if (step.fits) {
            at = step.next;
            ++position;
        } else {
            if (!behind_star) return false;
            at = *behind_star;
            position = ++star_end;
        }
    }
    while (at < pattern_.size() && pattern_[at] == U'*')
        ++at;
    return at == pattern_.size();
}

}  // namespace milepost::cli
