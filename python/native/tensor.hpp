#pragma once

#include <string>

#include <nanobind/nanobind.h>

#include <milepost/milepost.hpp>

namespace milepost::python {

/// A tensor as it crosses the border between Python and C++: dtype, shape, strides, and where its bytes are.
struct TensorHandle {
    TensorView view;
    nanobind::object owner;  ///< keeps the memory of a tensor of Python alive; none for a tensor of a file
};

/// The path of a tensor in messages, or its description.
[[nodiscard]] std::string describe(const TensorView& view);

/// Adds the class Tensor.
void bind_tensor(nanobind::module_& module);

}  // namespace milepost::python
