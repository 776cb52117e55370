#pragma once

#include <string_view>

#include <milepost/options.hpp>
#include <milepost/result.hpp>

namespace milepost::convert {

/// Whether the text is UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Whether a name from a file of another format can name a tensor of a checkpoint. `what` is what the name is
/// of, for messages: "tensor 3 at 1024". Errors: corrupt/foreign if it is empty, not UTF-8 or has control
/// characters; limit_exceeded/name_bytes. Throws std::bad_alloc.
[[nodiscard]] Result<void> check_name(std::string_view name, const Limits& limits, std::string_view what);

}  // namespace milepost::convert
