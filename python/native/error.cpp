#include "error.hpp"

#include <string>
#include <string_view>

#include <nanobind/nanobind.h>

#include <milepost/milepost.hpp>

namespace nb = nanobind;

namespace milepost::python {
namespace {

nb::str text(std::string_view utf8) {
    return nb::str(utf8.data(), utf8.size());
}

}  // namespace

void raise(const Error& error) {
    // The classes are Python's: they can be pickled, and derive from built-in ones. A message may quote bytes
    // of a path that are not UTF-8.
    const std::string& message = error.message();
    const nb::object decoded = nb::steal(
        PyUnicode_DecodeUTF8(message.data(), static_cast<Py_ssize_t>(message.size()), "backslashreplace"));
    if (!decoded.is_valid()) throw nb::python_error();
    const nb::object made =
        nb::module_::import_("milepost._errors")
            .attr("make")(text(name(error.code())), text(name(error.condition())), decoded);
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(made.ptr())), made.ptr());
    throw nb::python_error();
}

void raise(Condition condition, std::string_view message) {
    raise(Error(condition, std::string(message)));
}

}  // namespace milepost::python
