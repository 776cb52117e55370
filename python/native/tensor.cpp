#include "tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <milepost/milepost.hpp>

#include "error.hpp"
#include "types.hpp"

namespace nb = nanobind;

namespace milepost::python {
namespace {

Ints tuple_of(const std::vector<std::uint64_t>& numbers) {
    nb::list made;
    for (const std::uint64_t number : numbers)
        made.append(number);
    return nb::tuple(made);
}

DtypeInfo dtype_of(const std::string& name) {
    const auto found = find_dtype(std::string_view(name));
    if (!found) raise(Condition::dtype, "no dtype is called " + escape(name, 40));
    return *found;
}

Role role_of(const std::string& name) {
    for (const Role role : {Role::plain, Role::parameter, Role::buffer}) {
        if (milepost::name(role) == name) return role;
    }
    raise(Condition::option, "no role is called " + escape(name, 40));
}

TensorHandle borrow(const std::string& dtype, Shape shape, std::optional<Strides> strides,
                    std::uintptr_t address, std::uint64_t storage_nbytes, std::uint64_t offset,
                    nb::object owner) {
    const auto* data = reinterpret_cast<const std::byte*>(address);  // NOLINT(performance-no-int-to-ptr)
    const StorageView storage({data, static_cast<std::size_t>(storage_nbytes)});
    return {TensorView(dtype_of(dtype), std::move(shape), storage, offset,
                       std::move(strides).value_or(Strides())),
            std::move(owner)};
}

using RangeTuple = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;

TensorHandle slice(const TensorHandle& tensor, const std::vector<RangeTuple>& ranges) {
    std::vector<Range> made;
    made.reserve(ranges.size());
    for (const auto& [begin, end, step] : ranges)
        made.push_back({begin, end, step});
    return {or_raise(tensor.view.slice(made)), tensor.owner, tensor.place};
}

TensorHandle whole_storage(const TensorHandle& tensor) {
    const StorageView& storage = tensor.view.storage();
    return {TensorView(*find_dtype(Dtype::u8), {storage.nbytes()}, storage), tensor.owner, tensor.place};
}

}  // namespace

std::string describe(const TensorHandle& tensor) {
    const std::string what = to_string(Value(tensor.view)), name = tensor.name();
    return name.empty() ? what : escape(name) + ", " + what;
}

void bind_tensor(nb::module_& module) {
    using Handle = TensorHandle;
    nb::class_<Handle>(module, "Tensor", "A tensor of a file, or of memory of Python: all but its bytes.")
        .def_static(
            "borrow", &borrow, nb::arg("dtype"), nb::arg("shape"), nb::arg("strides").none(),
            nb::arg("address"), nb::arg("storage_nbytes"), nb::arg("offset"), nb::arg("owner"),
            "A tensor in memory of Python, which `owner` keeps alive. Strides in elements, or None if "
            "contiguous; offset in bytes.")
        .def(
            "with_role",
            [](const Handle& self, const std::string& role, bool requires_grad) {
                return Handle{self.view.with_role(role_of(role), requires_grad), self.owner, self.place};
            },
            nb::arg("role"), nb::arg("requires_grad"))
        .def("whole_storage", &whole_storage, "All bytes of its storage, as a tensor of u8.")
        .def("slice", &slice, nb::arg("ranges"),
             "A part: (begin, end, step) for each of the first dimensions.")
        .def_prop_ro("name", &Handle::name)
        .def_prop_ro("number", &Handle::number)
        .def_prop_ro("dtype", [](const Handle& self) { return std::string(self.view.dtype().name); })
        .def_prop_ro("bits", [](const Handle& self) { return self.view.dtype().bits; })
        .def_prop_ro("shape", [](const Handle& self) { return tuple_of(self.view.shape()); })
        .def_prop_ro("strides",
                     [](const Handle& self) -> std::optional<Ints> {
                         if (self.view.is_contiguous()) return std::nullopt;
                         return tuple_of(self.view.strides());
                     })
        .def_prop_ro("offset", [](const Handle& self) { return self.view.offset(); })
        .def_prop_ro("nbytes", [](const Handle& self) { return self.view.nbytes(); })
        .def_prop_ro("storage", &Handle::storage)
        .def_prop_ro("storage_nbytes", [](const Handle& self) { return self.view.storage().nbytes(); })
        .def_prop_ro("is_mapped", [](const Handle& self) { return self.view.is_mapped(); })
        .def_prop_ro("role", [](const Handle& self) { return std::string(name(self.view.role())); })
        .def_prop_ro("requires_grad", [](const Handle& self) { return self.view.requires_grad(); })
        .def("__repr__", [](const Handle& self) { return "<" + describe(self) + ">"; });
}

}  // namespace milepost::python
