#include "builtin_types.hpp"

#include <nanobind/nanobind.h>

namespace nb = nanobind;

namespace milepost::python {
namespace {

PyTypeObject* class_of(const nb::module_& module, const char* name) {
    return reinterpret_cast<PyTypeObject*>(nb::object(module.attr(name)).release().ptr());
}

}  // namespace

const BuiltinTypes& BuiltinTypes::get() {
    static const BuiltinTypes kTypes = [] {
        const nb::module_ collections = nb::module_::import_("collections");
        return BuiltinTypes{class_of(collections, "OrderedDict"), class_of(collections, "Counter")};
    }();
    return kTypes;
}

}  // namespace milepost::python
