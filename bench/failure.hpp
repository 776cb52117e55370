#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <milepost/result.hpp>

namespace bench {

/// The value of a call that must succeed for a case to mean anything. Throws what the case is then reported
/// with.
template <class T>
T must(milepost::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().to_string());
    return *std::move(result);
}
inline void must(const milepost::Result<void>& result) {
    if (!result) throw std::runtime_error(result.error().to_string());
}

/// Throws the error of a system call that failed.
inline void must_succeed(bool succeeded, const std::string& what) {
    if (!succeeded) throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace bench
