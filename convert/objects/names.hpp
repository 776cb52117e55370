#pragma once

#include <string>
#include <string_view>

#include <milepost/options.hpp>
#include <milepost/value.hpp>

namespace milepost::convert::objects {

/// Whether a text can be the name of a part, an entry or a hyperparameter: docs/format.md, section 6.5,
/// rule 6.
[[nodiscard]] bool is_name(std::string_view text, const Limits& limits);

/// The text of a str that is a name; null for every other value.
[[nodiscard]] const std::string* name_of(const Value& value, const Limits& limits);

/// The content of a plain dict all of whose keys are names; null for every other value.
///@{
[[nodiscard]] const Dict* named_dict(const Value& value, const Limits& limits);
[[nodiscard]] Dict* named_dict(Value& value, const Limits& limits);
///@}

}  // namespace milepost::convert::objects
