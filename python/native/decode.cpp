#include "decode.hpp"

#include <complex>
#include <string>
#include <utility>

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <milepost/milepost.hpp>

#include "builtin_types.hpp"
#include "encode.hpp"
#include "tensor.hpp"

namespace nb = nanobind;

namespace milepost::python {
namespace {

/// Takes over a new reference, or throws the exception that is set.
nb::object own(PyObject* made) {
    if (made == nullptr) throw nb::python_error();
    return nb::steal(made);
}

nb::str text_of(const std::string& utf8) {
    return nb::str(utf8.data(), utf8.size());
}

nb::object integer(const Value& value) {
    if (const auto small = value.as_int()) return nb::int_(*small);
    const std::vector<std::byte>& bytes = value.get_if<Integer>()->bytes;
    const nb::bytes raw(bytes.data(), bytes.size());
    const nb::handle type(reinterpret_cast<PyObject*>(&PyLong_Type));
    return type.attr("from_bytes")(raw, "little", nb::arg("signed") = true);
}

nb::object bytes(const Bytes& bytes) {
    const auto* data = reinterpret_cast<const char*>(bytes.bytes.data());
    const auto size = static_cast<Py_ssize_t>(bytes.bytes.size());
    return own(bytes.subtype == BytesSubtype::bytearray ? PyByteArray_FromStringAndSize(data, size)
                                                        : PyBytes_FromStringAndSize(data, size));
}

nb::object call(PyTypeObject* type) {
    return nb::handle(reinterpret_cast<PyObject*>(type))();
}

}  // namespace

nb::object Decoder::value(const Value& value) const {
    switch (value.kind()) {
        case Kind::boolean:
            return nb::bool_(*value.get_if<bool>());
        case Kind::integer:
            return integer(value);
        case Kind::floating:
            return nb::float_(*value.get_if<double>());
        case Kind::complex: {
            const auto number = *value.get_if<std::complex<double>>();
            return own(PyComplex_FromDoubles(number.real(), number.imag()));
        }
        case Kind::string:
            return string(*value.get_if<String>());
        case Kind::bytes:
            return bytes(*value.get_if<Bytes>());
        case Kind::list:
            return items(value.get_if<List>()->items);
        case Kind::tuple:
            return tuple(*value.get_if<Tuple>());
        case Kind::set:
            return own(PySet_New(items(value.get_if<Set>()->items).ptr()));
        case Kind::dict:
            return dict(*value.get_if<Dict>());
        case Kind::tensor:
            return make_tensor_(file_.handle(*value.get_if<TensorView>()));
        case Kind::null:
            break;
    }
    return nb::none();
}

nb::dict Decoder::entries(const Entries& entries) const {
    nb::dict made;
    for (const auto& [name, value] : entries)
        made[text_of(name)] = this->value(value);
    return made;
}

template <class Items>
nb::list Decoder::items(const Items& items) const {
    nb::list made;
    for (const Value& item : items)
        made.append(value(item));
    return made;
}

void Decoder::fill(nb::object& dict, const StableVector<std::pair<Value, Value>>& items) const {
    for (const auto& [key, item] : items)
        dict[value(key)] = value(item);
}

nb::object Decoder::string(const String& string) const {
    switch (string.subtype) {
        case StringSubtype::dtype:
            return special("dtype", text_of(string.text));
        case StringSubtype::device:
            return special("device", text_of(string.text));
        case StringSubtype::layout:
            return special("layout", text_of(string.text));
        case StringSubtype::str:
            break;
    }
    return text_of(string.text);
}

nb::object Decoder::tuple(const Tuple& tuple) const {
    const nb::object made = own(PyList_AsTuple(items(tuple.items).ptr()));
    return tuple.subtype == TupleSubtype::size ? special("size", made) : made;
}

nb::object Decoder::dict(const Dict& dict) const {
    const BuiltinTypes& types = BuiltinTypes::get();
    nb::object made = dict.subtype == DictSubtype::dict           ? nb::object(nb::dict())
                      : dict.subtype == DictSubtype::ordered_dict ? call(types.ordered_dict)
                                                                  : call(types.counter);
    fill(made, dict.items);
    if (!dict.attributes.empty()) {
        nb::object attributes = made.attr("__dict__");
        fill(attributes, dict.attributes);
    }
    return made;
}

nb::object Decoder::special(const char* kind, nb::object value) const {
    return make_special_(Special{kind, std::move(value)});
}

}  // namespace milepost::python
