#pragma once

#include <nanobind/nanobind.h>

namespace milepost::python {

/// Adds the classes Checkpoint, what is to be saved, and PendingSave.
void bind_checkpoint(nanobind::module_& module);

}  // namespace milepost::python
