#include <cstdint>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "edit_steps.hpp"
#include "json_value.hpp"

namespace milepost::cli {
namespace {

/// Recursive: what somebody types on a command line is not deep.
Value value_of(const Json& json) {
    if (json.is_boolean()) return json.get<bool>();
    if (json.is_number_unsigned()) return json.get<std::uint64_t>();
    if (json.is_number_integer()) return json.get<std::int64_t>();
    if (json.is_number_float()) return json.get<double>();
    if (json.is_string()) return json.get<std::string>();
    if (json.is_array()) {
        List list;
        for (const Json& item : json)
            list.items.push_back(value_of(item));
        return list;
    }
    if (!json.is_object()) return {};
    Dict dict;
    for (const auto& [key, item] : json.items())
        dict.items.emplace_back(Value(key), value_of(item));
    return dict;
}

}  // namespace

Result<Value> value_of_json(const std::string& text) {
    const Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded())
        return Error(Condition::option,
                     fmt::format("--set: '{}' is not JSON; a text is in quotes: '\"text\"'", escape(text)));
    return value_of(json);
}

}  // namespace milepost::cli
