#pragma once

#include <string_view>

#include <milepost/error.hpp>

namespace milepost::core {

/// What a function of the caller has thrown, as an error: std::bad_alloc as io_error/out_of_memory,
/// everything else as `condition`, with `who` and the text of what() in the message. Requires: an exception
/// is being handled (a catch block).
[[nodiscard]] Error error_of_thrown(Condition condition, std::string_view who) noexcept;

/// Calls a function of the caller that returns a Result. What it throws becomes an error. The library calls
/// functions of the caller in no other way, so that no exception of theirs crosses its own code.
template <class Call>
[[nodiscard]] auto call_guarded(Condition condition, std::string_view who, Call call) noexcept
    -> decltype(call()) {
    try {
        return call();
    } catch (...) {
        return error_of_thrown(condition, who);
    }
}

}  // namespace milepost::core
