#pragma once

#include <optional>

#include <milepost/error.hpp>
#include <milepost/options.hpp>

#include "format/index.hpp"
#include "format/validate.hpp"

/// The rules of docs/format.md, section 6.5, a second time: from the text alone, in the plainest way. What
/// lib/format does with sorted runs, shared walks and fast passes is compared with this.
namespace milepost::fuzz {

struct BrokenRule {
    unsigned number;
    Condition condition;
};

/// The first rule that the index breaks, or none. Takes nothing of the library but the columns, so that no
/// mistake is made twice; its time follows the size of the columns, not the numbers in them.
[[nodiscard]] std::optional<BrokenRule> first_broken_rule(const format::Index& index,
                                                          const format::ValidationContext& validation_context,
                                                          const Limits& limits);

}  // namespace milepost::fuzz
