#pragma once

#include <string>
#include <string_view>

#include <milepost/load_into.hpp>

namespace milepost::live {

/// The live name of a name in the file: prefixes off, then renamed.
[[nodiscard]] std::string live_name(std::string_view name, const LoadOptions& options);

/// Whether LoadOptions::only leaves the live name in.
[[nodiscard]] bool is_selected(std::string_view name, const LoadOptions& options);

}  // namespace milepost::live
