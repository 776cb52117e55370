#pragma once

#include <nanobind/nanobind.h>

namespace milepost::python {

/// Classes of the standard library that values have, but the C interface of Python does not. Requires the
/// GIL.
struct BuiltinTypes {
    PyTypeObject* ordered_dict;
    PyTypeObject* counter;

    /// They are found once, and never freed.
    static const BuiltinTypes& get();
};

}  // namespace milepost::python
