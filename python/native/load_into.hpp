#pragma once

#include <nanobind/nanobind.h>

namespace milepost::python {

/// Adds load_model and load_optimizer.
void bind_load_into(nanobind::module_& module);

}  // namespace milepost::python
