#pragma once

#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <milepost/result.hpp>

namespace lenet {

/// What stops a command: main() prints it and exits with 2.
class Failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The value of a Result, or its error as a Failure. Milepost itself never throws; a program may prefer to.
template <class T>
T or_fail(milepost::Result<T> result) {
    if (!result) throw Failure(result.error().to_string());
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// The same, led by what was being done: "lenet.milepost: not_found/tensor: ...".
template <class T>
T or_fail(milepost::Result<T> result, const std::string& context) {
    if (!result) throw Failure(context + ": " + result.error().to_string());
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace lenet
