#pragma once

#include <nanobind/nanobind.h>

namespace milepost::python {

/// Python types that the stub of the module shall tell exactly.
///@{
using AnyDict = nanobind::typed<nanobind::dict, nanobind::str, nanobind::any>;
using AnyTuple = nanobind::typed<nanobind::tuple, nanobind::any, nanobind::ellipsis>;
using Ints = nanobind::typed<nanobind::tuple, int, nanobind::ellipsis>;
template <class T>
using ListOf = nanobind::typed<nanobind::list, T>;
///@}

}  // namespace milepost::python
