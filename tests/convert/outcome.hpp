#pragma once

#include <string>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

namespace milepost::testing {

/// "corrupt/foreign".
inline std::string word_of(const Error& error) {
    return std::string(name(error.code())) + '/' + std::string(name(error.condition()));
}

/// "good", or the word of the error.
template <class T>
std::string outcome(const Result<T>& result) {
    return result ? "good" : word_of(result.error());
}

}  // namespace milepost::testing
