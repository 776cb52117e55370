#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <nanobind/nanobind.h>

#include <milepost/milepost.hpp>

namespace milepost::python {

/// What the view of a Reader knows of its place in the file, for views that do not.
struct FilePlace {
    std::string name;                              ///< within its model or its state
    std::optional<std::uint32_t> number, storage;  ///< of the tensor, and of its storage
};

/// A tensor as it crosses the border between Python and C++: dtype, shape, strides, and where its bytes are.
struct TensorHandle {
    TensorView view;
    nanobind::object owner;  ///< keeps the memory of a tensor of Python alive; none for a tensor of a file
    std::shared_ptr<const FilePlace> place = nullptr;  ///< null: what the view knows

    [[nodiscard]] std::string name() const { return place ? place->name : std::string(view.name()); }
    [[nodiscard]] std::optional<std::uint32_t> number() const { return place ? place->number : view.index(); }
    [[nodiscard]] std::optional<std::uint32_t> storage() const {
        return place ? place->storage : view.storage().index();
    }
};

/// The path of a tensor in messages, or its description.
[[nodiscard]] std::string describe(const TensorHandle& tensor);

/// Adds the class Tensor.
void bind_tensor(nanobind::module_& module);

}  // namespace milepost::python
