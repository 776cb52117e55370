#pragma once

#include <nanobind/nanobind.h>

namespace milepost::python {

/// Adds dlpack_array.
void bind_dlpack(nanobind::module_& module);

}  // namespace milepost::python
