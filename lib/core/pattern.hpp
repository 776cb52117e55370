#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace milepost::core {

/// What each `*` of the pattern matched in the name, each as few characters as possible, from left to right;
/// nothing if the pattern does not match the whole name. The language is that of milepost::matches
/// (text.hpp). The parts are views of `name`. Time: the product of both lengths; not recursive.
[[nodiscard]] std::optional<std::vector<std::string_view>> match_pattern(std::string_view pattern,
                                                                         std::string_view name);

/// The text that `to` describes: each `*` is replaced by the next of `parts`, and a `*` for which none is
/// left stays. `\` and a character are that character; all other characters stay.
[[nodiscard]] std::string fill_pattern(std::string_view to, const std::vector<std::string_view>& parts);

}  // namespace milepost::core
