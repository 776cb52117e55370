#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <milepost/error.hpp>

#include "base/message.hpp"
#include "core/text.hpp"
#include "format/rules.hpp"
#include "format/string_tables.hpp"
#include "format/validate.hpp"

namespace milepost::format::rules {

using base::message;
using core::printable;

RuleResult strings_tile(const RuleInput& input) {
    for (const auto& [strings, name, may_be_empty] : string_tables(input.index)) {
        const bool ascends = std::is_sorted(strings.ends.begin(), strings.ends.end());
        const std::uint64_t end = strings.ends.empty() ? 0 : strings.ends.back();
        if (!ascends || end != strings.bytes.size()) {
            return Error(Condition::name,
                         message("index: ", name, " expected ascending ends up to ", strings.bytes.size(),
                                 ascends ? ", found " : ", found descending ones up to ", end));
        }
    }
    return std::nullopt;
}

RuleResult strings_not_empty(const RuleInput& input) {
    for (const auto& [strings, name, may_be_empty] : string_tables(input.index)) {
        for (std::size_t i = 0; i < strings.size() && !may_be_empty; ++i) {
            if (strings[i].empty())
                return BrokenRule(Error(Condition::name, message("index: ", name, " ", i, " is empty")),
                                  {name, i});
        }
    }
    return std::nullopt;
}

RuleResult strings_within_limit(const RuleInput& input) {
    const std::uint32_t most = input.limits.max_name_bytes;
    for (const auto& [strings, name, may_be_empty] : string_tables(input.index)) {
        for (std::size_t i = 0; i < strings.size(); ++i) {
            if (strings[i].size() <= most) continue;
            return BrokenRule(
                Error(Condition::name_bytes, message("index: ", name, " ", i, " has ", strings[i].size(),
                                                     " bytes, the limit is ", most)),
                {name, i});
        }
    }
    return std::nullopt;
}

RuleResult strings_are_utf8(const RuleInput& input) {
    for (const auto& [strings, name, may_be_empty] : string_tables(input.index)) {
        for (std::size_t i = 0; i < strings.size(); ++i) {
            if (core::is_utf8(strings[i]) && !core::has_control(strings[i])) continue;
            return BrokenRule(
                Error(Condition::name, message("index: ", name, " ", i, ", '", printable(strings[i]),
                                               "', is not UTF-8 or has control characters")),
                {name, i});
        }
    }
    return std::nullopt;
}

}  // namespace milepost::format::rules
