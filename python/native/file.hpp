#pragma once

#include <nanobind/nanobind.h>

namespace milepost::python {

/// Adds the class File: an open checkpoint.
void bind_file(nanobind::module_& module);

}  // namespace milepost::python
