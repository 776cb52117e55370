#pragma once

#include <string>

#include <milepost/load_into.hpp>
#include <milepost/result.hpp>

namespace milepost::live {

/// Success unless options.strict is set and the report is not complete. Errors: one mismatch error that lists
/// all findings after `whose` ("model 'net'").
[[nodiscard]] Result<void> check_strict(const LoadReport& report, const LoadOptions& options,
                                        const std::string& whose);

}  // namespace milepost::live
