#include "core/pattern.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/text.hpp>

namespace milepost::core {
namespace {

/// Above all code points, so that a byte that is not UTF-8 equals only itself.
constexpr char32_t kInvalidByte = 0x110000;

/// Takes the first character off. Requires: `text` is not empty.
char32_t take(std::string_view& text) noexcept {
    const Character character = first_character(text);
    text.remove_prefix(character.nbytes);
    return character.valid ? character.code_point : kInvalidByte + character.code_point;
}

/// The same, where a backslash takes the special meaning away from the character after it.
char32_t take_escaped(std::string_view& text) noexcept {
    const char32_t taken = take(text);
    return taken == U'\\' && !text.empty() ? take(text) : taken;
}

using Range = std::pair<char32_t, char32_t>;

/// A part of a pattern: a star, or a set of characters of which one is matched. A plain character is a set of
/// one, and a question mark the negated set of none.
struct Token {
    bool is_star = false;
    bool negated = false;
    std::size_t begin = 0;  ///< of the set, in the ranges of Tokens
    std::size_t end = 0;
};

class Tokens {
public:
    explicit Tokens(std::string_view pattern) {
        while (!pattern.empty())
            add(pattern);
    }

    [[nodiscard]] std::size_t size() const noexcept { return tokens_.size(); }
    [[nodiscard]] bool is_star(std::size_t i) const noexcept {
        return i < tokens_.size() && tokens_[i].is_star;
    }
    /// Whether token `i`, which is not a star, matches the character; none does after the last one.
    [[nodiscard]] bool matches(std::size_t i, char32_t character) const noexcept {
        if (i >= tokens_.size()) return false;
        const Token& token = tokens_[i];
        bool listed = false;
        for (std::size_t at = token.begin; at < token.end && !listed; ++at)
            listed = ranges_[at].first <= character && character <= ranges_[at].second;
        return listed != token.negated;
    }

private:
    /// Takes one token off the pattern. Requires: it is not empty.
    void add(std::string_view& pattern) {
        const char first = pattern.front();
        if (first == '*' || first == '?') {
            pattern.remove_prefix(1);
            tokens_.push_back({.is_star = first == '*', .negated = first == '?'});
        } else if (first != '[' || !add_set(pattern)) {
            const char32_t character = take_escaped(pattern);
            ranges_.emplace_back(character, character);
            tokens_.push_back({.begin = ranges_.size() - 1, .end = ranges_.size()});
        }
    }

    /// Takes a bracket expression off the pattern. Returns false, and changes nothing, if it has no end.
    bool add_set(std::string_view& pattern) {
        // If one bracket has no end, the later ones have none either: they are not searched again.
        if (!brackets_end_) return false;
        std::string_view rest = pattern.substr(1);
        const std::size_t begin = ranges_.size();
        const bool negated = rest.starts_with('!') || rest.starts_with('^');
        if (negated) rest.remove_prefix(1);
        for (bool first = true; !rest.empty() && (first || rest.front() != ']'); first = false) {
            const char32_t low = take_escaped(rest);
            const bool is_range = rest.size() > 1 && rest[0] == '-' && rest[1] != ']';
            if (is_range) rest.remove_prefix(1);
            ranges_.emplace_back(low, is_range ? take_escaped(rest) : low);
        }
        brackets_end_ = !rest.empty();
        if (!brackets_end_) {
            ranges_.resize(begin);
            return false;
        }
        tokens_.push_back({.negated = negated, .begin = begin, .end = ranges_.size()});
        pattern = rest.substr(1);
        return true;
    }

    std::vector<Token> tokens_;
    std::vector<Range> ranges_;
    bool brackets_end_ = true;
};

}  // namespace

std::optional<std::vector<std::string_view>> match_pattern(std::string_view pattern, std::string_view name) {
    const Tokens tokens(pattern);
    std::vector<std::string_view> parts;
    std::size_t token = 0;
    std::string_view rest = name;
    // Only the last star is ever widened: where the parts between two stars match, the leftmost place is as
    // good as any later one.
    std::size_t after_star = 0;
    std::string_view star_rest;  // what follows the text of the last star
    while (!rest.empty() || tokens.is_star(token)) {
        if (tokens.is_star(token)) {
            after_star = ++token;
            star_rest = rest;
            parts.push_back(rest.substr(0, 0));
            continue;
        }
        std::string_view next = rest;
        if (tokens.matches(token, take(next))) {
            ++token;
            rest = next;
            continue;
        }
        if (parts.empty()) return std::nullopt;
        const std::size_t nbytes = first_character(star_rest).nbytes;
        parts.back() = std::string_view(parts.back().data(), parts.back().size() + nbytes);
        star_rest.remove_prefix(nbytes);
        rest = star_rest;
        token = after_star;
    }
    return token == tokens.size() ? std::optional(std::move(parts)) : std::nullopt;
}

std::string fill_pattern(std::string_view to, const std::vector<std::string_view>& parts) {
    std::string filled;
    std::size_t next = 0;
    for (std::size_t i = 0; i < to.size(); ++i) {
        if (to[i] == '*' && next < parts.size()) {
            filled += parts[next++];
        } else {
            if (to[i] == '\\' && i + 1 < to.size()) ++i;
            filled += to[i];
        }
    }
    return filled;
}

}  // namespace milepost::core

namespace milepost {

bool matches(std::string_view pattern, std::string_view name) {
    return core::match_pattern(pattern, name).has_value();
}

}  // namespace milepost
