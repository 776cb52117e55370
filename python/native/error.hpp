#pragma once

#include <string_view>
#include <utility>

#include <milepost/milepost.hpp>

namespace milepost::python {

/// Raises the Python exception of an error: a subclass of milepost.Error that has its code and condition.
/// Requires the GIL.
[[noreturn]] void raise(const Error& error);
[[noreturn]] void raise(Condition condition, std::string_view message);

/// The value of a Result, or its error as an exception. Requires the GIL.
///@{
template <class T>
T or_raise(Result<T> result) {
    if (!result) raise(result.error());
    return *std::move(result);
}
inline void or_raise(const Result<void>& result) {
    if (!result) raise(result.error());
}
///@}

}  // namespace milepost::python
