#pragma once

#include "format/index.hpp"
#include "format/validate.hpp"

namespace milepost::fuzz {

/// Ends the process unless format::validate decides as the plain implementation of the rules in
/// naive_rules.hpp. Under several limits.
void check_rules(const format::Index& index, const format::ValidationContext& validation_context);

}  // namespace milepost::fuzz
