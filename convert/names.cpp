#include "convert/names.hpp"

#include <string_view>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"

namespace milepost::convert {
namespace {

using base::message;

bool is_control(char32_t code_point) noexcept {
    return code_point < 0x20 || (code_point >= 0x7f && code_point <= 0x9f);
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const Character first = first_character(text);
        if (!first.valid) return false;
        text.remove_prefix(first.nbytes);
    }
    return true;
}

Result<void> check_name(std::string_view name, const Limits& limits, std::string_view what) {
    if (name.empty()) return Error(Condition::foreign, message(what, ": its name is empty"));
    if (name.size() > limits.max_name_bytes) {
        return Error(Condition::name_bytes, message(what, ": its name has ", name.size(),
                                                    " bytes, the limit is ", limits.max_name_bytes));
    }
    for (std::string_view rest = name; !rest.empty();) {
        const Character first = first_character(rest);
        if (!first.valid || is_control(first.code_point)) {
            return Error(Condition::foreign,
                         message(what, ": the name ", escape(name, 120), " has a ",
                                 first.valid ? "control character" : "byte that is not UTF-8", " at ",
                                 name.size() - rest.size()));
        }
        rest.remove_prefix(first.nbytes);
    }
    return {};
}

}  // namespace milepost::convert
