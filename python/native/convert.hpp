#pragma once

#include <nanobind/nanobind.h>

namespace milepost::python {

/// Adds what writes files of other formats.
void bind_convert(nanobind::module_& module);

}  // namespace milepost::python
