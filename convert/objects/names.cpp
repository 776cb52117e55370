#include "convert/objects/names.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <milepost/options.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

namespace milepost::convert::objects {

bool is_name(std::string_view text, const Limits& limits) {
    if (text.empty() || text.size() > limits.max_name_bytes) return false;
    while (!text.empty()) {
        const Character character = first_character(text);
        const bool is_control =
            character.code_point < 0x20 || (character.code_point >= 0x7F && character.code_point < 0xA0);
        if (!character.valid || is_control) return false;
        text.remove_prefix(character.nbytes);
    }
    return true;
}

const std::string* name_of(const Value& value, const Limits& limits) {
    const String* const string = value.get_if<String>();
    const bool is_named =
        string != nullptr && string->subtype == StringSubtype::str && is_name(string->text, limits);
    return is_named ? &string->text : nullptr;
}

const Dict* named_dict(const Value& value, const Limits& limits) {
    const Dict* const dict = value.get_if<Dict>();
    if (dict == nullptr || dict->subtype != DictSubtype::dict) return nullptr;
    const bool are_names = std::all_of(dict->items.begin(), dict->items.end(), [&](const auto& item) {
        return name_of(item.first, limits) != nullptr;
    });
    return are_names ? dict : nullptr;
}

Dict* named_dict(Value& value, const Limits& limits) {
    return named_dict(std::as_const(value), limits) == nullptr ? nullptr : value.get_if<Dict>();
}

}  // namespace milepost::convert::objects
