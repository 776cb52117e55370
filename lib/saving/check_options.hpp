#pragma once

#include <milepost/options.hpp>
#include <milepost/result.hpp>

namespace milepost::saving {

/// Errors: invalid_argument/option for an alignment, a level or a codec that does not exist.
[[nodiscard]] Result<void> check_options(const SaveOptions& options);

}  // namespace milepost::saving
