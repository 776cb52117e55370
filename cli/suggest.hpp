#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace milepost::cli {

/// The candidate that is most like the word, or "" if none is near: at most two letters added, left out,
/// changed or swapped, and not more than half of the longer word.
[[nodiscard]] std::string suggest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace milepost::cli
