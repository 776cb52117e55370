#pragma once

#include <optional>
#include <string>

#include <nanobind/nanobind.h>

#include <milepost/convert.hpp>
#include <milepost/milepost.hpp>

#include "open_file.hpp"

namespace milepost::python {

/// A path is given as the bytes that the system has: a str of Python may not be UTF-8.
[[nodiscard]] std::string path_of(const nanobind::bytes& path);

/// Errors: invalid_argument/option if there is no such format.
[[nodiscard]] FileFormat format_of_word(const std::string& word);

/// A dict of options with the names and the types of the fields of the C++ structure. Options that are not in
/// it keep their default. Errors: invalid_argument/option for a name or a word that does not exist;
/// invalid_argument/wrong_type for a value of another type. `progress` is not one of them.
///@{
[[nodiscard]] SaveOptions save_options(const nanobind::dict& given);
[[nodiscard]] OpenOptions open_options(const nanobind::dict& given);
/// Those, and `format` and `models` of ImportOptions.
[[nodiscard]] AnyOpenOptions any_open_options(const nanobind::dict& given);
[[nodiscard]] ExportOptions export_options(const nanobind::dict& given);
[[nodiscard]] LoadOptions load_options(const nanobind::dict& given);
///@}

}  // namespace milepost::python
