#pragma once

#include <optional>
#include <string>

#include <nanobind/nanobind.h>

#include <milepost/milepost.hpp>

namespace milepost::python {

/// A path is given as the bytes that the system has: a str of Python may not be UTF-8.
[[nodiscard]] std::string path_of(const nanobind::bytes& path);

/// A dict of options with the names and the types of the fields of the C++ structure. Options that are not in
/// it keep their default. Errors: invalid_argument/option for a name or a word that does not exist;
/// invalid_argument/wrong_type for a value of another type. `progress` is not one of them.
///@{
[[nodiscard]] SaveOptions save_options(const nanobind::dict& given);
[[nodiscard]] OpenOptions open_options(const nanobind::dict& given);
[[nodiscard]] LoadOptions load_options(const nanobind::dict& given);
///@}

}  // namespace milepost::python
