#pragma once

#include <milepost/error.hpp>

namespace milepost::base {

/// What a lack of memory becomes at the library's boundary. Takes none itself: the text fits into the string.
[[nodiscard]] inline Error out_of_memory() noexcept {
    return Error(Condition::out_of_memory, "out of memory");
}

}  // namespace milepost::base
