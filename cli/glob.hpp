#pragma once

#include <string>
#include <string_view>

namespace milepost::cli {

/// A shell pattern over whole texts: `*` (any characters, `/` too), `?` (one character), `[a-z]`, `[!a-z]`,
/// and `\` in front of a character that stands for itself. A `[` without its `]` stands for itself.
class Glob {
public:
    explicit Glob(std::string_view pattern);

    /// Takes at most the product of both lengths.
    [[nodiscard]] bool matches(std::string_view text) const;

private:
    std::u32string pattern_;
};

}  // namespace milepost::cli
