#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/load_into.hpp>

namespace milepost::loading {

/// What each '*' of the pattern stands for in the name, each as few characters as possible from left to
/// right; nothing if the name does not fit. Time: pattern times name.
[[nodiscard]] std::optional<std::vector<std::string_view>> match_pattern(std::string_view pattern,
                                                                         std::string_view name);

/// The live name of a name in the file: prefixes off, then renamed.
[[nodiscard]] std::string live_name(std::string_view name, const LoadOptions& options);

/// Whether LoadOptions::only leaves the live name in.
[[nodiscard]] bool is_selected(std::string_view name, const LoadOptions& options);

}  // namespace milepost::loading
