#pragma once

#include <string>

#include <milepost/load_into.hpp>

namespace milepost::live {

/// What LoadOptions::strict asks for: that the report is complete. Throws std::bad_alloc.
/// Errors: one mismatch that lists all findings after `whose` ("model 'net'").
[[nodiscard]] Result<void> check_strict(const LoadReport& report, const LoadOptions& options,
                                        const std::string& whose);

}  // namespace milepost::live
