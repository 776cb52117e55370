#include "check_rules.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "assertions.hpp"
#include "naive_rules.hpp"

namespace milepost::fuzz {
namespace {

using format::Index;

/// The defaults, tight ones, none but those of section 11, and such as small contents just meet or miss.
std::array<Limits, 6> several_limits(const Index& index) {
    constexpr std::uint32_t kMost = UINT32_MAX;
    const Limits greatest{.max_tables = UINT64_MAX,
                          .max_records = UINT64_MAX,
                          .max_rank = kMost,
                          .max_name_bytes = kMost,
                          .max_depth = kMost};
    const Limits met{.max_tables = index.models.size() + index.optimizers.size(),
                     .max_records = std::max(index.values.size(), index.layouts.size()),
                     .max_rank = 2,
                     .max_name_bytes = INT32_MAX,
                     .max_depth = 4};
    const Limits missed{.max_records = index.values.size() - 1};  // without values: nothing is missed
    const Limits low{.max_rank = 1, .max_name_bytes = 6, .max_depth = 2};
    return {Limits(), tight_limits(), greatest, met, missed, low};
}

/// Whether the message ends with the number of the rule that is broken.
bool cites(const Error& error, unsigned rule) {
    return error.message().ends_with(" (rule " + std::to_string(rule) + ")");
}

}  // namespace

void check_rules(const Index& index, const format::ValidationContext& validation_context) {
    for (const Limits& limits : several_limits(index)) {
        const auto valid = format::validate(index, validation_context, limits);
        const auto broken = first_broken_rule(index, validation_context, limits);
        const bool same = valid ? !broken
                                : broken && valid.error().condition() == broken->condition &&
                                      cites(valid.error(), broken->number);
        if (same) continue;
        require(false,
                "validate decides as the rules do: " + (valid ? "accepts" : valid.error().to_string()) +
                    "; expected rule " + std::to_string(broken ? broken->number : 0));
    }
}

}  // namespace milepost::fuzz
