#pragma once

#include <nanobind/nanobind.h>

namespace milepost::python {

/// Adds the class Run: the checkpoints of a training run in one folder.
void bind_run(nanobind::module_& module);

}  // namespace milepost::python
