#pragma once

#include <string>

#include <milepost/error.hpp>

namespace milepost::convert {

/// invalid_argument/option for a pattern that no path matches.
[[nodiscard]] Error nothing_matches(const std::string& pattern);

}  // namespace milepost::convert
