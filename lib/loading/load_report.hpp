#pragma once

#include <string>

#include <milepost/load_into.hpp>

namespace milepost::loading {

/// The report, or what strict makes of it: one mismatch error that lists all findings behind `whose`
/// ("model 'net'").
[[nodiscard]] Result<void> judge(const LoadReport& report, const LoadOptions& options,
                                 const std::string& whose);

}  // namespace milepost::loading
